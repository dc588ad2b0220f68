//! Takes a backup: pages and manifest of one read transaction.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::leftovers::{self, InUse};
use super::location::{self, bytes_of, flush_directory, free_bytes};
use super::{Backup, BackupError, FORMAT, Manifest};
use crate::db::{DbError, Snapshot};
use crate::engine::manifest::{self, Digest};
use crate::engine::progress::{Progress, Stage, Stopped, Watch};

/// Bytes beside the pages that a backup needs at most: manifest, verification, directories.
const BESIDE: u64 = 4 << 20;

/// Takes a backup of a live file.
pub(super) fn take(
    live: &Path,
    directory: &Path,
    name: &str,
    mut watch: Watch<'_>,
) -> Result<Backup, BackupError> {
    let whole = Unfinished::free(directory, name)?;
    let snapshot = Snapshot::open(live)?;
    let bytes =
        (snapshot.count("PRAGMA page_count")? * snapshot.count("PRAGMA page_size")?).unsigned_abs();
    check_space(directory, bytes)?;

    let unfinished = Unfinished::new(location::unfinished(directory, name))?;
    let file = unfinished.path.join(location::DATABASE);
    // SQLite would make it readable to everyone
    location::private_file(&file).map_err(BackupError::file("written", &file))?;
    if !snapshot.copy_to(&file, &mut watch.steps(Stage::Copying))? {
        return Err(Stopped.into());
    }
    let content = manifest::measure(&snapshot, &mut watch)?;
    let integrity = integrity(&snapshot)?;
    drop(snapshot);

    let (bytes, digest) = read_and_flush(&file, &mut watch)?;
    let mut manifest = Manifest {
        format: FORMAT,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        content,
        integrity,
        bytes,
        file: digest,
        checksum: None,
    };
    location::write_manifest(&unfinished.path, &mut manifest)?;
    flush_directory(&unfinished.path)?;
    unfinished.finish(&whole)?;
    flush_directory(directory)?;
    Ok(Backup {
        path: whole,
        name: name.to_owned(),
        manifest,
        verification: None,
    })
}

/// What `integrity_check` finds; empty when it finds nothing.
pub(super) fn integrity(snapshot: &Snapshot) -> Result<Vec<String>, DbError> {
    let rows = snapshot.rows("PRAGMA integrity_check(100)")?;
    Ok(rows
        .iter()
        .map(|row| row.string(0))
        .filter(|line| line != "ok")
        .collect())
}

/// Refuses when there is not enough space for this much and what is written beside it.
pub(super) fn check_space(directory: &Path, bytes: u64) -> Result<(), BackupError> {
    let (needed, free) = (bytes + BESIDE, free_bytes(directory)?);
    if free < needed {
        return Err(BackupError::NoSpace {
            place: directory.to_owned(),
            needed,
            free,
        });
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), BackupError> {
    let usual = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let fine = name.chars().all(usual)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.len() <= 100;
    if fine {
        return Ok(());
    }
    Err(BackupError::Name {
        name: name.to_owned(),
    })
}

fn make_directory(directory: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(BackupError::file("made", directory))
}

/// The length and hash of a file, or of the files of a directory with their names. All are on the
/// disk afterwards.
pub(super) fn read_and_flush(
    path: &Path,
    watch: &mut Watch<'_>,
) -> Result<(u64, Digest), BackupError> {
    let failed = || BackupError::file("read", path);
    let total = bytes_of(path).map_err(failed())?;
    let mut reading = Reading {
        hasher: Sha256::new(),
        done: 0,
        total,
    };
    if !path.is_dir() {
        reading.file(path, watch)?;
        return Ok((reading.done, Digest::of(reading.hasher)));
    }
    let entries = fs::read_dir(path).map_err(failed())?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(failed())?;
    names.sort();
    for name in names {
        let file = path.join(&name);
        let length = fs::metadata(&file).map_err(failed())?.len();
        let name = name.as_encoded_bytes();
        reading.hasher.update((name.len() as u64).to_be_bytes());
        reading.hasher.update(name);
        reading.hasher.update(length.to_be_bytes());
        reading.file(&file, watch)?;
    }
    flush_directory(path)?;
    Ok((reading.done, Digest::of(reading.hasher)))
}

/// Files while they are read and hashed.
struct Reading {
    hasher: Sha256,
    done: u64,
    total: u64,
}

impl Reading {
    fn file(&mut self, path: &Path, watch: &mut Watch<'_>) -> Result<(), BackupError> {
        let failed = || BackupError::file("read", path);
        let mut file = File::open(path).map_err(failed())?;
        let mut part = vec![0; 1 << 20];
        loop {
            let read = std::io::Read::read(&mut file, &mut part).map_err(failed())?;
            if read == 0 {
                break;
            }
            self.hasher.update(&part[..read]);
            self.done += read as u64;
            watch.tell(Progress {
                stage: Stage::Reading,
                done: self.done,
                total: self.total,
            })?;
        }
        file.sync_all().map_err(failed())
    }
}

/// A directory that is removed again unless its backup is finished.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
    _in_use: InUse,
}

impl Unfinished {
    /// The path of a new backup, whose name must be free.
    pub(super) fn free(directory: &Path, name: &str) -> Result<PathBuf, BackupError> {
        check_name(name)?;
        make_directory(directory)?;
        let whole = directory.join(name);
        if whole.exists() {
            return Err(BackupError::Exists {
                name: name.to_owned(),
            });
        }
        Ok(whole)
    }

    pub(super) fn new(path: PathBuf) -> Result<Self, BackupError> {
        if let Some(directory) = path.parent() {
            for name in leftovers::remove_leftovers(directory)? {
                tracing::info!(name, "removed what a killed backup left");
            }
        }
        make_directory(&path)?;
        match InUse::lock(&path)? {
            Some(_in_use) => Ok(Self { path, _in_use }),
            None => Err(BackupError::Exists {
                name: path.display().to_string(),
            }),
        }
    }

    pub(super) fn finish(self, name: &Path) -> Result<(), BackupError> {
        fs::rename(&self.path, name).map_err(BackupError::file("written", name))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // after `finish` there is nothing of that name
        let _ = fs::remove_dir_all(&self.path);
    }
}
