//! To which organization a request belongs, and what it may therefore see.

use axum::http::StatusCode;
use sqlx::AnyConnection;

use super::settings::{Mode, Settings};
use super::{App, data};

/// An organization as the application knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Organization {
    pub(super) id: i64,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) is_active: bool,
}

/// What a request may see.
#[derive(Debug, Clone)]
pub(super) enum Context {
    /// `obcms` mode: everything belongs to the default organization. It is `None` as long as the
    /// database does not know organizations.
    Everything(Option<Organization>),
    /// `bmms` mode: one organization's rows, and the organizations one can change to.
    Own {
        current: Organization,
        all: Vec<Organization>,
    },
}

impl Context {
    /// The organization to filter by; `None` for everything.
    pub(super) fn filter(&self) -> Option<i64> {
        match self {
            Self::Everything(_) => None,
            Self::Own { current, .. } => Some(current.id),
        }
    }

    /// The organization of what the request writes.
    pub(super) fn owner(&self) -> Option<i64> {
        match self {
            Self::Everything(organization) => organization.as_ref().map(|own| own.id),
            Self::Own { current, .. } => Some(current.id),
        }
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The organization does not exist or is not active. Both look alike from outside, so that
    /// nobody learns which codes exist.
    #[error("no active organization has the code {0}")]
    NotYours(String),
    /// `bmms` mode on a database that was not migrated.
    #[error("the application runs in bmms mode and its database knows no organizations")]
    NotMigrated,
    /// Nothing has this address.
    #[error("there is no such page")]
    NoSuchPage,
    /// What was sent cannot be stored.
    #[error("{0}")]
    Input(&'static str),
    /// The database failed.
    #[error("the database did not answer: {0}")]
    Database(#[from] sqlx::Error),
}

impl Refused {
    /// The HTTP status that says so.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotYours(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPage => StatusCode::NOT_FOUND,
            Self::Input(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotMigrated | Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Finds the context of a request that asks for an organization by code, or for none.
pub(super) async fn context(
    app: &App,
    connection: &mut AnyConnection,
    wanted: Option<&str>,
) -> Result<Context, Refused> {
    let default = &app.settings.default_organization;
    match app.settings.mode {
        Mode::Single => Ok(Context::Everything(
            organizations(connection)
                .await?
                .into_iter()
                .find(|organization| organization.code == *default),
        )),
        Mode::Multi => {
            if !migrated(connection).await? {
                return Err(Refused::NotMigrated);
            }
            let mut all = organizations(connection).await?;
            all.retain(|organization| organization.is_active);
            let wanted = wanted.unwrap_or(default);
            let current = all
                .iter()
                .find(|organization| organization.code == wanted)
                .cloned()
                .ok_or_else(|| Refused::NotYours(wanted.to_owned()))?;
            Ok(Context::Own { current, all })
        }
    }
}

/// Whether every list can be filtered by organization.
async fn migrated(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    for list in data::LISTS {
        if !data::has_organization(connection, list.table).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The organizations in the order of their codes; none before the migration.
pub(super) async fn organizations(
    connection: &mut AnyConnection,
) -> Result<Vec<Organization>, sqlx::Error> {
    if !data::has_table(connection, "organizations_organization").await? {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "SELECT id, code, name, CAST(is_active AS INTEGER) FROM organizations_organization ORDER BY code",
    )
    .fetch_all(connection)
    .await?;
    let known = rows.into_iter();
    Ok(known
        .map(|(id, code, name, is_active)| Organization {
            id,
            code,
            name,
            is_active: is_active != 0,
        })
        .collect())
}

/// The code of the organization that a request without a choice belongs to, if it can have one.
pub(super) async fn default_context(
    settings: &Settings,
    connection: &mut AnyConnection,
) -> Result<Option<String>, sqlx::Error> {
    let known = organizations(connection).await?;
    Ok(known
        .into_iter()
        .find(|organization| {
            organization.code == settings.default_organization && organization.is_active
        })
        .map(|organization| organization.code))
}
