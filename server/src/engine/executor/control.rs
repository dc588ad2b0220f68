//! What a caller of the executor gives it: answers between database calls, facts that live
//! outside of the target, and ears for progress.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::hold::Holds;
use crate::db::Dialect;
use crate::engine::gate::{CallerFact, GateEvidence};
use crate::engine::journal::StepState;
use crate::engine::operation::ApplicationCheck;
use crate::engine::plan::Step;

/// The longest rest between two attempts at a lock, unless the caller says otherwise.
const LONGEST_WAIT: Duration = Duration::from_millis(1_500);

/// How often a lock is asked for, unless the caller says otherwise. On PostgreSQL each attempt
/// keeps others waiting for some milliseconds only: it is asked for about two minutes.
pub const fn polite_attempts(dialect: Dialect) -> u32 {
    match dialect {
        Dialect::Sqlite => 30,
        Dialect::Postgres => 120,
    }
}

/// The caller's side of a drive.
#[async_trait]
pub trait Control: Send + Sync {
    /// Called between any two calls of the database. Renewing nothing, it may take its time only
    /// outside of a transaction ([`Boundary::in_transaction`]).
    async fn between(&self, boundary: &Boundary<'_>) -> Signal;

    /// Hears of progress. Must return at once.
    fn report(&self, event: &Event);

    /// What makes batches wait for others.
    fn holds(&self) -> Holds {
        Holds::default()
    }

    /// For whom or what outside of the target this step has to wait, in words: the run waits
    /// before it, or before its next batch, until the answer is `None`. A way back waits for
    /// nobody. Asked outside of transactions only.
    async fn suffering(&self, _step: &Step) -> Option<(HoldCause, String)> {
        None
    }

    /// How often a lock is asked for before the step gives up.
    fn attempts(&self, dialect: Dialect) -> u32 {
        polite_attempts(dialect)
    }

    /// How long is rested between two attempts at a lock, at most.
    fn longest_wait(&self) -> Duration {
        LONGEST_WAIT
    }

    /// Who drives, for the lease and for whoever is refused because of it.
    fn owner(&self) -> String;

    /// A fact that lives outside of the target, for a gate.
    async fn fact(&self, fact: CallerFact) -> FactAnswer;

    /// Whether an administrator has overridden the gate of a step.
    async fn overridden(&self, step: &str, gate: &str) -> Option<Overriding>;

    /// Whether the effect of work outside of the target is there: asked before and after it.
    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError>;

    /// Performs work outside of the target and answers what was found, as a sentence.
    async fn perform(&self, work: &Outside) -> Result<String, OutsideError>;
}

/// Where the executor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary<'a> {
    /// The step at hand; `None` before the first and after the last.
    pub step: Option<&'a str>,
    /// Whether a transaction is open: what is answered then takes effect after it.
    pub in_transaction: bool,
    /// What comes next, for people who debug.
    pub next: &'static str,
}

/// What the executor shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    Continue,
    /// Stop after the batch or step at hand.
    Pause,
    /// Stop now: roll back the open transaction.
    Abort,
}

/// Progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Event {
    /// A step moved to another state.
    Step {
        /// Its key.
        step: String,
        /// Its new state.
        state: StepState,
    },
    /// Rows were handled.
    Rows {
        /// The step's key.
        step: String,
        /// Rows handled so far.
        done: u64,
        /// Rows to handle.
        total: u64,
        /// Rows a second over the last batch.
        rate: f64,
        /// The size of the next batch, in rows.
        batch: u64,
    },
    /// Another writer holds the lock.
    Waiting {
        /// The step's key.
        step: Option<String>,
        /// Which attempt this is.
        attempt: u32,
        /// How many there will be.
        attempts: u32,
        /// How long has been waited so far, in milliseconds.
        waited_ms: u64,
        /// Who holds the lock, in words, where the database can say it.
        blocker: Option<String>,
    },
    /// The run holds because others suffer.
    Held {
        /// The step's key.
        step: String,
        /// What kind of suffering it is.
        cause: HoldCause,
        /// Who suffers, in words.
        reason: String,
    },
    /// The run works another part of the time from now on.
    Pace {
        /// How many percent.
        percent: u8,
    },
    /// An index is being built beside its writers.
    Building {
        /// The step's key.
        step: String,
        /// What the server is doing, in its own words.
        phase: String,
        /// Blocks read or entries loaded so far.
        done: u64,
        /// How many there are in this phase; 0 when the server does not say.
        total: u64,
        /// Whose transaction has to end first, in words.
        waits_for: Option<String>,
    },
    /// A gate was measured.
    Gate(GateEvidence),
    /// A line for the log.
    Log {
        /// The step's key.
        step: Option<String>,
        /// How much it matters.
        level: Level,
        /// The line.
        line: String,
    },
}

/// For what a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldCause {
    /// The application, which the caller watches.
    Application,
    /// Another backup of the target, which the caller knows of.
    Backup,
    /// A standby that is behind.
    Standby,
    /// A session that waits for a lock.
    LockWait,
    /// A disk that is nearly full.
    Disk,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As expected.
    Info,
    /// Someone should look.
    Warning,
    /// Something failed.
    Error,
}

/// An answer about a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactAnswer {
    /// Whether it holds.
    pub holds: bool,
    /// What was found, as a sentence.
    pub evidence: String,
    /// What to do when it does not hold.
    pub remedy: String,
}

/// An administrator's decision to pass a gate that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overriding {
    /// Who.
    pub by: String,
    /// The written reason.
    pub reason: String,
}

/// Work outside of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Outside {
    /// A backup, verified by a restore.
    Backup,
    /// A hook of the system's configuration.
    Hook {
        /// Its name.
        name: String,
    },
    /// A check of the running application.
    CheckApplication {
        /// What is checked.
        check: ApplicationCheck,
    },
}

/// What a look at the outcome of work outside of the target found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// The effect is there; the sentence says what was found.
    There(String),
    /// The effect is not there.
    Absent,
    /// It cannot be seen from outside (a hook): it counts as done when performing it succeeded,
    /// and after a crash in between it is performed again.
    Unknown,
}

/// Why work outside of the target failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} {remedy}")]
pub struct OutsideError {
    /// What failed, as a sentence.
    pub problem: String,
    /// What to do about it, as a sentence.
    pub remedy: String,
}
