//! Restores a backup into the live path of a target. The procedure:
//!
//! 1. The backup is restored into a new file beside the live one, its integrity is checked and
//!    every table is compared with the manifest. Nothing else has happened when that fails.
//! 2. The live database's present content is kept as `PATH.before-restore-TIME`, and its content
//!    is replaced by that of the new file within one transaction of the live database
//!    ([`crate::db::replace`] says how no commit between the two is lost). Other connections,
//!    also of the application, see the old content or the new and stay valid; there is no swap of
//!    files underneath them, and `-wal` and `-shm` stay SQLite's own business.
//! 3. Only a live file that is missing or cannot be opened as a database, so that nobody can be
//!    working with it, is swapped: its `-wal` is set aside first, because SQLite would replay it
//!    onto the restored file, its `-shm` is removed, the file gets a second name
//!    `PATH.before-restore-TIME`, and the new file is renamed over it.
//!
//! What was kept stays until [`release`].

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::{Kept, Restored, Way, milliseconds};
use crate::db::{DbError, Snapshot, replace};
use crate::engine::backup::{Backup, BackupError, flush_directory, free_bytes, restore_beside};
use crate::engine::manifest::FileIdentity;
use crate::engine::progress::{Stage, Stopped, Watch};

/// Begins the name of the new file, after the target's own; time and process follow.
const RESTORING: &str = "restoring-";

/// Files that restores have kept beside a target, oldest first.
pub(super) fn kept(live: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let directory = directory_of(live);
    // by name: a relative address names its directory otherwise than the entries of it do
    let prefix = beside(live, "before-restore-");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(&directory).map_err(BackupError::file("read", &directory))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BackupError::file("read", &directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&*prefix) && !name.ends_with("-wal") {
            found.push(live.with_file_name(name));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes a file that a restore has kept. Refuses any other file.
pub(super) fn release(live: &Path, file: &Path) -> Result<(), BackupError> {
    if !kept(live)?.iter().any(|kept| kept == file) {
        return Err(BackupError::NotKept {
            name: file.display().to_string(),
        });
    }
    fs::remove_file(file).map_err(BackupError::file("removed", file))?;
    let _ = fs::remove_file(with_suffix(file, "-wal"));
    Ok(())
}

/// Bytes of a kept file and of the log beside it; one that is gone meanwhile has none.
pub(super) fn size(file: &Path) -> u64 {
    let of = |path: &Path| fs::metadata(path).map_or(0, |about| about.len());
    of(file) + of(&with_suffix(file, "-wal"))
}

/// Restores a backup into the live path.
pub(super) fn restore(
    backup: &Backup,
    identity: &FileIdentity,
    live: &Path,
    mut watch: Watch<'_>,
) -> Result<Restored, BackupError> {
    let started = Instant::now();
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S%.3fZ").to_string();
    remove_left_behind(live);
    let process = std::process::id();
    let fresh = beside(live, &format!("{RESTORING}{stamp}-{process}"));
    let kept = beside(live, &format!("before-restore-{stamp}"));
    let directory = directory_of(live);
    // the new file, the old content, and the log of the replacement
    let (needed, free) = (backup.manifest.bytes * 3, free_bytes(&directory)?);
    if free < needed {
        return Err(BackupError::NoSpace {
            place: directory,
            needed,
            free,
        });
    }
    let verification = restore_beside(backup, &fresh, &mut watch)?;
    let fresh = Scratch(fresh);
    let (way, locked) = match usable(live) {
        Ok(()) => {
            let replaced = replace(live, &fresh.0, &kept, &mut watch.steps(Stage::Replacing));
            match replaced {
                Ok(Some(replaced)) => {
                    same_permission(live, &kept);
                    flush_directory(&directory)?;
                    (Way::InPlace, replaced.locked)
                }
                broken_off => {
                    let _ = fs::remove_file(&kept);
                    broken_off?;
                    return Err(Stopped.into());
                }
            }
        }
        Err(DbError::Missing { .. } | DbError::NotADatabase { .. } | DbError::Corrupt { .. }) => {
            let started = Instant::now();
            set_journal_mode(&fresh.0, &identity.journal_mode)?;
            swap(live, &fresh.0, &kept)?;
            (Way::Swapped, started.elapsed())
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Restored {
        kept: kept.exists().then_some(Kept::File(kept)),
        way,
        verification,
        took_ms: milliseconds(started.elapsed()),
        locked_ms: milliseconds(locked),
    })
}

/// Removes what restores of processes that were killed have left beside the target: each is a whole copy.
fn remove_left_behind(live: &Path) {
    let prefix = beside(live, RESTORING);
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = fs::read_dir(directory_of(live)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(&*prefix))
            .and_then(|rest| rest.split('-').nth(1))
            .and_then(|process| process.parse().ok());
        let gone = process.is_some_and(|process| {
            kill(Pid::from_raw(process), None) == Err(nix::errno::Errno::ESRCH)
        });
        if gone {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether the live file can be opened and its schema read.
fn usable(live: &Path) -> Result<(), DbError> {
    Snapshot::open(live).map(drop)
}

fn set_journal_mode(file: &Path, mode: &str) -> Result<(), DbError> {
    if mode.eq_ignore_ascii_case("wal") {
        crate::db::enter_wal(file)?;
    }
    Ok(())
}

/// Puts the new file in the place of one that is missing or no database.
fn swap(live: &Path, fresh: &Path, kept: &Path) -> Result<(), BackupError> {
    let written = |path: &Path| BackupError::file("written", path);
    let log = with_suffix(live, "-wal");
    absent_is_fine(fs::rename(&log, with_suffix(kept, "-wal"))).map_err(written(&log))?;
    let index = with_suffix(live, "-shm");
    absent_is_fine(fs::remove_file(&index)).map_err(written(&index))?;
    same_permission(live, fresh);
    absent_is_fine(fs::hard_link(live, kept)).map_err(written(kept))?;
    fs::rename(fresh, live).map_err(written(live))?;
    flush_directory(&directory_of(live))
}

fn absent_is_fine(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Gives a file the mode and owner of another, as far as this account may.
fn same_permission(from: &Path, to: &Path) {
    use std::os::unix::fs::{MetadataExt, chown};
    let Ok(about) = fs::metadata(from) else {
        return;
    };
    let _ = fs::set_permissions(to, about.permissions());
    let _ = chown(to, Some(about.uid()), Some(about.gid()));
}

fn beside(live: &Path, what: &str) -> PathBuf {
    with_suffix(live, &format!(".{what}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn directory_of(live: &Path) -> PathBuf {
    match live.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A file that is removed when its work is done or has failed; after a swap it has another name.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(with_suffix(&self.0, suffix));
        }
    }
}
