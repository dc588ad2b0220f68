//! Reading data of a target: rows by organization, and the view over all organizations.

use serde::{Deserialize, Serialize};

use crate::organization::ModelRows;

/// A page of rows of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RowPage {
    /// Label of the model.
    pub model: String,
    /// Table.
    pub table: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values as text; none is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that fit.
    pub total: u64,
    /// Ask for the next page with this.
    pub next: Option<String>,
}

/// Models that can be browsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrowseModels {
    /// Models with their number of rows, of the chosen organization.
    pub models: Vec<BrowseModel>,
}

/// A model to browse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrowseModel {
    /// Label.
    pub label: String,
    /// Plural.
    pub plural: String,
    /// Title of its group.
    pub group: String,
    /// Rows.
    pub rows: u64,
}

/// All organizations together, totals only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AllOrganizations {
    /// Labels of the models, in order.
    pub models: Vec<String>,
    /// Each organization with its rows.
    pub organizations: Vec<OrganizationRows>,
    /// Totals.
    pub totals: Vec<ModelRows>,
    /// Organizations that have rows.
    pub with_rows: u32,
}

/// Rows of one organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationRows {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Stage.
    pub stage: crate::organization::Stage,
    /// Rows by model, in the order of the models.
    pub rows: Vec<u64>,
    /// Rows in all.
    pub total: u64,
}
