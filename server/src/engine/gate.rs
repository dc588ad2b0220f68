//! Gates: conditions that must hold before a step may start. They are measured by the driver,
//! in the transaction of the step they guard.

use serde::{Deserialize, Serialize};

/// A condition that guards a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Short name, unique among the gates of its step (`coverage`).
    pub name: String,
    /// The condition as people see it.
    pub title: String,
    /// Whether an administrator may override it with a written reason.
    pub overridable: bool,
    /// How it is measured.
    pub check: GateCheck,
}

/// How a gate is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum GateCheck {
    /// Every row of the table has an organization.
    Coverage {
        /// The table.
        table: String,
        /// The column with the organization.
        column: String,
        /// Its rows for people.
        plural: String,
    },
    /// No row of the table needed the stamp for a while: no old version of the application writes.
    NoOldWriters {
        /// The table.
        table: String,
        /// For how many seconds.
        quiet_seconds: u64,
    },
    /// A statement answers 0.
    Invariant {
        /// The invariant's name.
        name: String,
        /// The statement.
        sql: String,
    },
    /// Our own role will see every row of a table whose rows are isolated.
    SeesEveryRow,
    /// A fact that only the caller knows.
    Caller {
        /// Which.
        fact: CallerFact,
    },
}

/// Facts that live outside of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerFact {
    /// A backup of this target was restored in a drill and compared.
    BackupVerified,
}

/// What measuring a gate found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateEvidence {
    /// The gate's name.
    pub gate: String,
    /// The key of the step it guards.
    pub step: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, as a sentence with numbers and their whole.
    pub evidence: String,
    /// What to do when it does not hold; empty when it does.
    pub remedy: String,
    /// Whether an administrator may override it.
    pub overridable: bool,
    /// What was counted toward the condition (rows that are covered, seconds that were quiet).
    pub value: i64,
    /// What the count must reach.
    pub whole: i64,
    /// When it was measured, milliseconds since 1970.
    pub measured_at_ms: i64,
}
