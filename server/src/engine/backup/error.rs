//! Why there is no backup, verification or restore.

use std::path::{Path, PathBuf};

use super::{ClientError, Rejection};
use crate::db::DbError;
use crate::engine::manifest::Unmeasured;
use crate::engine::progress::Stopped;

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
    /// Our role lacks a grant.
    #[error("the role {role} may not {what}")]
    Grant {
        /// The role.
        role: String,
        /// What it may not.
        what: String,
        /// The statement that grants it.
        statement: String,
    },
    /// PostgreSQL's programs cannot do the work.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A backup of a database on a server is restored on a server.
    #[error("{place} is a backup of a PostgreSQL database, which only a server can restore")]
    NoServer {
        /// The directory.
        place: String,
    },
    /// It is nothing that a restore has kept.
    #[error("no restore has kept {name}")]
    NotKept {
        /// What was named.
        name: String,
    },
    /// Something holds the live database that ending sessions does not end.
    #[error("the database {name} cannot be changed for the restored one: {holder}")]
    Held {
        /// The database.
        name: String,
        /// What holds it.
        holder: String,
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
            Self::Grant { statement, .. } => {
                format!("As a role that may grant it: {statement}")
            }
            Self::Client(error) => error.remedy(),
            Self::NoServer { .. } => "Name the database with --database postgres://….".to_owned(),
            Self::NotKept { .. } => "Choose one of those that restores have kept.".to_owned(),
            Self::Held { .. } => {
                "End what holds it, and restore again: the database is as it was.".to_owned()
            }
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

    pub(in crate::engine) fn file(
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

impl From<Unmeasured> for BackupError {
    fn from(unmeasured: Unmeasured) -> Self {
        match unmeasured {
            Unmeasured::Db(error) => Self::Db(error),
            Unmeasured::Stopped(stopped) => Self::Stopped(stopped),
        }
    }
}
