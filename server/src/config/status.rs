//! Public status: whether a system publishes it, and what of it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// Status pages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatusConfig {
    /// Title of the list of systems. Default `System status`.
    pub title: String,
    /// Who publishes it, such as `Office for Other Bangsamoro Communities`. Default empty.
    pub organization: String,
    /// Directory where every page is kept as a file, for a static host. Default none.
    pub mirror: Option<PathBuf>,
}

impl Default for StatusConfig {
    fn default() -> Self {
        Self {
            title: "System status".into(),
            organization: String::new(),
            mirror: None,
        }
    }
}

/// What the public may know about a system.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemStatusConfig {
    /// `public` or `private`. Default `private`: nothing is published.
    pub visibility: Visibility,
    /// What the system is, in a few words. Default empty.
    pub summary: String,
    /// Whom to ask, such as `Call the help desk, local 204`. Default empty.
    pub contact: String,
    /// What is shown besides the state, updates and maintenance: `mode`, `progress`, `coverage`, `availability`.
    /// Default all four.
    pub show: Vec<Show>,
}

impl Default for SystemStatusConfig {
    fn default() -> Self {
        Self {
            visibility: Visibility::Private,
            summary: String::new(),
            contact: String::new(),
            show: vec![
                Show::Mode,
                Show::Progress,
                Show::Coverage,
                Show::Availability,
            ],
        }
    }
}

impl SystemStatusConfig {
    /// Whether anybody may read its page.
    pub fn is_public(&self) -> bool {
        self.visibility == Visibility::Public
    }
}

/// Who may read a status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Anybody.
    Public,
    /// Only who has a link.
    Private,
}

/// A part of a status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Show {
    /// The mode that the system runs in.
    Mode,
    /// The migration: phases, percentage, expected end.
    Progress,
    /// How many records of each kind have an organization.
    Coverage,
    /// The last 90 days and the response time.
    Availability,
}
