//! Backups, and what verified means.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::work::WorkProgress;

/// One backup as a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BackupSummary {
    /// Name, such as `obcms-20261120-015204`.
    pub name: String,
    /// When its snapshot was taken.
    pub taken: Timestamp,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// Tables in it.
    pub tables: u32,
    /// Rows in it.
    pub rows: u64,
    /// Whether it can be used.
    pub state: BackupState,
    /// Why it cannot be used, when it cannot.
    pub trouble: Option<String>,
    /// When it was last restored into a scratch database and compared.
    pub verified: Option<Timestamp>,
    /// Time that restoring and comparing took, in milliseconds.
    pub restore_ms: Option<u64>,
    /// How far writing or verifying it is, while this console does that.
    pub progress: Option<WorkProgress>,
    /// Who made it, and for what.
    pub made_for: String,
}

/// Whether a backup can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BackupState {
    /// Being written.
    Writing,
    /// Being restored into a scratch database and compared.
    Verifying,
    /// Restored into a scratch database, and every table's row count and content hash matched.
    Verified,
    /// Never restored.
    Unverified,
    /// Damaged, incomplete or of another database.
    Unusable,
}

/// The database as it was before a restore: kept until a person releases it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptDatabase {
    /// Name of its file or database, such as `db.sqlite3.before-restore-20261120T015204.000Z`.
    pub name: String,
    /// When the restore put another in its place.
    pub since: Option<Timestamp>,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// What an approval of its release is bound to.
    pub fingerprint: String,
    /// Whether a second administrator has to approve its release.
    pub needs_approval: bool,
}

/// Releases a kept database for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseKept {
    /// Title of the system, typed to confirm.
    pub confirm: String,
}
