//! The three ways back, with what each would cost now.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::backup::BackupSummary;
use crate::state::StepState;
use crate::work::WorkProgress;

/// The ways back of a system, measured now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackOptions {
    /// When the costs were measured.
    pub measured: Timestamp,
    /// Of the mode.
    pub mode: RollbackCost,
    /// Of some groups: each with its cost.
    pub groups: Vec<GroupRollback>,
    /// Undo of every step.
    pub undo_all: RollbackCost,
    /// Restore of a backup: each with its cost.
    pub restores: Vec<RestoreCost>,
    /// Whether a second administrator has to approve partial and full.
    pub needs_approval: bool,
    /// The rollback going on, or the last one.
    pub current: Option<RollbackRecord>,
    /// Earlier ones, newest first.
    pub history: Vec<RollbackRecord>,
}

/// What a rollback costs now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackCost {
    /// Hash of everything below; the confirmation names it and is void when the world changed.
    pub fingerprint: String,
    /// Why it is not possible now.
    pub refused: Option<String>,
    /// Whether what would be lost is still being counted: then nothing below says that nothing is lost.
    pub measuring: bool,
    /// Time it takes in milliseconds: measured, or the longest likely where it is estimated.
    pub takes_ms: Option<u64>,
    /// Whether that time is estimated from something else that was measured.
    pub estimated: bool,
    /// Where that time comes from, such as `measured on the last switch`.
    pub takes_from: String,
    /// Time that the application is unavailable in milliseconds.
    pub downtime_ms: u64,
    /// What would be lost.
    pub lost: Vec<LostRows>,
    /// Rows lost in all.
    pub rows_lost: u64,
    /// What is lost or stays, in sentences.
    pub notes: Vec<String>,
}

/// Rows of one table that would be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LostRows {
    /// Table.
    pub table: String,
    /// Label of the model, when it is one.
    pub model: Option<String>,
    /// Rows made since.
    pub created: u64,
    /// Rows changed since.
    pub changed: u64,
    /// Rows deleted since, which would come back.
    pub deleted: u64,
    /// Assignments of rows to organizations.
    pub assignments: u64,
}

/// Rollback of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupRollback {
    /// Name in the playbook.
    pub name: String,
    /// Title.
    pub title: String,
    /// Steps that would be undone.
    pub steps: u32,
    /// Cost.
    pub cost: RollbackCost,
}

/// Restore of one backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreCost {
    /// The backup.
    pub backup: BackupSummary,
    /// Cost.
    pub cost: RollbackCost,
}

/// Which way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RollbackKind {
    /// Switch the mode back.
    Mode,
    /// Undo some groups.
    Partial {
        /// Names of the groups.
        groups: Vec<String>,
    },
    /// Undo every step.
    UndoAll,
    /// Restore a backup.
    Restore {
        /// Its name.
        backup: String,
    },
}

/// Starts a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StartRollback {
    /// Which.
    pub way: RollbackKind,
    /// Fingerprint of the cost that the person saw.
    pub fingerprint: String,
    /// Title of the system, typed by the person.
    pub confirm: String,
}

/// A rollback, and what a person has to do after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackRecord {
    /// Identifier.
    pub id: i64,
    /// Which way.
    pub way: RollbackKind,
    /// State.
    pub state: RollbackState,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What was done, in order.
    pub steps: Vec<RollbackStep>,
    /// Rows that were lost in all.
    pub rows_lost: u64,
    /// Name of the export of lost rows.
    pub export: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Tasks after it: cause, post-mortem, staging, new date, notices.
    pub tasks: Vec<AfterTask>,
}

/// Where a rollback is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RollbackState {
    /// Going on.
    Running,
    /// Done.
    Done,
    /// Failed; the target is as the error says.
    Failed,
}

/// One step of a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RollbackStep {
    /// Title.
    pub title: String,
    /// State.
    pub state: StepState,
    /// What happened.
    pub detail: String,
    /// Time it took in milliseconds; none when it was begun again after a crash.
    pub took_ms: Option<u64>,
    /// How far it is, while it goes on and is long work.
    #[serde(default)]
    pub progress: Option<WorkProgress>,
    /// Steps of the run that it undid, where it undid any.
    pub undid: Option<u32>,
}

/// A task after a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AfterTask {
    /// Stable name, such as `cause`.
    pub name: String,
    /// Title.
    pub title: String,
    /// What it is for.
    pub detail: String,
    /// What a person wrote.
    pub note: String,
    /// Done.
    pub done: bool,
    /// Who did it.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Writes down a task after a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteTask {
    /// What to write.
    pub note: String,
    /// Done or not.
    pub done: bool,
}
