//! A plan: a playbook compiled against the real schema of a real target, as the console shows it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::state::GateState;

/// A compiled plan, or why it could not be compiled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanView {
    /// Name of the playbook.
    pub playbook: String,
    /// Title of the playbook.
    pub title: String,
    /// Hash of text, parameters and assumed schema; a run executes what was approved, or refuses.
    pub fingerprint: String,
    /// Phases in order.
    pub phases: Vec<PlanPhase>,
    /// Why it cannot run; empty when it can.
    pub refusals: Vec<Finding>,
    /// What a person should know.
    pub warnings: Vec<Finding>,
    /// Rows that the steps will write, estimated from row counts.
    pub rows_to_write: u64,
    /// Last preflight of this system.
    pub preflight: Option<Preflight>,
    /// Whether a second administrator has to approve.
    pub needs_approval: bool,
}

/// A phase of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanPhase {
    /// Title, such as `Model migration`.
    pub title: String,
    /// Planned duration in words, from the playbook.
    pub planned: Option<String>,
    /// Steps in order.
    pub steps: Vec<PlanStep>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanStep {
    /// Stable key, such as `communities.nullable.communities_community`.
    pub key: String,
    /// Title.
    pub title: String,
    /// Group it belongs to.
    pub group: Option<String>,
    /// SQL that will run, one statement each.
    pub sql: Vec<String>,
    /// SQL that undoes it.
    pub undo_sql: Vec<String>,
    /// Why it cannot be undone, when it cannot.
    pub undo_impossible: Option<String>,
    /// What it locks and for how long at most.
    pub locks: String,
    /// Rows it will write, estimated.
    pub rows: u64,
    /// A note such as why no rebuild is needed.
    pub note: Option<String>,
    /// What its undo would lose.
    pub loses: Option<String>,
    /// Gates before it.
    pub gates: Vec<String>,
    /// After it there is no way back by undo.
    pub point_of_no_return: bool,
    /// Whether it destroys or constrains data.
    pub destructive: bool,
    /// Why there is nothing to do, when there is not.
    pub skipped: Option<String>,
}

/// Something found while checking, with its place and remedy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable identifier, such as `unknown-table`.
    pub code: String,
    /// Line of the playbook.
    pub line: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Checks made before anything is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preflight {
    /// When.
    pub at: Timestamp,
    /// Whether a run may start.
    pub passed: bool,
    /// Each check.
    pub checks: Vec<PreflightCheck>,
}

/// One check before a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreflightCheck {
    /// Stable name, such as `free-disk`.
    pub name: String,
    /// Title shown.
    pub title: String,
    /// Whether it passed; warnings pass.
    pub passed: bool,
    /// It passed, but a person should read it.
    pub warning: bool,
    /// What was measured.
    pub evidence: String,
    /// What to do when it did not pass.
    pub remedy: Option<String>,
}

/// A gate, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gate {
    /// Stable name, such as `coverage.project_central`.
    pub name: String,
    /// Title shown.
    pub title: String,
    /// What it says now.
    pub state: GateState,
    /// What was measured, such as `319 of 342`.
    pub evidence: String,
    /// When it was measured.
    pub measured: Option<Timestamp>,
    /// What is missing, why it matters and what to do, when it is closed.
    pub sentence: Option<String>,
    /// Route of the console where it can be met.
    pub href: Option<String>,
    /// Whether an administrator may override it with a reason.
    pub overridable: bool,
    /// Who overrode it and why.
    pub overridden: Option<Override>,
}

/// An override of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Override {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Overrides a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OverrideGate {
    /// Why; at least 10 characters, kept in the audit log.
    pub reason: String,
}
