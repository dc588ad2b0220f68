//! Restores a backup into the place of a target: first beside it, where it is proved, and only then
//! in its place. What was there is kept until it is released. How a file is replaced stands in
//! [`file`], how a database on a server is, in [`postgres`].

mod file;
mod postgres;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
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

/// What a person wants to know of a kept database before it is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Which one.
    pub kept: Kept,
    /// When the restore put another in its place; none when its name does not tell.
    pub since: Option<Timestamp>,
    /// Bytes that it takes.
    pub bytes: u64,
}

/// What restores have kept of a target, with age and size, oldest first.
pub async fn describe(url: &DatabaseUrl) -> Result<Vec<Described>, BackupError> {
    let mut found = Vec::new();
    for kept in kept(url).await? {
        let bytes = match (url, &kept) {
            (DatabaseUrl::Postgres(address), Kept::Database(name)) => {
                postgres::size(address, name).await?
            }
            (_, Kept::File(path)) => file::size(path),
            (DatabaseUrl::Sqlite(_), Kept::Database(_)) => 0,
        };
        found.push(Described {
            since: moment_of(&kept.name()),
            kept,
            bytes,
        });
    }
    Ok(found)
}

/// The moment at the end of a kept database's name, with or without a fraction of a second.
fn moment_of(name: &str) -> Option<Timestamp> {
    let start = name.rfind(['-', '_'])? + 1;
    let text = name.get(start..)?;
    let (date, time) = text.split_once('T')?;
    let part = |text: &str, from: usize| text.get(from..from + 2).map(str::to_owned);
    let (year, month, day) = (date.get(..4)?, part(date, 4)?, part(date, 6)?);
    let (hour, minute, rest) = (part(time, 0)?, part(time, 2)?, time.get(4..)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{rest}")
        .parse()
        .ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_what_is_kept_tells_since_when() {
        let at = |name: &str| moment_of(name).map(|at| at.to_string());
        assert_eq!(
            at("db.sqlite3.before-restore-20261120T015204.007Z").as_deref(),
            Some("2026-11-20T01:52:04.007Z")
        );
        assert_eq!(
            at("obcms_before_restore_20261120T015204Z").as_deref(),
            Some("2026-11-20T01:52:04Z")
        );
        for name in ["db.sqlite3.before-restore-", "x-ñT", "plain", "x-20261120T"] {
            assert_eq!(at(name), None, "{name}");
        }
    }
}
