//! Runs: executions of a plan, with live progress.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::plan::Gate;
use crate::state::{Level, RunState, StepState};
use crate::target::HoldCause;

/// Starts a run of exactly the plan that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartRun {
    /// Fingerprint of the plan that the person saw.
    pub fingerprint: String,
    /// Stop after this step (its key); none: go to the end.
    #[serde(default)]
    pub until: Option<String>,
}

/// One line of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Number of the run within its system, from 1.
    pub number: i64,
    /// Title of the playbook.
    pub title: String,
    /// State.
    pub state: RunState,
    /// Who asked for it.
    pub started_by: String,
    /// When it was asked for.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Steps done or skipped.
    pub steps_done: u32,
    /// Steps in all.
    pub steps_total: u32,
    /// Why it waits or failed, in a sentence.
    pub reason: Option<String>,
}

/// Everything that the page of a run shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// Its line in the list.
    pub summary: RunSummary,
    /// Fingerprint of the plan it executes.
    pub fingerprint: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Phases with their steps and gates.
    pub phases: Vec<RunPhase>,
    /// The gate it waits at, or that of the application that it holds for.
    pub waiting: Option<Gate>,
    /// What is going on, numbers included.
    pub progress: RunProgress,
    /// Rows per second over time, oldest first.
    pub speed: Vec<SpeedPoint>,
    /// Commands that this person may give now.
    pub commands: Vec<RunCommand>,
    /// What stopping now would mean.
    pub if_stopped: IfStopped,
}

/// A command to a run. It stores what is wanted; the reconcile loop does the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunCommand {
    /// End the batch and stop; resume later.
    Pause,
    /// Go on.
    Resume,
    /// End the batch and end the run; what was done stays.
    Abort,
    /// Try the failed step again.
    Retry,
}

/// Gives a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommandRun {
    /// Which.
    pub command: RunCommand,
}

/// A phase of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunPhase {
    /// Title.
    pub title: String,
    /// Planned duration in words.
    pub planned: Option<String>,
    /// Steps in order.
    pub steps: Vec<RunStep>,
}

/// A step of a run: the lines of one kind (such as `Add organization, may be empty`) with the tables it works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunStep {
    /// Stable key.
    pub key: String,
    /// Title.
    pub title: String,
    /// Group.
    pub group: Option<String>,
    /// Table it works on.
    pub table: Option<String>,
    /// State, as the journal says.
    pub state: StepState,
    /// Rows done.
    pub rows_done: u64,
    /// Rows in all.
    pub rows_total: u64,
    /// Rows set aside for a decision.
    pub set_aside: u64,
    /// Begun.
    pub started: Option<Timestamp>,
    /// Ended.
    pub finished: Option<Timestamp>,
    /// Time it took in milliseconds.
    pub took_ms: Option<u64>,
    /// Longest time in milliseconds that it held the write lock.
    pub longest_lock_ms: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// Gates before it.
    pub gates: Vec<Gate>,
    /// SQL that runs.
    pub sql: Vec<String>,
    /// SQL that undoes it.
    pub undo_sql: Vec<String>,
}

/// Numbers that change while a run is going; also the data of its live events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunProgress {
    /// Number of the run.
    pub run: i64,
    /// State.
    pub state: RunState,
    /// Key of the step being worked on.
    pub step: Option<String>,
    /// Title of that step.
    pub step_title: Option<String>,
    /// Rows of that step done.
    pub rows_done: u64,
    /// Rows of that step in all.
    pub rows_total: u64,
    /// Steps done or skipped.
    pub steps_done: u32,
    /// Steps in all.
    pub steps_total: u32,
    /// Rows per second now.
    pub rows_per_second: f64,
    /// Rows of the present batch.
    pub batch_size: u64,
    /// Time left of this step in milliseconds: shortest and longest likely. None while unknown.
    pub step_left_ms: Option<(u64, u64)>,
    /// Time left of the run in milliseconds, if gates open at once.
    pub run_left_ms: Option<(u64, u64)>,
    /// Longest time in milliseconds that the run held the write lock so far.
    pub longest_lock_ms: u64,
    /// What it waits for just now, such as `another writer, attempt 2 of 30`.
    pub waiting_for: Option<String>,
    /// For what it holds just now: it goes on by itself when that is over. `waiting_for` says it in words.
    #[serde(default)]
    pub holds_for: Option<HoldCause>,
    /// Of the time that batches take, how much is work, in percent: the rest is the application's alone.
    #[serde(default = "full_pace")]
    pub pace: u8,
    /// Time spent working so far in milliseconds.
    pub elapsed_ms: u64,
}

const fn full_pace() -> u8 {
    100
}

/// Changes how much of the time a run works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetPace {
    /// Percent, from 5 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 100))]
    pub percent: u8,
}

/// Speed at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpeedPoint {
    /// Milliseconds since the run started.
    pub at_ms: u64,
    /// Rows per second.
    pub rows_per_second: f64,
}

/// What stopping now would mean, in sentences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IfStopped {
    /// For pause.
    pub pause: String,
    /// For abort.
    pub abort: String,
}

/// One line of the log of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// Counts up within a run.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// How heavy.
    pub level: Level,
    /// Key of the step.
    pub step: Option<String>,
    /// The line.
    pub text: String,
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogPage {
    /// Lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Lines in all.
    pub total: u64,
    /// Warnings in all.
    pub warnings: u64,
    /// Errors in all.
    pub errors: u64,
}
