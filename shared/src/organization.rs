//! Organizations: tenants, and how each is brought onto the system.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::problem::FieldProblem;

/// How far an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Known, its people are not ready.
    Invited,
    /// Everything on its readiness list is done.
    Prepared,
    /// Works on the system as one of the first.
    Pilot,
    /// Works on the system.
    Active,
    /// Taken off for a time; its data stay.
    Suspended,
}

impl Stage {
    /// Every stage, in the order of the board.
    pub const ALL: [Self; 5] = [
        Self::Invited,
        Self::Prepared,
        Self::Pilot,
        Self::Active,
        Self::Suspended,
    ];

    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Prepared => "Prepared",
            Self::Pilot => "Pilot",
            Self::Active => "Active",
            Self::Suspended => "Suspended",
        }
    }
}

/// One organization as a line or card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization {
    /// Code, unique whatever its case.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind, such as `ministry`, `office` or `agency`.
    pub kind: String,
    /// How far it is.
    pub stage: Stage,
    /// Whether it is the default organization that existing rows belong to.
    pub is_default: bool,
    /// Wave it is planned for; 0 is the pilot.
    pub wave: Option<u32>,
    /// Contact person.
    pub contact_name: String,
    /// Contact address.
    pub contact_email: String,
    /// Items of its readiness list that are done.
    pub ready_done: u32,
    /// Items of its readiness list.
    pub ready_total: u32,
    /// Rows of counted models that belong to it.
    pub rows: u64,
    /// What keeps it from the next stage, in a sentence.
    pub blocked: Option<String>,
    /// Last change.
    pub changed: Timestamp,
    /// Counts changes; a change names the version it saw.
    pub version: i64,
}

/// All organizations of a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationList {
    /// The organizations, by code.
    pub organizations: Vec<Organization>,
    /// Whether the organizations table exists in the target; before that nothing can be onboarded.
    pub table_ready: bool,
    /// Waves in order.
    pub waves: Vec<Wave>,
}

/// A wave of organizations that go live together; wave 0 is the pilot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Wave {
    /// Number, 0 is the pilot.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Codes in it.
    pub organizations: Vec<String>,
    /// Days to wait after it before the next may start.
    pub soak_days: u32,
    /// When it went live.
    pub started: Option<Timestamp>,
    /// Why it cannot start now.
    pub blocked: Option<String>,
}

/// Sets who is in which wave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanWaves {
    /// Waves in order, the pilot first.
    pub waves: Vec<PlannedWave>,
}

/// One planned wave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedWave {
    /// Title.
    pub title: String,
    /// Codes in it.
    pub organizations: Vec<String>,
    /// Days to wait after it.
    pub soak_days: u32,
}

/// Everything about one organization: the wizard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationDetail {
    /// Its line.
    pub organization: Organization,
    /// People of the organization.
    pub people: Vec<Person>,
    /// Readiness list.
    pub readiness: Vec<ReadinessItem>,
    /// Rows by model.
    pub rows: Vec<ModelRows>,
    /// Last isolation check.
    pub isolation: Option<IsolationCheck>,
    /// Stages it may move to now.
    pub moves: Vec<Move>,
}

/// A stage that an organization may move to, or why it may not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Move {
    /// The stage.
    pub to: Stage,
    /// Why it may not, naming the gate.
    pub refused: Option<String>,
}

/// A person of an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Person {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// What the person does in the application.
    pub role: PersonRole,
    /// Day of training, `2026-12-15`; none: not planned.
    pub training: Option<String>,
    /// Whether the training is done.
    pub trained: bool,
}

/// What a person of an organization does in the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PersonRole {
    /// Not decided.
    None,
    /// Runs the organization's accounts.
    OrganizationAdministrator,
    /// Reads and changes records.
    ProgramStaff,
    /// Reads records.
    ReadOnly,
}

/// One item of a readiness list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadinessItem {
    /// Stable name, such as `contact`.
    pub name: String,
    /// Title.
    pub title: String,
    /// Done.
    pub done: bool,
    /// Whether a machine knows it; the others are ticked by a person.
    pub automatic: bool,
    /// What is known.
    pub evidence: String,
    /// Who ticked it and when.
    pub by: Option<String>,
}

/// Rows of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelRows {
    /// Label.
    pub model: String,
    /// Rows.
    pub rows: u64,
}

/// Result of an isolation check of one organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IsolationCheck {
    /// When.
    pub at: Timestamp,
    /// Reads made.
    pub reads: u32,
    /// Rows of other organizations that were seen; must be 0.
    pub foreign_rows: u64,
    /// Each thing found.
    pub findings: Vec<String>,
}

/// Makes an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewOrganization {
    /// Code: 2 to 20 letters, digits, `-` or `_`.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Contact person.
    #[serde(default)]
    pub contact_name: String,
    /// Contact address.
    #[serde(default)]
    pub contact_email: String,
}

/// Changes an organization; absent fields stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeOrganization {
    /// Version that the change is based on.
    pub version: i64,
    /// Name.
    #[serde(default)]
    pub name: Option<String>,
    /// Kind.
    #[serde(default)]
    pub kind: Option<String>,
    /// Contact person.
    #[serde(default)]
    pub contact_name: Option<String>,
    /// Contact address.
    #[serde(default)]
    pub contact_email: Option<String>,
    /// All people, replacing those before.
    #[serde(default)]
    pub people: Option<Vec<Person>>,
    /// Readiness items ticked or unticked by hand: name and value.
    #[serde(default)]
    pub ticks: Vec<(String, bool)>,
}

/// Moves an organization to another stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MoveOrganization {
    /// Version that the change is based on.
    pub version: i64,
    /// New stage.
    pub to: Stage,
    /// Why; required when suspending.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A CSV file of organizations: `code,name,kind,contact_name,contact_email`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportOrganizations {
    /// The file, UTF-8, base64.
    pub csv_base64: String,
    /// True: change nothing, only say what would happen.
    pub preview: bool,
    /// Hash of the preview that the person saw; needed when not a preview.
    #[serde(default)]
    pub seen: Option<String>,
}

/// What an import would do, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportResult {
    /// Hash of this preview.
    pub seen: String,
    /// Rows of the file.
    pub rows: Vec<ImportRow>,
    /// Rows that make a new organization.
    pub new: u32,
    /// Rows that change one.
    pub changed: u32,
    /// Rows that change nothing.
    pub same: u32,
    /// Rows to fix; nothing is imported while there is one.
    pub to_fix: u32,
    /// Problems of the file as a whole.
    pub problems: Vec<FieldProblem>,
    /// Whether it was imported.
    pub imported: bool,
}

/// One row of an import.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRow {
    /// Line in the file, from 1; the head is line 1.
    pub line: u32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Contact person.
    pub contact_name: String,
    /// Contact address.
    pub contact_email: String,
    /// What happens to it.
    pub outcome: ImportOutcome,
    /// What is wrong, field by field.
    pub problems: Vec<FieldProblem>,
    /// A value that would be right for the first problem's field.
    pub suggestion: Option<String>,
}

/// What an import does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ImportOutcome {
    /// Makes a new organization.
    New,
    /// Changes one.
    Changed,
    /// Changes nothing.
    Same,
    /// Has to be fixed first.
    ToFix,
}
