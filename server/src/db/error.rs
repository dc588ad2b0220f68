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
    /// The work is done on files, and the target is on a server.
    #[error("{place} is not a file: its rows cannot be compared with those of a backup one by one")]
    NotAFile {
        /// The address, without its password.
        place: String,
    },
    /// The server does not answer, or has no such database.
    #[error("{place} cannot be reached: {detail}")]
    Unreachable {
        /// The address, without its password.
        place: String,
        /// What the system or the server said.
        detail: String,
    },
    /// The server does not accept the user or the password.
    #[error("{place} did not accept the user and password: {detail}")]
    Authentication {
        /// The address, without its password.
        place: String,
        /// What the server said.
        detail: String,
    },
    /// The server is older than this program knows.
    #[error("{place} is PostgreSQL {version}; 13 or later is needed")]
    TooOld {
        /// The address, without its password.
        place: String,
        /// Its version.
        version: String,
    },
    /// The server is a replica that cannot be written.
    #[error("{place} is a standby: it can only be read")]
    Standby {
        /// The address, without its password.
        place: String,
    },
    /// The connection broke: the server was restarted, or ended our session.
    #[error("the connection to {place} was lost: {detail}")]
    ConnectionLost {
        /// The address, without its password.
        place: String,
        /// What the driver said.
        detail: String,
    },
    /// A lock was not granted in time, or a deadlock was broken up.
    #[error("another session holds a lock: {detail}")]
    LockNotGranted {
        /// The database's words.
        detail: String,
        /// The statement.
        sql: String,
    },
    /// Our role may not do this.
    #[error("the database role may not do this: {detail}")]
    Privilege {
        /// The database's words, naming the object.
        detail: String,
        /// The statement.
        sql: String,
    },
    /// Somebody, or a limit, cancelled the statement.
    #[error("a statement was cancelled: {detail}")]
    Cancelled {
        /// The database's words.
        detail: String,
        /// The statement.
        sql: String,
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

    /// Tells PostgreSQL's failures apart by their SQLSTATE.
    pub(super) fn from_postgres(code: &str, place: &str, sql: &str, detail: String) -> Self {
        let (place, sql) = (place.to_owned(), sql.to_owned());
        match code {
            // lock_timeout, deadlock, serialization
            "55P03" | "40P01" | "40001" => Self::LockNotGranted { detail, sql },
            "42501" => Self::Privilege { detail, sql },
            "25006" => Self::ReadOnly { path: place },
            "53100" => Self::DiskFull { path: place },
            "57014" => Self::Cancelled { detail, sql },
            "XX001" | "XX002" => Self::Corrupt {
                path: place,
                detail,
            },
            "28P01" | "28000" => Self::Authentication { place, detail },
            _ if code.starts_with("23") => Self::Constraint { detail, sql },
            // shut down, crashed, session ended by an administrator or by an idle timeout
            _ if code.starts_with("57P") || code.starts_with("08") || code == "25P03" => {
                Self::ConnectionLost { place, detail }
            }
            _ if code.starts_with("53") => Self::Unreachable { place, detail },
            _ => Self::Statement { detail, sql },
        }
    }

    /// Whether the same reading may succeed when it is asked again: a run changes the schema after it was read, and
    /// PostgreSQL shows that within one transaction.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Statement { .. } | Self::LockNotGranted { .. })
    }

    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Url { .. } => {
                "Write the address as sqlite:PATH or postgres://USER@HOST/DATABASE."
            }
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
            Self::NotAFile { .. } => {
                "Restore the backup without asking what it loses: what is there now is kept."
            }
            Self::Unreachable { .. } => {
                "Check the host, the port, the name of the database and that the server is running."
            }
            Self::Authentication { .. } => {
                "Check the user and the password, in the address, PGPASSWORD or the password file, \
                 and the server's pg_hba.conf."
            }
            Self::TooOld { .. } => "Upgrade the server first.",
            Self::Standby { .. } => "Name the primary server.",
            Self::ConnectionLost { .. } => {
                "Resume when the server is back: what was committed is kept, the rest was taken back."
            }
            Self::LockNotGranted { .. } => {
                "Wait until the other session has finished, or end it, and resume: nothing was \
                 changed."
            }
            Self::Privilege { .. } => {
                "Grant what the message names to the role of the address, or use the role that owns \
                 the tables."
            }
            Self::Cancelled { .. } => "Find out who cancelled it, and resume.",
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
            Self::NotAFile { place }
            | Self::Unreachable { place, .. }
            | Self::Authentication { place, .. }
            | Self::TooOld { place, .. }
            | Self::Standby { place }
            | Self::ConnectionLost { place, .. } => {
                return text.replace(place, "the database");
            }
            Self::Missing { path }
            | Self::CannotOpen { path, .. }
            | Self::NotADatabase { path }
            | Self::Corrupt { path, .. }
            | Self::Locked { path }
            | Self::ReadOnly { path }
            | Self::DiskFull { path }
            | Self::Storage { path, .. } => path,
            Self::Url { .. }
            | Self::LockNotGranted { .. }
            | Self::Privilege { .. }
            | Self::Cancelled { .. }
            | Self::Constraint { .. }
            | Self::Statement { .. } => return text,
        };
        match Path::new(path).parent() {
            _ if path.starts_with("postgres://") => text.replace(path.as_str(), "the database"),
            Some(directory) if directory != Path::new("") => {
                text.replace(&format!("{}/", directory.display()), "")
            }
            _ => text,
        }
    }

    /// Whether waiting and trying again can help.
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Locked { .. } | Self::LockNotGranted { .. })
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
