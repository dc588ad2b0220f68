//! Evidence of a run: what was planned, approved, measured, done and went wrong, sealed when the run ended.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::coverage::{Coverage, GroupCoverage};
use crate::plan::{Finding, Gate, PlanPhase};
use crate::rollback::RollbackRecord;
use crate::run::RunSummary;
use crate::state::StepState;

/// Version of [`Evidence`]; a change that an older reader would misread raises it.
pub const EVIDENCE_VERSION: u32 = 1;

/// The evidence of one run, as it was when it was sealed. `evidence.json` of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// Version of this format, 1.
    pub version: u32,
    /// Version of the program that sealed it.
    pub program: String,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// Slug of the system.
    pub system: String,
    /// Title of the system.
    pub title: String,
    /// The run: its number, who started it, when it began and ended, its state.
    pub run: RunSummary,
    /// What was approved and carried out.
    pub plan: EvidencePlan,
    /// Who approved it.
    pub approvals: Vec<EvidenceApproval>,
    /// Every gate that was measured, with overrides and their reasons.
    pub gates: Vec<Gate>,
    /// Each step with its rows and times, in the order of the plan.
    pub steps: Vec<EvidenceStep>,
    /// Records and coverage after the run.
    pub counts: EvidenceCounts,
    /// Hashes of schema and backups.
    pub hashes: EvidenceHashes,
    /// Failures, retries, holds and overrides, in order of time.
    pub incidents: Vec<Incident>,
    /// Ways back that were taken after the run began.
    pub rollbacks: Vec<RollbackRecord>,
    /// The audit log.
    pub audit: EvidenceAudit,
}

/// The plan of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidencePlan {
    /// Name of the playbook.
    pub playbook: String,
    /// Fingerprint over playbook, options and the schema it assumed.
    pub fingerprint: String,
    /// Phases with the SQL of each step and its undo.
    pub phases: Vec<PlanPhase>,
    /// What a person should have known before approving.
    pub notes: Vec<Finding>,
}

/// An approval of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceApproval {
    /// Identifier.
    pub id: i64,
    /// What would happen, as a sentence.
    pub text: String,
    /// Fingerprint that it was bound to.
    pub fingerprint: String,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested: Timestamp,
    /// Where it was when the evidence was sealed: `waiting`, `approved`, `refused`, `used` or `void`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// What that person wrote.
    pub note: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceStep {
    /// Stable key.
    pub key: String,
    /// Title.
    pub title: String,
    /// State.
    pub state: StepState,
    /// Rows written.
    pub rows_done: u64,
    /// Rows in all.
    pub rows_total: u64,
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
}

/// Records and coverage, counted in the target after the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceCounts {
    /// When they were counted.
    pub measured: Option<Timestamp>,
    /// Why they were not, when they were not.
    pub not_measured: Option<String>,
    /// Rows that the steps wrote.
    pub rows_written: u64,
    /// Coverage of the counted models together.
    pub coverage: Option<Coverage>,
    /// Rows and coverage of each model.
    pub groups: Vec<GroupCoverage>,
}

/// Hashes, all SHA-256 in hex.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceHashes {
    /// Over the definitions of the tables of the plan, as the plan assumed them.
    pub schema_before: String,
    /// The same after the run; none when it could not be read.
    pub schema_after: Option<String>,
    /// Each table of the plan.
    pub tables: Vec<TableHashes>,
    /// The backups that the run could go back to: the newest one before it, and those made while it went on.
    pub backups: Vec<EvidenceBackup>,
}

/// Definition of one table before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableHashes {
    /// Its name.
    pub table: String,
    /// Before; none when there was no such table.
    pub before: Option<String>,
    /// After; none when there was none, or it could not be read.
    pub after: Option<String>,
}

/// A backup of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceBackup {
    /// Its name.
    pub name: String,
    /// When its snapshot was taken.
    pub taken: Timestamp,
    /// Rows in it.
    pub rows: u64,
    /// When it was restored into a scratch database and compared.
    pub verified: Option<Timestamp>,
    /// Hash of its manifest, which holds the hashes of its files and of every table; none when the manifest is gone.
    pub manifest: Option<String>,
    /// Hash of the schema in it.
    pub schema: Option<String>,
}

/// Something that did not go as planned, or that a person decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: IncidentKind,
    /// Key of the step, when it concerns one.
    pub step: Option<String>,
    /// A sentence.
    pub text: String,
}

/// Kinds of incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
    /// A step failed.
    Failure,
    /// Something to know that stopped nothing.
    Warning,
    /// The run waited: for a gate or for a person.
    Hold,
    /// A person let it go on or try again.
    Retry,
    /// An administrator took responsibility for a closed gate.
    Override,
    /// A person at the command line began it without the approval that the configuration asks for.
    WithoutApproval,
    /// A person ended it.
    Stop,
    /// The server was stopped meanwhile, or lost the target.
    Interruption,
    /// A way back was taken.
    WayBack,
}

/// The audit log, as far as it concerns the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceAudit {
    /// Hash of the newest entry of the whole log when the evidence was sealed.
    pub head: Option<String>,
    /// Entries of the whole log then.
    pub length: u64,
    /// Entries about this system from the run's beginning on.
    pub entries: Vec<EvidenceEntry>,
}

/// An entry of the audit log, with everything that its hash covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceEntry {
    /// Number, from 1, without gaps in the whole log.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: an account name, or `switchyard`.
    pub actor: String,
    /// Slug of the system.
    pub system: Option<String>,
    /// What, such as `run.started`.
    pub action: String,
    /// On what, such as `run 3`.
    pub object: String,
    /// A sentence.
    pub text: String,
    /// Whether it was refused.
    pub refused: bool,
    /// Address it came from.
    pub address: Option<String>,
    /// Hash of the entry before.
    pub previous: String,
    /// Hash over all of the above.
    pub hash: String,
}

/// Whether there is evidence of a run, and what it was signed with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceState {
    /// The bundle; none while the run goes on, and for some seconds after it.
    pub bundle: Option<EvidenceBundle>,
    /// Public key of this console, 64 hexadecimal digits.
    pub public_key: String,
}

/// The bundle of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceBundle {
    /// When its content was sealed.
    pub sealed: Timestamp,
    /// Name of its file.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// What checking a bundle found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceVerification {
    /// Whether every byte is as it was signed.
    pub whole: bool,
    /// Everything that is wrong.
    pub faults: Vec<EvidenceFault>,
    /// Slug of the system, as the signed manifest says.
    pub system: Option<String>,
    /// Number of the run.
    pub run: Option<i64>,
    /// When it was sealed.
    pub sealed: Option<Timestamp>,
    /// Files in it.
    pub files: u32,
    /// Public key that it was signed with.
    pub key: Option<String>,
    /// Whether that key was compared with one from elsewhere.
    pub key_compared: bool,
}

/// One thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceFault {
    /// What is wrong.
    pub what: FaultKind,
    /// The file of the bundle that it is in or belongs to.
    pub file: Option<String>,
    /// First byte of the archive that is concerned.
    pub from: u64,
    /// The byte after the last one.
    pub to: u64,
    /// A sentence.
    pub text: String,
}

/// Kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The content of a file differs.
    Content,
    /// The archive around the files differs: headers, directory, comments, times.
    Structure,
    /// A file is missing.
    Missing,
    /// A file is there that was not signed.
    Extra,
    /// A name stands twice.
    Duplicate,
    /// A name leads out of the directory it is unpacked in.
    Path,
    /// The archive ends too early.
    Truncated,
    /// Bytes follow the end.
    Appended,
    /// The signature does not fit the manifest.
    Signature,
    /// It was signed with another key than the one expected.
    Key,
    /// It is not a bundle of this format.
    Format,
}
