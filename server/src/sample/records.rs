//! The five models that the migration is about, and the records that hang on them.
//!
//! At scale 1: 234 communities, 87 assessments, 156 stakeholders, 342 PPAs, 28 policies, and 288
//! rows in the nine tables that follow them.

mod assessments;
mod communities;
mod policies;
mod projects;
mod stakeholders;

use super::geography::Geography;
use super::load::Loader;
use super::{Options, SampleError};

/// How many records there are of a model at scale 1.
pub(super) const COMMUNITIES: i64 = 234;
pub(super) const ASSESSMENTS: i64 = 87;
pub(super) const STAKEHOLDERS: i64 = 156;
pub(super) const PPAS: i64 = 342;
pub(super) const POLICIES: i64 = 28;

/// Peoples of the Bangsamoro and of the communities among them.
const PEOPLES: [&str; 10] = [
    "Maranao",
    "Maguindanaon",
    "Tausug",
    "Sama",
    "Yakan",
    "Iranun",
    "Kalagan",
    "Kaagan",
    "Jama Mapun",
    "Sangil",
];

/// Writes the five models and what follows them.
pub(super) async fn write(
    loader: &mut Loader<'_>,
    options: &Options,
    geography: &Geography,
) -> Result<(), SampleError> {
    communities::write(loader, options, geography).await?;
    stakeholders::write(loader, options, geography).await?;
    projects::write(loader, options, geography).await?;
    policies::write(loader, options).await
}

/// The row of a parent for child number `index` of `children`, spread over all parents.
fn parent(index: i64, children: i64, parents: i64) -> i64 {
    index * parents / children + 1
}
