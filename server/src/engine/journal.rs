//! The journal: the record of runs, kept inside the target in tables named `switchyard_...`.
//! Written only by the executor, in the transaction of the effect it records; read by anyone.

mod state;
mod store;

use serde::{Deserialize, Serialize};

use super::plan::{Plan, Step};
use crate::db::Value;

pub use state::{StepState, transition};
pub use store::{JournalError, history, read, tables};
pub(in crate::engine) use store::{digest, enter, knows, knows_any, pace_table, update};

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The run's id, given by the caller when it started.
    pub run: String,
    /// The plan, with the steps as they were approved.
    pub plan: Plan,
    /// When it started, milliseconds since 1970.
    pub started_at_ms: i64,
    /// When the journal was last written, milliseconds since 1970.
    pub updated_at_ms: i64,
    /// Its steps, in the order of the plan.
    pub steps: Vec<StepRecord>,
}

impl RunRecord {
    /// The record of the step of that key.
    pub fn step(&self, key: &str) -> Option<&StepRecord> {
        self.steps.iter().find(|record| record.step.key == key)
    }
}

/// Where the batches of a step are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The key of the last row handled; `None` before the first batch.
    pub after: Option<Vec<Value>>,
    /// The key of the last row to handle, fixed when the step began: later rows are stamped.
    pub upper: Vec<Value>,
}

/// A step as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step as it was approved.
    pub step: Step,
    /// Its state.
    pub state: StepState,
    /// How often it was begun.
    pub attempt: u32,
    /// Rows handled so far.
    pub rows_done: u64,
    /// Rows to handle, fixed when it began.
    pub rows_total: u64,
    /// When it was begun, milliseconds since 1970.
    pub started_at_ms: Option<i64>,
    /// When it ended, milliseconds since 1970.
    pub finished_at_ms: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The longest time that one of its transactions held the write lock, in milliseconds.
    pub lock_ms: u64,
    /// What was found when it was verified or performed, as a sentence.
    pub evidence: Option<String>,
    /// The keys between which its batches run, while they do.
    pub cursor: Option<Cursor>,
    /// What its undo needs to know of how it was applied.
    pub memo: Option<String>,
}
