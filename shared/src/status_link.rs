//! Links to a status page for one audience.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// For whom a link is: what its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// State, progress, expected end, maintenance and news.
    Executive,
    /// Everything that a status page can show.
    Engineer,
    /// State, maintenance, news, and the progress of one organization.
    Organization {
        /// Its code.
        code: String,
    },
}

/// A link, without its secret part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusLink {
    /// Identifier.
    pub id: String,
    /// What it is for, such as `Office of the Minister`.
    pub label: String,
    /// For whom.
    pub audience: Audience,
    /// Who made it.
    pub by: String,
    /// When.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// Makes a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MakeStatusLink {
    /// What it is for.
    pub label: String,
    /// For whom.
    pub audience: Audience,
    /// It ends after this many days, 1 to 365.
    pub days: u32,
}

/// A new link. Its address is shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeStatusLink {
    /// The link.
    pub link: StatusLink,
    /// Its whole address.
    pub address: String,
}
