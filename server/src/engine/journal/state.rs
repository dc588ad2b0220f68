//! The states of a step, and the only moves between them.

use serde::{Deserialize, Serialize};

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Not begun, or undone before and ready to begin again.
    Pending,
    /// Begun: a batched step has its cursor, a detached one its mark.
    Running,
    /// Its effect is there and was verified.
    Done,
    /// Its undo has begun.
    Undoing,
    /// Its effect was there and was taken back.
    Undone,
    /// It failed; nothing of its last transaction was kept.
    Failed,
    /// Its undo failed: only a person leaves this state, by trying again.
    Stuck,
    /// Its effect was there before the run; it is neither done nor undone.
    Skipped,
}

impl StepState {
    /// The word stored in the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Skipped => "skipped",
        }
    }

    /// The state of that word.
    pub fn of(word: &str) -> Option<Self> {
        [
            Self::Pending,
            Self::Running,
            Self::Done,
            Self::Undoing,
            Self::Undone,
            Self::Failed,
            Self::Stuck,
            Self::Skipped,
        ]
        .into_iter()
        .find(|state| state.word() == word)
    }
}

/// Checks a move: answers the new state, or `None` when the move is not one of those that exist.
pub fn transition(from: StepState, to: StepState) -> Option<StepState> {
    use StepState::{Done, Failed, Pending, Running, Skipped, Stuck, Undoing, Undone};
    let legal = match from {
        Pending | Undone => matches!(to, Running | Done | Failed | Skipped),
        Running => matches!(to, Running | Done | Failed | Undoing | Undone | Stuck),
        Done => matches!(to, Undoing | Undone | Stuck),
        // done again, by whoever turns around before the way back has changed anything
        Undoing => matches!(to, Undoing | Undone | Stuck | Done),
        // a step that failed may have batches behind it: those are undone as a running one's
        Failed => matches!(to, Running | Done | Failed | Undoing | Undone | Stuck),
        Stuck => matches!(to, Undoing | Undone | Stuck),
        Skipped => false,
    };
    legal.then_some(to)
}
