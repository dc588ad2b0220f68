//! Coverage: of a table's rows, how many have an organization; and the decisions about those that have none.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Assigned and total rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Coverage {
    /// Rows that have an organization.
    pub assigned: u64,
    /// All rows.
    pub total: u64,
}

impl Coverage {
    /// Rows without an organization.
    pub fn missing(self) -> u64 {
        self.total.saturating_sub(self.assigned)
    }

    /// Whether every row has an organization; an empty table is complete.
    pub fn is_complete(self) -> bool {
        self.assigned >= self.total
    }

    /// Share in percent, 0 to 100; an empty table counts as 100.
    pub fn percent(self) -> f64 {
        if self.total == 0 {
            100.0
        } else {
            self.assigned as f64 * 100.0 / self.total as f64
        }
    }

    /// Both counts added.
    pub fn plus(self, other: Self) -> Self {
        Self {
            assigned: self.assigned + other.assigned,
            total: self.total + other.total,
        }
    }
}

/// Coverage of the counted models together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverageSummary {
    /// Counted models together.
    pub all: Coverage,
    /// When it was measured.
    pub measured: Timestamp,
}

/// Coverage by group and model, now and over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverageView {
    /// Counted models together.
    pub all: Coverage,
    /// By group.
    pub groups: Vec<GroupCoverage>,
    /// Over time, oldest first, at most 500 points.
    pub history: Vec<CoveragePoint>,
    /// When it was measured.
    pub measured: Timestamp,
    /// Organizations that rows can be assigned to.
    pub organizations: Vec<OrganizationChoice>,
    /// Whether rows can be assigned now, and why not when not.
    pub assign_refused: Option<String>,
}

/// Coverage of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupCoverage {
    /// Name in the playbook.
    pub name: String,
    /// Title shown.
    pub title: String,
    /// Its models.
    pub models: Vec<ModelCoverage>,
}

/// Coverage of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCoverage {
    /// Label, such as `Community`.
    pub label: String,
    /// Plural, such as `Communities`.
    pub plural: String,
    /// Table in the target.
    pub table: String,
    /// Whether it counts towards the total of the report.
    pub headline: bool,
    /// How a row finds its organization, in words.
    pub rule: String,
    /// Counts; none while the column does not exist.
    pub coverage: Option<Coverage>,
    /// All rows of the table.
    pub rows: u64,
    /// Whether the database itself refuses a row without an organization.
    pub required: bool,
}

/// Coverage at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoveragePoint {
    /// When.
    pub at: Timestamp,
    /// Counted models together.
    pub all: Coverage,
    /// The run that was going on.
    pub run: Option<i64>,
}

/// An organization to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationChoice {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// Rows of one model that no rule could place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnassignedPage {
    /// Label of the model.
    pub model: String,
    /// All rows without an organization.
    pub total: u64,
    /// How many there are for each reason.
    pub reasons: Vec<ReasonCount>,
    /// This page.
    pub rows: Vec<UnassignedRow>,
    /// Ask for the next page with this.
    pub next: Option<String>,
}

/// How many rows are left for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReasonCount {
    /// The reason.
    pub reason: String,
    /// Rows.
    pub count: u64,
}

/// One row that no rule could place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnassignedRow {
    /// Primary key as text.
    pub key: String,
    /// What people call it.
    pub title: String,
    /// Why it is left.
    pub reason: String,
    /// Codes of organizations it may belong to, best first.
    pub candidates: Vec<String>,
}

/// Assigns chosen rows of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignRows {
    /// Label of the model.
    pub model: String,
    /// What to do with which rows.
    pub assignments: Vec<Assignment>,
}

/// One row and its organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignment {
    /// Primary key as text.
    pub key: String,
    /// Code of the organization.
    pub organization: String,
}

/// Assigns all rows that a rule fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignByRule {
    /// Label of the model.
    pub model: String,
    /// Which rows.
    pub rule: AssignmentRule,
    /// True: only count, change nothing.
    pub preview: bool,
}

/// Which rows a bulk assignment takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AssignmentRule {
    /// Each row gets its best candidate; rows without one stay.
    BestCandidate,
    /// All rows left for this reason go to one organization.
    Reason {
        /// The reason.
        reason: String,
        /// Code of the organization.
        organization: String,
    },
    /// All rows left go to one organization.
    All {
        /// Code of the organization.
        organization: String,
    },
}

/// What an assignment did, or would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assigned {
    /// Rows that got an organization.
    pub assigned: u64,
    /// Rows that still have none.
    pub left: u64,
    /// Coverage of the counted models afterwards.
    pub all: Coverage,
}
