//! What can go wrong with a target, told apart by what a person can do about it.

use std::path::Path;

/// A failure of a target. Each message says what is true; [`DbError::remedy`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is not one that can be connected to.
    #[error("the database address is not usable: {why}")]
    Url {
        /// The reason, without repeating the address: it may hold a password.
        why: String,
    },
    /// There is no file of that name.
    #[error("there is no database file at {path}")]
    Missing {
        /// The path that was tried.
        path: String,
    },
    /// The file exists and cannot be opened.
    #[error("the database file {path} cannot be opened: {detail}")]
    CannotOpen {
        /// The path that was tried.
        path: String,
        /// What the system said.
        detail: String,
    },
    /// The file is not a database.
    #[error("{path} is not a SQLite database")]
    NotADatabase {
        /// The path that was tried.
        path: String,
    },
    /// The database is damaged.
    #[error("the database {path} is damaged: {detail}")]
    Corrupt {
        /// The file.
        path: String,
        /// What the database said.
        detail: String,
    },
    /// Another connection holds the lock.
    #[error("the database {path} is locked by another writer")]
    Locked {
        /// The file.
        path: String,
    },
    /// The file or its directory cannot be written.
    #[error("the database {path} cannot be written: it is read-only")]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// No space is left for the database or its journal.
    #[error("the disk of {path} is full")]
    DiskFull {
        /// The file.
        path: String,
    },
    /// Reading or writing the file failed underneath the database.
    #[error("reading or writing {path} failed: {detail}")]
    Storage {
        /// The file.
        path: String,
        /// What the database said.
        detail: String,
    },
    /// A constraint of the database refused a write.
    #[error("the database refused a row: {detail}")]
    Constraint {
        /// The database's words, naming the constraint or the column.
        detail: String,
        /// The statement.
        sql: String,
    },
    /// The statement itself failed: it does not prepare, or cannot be carried out.
    #[error("a statement failed: {detail}")]
    Statement {
        /// The database's words.
        detail: String,
        /// The statement.
        sql: String,
    },
}

impl DbError {
    /// Tells SQLite's failures apart by their primary result code; `code` may be an extended one.
    pub(super) fn from_sqlite(code: i32, path: &Path, sql: &str, detail: String) -> Self {
        let path = path.display().to_string();
        let sql = sql.to_owned();
        match code & 0xff {
            5 | 6 => Self::Locked { path },
            8 => Self::ReadOnly { path },
            10 => Self::Storage { path, detail },
            11 => Self::Corrupt { path, detail },
            13 => Self::DiskFull { path },
            14 => Self::CannotOpen { path, detail },
            19 => Self::Constraint { detail, sql },
            26 => Self::NotADatabase { path },
            _ => Self::Statement { detail, sql },
        }
    }

    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Url { .. } => "Write the address as sqlite:PATH.",
            Self::Missing { .. } => "Check the path: Switchyard never creates a target.",
            Self::CannotOpen { .. } => {
                "Check that the account running Switchyard may open the file and its directory."
            }
            Self::NotADatabase { .. } => "Name the application's database file.",
            Self::Corrupt { .. } => {
                "Restore the latest verified backup, or repair the file, before migrating it."
            }
            Self::Locked { .. } => {
                "Wait until the other writer has finished, or end it, and resume: nothing was changed."
            }
            Self::ReadOnly { .. } => {
                "Give the account running Switchyard write access to the file and its directory."
            }
            Self::DiskFull { .. } => "Free disk space and resume: what was committed is kept.",
            Self::Storage { .. } => "Check the disk and the system's log, then resume.",
            Self::Constraint { .. } => {
                "Correct the rows named, or the playbook's rule, and resume."
            }
            Self::Statement { .. } => {
                "Correct the playbook or the database object named, and try again."
            }
        }
    }

    /// The message with the file's name only: for readers who must not learn where the target lies.
    pub fn without_directory(&self) -> String {
        let text = self.to_string();
        let path = match self {
            Self::Missing { path }
            | Self::CannotOpen { path, .. }
            | Self::NotADatabase { path }
            | Self::Corrupt { path, .. }
            | Self::Locked { path }
            | Self::ReadOnly { path }
            | Self::DiskFull { path }
            | Self::Storage { path, .. } => path,
            Self::Url { .. } | Self::Constraint { .. } | Self::Statement { .. } => return text,
        };
        match Path::new(path).parent() {
            Some(directory) if directory != Path::new("") => {
                text.replace(&format!("{}/", directory.display()), "")
            }
            _ => text,
        }
    }

    /// Whether waiting and trying again can help.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }
}

/// Refuses what is not an existing file, before a driver could create one or word it worse.
pub(super) fn existing_file(path: &Path) -> Result<(), DbError> {
    let cannot = |detail: String| DbError::CannotOpen {
        path: path.display().to_string(),
        detail,
    };
    match std::fs::metadata(path) {
        Ok(about) if about.is_file() => Ok(()),
        Ok(_) => Err(cannot("it is not a file".into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(DbError::Missing {
            path: path.display().to_string(),
        }),
        Err(error) => Err(cannot(error.to_string())),
    }
}
