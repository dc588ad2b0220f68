//! Backups of a target, and what makes one count. It never writes to a target; restoring does.
//!
//! A backup is a directory with the database and a manifest. Both are of one moment: the pages
//! are copied and the content is hashed within the same read transaction, while the application
//! goes on writing. The directory gets its name when everything in it is on the disk, so that an
//! interrupted backup is never taken for a whole one.

mod location;
mod rejection;
mod verify;
mod write;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::manifest::{Content, Digest};
use super::progress::{Stopped, Watch, blocking};
use crate::db::{DatabaseUrl, DbError};

pub use location::{Found, default_name, delete, list, open};
pub(super) use location::{flush_directory, free_bytes};
pub use rejection::{Acceptance, Rejection, accept, look};
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
    /// Bytes of the database file.
    pub bytes: u64,
    /// Hash over the database file.
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

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.path.join(location::DATABASE)
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

/// Why there is no backup, verification or restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The backup is not to be used.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Whoever watched broke it off.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// There is not enough space.
    #[error("{} needs {needed} bytes of free disk, {free} are free", place.display())]
    NoSpace {
        /// Where.
        place: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A backup of that name exists.
    #[error("there is a backup named {name} already")]
    Exists {
        /// The name.
        name: String,
    },
    /// The name cannot be a directory's everywhere.
    #[error("{name:?} cannot be the name of a backup")]
    Name {
        /// The name.
        name: String,
    },
    /// A file or directory cannot be read or written.
    #[error("{} cannot be {doing}", path.display())]
    File {
        /// What was tried: `read`, `written`, ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl BackupError {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Db(error) => error.remedy().to_owned(),
            Self::Rejected(rejection) => rejection.remedy().to_owned(),
            Self::Stopped(_) => "Start it again when it suits.".to_owned(),
            Self::NoSpace { needed, free, .. } => format!(
                "Free {} bytes there, or choose another directory.",
                needed.saturating_sub(*free)
            ),
            Self::Exists { .. } => "Choose another name.".to_owned(),
            Self::Name { .. } => {
                "Use letters, digits, `.`, `-` and `_`, beginning with a letter or digit."
                    .to_owned()
            }
            Self::File { .. } => {
                "Check that the account running Switchyard may read and write there.".to_owned()
            }
        }
    }

    pub(super) fn file(
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

impl From<super::manifest::Unmeasured> for BackupError {
    fn from(unmeasured: super::manifest::Unmeasured) -> Self {
        match unmeasured {
            super::manifest::Unmeasured::Db(error) => Self::Db(error),
            super::manifest::Unmeasured::Stopped(stopped) => Self::Stopped(stopped),
        }
    }
}

/// Takes a backup into `directory/name`, making the directory when it is missing. The application
/// goes on reading and writing; on a database that is not in WAL mode its writes wait meanwhile.
pub async fn take(
    url: &DatabaseUrl,
    directory: &Path,
    name: &str,
    watch: Watch<'static>,
) -> Result<Backup, BackupError> {
    let live = url.file()?;
    let (directory, name) = (directory.to_owned(), name.to_owned());
    blocking(move || write::take(&live, &directory, &name, watch)).await
}

/// Restores a backup into a scratch database below `scratch` (beside the backup when `None`),
/// checks its integrity, compares every table with the manifest and removes the scratch database.
/// What it proved is written beside the backup too.
pub async fn verify(
    path: &Path,
    scratch: Option<&Path>,
    watch: Watch<'static>,
) -> Result<Verification, BackupError> {
    let (path, scratch) = (path.to_owned(), scratch.map(Path::to_owned));
    blocking(move || verify::verify(&path, scratch.as_deref(), watch)).await
}
