//! Why a backup is not to be used, told apart by what a person can do about it, and the rules of
//! whoever wants to use one.

use std::path::Path;

use jiff::Timestamp;

use super::Backup;
use crate::db::{DatabaseUrl, Snapshot};
use crate::engine::manifest::shapes;
use crate::engine::progress::blocking;

/// Why a backup is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The directory lacks one of its two files.
    #[error("{place} is not a backup: it has no {lacks}")]
    NotABackup {
        /// The directory.
        place: String,
        /// The file that is missing.
        lacks: &'static str,
    },
    /// It was never finished.
    #[error("{place} was interrupted while it was written")]
    Interrupted {
        /// The directory.
        place: String,
    },
    /// The manifest cannot be read, or does not fit its own checksum.
    #[error("the manifest of {place} is damaged: {detail}")]
    Manifest {
        /// The directory.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A later version of the program wrote it.
    #[error("the manifest of {place} has format {format}; this version reads up to {known}")]
    FutureFormat {
        /// The directory.
        place: String,
        /// Its format.
        format: u64,
        /// The newest format that is read.
        known: u32,
    },
    /// Its database has no bytes.
    #[error("the database of {place} is empty")]
    Empty {
        /// The directory.
        place: String,
    },
    /// Bytes are missing at the end.
    #[error("the database of {place} is truncated: it has {found} of {expected} bytes")]
    Truncated {
        /// The directory.
        place: String,
        /// Bytes that the manifest names.
        expected: u64,
        /// Bytes of the file.
        found: u64,
    },
    /// Its database is another kind of file.
    #[error("the database of {place} is not a SQLite file")]
    WrongFormat {
        /// The directory.
        place: String,
    },
    /// Its database is not the file that was written.
    #[error("the database of {place} is damaged: its checksum is {found}, and was {expected}")]
    Damaged {
        /// The directory.
        place: String,
        /// Checksum that the manifest names.
        expected: String,
        /// Checksum of the file.
        found: String,
    },
    /// Restored, it has faults that the live database did not have.
    #[error("restored from {place}, the database has a fault: {detail}")]
    Unsound {
        /// The directory.
        place: String,
        /// The first fault.
        detail: String,
    },
    /// Restored, a table holds something else than the live one did.
    #[error("restored from {place}, the table {table} is not what it was: {detail}")]
    Differs {
        /// The directory.
        place: String,
        /// The table.
        table: String,
        /// Rows or content, with both figures.
        detail: String,
    },
    /// It is of another database.
    #[error("{place} is a backup of another database: {detail}")]
    Foreign {
        /// The directory.
        place: String,
        /// What is different.
        detail: String,
    },
    /// It is older than it may be.
    #[error("{place} was taken at {taken}, and has to be of {required} or later")]
    Outdated {
        /// The directory.
        place: String,
        /// When it was taken.
        taken: Timestamp,
        /// The earliest moment that is accepted.
        required: Timestamp,
    },
}

impl Rejection {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotABackup { .. } => "Name a directory that `switchyard backup` has made.",
            Self::Interrupted { .. } => "Remove it and take a backup again.",
            Self::Manifest { .. }
            | Self::Empty { .. }
            | Self::Truncated { .. }
            | Self::WrongFormat { .. }
            | Self::Damaged { .. }
            | Self::Unsound { .. }
            | Self::Differs { .. } => {
                "Use another backup, or a copy of this one from before it was damaged, and check the disk it lies on."
            }
            Self::FutureFormat { .. } => {
                "Use the version of Switchyard that wrote it, or a later one."
            }
            Self::Foreign { .. } => "Choose a backup of this database.",
            Self::Outdated { .. } => "Take a new backup.",
        }
    }
}

/// What whoever wants to use a backup requires of it, beside that it is whole.
#[derive(Debug, Clone, Default)]
pub struct Acceptance {
    /// It must be of this database.
    pub target: Option<DatabaseUrl>,
    /// It may be of a database at another path: the target was moved.
    pub moved: bool,
    /// It must be of this moment or later.
    pub not_before: Option<Timestamp>,
}

/// What can be seen of a backup without reading it: that it is of the database at this path, and that no bytes are
/// missing. For lists; whoever uses a backup checks it whole.
pub fn look(backup: &Backup, live: &Path) -> Result<(), Rejection> {
    let place = backup.path.display().to_string();
    let identity = &backup.manifest.content.identity;
    if located(live) != identity.path {
        let detail = format!("it is of {}", identity.path);
        return Err(Rejection::Foreign { place, detail });
    }
    let expected = backup.manifest.bytes;
    match std::fs::metadata(backup.database()).map(|about| about.len()) {
        Ok(0) => Err(Rejection::Empty { place }),
        Ok(found) if found < expected => Err(Rejection::Truncated {
            place,
            expected,
            found,
        }),
        // one that cannot be looked at is told by whoever reads it
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The path under which a manifest names a database.
fn located(live: &Path) -> String {
    std::fs::canonicalize(live)
        .or_else(|_| std::path::absolute(live))
        .unwrap_or_else(|_| live.to_owned())
        .display()
        .to_string()
}

/// Checks a backup against the rules of whoever wants to use it. A target that is missing or
/// cannot be read is compared by its path alone.
pub async fn accept(backup: &Backup, rules: &Acceptance) -> Result<(), Rejection> {
    let place = backup.path.display().to_string();
    if let Some(required) = rules.not_before
        && backup.taken() < required
    {
        return Err(Rejection::Outdated {
            place,
            taken: backup.taken(),
            required,
        });
    }
    let Some(DatabaseUrl::Sqlite(live)) = rules.target.clone() else {
        return Ok(());
    };
    let foreign = |detail: String| Rejection::Foreign {
        place: place.clone(),
        detail,
    };
    let identity = &backup.manifest.content.identity;
    if located(&live) != identity.path && !rules.moved {
        return Err(foreign(format!("it is of {}", identity.path)));
    }
    let Some((application_id, tables)) = blocking(move || resemblance(&live)).await else {
        return Ok(());
    };
    if application_id != identity.application_id {
        return Err(foreign(format!(
            "its application id is {}, the target's is {application_id}",
            identity.application_id
        )));
    }
    let saved = &backup.manifest.content.tables;
    let known = saved
        .iter()
        .filter(|table| tables.contains(&table.name))
        .count();
    // a migration adds and drops tables, but leaves most of them
    if known * 2 < saved.len() {
        return Err(foreign(format!(
            "the target has {known} of its {} tables",
            saved.len()
        )));
    }
    Ok(())
}

/// The application id and the tables of a database, if it can be read.
fn resemblance(live: &Path) -> Option<(i64, Vec<String>)> {
    let snapshot = Snapshot::open(live).ok()?;
    let application_id = snapshot.count("PRAGMA application_id").ok()?;
    let tables = shapes(&snapshot).ok()?;
    Some((
        application_id,
        tables.into_iter().map(|table| table.name).collect(),
    ))
}
