//! The states that a step, a gate, a run or a page can be in: one vocabulary for engine, API and console.

use serde::{Deserialize, Serialize};

/// The state of one step of a run, as its journal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Begun; a batched step may have rows done already.
    Running,
    /// Its effect is in the target, committed together with this state.
    Done,
    /// Nothing to do: the target already was as the step wants it.
    Skipped,
    /// Its effect was rolled back by the database; it can be tried again.
    Failed,
    /// Being undone.
    Undoing,
    /// Was done and has been undone.
    Undone,
    /// Its undo failed; a person has to look.
    Stuck,
}

/// The state of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Accepted, no driver has it yet.
    Queued,
    /// A driver is working.
    Running,
    /// Stopped by a person; resumes where it was.
    Paused,
    /// A gate is closed; a person is needed.
    WaitingAtGate,
    /// A second administrator has to approve first.
    WaitingForApproval,
    /// All steps are done.
    Done,
    /// A step failed; what was done before it stays.
    Failed,
    /// Ended by a person; what was done before it stays.
    Aborted,
    /// Steps are being undone.
    RollingBack,
    /// All its steps, or those of the chosen groups, were undone.
    RolledBack,
    /// An undo failed; a person has to look.
    Stuck,
}

impl RunState {
    /// Whether a driver may still change the target for this run without a new command.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::RollingBack)
    }

    /// Whether the run still owns its system: no other run may start.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Done | Self::Aborted | Self::RolledBack)
    }
}

/// What a gate says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GateState {
    /// The condition holds.
    Open,
    /// The condition does not hold.
    Closed,
    /// Not measured yet, because earlier steps are not done.
    NotReached,
    /// The condition does not hold and an administrator took responsibility, with a reason.
    Overridden,
}

/// How heavy a message of a log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What happened.
    Info,
    /// A person may want to know.
    Warning,
    /// Something failed.
    Error,
}
