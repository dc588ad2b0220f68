//! Verifies a backup the only way that proves anything: it is restored, and the restored database
//! is compared with what the live one held.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::leftovers::{InUse, SCRATCH};
use super::location::{self, bytes_of, free_bytes};
use super::write::{integrity, read_and_flush};
use super::{Backup, BackupError, Rejection, Verification};
use crate::db::{DatabaseUrl, DbError, PostgresAddress, Snapshot};
use crate::engine::manifest::{self, Content, Digest};
use crate::engine::progress::{Progress, Stage, Watch};

/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The first bytes of the table of contents of every dump.
const DUMP_MAGIC: &[u8] = b"PGDMP";
/// What the database of a backup of a file is.
const A_FILE: &str = "a SQLite file";

/// Where a backup is restored to be compared.
#[derive(Debug, Clone, Copy)]
pub enum Scratch<'a> {
    /// Into a file beside the backup.
    Beside,
    /// Into a file below this directory.
    Below(&'a Path),
    /// Into a database of its own on the server of this one.
    Server(&'a PostgresAddress),
}

impl<'a> From<&'a DatabaseUrl> for Scratch<'a> {
    fn from(target: &'a DatabaseUrl) -> Self {
        match target {
            DatabaseUrl::Sqlite(_) => Self::Beside,
            DatabaseUrl::Postgres(address) => Self::Server(address),
        }
    }
}

/// Restores a backup of a file into a scratch database, compares it and removes it.
pub(super) fn verify(
    backup: &Backup,
    scratch: Option<&Path>,
    mut watch: Watch<'_>,
) -> Result<Verification, BackupError> {
    let path = &backup.path;
    let beside = path.parent().unwrap_or(path);
    let directory = tempfile::Builder::new()
        .prefix(SCRATCH)
        .tempdir_in(scratch.unwrap_or(beside))
        .map_err(BackupError::file("written", scratch.unwrap_or(beside)))?;
    // held until the directory is removed
    let _in_use = InUse::lock(directory.path())?;
    let file = directory.path().join(location::DATABASE);
    let verification = restore_beside(backup, &file, &mut watch)?;
    location::write_verification(path, &verification)?;
    Ok(verification)
}

/// Checks that the files of a dump are those that were written.
pub(super) fn check_files(backup: &Backup, watch: &mut Watch<'_>) -> Result<(), BackupError> {
    let place = backup.path.display().to_string();
    let dump = backup.database();
    let expected = backup.manifest.bytes;
    let found = bytes_of(&dump).map_err(BackupError::file("read", &dump))?;
    if found == 0 {
        return Err(Rejection::Empty { place }.into());
    }
    if found < expected {
        return Err(Rejection::Truncated {
            place,
            expected,
            found,
        }
        .into());
    }
    let contents = fs::read(dump.join("toc.dat")).unwrap_or_default();
    if !contents.starts_with(DUMP_MAGIC) {
        let wanted = "a dump of pg_dump";
        return Err(Rejection::WrongFormat { place, wanted }.into());
    }
    let (found, digest) = read_and_flush(&dump, watch)?;
    if digest != backup.manifest.file || found != expected {
        return Err(Rejection::Damaged {
            place,
            expected: backup.manifest.file.to_string(),
            found: digest.to_string(),
        }
        .into());
    }
    Ok(())
}

/// Restores a backup into a new file, and proves that file equal to what the live database held.
/// When it is not, the new file is removed.
pub(in crate::engine) fn restore_beside(
    backup: &Backup,
    file: &Path,
    watch: &mut Watch<'_>,
) -> Result<Verification, BackupError> {
    let proved = restore_and_compare(backup, file, watch);
    if proved.is_err() {
        let _ = fs::remove_file(file);
    }
    proved
}

fn restore_and_compare(
    backup: &Backup,
    file: &Path,
    watch: &mut Watch<'_>,
) -> Result<Verification, BackupError> {
    let started = Instant::now();
    copy(backup, file, watch)?;
    let restore_ms = milliseconds(started);
    let started = Instant::now();
    let place = backup.path.display().to_string();
    let unsound = |error: DbError| -> BackupError {
        match error {
            DbError::Corrupt { detail, .. } => Rejection::Unsound {
                place: place.clone(),
                detail,
            }
            .into(),
            DbError::NotADatabase { .. } => Rejection::WrongFormat {
                place: place.clone(),
                wanted: A_FILE,
            }
            .into(),
            error => error.into(),
        }
    };
    let snapshot = Snapshot::open(file).map_err(unsound)?;
    let findings = integrity(&snapshot).map_err(unsound)?;
    if let Some(new) = findings
        .iter()
        .find(|line| !backup.manifest.integrity.contains(line))
    {
        return Err(Rejection::Unsound {
            place,
            detail: new.clone(),
        }
        .into());
    }
    let restored = manifest::measure(&snapshot, &mut watch.renamed(Stage::Comparing))?;
    compare(&place, &backup.manifest.content, &restored)?;
    Ok(Verification {
        at: Timestamp::now(),
        manifest: backup.manifest.checksum.unwrap_or(backup.manifest.file),
        tables: restored.tables.len() as u64,
        rows: restored.rows(),
        restore_ms,
        compare_ms: milliseconds(started),
        findings,
    })
}

/// Copies the database of a backup into a new file, checking its length, kind and checksum.
fn copy(backup: &Backup, file: &Path, watch: &mut Watch<'_>) -> Result<(), BackupError> {
    let place = backup.path.display().to_string();
    let source = backup.database();
    let expected = backup.manifest.bytes;
    let found = fs::metadata(&source)
        .map_err(BackupError::file("read", &source))?
        .len();
    if found == 0 {
        return Err(Rejection::Empty { place }.into());
    }
    if found < expected {
        return Err(Rejection::Truncated {
            place,
            expected,
            found,
        }
        .into());
    }
    let parent = file.parent().unwrap_or(file);
    let free = free_bytes(parent)?;
    if free < found {
        return Err(BackupError::NoSpace {
            place: parent.to_owned(),
            needed: found,
            free,
        });
    }
    let digest = copy_and_hash(&place, &source, file, found, watch)?;
    if digest != backup.manifest.file || found != expected {
        return Err(Rejection::Damaged {
            place,
            expected: backup.manifest.file.to_string(),
            found: digest.to_string(),
        }
        .into());
    }
    Ok(())
}

fn copy_and_hash(
    place: &str,
    source: &Path,
    file: &Path,
    total: u64,
    watch: &mut Watch<'_>,
) -> Result<Digest, BackupError> {
    let mut from = File::open(source).map_err(BackupError::file("read", source))?;
    let mut into = location::private_file(file).map_err(BackupError::file("written", file))?;
    let (mut hasher, mut done) = (Sha256::new(), 0);
    let mut part = vec![0; 1 << 20];
    loop {
        let read = from
            .read(&mut part)
            .map_err(BackupError::file("read", source))?;
        if read == 0 {
            break;
        }
        if done == 0 && !part[..read].starts_with(MAGIC) {
            return Err(Rejection::WrongFormat {
                place: place.to_owned(),
                wanted: A_FILE,
            }
            .into());
        }
        hasher.update(&part[..read]);
        into.write_all(&part[..read])
            .map_err(|error| no_space(error, file, total))?;
        done += read as u64;
        watch.tell(Progress {
            stage: Stage::Reading,
            done,
            total,
        })?;
    }
    into.sync_all()
        .map_err(|error| no_space(error, file, total))?;
    Ok(Digest::of(hasher))
}

/// A disk that fills up while it is written to, after there was enough space.
fn no_space(error: std::io::Error, file: &Path, needed: u64) -> BackupError {
    if error.kind() == ErrorKind::StorageFull {
        return BackupError::NoSpace {
            place: PathBuf::from(file.parent().unwrap_or(file)),
            needed,
            free: 0,
        };
    }
    BackupError::file("written", file)(error)
}

/// Compares a restored database with what the live one held.
pub(super) fn compare(place: &str, expected: &Content, found: &Content) -> Result<(), Rejection> {
    let differs = |table: &str, detail: String| Rejection::Differs {
        place: place.to_owned(),
        table: table.to_owned(),
        detail,
    };
    for table in &expected.tables {
        let Some(restored) = found.table(&table.name) else {
            return Err(differs(&table.name, "it is missing".to_owned()));
        };
        if restored.rows != table.rows {
            let detail = format!("{} rows, and was {}", restored.rows, table.rows);
            return Err(differs(&table.name, detail));
        }
        if restored.content != table.content {
            let detail = format!("{} rows with other values", restored.rows);
            return Err(differs(&table.name, detail));
        }
    }
    if let Some(more) = found
        .tables
        .iter()
        .find(|table| expected.table(&table.name).is_none())
    {
        return Err(differs(&more.name, "it was not there".to_owned()));
    }
    let unsound = |detail: String| Rejection::Unsound {
        place: place.to_owned(),
        detail,
    };
    if found.identity.schema() != expected.identity.schema() {
        return Err(unsound("its schema is not what it was".to_owned()));
    }
    if let Some(new) = found
        .violations
        .iter()
        .find(|broken| !expected.violations.contains(broken))
    {
        return Err(unsound(format!(
            "{} rows of {} point to no row of {}",
            new.rows, new.table, new.parent
        )));
    }
    Ok(())
}

pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
