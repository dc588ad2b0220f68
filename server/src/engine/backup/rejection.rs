//! Why a backup is not to be used, told apart by what a person can do about it.

use jiff::Timestamp;

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
    #[error("the database of {place} is not {wanted}")]
    WrongFormat {
        /// The directory.
        place: String,
        /// What it ought to be.
        wanted: &'static str,
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
