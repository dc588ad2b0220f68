//! A plan: a playbook compiled against the real schema of a real target. Plain data, so that it
//! can be shown, approved, stored in the journal and carried out long after it was made.

use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::operation::Operation;
use crate::db::{Dialect, Statement};

/// Ordered steps with their SQL, locks, gates and undo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The playbook's short name.
    pub playbook: String,
    /// The playbook's title.
    pub title: String,
    /// The language of the statements.
    pub dialect: Dialect,
    /// SHA-256, in hex, over the playbook's text, the options and the schema of the tables that
    /// the plan touches. An approval is bound to it.
    pub fingerprint: String,
    /// The tables that the plan touches as they were when it was made: what the world is
    /// compared with before the first step and on every resume.
    pub assumed: Vec<AssumedTable>,
    /// The phases, in order.
    pub phases: Vec<Phase>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Groups whose rows find their organization through a table of another group.
    pub dependencies: Vec<Dependency>,
    /// What a person should know before approving.
    pub notes: Vec<String>,
}

impl Plan {
    /// The step of that key.
    pub fn step(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.key == key)
    }

    /// The steps of a phase, in order.
    pub fn steps_of(&self, phase: PhaseName) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.phase == phase)
    }

    /// The names of the groups, in order.
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for group in self.steps.iter().filter_map(|step| step.group.as_deref()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups
    }
}

/// A table of one group that finds its organization through a table of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The group.
    pub group: String,
    /// Its table.
    pub table: String,
    /// The group it depends on.
    pub on: String,
    /// The table there.
    pub parent: String,
}

/// A table as a plan assumes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssumedTable {
    /// Its name.
    pub table: String,
    /// The text of its `CREATE TABLE`; `None` when it must not exist yet.
    pub sql: Option<String>,
}

/// A phase of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Which one.
    pub name: PhaseName,
    /// Its number as people see it (`1`, `2.1`).
    pub number: String,
    /// Its title.
    pub title: String,
    /// How long it is expected to take, in the playbook's words.
    pub duration: Option<String>,
}

/// The phases of a tenancy migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseName {
    /// The verified backup and hooks before the run.
    Backup,
    /// The organizations table and the default organization.
    Organizations,
    /// The column exists and may be empty.
    Nullable,
    /// Existing rows have an organization.
    Populate,
    /// The column may not be empty.
    Required,
    /// The application with organization context.
    Middleware,
    /// The application's pages.
    Views,
    /// Row-level security, and its proof.
    Isolation,
    /// Invariants at the end.
    Verification,
}

impl PhaseName {
    /// Its word, as plans and the command line write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Organizations => "organizations",
            Self::Nullable => "nullable",
            Self::Populate => "populate",
            Self::Required => "required",
            Self::Middleware => "middleware",
            Self::Views => "views",
            Self::Isolation => "isolation",
            Self::Verification => "verification",
        }
    }
}

/// One operation of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Stable, readable and unique in the plan (`communities.nullable.communities_community`).
    pub key: String,
    /// What it does, as a short sentence.
    pub title: String,
    /// The group it belongs to; `None` for steps that belong to the whole.
    pub group: Option<String>,
    /// The phase it belongs to.
    pub phase: PhaseName,
    /// The operation with its data.
    pub operation: Operation,
    /// How it is carried out.
    pub mode: StepMode,
    /// The SQL that will run, in order; for a batched step the statement of one batch.
    pub forward: Vec<Statement>,
    /// Of a staged step: how its statements are divided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// How it is undone.
    pub reverse: Reverse,
    /// How to see whether its effect is there.
    pub probe: Option<Probe>,
    /// What it locks, and for how long at most, in words.
    pub locks: String,
    /// What it costs.
    pub cost: Cost,
    /// What undoing it would lose, in words; `None` when nothing.
    pub loss: Option<String>,
    /// What must hold before it may start.
    pub gates: Vec<Gate>,
    /// Whether the run cannot be undone by steps once it is done.
    pub point_of_no_return: bool,
    /// Whether it drops or rewrites something that exists.
    pub destructive: bool,
    /// Why it is not carried out: its effect is already there.
    pub skip: Option<String>,
}

impl Step {
    /// The table it concerns, if it concerns one.
    pub fn table(&self) -> Option<&str> {
        self.operation.table()
    }
}

/// How a step is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepMode {
    /// One transaction with its journal row.
    Atomic,
    /// Many transactions, each with its cursor.
    Batched,
    /// A few transactions one after the other, each with the number of the stage it reached.
    Staged,
    /// Outside of the target: marked, probed, done, probed, confirmed.
    Detached,
}

/// A part of a staged step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// How many statements of the step, behind those of the stages before it.
    pub statements: usize,
    /// Whether they are one transaction. Where they cannot be, what they made is looked at before
    /// they are run, also again.
    pub transaction: bool,
    /// What takes away a half-finished effect: run before another try, and when the step failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanup: Vec<Statement>,
    /// How to see that the effect is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
}

/// How a step is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reverse {
    /// By these statements, in order.
    Sql(Vec<Statement>),
    /// By these statements in several parts, one after the other. Each is looked at before it is
    /// carried out, so that it does not matter how far an earlier try has come.
    Staged {
        /// The statements, in order.
        statements: Vec<Statement>,
        /// How they are divided.
        stages: Vec<Stage>,
    },
    /// Nothing needs to be done.
    Nothing,
    /// It cannot be.
    Impossible {
        /// The reason, and what to do instead.
        why: String,
    },
}

impl Reverse {
    /// The statements that take the step back; none where nothing is to be done or can be.
    pub fn statements(&self) -> &[Statement] {
        match self {
            Self::Sql(statements) | Self::Staged { statements, .. } => statements,
            Self::Nothing | Self::Impossible { .. } => &[],
        }
    }
}

/// A count, and what it is when the step's effect is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// A SELECT of one whole number.
    pub statement: Statement,
    /// Its answer when the effect is there.
    pub expected: i64,
}

/// What a step costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Rows written, as estimated from the counted rows of the schema; 0 for changes of the
    /// catalogue alone.
    pub rows: u64,
    /// The same in words, with the reason where a rebuild is avoided.
    pub sentence: String,
}
