//! Modes: one organization or many, and switching between them.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::plan::Gate;

/// Which of the two modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One organization.
    Single,
    /// Many organizations.
    Multi,
}

impl Mode {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Single => Self::Multi,
            Self::Multi => Self::Single,
        }
    }
}

/// A mode as a badge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeBadge {
    /// Which.
    pub mode: Mode,
    /// The system's own name for it, such as `OBCMS`.
    pub title: String,
    /// Its reach, such as `one organization` or `44 organizations`.
    pub reach: String,
}

/// Everything about the mode of a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeView {
    /// Mode now: what the running application says, or the environment file when it does not answer.
    pub current: ModeBadge,
    /// The other mode.
    pub other: ModeBadge,
    /// Name of the variable.
    pub variable: String,
    /// Value in the environment file now.
    pub file_value: Option<String>,
    /// What the application says it runs in.
    pub application_value: Option<String>,
    /// Why file and application disagree or cannot be read.
    pub trouble: Option<String>,
    /// What changes for people.
    pub changes: Vec<ModeChange>,
    /// Conditions for switching to the other mode.
    pub gates: Vec<Gate>,
    /// Hash of the switch to the other mode as it is now; an approval of it names this and is void after any change.
    pub fingerprint: String,
    /// Whether a second administrator has to approve the switch to the other mode.
    pub needs_approval: bool,
    /// Median of measured downtimes in milliseconds, if any.
    pub usual_downtime_ms: Option<u64>,
    /// The switch going on now, or the last one.
    pub switch: Option<ModeSwitch>,
    /// Earlier ones, newest first.
    pub history: Vec<ModeSwitch>,
    /// Why it cannot be switched now, besides gates.
    pub refused: Option<String>,
}

/// One line of what changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeChange {
    /// What.
    pub what: String,
    /// In the present mode.
    pub now: String,
    /// In the other mode.
    pub after: String,
}

/// Switches the mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchMode {
    /// Mode wanted.
    pub to: Mode,
    /// Title of the mode wanted, typed by the person.
    pub confirm: String,
}

/// A switch of the mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModeSwitch {
    /// Identifier.
    pub id: i64,
    /// From.
    pub from: Mode,
    /// To.
    pub to: Mode,
    /// Where it is.
    pub state: SwitchState,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What was done, in order.
    pub steps: Vec<SwitchStep>,
    /// One answer a second: true when the application answered.
    pub answers: Vec<bool>,
    /// Time without an answer in milliseconds, measured.
    pub downtime_ms: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Where a switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SwitchState {
    /// Going on.
    Running,
    /// The application runs in the mode wanted.
    Done,
    /// Did not come up; the old mode was restored and the application answers in it.
    WentBack,
    /// Neither mode came up; a person has to look.
    Failed,
}

/// One step of a switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchStep {
    /// Title, such as `Restart`.
    pub title: String,
    /// Its state.
    pub state: crate::state::StepState,
    /// What happened.
    pub detail: String,
    /// Time it took in milliseconds.
    pub took_ms: Option<u64>,
}
