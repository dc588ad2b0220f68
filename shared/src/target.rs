//! The database that a run works on: what room it has, who follows it, and what makes a run hold.

use serde::{Deserialize, Serialize};

/// What is to be watched of a target while a run works on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetState {
    /// What its disk has left.
    pub disk: DiskSpace,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Size of the write-ahead log in bytes; none where the role may not see it.
    pub log_bytes: Option<u64>,
    /// Who follows it; none for a database that nobody can follow (SQLite).
    pub replication: Option<Replication>,
    /// What makes a run hold.
    pub limits: HoldLimits,
}

/// Room on the fullest disk of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DiskSpace {
    /// Measured.
    Measured {
        /// Bytes left.
        free_bytes: u64,
        /// Bytes in all.
        total_bytes: u64,
    },
    /// It cannot be known from where the console runs.
    Unknown {
        /// Why, as a sentence.
        reason: String,
    },
}

/// Who follows a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replication {
    /// Whether the role may see how far each is; without it a run does not hold for them.
    pub visible: bool,
    /// Replicas that are connected, the one furthest behind first.
    pub replicas: Vec<Replica>,
    /// Slots, which keep the log for who is away, the one that keeps most first.
    pub slots: Vec<ReplicationSlot>,
}

/// A server or program that follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replica {
    /// Name that it gives itself; empty for none.
    pub name: String,
    /// What it does, in the server's words: `streaming`, `catchup`; none where the role may not see it.
    pub state: Option<String>,
    /// Bytes of the log that it has not replayed; none while it says nothing of it.
    pub behind_bytes: Option<u64>,
    /// The same in milliseconds; none when nothing was written lately.
    pub behind_ms: Option<u64>,
}

/// A slot, which keeps the log until its reader has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplicationSlot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads it now.
    pub active: bool,
    /// Bytes of the log that it keeps; none while it keeps nothing.
    pub kept_bytes: Option<u64>,
}

/// What makes the batches of a run wait; none where that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldLimits {
    /// A replica is more than so many bytes behind.
    pub behind_bytes: Option<u64>,
    /// A session has waited for a lock for more than so many milliseconds.
    pub lock_wait_ms: Option<u64>,
    /// A disk has less than so many bytes left.
    pub free_bytes: Option<u64>,
}

/// For what a run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HoldCause {
    /// The application, which does not work, or is not measured.
    Application,
    /// Another backup that is being written or verified.
    Backup,
    /// A replica that is behind.
    Replica,
    /// A session that waits for a lock.
    LockWait,
    /// A disk that is nearly full.
    Disk,
}
