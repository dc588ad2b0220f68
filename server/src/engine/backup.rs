//! Backups of a target, and what makes one count. It never writes to a target; restoring does.
//!
//! A backup is a directory with the database and a manifest. Both are of one moment: pages are
//! copied, or tables dumped, and the content is hashed within the same read transaction, while the
//! application goes on writing. The directory gets its name when everything in it is on the disk, so that an
//! interrupted backup is never taken for a whole one.

mod acceptance;
mod error;
mod leftovers;
mod location;
pub(super) mod postgres;
mod rejection;
mod verify;
mod write;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::manifest::{Content, Digest, Identity};
use super::progress::{Watch, blocking};
use crate::db::DatabaseUrl;

pub use acceptance::{Acceptance, accept, look};
pub use error::BackupError;
pub use leftovers::remove_leftovers;
pub use location::{Found, default_name, delete, list, open};
pub(super) use location::{flush_directory, free_bytes};
pub use postgres::client::ClientError;
pub use rejection::Rejection;
pub use verify::Scratch;
pub(super) use verify::restore_beside;

/// The format of manifests that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What a backup holds, stored beside it as `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this manifest.
    pub format: u32,
    /// The version of the program that wrote it.
    pub tool: String,
    /// What the database held at the moment of the backup, measured on the live database.
    pub content: Content,
    /// What `PRAGMA integrity_check` said of the live database; empty when it found nothing.
    pub integrity: Vec<String>,
    /// Bytes of the database file, or of the files of the dump.
    pub bytes: u64,
    /// Hash over the database file, or over the files of the dump and their names.
    pub file: Digest,
    /// Hash over this manifest with this field left out.
    pub checksum: Option<Digest>,
}

/// A whole backup: its manifest was read and fits its own checksum. Whether its database fits the
/// manifest is what [`verify`] finds out.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// Its directory.
    pub path: PathBuf,
    /// Its name, which is the directory's.
    pub name: String,
    /// What it holds.
    pub manifest: Manifest,
    /// The last time it was restored into a scratch database and found equal.
    pub verification: Option<Verification>,
}

impl Backup {
    /// When its moment was.
    pub fn taken(&self) -> Timestamp {
        self.manifest.content.taken
    }

    /// The database file, or the directory of the dump.
    pub fn database(&self) -> PathBuf {
        self.path.join(location::database_of(&self.manifest))
    }
}

/// What restoring a backup into a scratch database proved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// When.
    pub at: Timestamp,
    /// The manifest it was compared with, by its checksum.
    pub manifest: Digest,
    /// Tables compared; all were equal.
    pub tables: u64,
    /// Rows compared; all were equal.
    pub rows: u64,
    /// Time that restoring took, in milliseconds.
    pub restore_ms: u64,
    /// Time that checking and comparing took, in milliseconds.
    pub compare_ms: u64,
    /// What `integrity_check` finds in the backup as it did in the live database.
    pub findings: Vec<String>,
}

/// Takes a backup into `directory/name`, making the directory when it is missing. The application
/// goes on reading and writing; on a database that is not in WAL mode its writes wait meanwhile.
pub async fn take(
    url: &DatabaseUrl,
    directory: &Path,
    name: &str,
    watch: Watch<'static>,
) -> Result<Backup, BackupError> {
    match url {
        DatabaseUrl::Sqlite(live) => {
            let (live, directory, name) = (live.clone(), directory.to_owned(), name.to_owned());
            blocking(move || write::take(&live, &directory, &name, watch)).await
        }
        DatabaseUrl::Postgres(address) => postgres::take(address, directory, name, watch).await,
    }
}

/// Restores a backup into a scratch database, checks its integrity, compares every table with the
/// manifest and removes the scratch database. What it proved is written beside the backup too.
pub async fn verify(
    path: &Path,
    scratch: Scratch<'_>,
    watch: Watch<'static>,
) -> Result<Verification, BackupError> {
    let backup = open(path)?;
    match (&backup.manifest.content.identity, scratch) {
        (Identity::Server(identity), Scratch::Server(server)) => {
            postgres::verify(&backup, identity, server, watch).await
        }
        (Identity::Server(_), Scratch::Beside | Scratch::Below(_)) => Err(BackupError::NoServer {
            place: backup.path.display().to_string(),
        }),
        (Identity::File(_), scratch) => {
            let below = match scratch {
                Scratch::Below(directory) => Some(directory.to_owned()),
                Scratch::Beside | Scratch::Server(_) => None,
            };
            blocking(move || verify::verify(&backup, below.as_deref(), watch)).await
        }
    }
}
