//! Checks of the place: disk, permissions, locks, readers, journal mode, versions.

use std::path::Path;

use shared::size;

use super::{Check, PATIENCE, Surroundings};
use crate::db::{Access, Connection, DatabaseUrl, DbError};

/// Disk, directory and journal mode.
pub(super) async fn checks(db: &mut Connection, surroundings: &Surroundings) -> Vec<Check> {
    let Some(file) = db.url().path().map(Path::to_owned) else {
        return Vec::new();
    };
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => Path::new(".").to_owned(),
    };
    vec![
        disk(db, &directory, surroundings).await,
        writable(&directory),
        journal_mode(db).await,
    ]
}

async fn disk(db: &mut Connection, directory: &Path, surroundings: &Surroundings) -> Check {
    let (name, title) = ("free-disk", "Free disk");
    let size = match file_size(db).await {
        Ok(size) => size,
        Err(error) => return Check::error(name, title, &error),
    };
    // twice for the migration and a copy beside it, once more where backups are written
    let mut places = vec![(directory, size.saturating_mul(2))];
    if let Some(backups) = surroundings.backups.as_deref() {
        let existing = backups.ancestors().find(|place| place.exists());
        places.push((existing.unwrap_or(directory), size));
    }
    if let [(first, _), (second, _)] = places[..]
        && same_disk(first, second)
    {
        places = vec![(first, size.saturating_mul(3))];
    }
    let mut evidence = Vec::new();
    for (place, needed) in places {
        let free = match (surroundings.free)(place) {
            Ok(free) => free,
            Err(error) => {
                return Check::failed(name, title, error.to_string(), error.remedy());
            }
        };
        let found = format!(
            "{} free of {} needed at {}",
            size::words(free),
            size::words(needed),
            place.display()
        );
        if free < needed {
            let missing = size::words(needed - free);
            return Check::failed(
                name,
                title,
                format!("{found}."),
                format!(
                    "Free {missing} there, or move the database or the backups to another disk."
                ),
            );
        }
        evidence.push(found);
    }
    Check::passed(name, title, format!("{}.", evidence.join("; ")))
}

async fn file_size(db: &mut Connection) -> Result<u64, DbError> {
    let pages = db.count("PRAGMA page_count").await?;
    let bytes = db.count("PRAGMA page_size").await?;
    Ok((pages * bytes).unsigned_abs())
}

fn same_disk(left: &Path, right: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| std::fs::metadata(path).map(|about| about.dev()).ok();
    device(left) == device(right)
}

fn writable(directory: &Path) -> Check {
    let (name, title) = ("directory-writable", "Directory can be written");
    match tempfile::tempfile_in(directory) {
        Ok(_) => Check::passed(
            name,
            title,
            format!("Files can be made in {}.", directory.display()),
        ),
        Err(error) => Check::failed(
            name,
            title,
            format!("No file can be made in {}: {error}.", directory.display()),
            "Give the account running Switchyard write access to the directory: SQLite keeps its journal there.",
        ),
    }
}

async fn journal_mode(db: &mut Connection) -> Check {
    let (name, title) = ("journal-mode", "Readers and writers side by side");
    match db.row("PRAGMA journal_mode").await {
        Err(error) => Check::error(name, title, &error),
        Ok(row) => {
            let mode = row.map(|row| row.string(0)).unwrap_or_default();
            if mode.eq_ignore_ascii_case("wal") {
                return Check::passed(name, title, "The database is in WAL mode.");
            }
            Check::warning(
                name,
                title,
                format!(
                    "The database is in {mode} mode: readers wait for each batch, and writers wait for a backup."
                ),
                "Switch the application's database to WAL mode, or migrate at a quiet hour.",
            )
        }
    }
}

/// The version of the database library, and what the file asks of it.
pub(super) async fn version(db: &mut Connection) -> Check {
    let (name, title) = ("sqlite-version", "SQLite version");
    match db.row("SELECT sqlite_version()").await {
        Err(error) => Check::error(name, title, &error),
        Ok(row) => {
            let version = row.map(|row| row.string(0)).unwrap_or_default();
            Check::passed(
                name,
                title,
                format!("SQLite {version} is linked in and reads the whole schema."),
            )
        }
    }
}

/// Whether the file can be written now, and whether long readers hold its log.
pub(super) async fn writer(url: &DatabaseUrl) -> Check {
    let (name, title) = ("file-writable", "Database can be written");
    let mut db = match Connection::open_patiently(url, Access::Write, PATIENCE).await {
        Ok(db) => db,
        Err(error) => return Check::error(name, title, &error),
    };
    let check = match probe(&mut db).await {
        Ok(check) => check,
        Err(DbError::Locked { .. }) => Check::failed(
            name,
            title,
            format!(
                "Another writer has held the lock for {} s.",
                PATIENCE.0.as_secs()
            ),
            "Wait until it has finished, or end it, and check again.",
        ),
        Err(error) => Check::error(name, title, &error),
    };
    db.close().await;
    check
}

async fn probe(db: &mut Connection) -> Result<Check, DbError> {
    let (name, title) = ("file-writable", "Database can be written");
    db.begin_write().await?;
    // taking the lock proves nothing of the file; a change that is taken back does
    let written = db.count("PRAGMA user_version").await;
    let written = match written {
        Ok(version) => db
            .execute(format!("PRAGMA user_version = {version}"))
            .await
            .map(drop),
        Err(error) => Err(error),
    };
    db.roll_back().await;
    written?;
    if let Some(row) = db.row("PRAGMA wal_checkpoint(PASSIVE)").await? {
        let (pages, moved) = (row.integer(1), row.integer(2));
        if pages > moved && moved >= 0 {
            return Ok(Check::warning(
                name,
                title,
                format!(
                    "The lock is free, but a reader keeps {} pages in the log.",
                    pages - moved
                ),
                "Find the long read of the application, or expect the log to grow while it lasts.",
            ));
        }
    }
    Ok(Check::passed(
        name,
        title,
        "The write lock was taken and given back; no long reader holds the log.",
    ))
}
