//! Restores a backup into the place of a target: first beside it, where it is proved, and only then
//! in its place. What was there is kept until it is released. How a file is replaced stands in
//! [`file`], how a database on a server is, in [`postgres`].

mod file;
mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::backup::{Acceptance, BackupError, Rejection, Verification, accept, open};
use super::manifest::Identity;
use super::progress::{Watch, blocking};
use crate::db::DatabaseUrl;

/// How a restore ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The database as it was before, until it is released; none when there was none.
    pub kept: Option<Kept>,
    /// How the content came into the place of the live database.
    pub way: Way,
    /// What was proved of the backup before anything was changed.
    pub verification: Verification,
    /// Time that it took in all, in milliseconds.
    pub took_ms: u64,
    /// Time that other writers had to wait, in milliseconds.
    pub locked_ms: u64,
}

/// How the content came into the place of the live database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By one transaction of the live database; open connections stay valid.
    InPlace,
    /// By another file or database in its place: the live file was missing or no database, or the
    /// target is on a server.
    Swapped,
}

/// What a restore has kept of the database before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A file beside the target.
    File(PathBuf),
    /// A database of the target's server.
    Database(String),
}

impl Kept {
    /// Its name without the directory that it lies in.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => (path.file_name().unwrap_or(path.as_os_str()))
                .to_string_lossy()
                .into_owned(),
            Self::Database(name) => name.clone(),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Database(name) => write!(formatter, "the database {name}"),
        }
    }
}

/// As its path or its name.
impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::File(path) => path.serialize(serializer),
            Self::Database(name) => name.serialize(serializer),
        }
    }
}

/// Restores a backup into the place of a target. On a server the sessions of the application are
/// ended when its database is changed for the restored one; it connects again by itself.
pub async fn restore(
    backup: &Path,
    url: &DatabaseUrl,
    rules: &Acceptance,
    watch: Watch<'static>,
) -> Result<Restored, BackupError> {
    let backup = open(backup)?;
    accept(&backup, rules).await?;
    match (backup.manifest.content.identity.clone(), url) {
        (Identity::File(identity), DatabaseUrl::Sqlite(live)) => {
            let live = live.clone();
            blocking(move || file::restore(&backup, &identity, &live, watch)).await
        }
        (Identity::Server(identity), DatabaseUrl::Postgres(address)) => {
            postgres::restore(&backup, &identity, address, watch).await
        }
        (identity, _) => Err(Rejection::Foreign {
            place: backup.path.display().to_string(),
            detail: format!("it is of {}", identity.place()),
        }
        .into()),
    }
}

/// What restores have kept of a target, oldest first.
pub async fn kept(url: &DatabaseUrl) -> Result<Vec<Kept>, BackupError> {
    match url {
        DatabaseUrl::Sqlite(live) => {
            let live = live.clone();
            let files = blocking(move || file::kept(&live)).await?;
            Ok(files.into_iter().map(Kept::File).collect())
        }
        DatabaseUrl::Postgres(address) => {
            let names = postgres::kept(address).await?;
            Ok(names.into_iter().map(Kept::Database).collect())
        }
    }
}

/// Removes what a restore has kept. Refuses anything else.
pub async fn release(url: &DatabaseUrl, kept: &Kept) -> Result<(), BackupError> {
    match (url, kept) {
        (DatabaseUrl::Sqlite(live), Kept::File(file)) => {
            let (live, file) = (live.clone(), file.clone());
            blocking(move || file::release(&live, &file)).await
        }
        (DatabaseUrl::Postgres(address), Kept::Database(name)) => {
            postgres::release(address, name).await
        }
        _ => Err(BackupError::NotKept {
            name: kept.to_string(),
        }),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
