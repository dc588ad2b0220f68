//! The audit log: append-only, hash-chained.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Number, from 1, without gaps.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: an account name, or `switchyard`.
    pub actor: String,
    /// Slug of the system, when it concerns one.
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
    /// Hash of this entry and the one before.
    pub hash: String,
}

/// A page of entries, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// Entries.
    pub entries: Vec<AuditEntry>,
    /// Entries that fit.
    pub total: u64,
    /// Ask for the next page with this.
    pub next: Option<i64>,
    /// Actors to choose from.
    pub actors: Vec<String>,
    /// Actions to choose from.
    pub actions: Vec<String>,
}

/// Whether the chain is whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditVerification {
    /// Whether every entry's hash fits.
    pub whole: bool,
    /// Entries checked.
    pub entries: u64,
    /// Hash of the newest entry.
    pub head: Option<String>,
    /// Number of the first entry that does not fit.
    pub broken_at: Option<i64>,
}
