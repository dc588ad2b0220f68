//! What a killed process leaves in a directory of backups: half a backup, half a verification. A directory in use is
//! locked, and the kernel takes the lock back however its process ends, so nothing of a living one is touched.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::BackupError;
use super::location::UNFINISHED;

/// What the name of a directory begins with in which a backup is restored to be compared.
pub(super) const SCRATCH: &str = ".scratch-";

/// A directory that is this process's own while this lives.
#[derive(Debug)]
pub(super) struct InUse {
    /// Closing it gives the lock back.
    _locked: File,
}

impl InUse {
    /// Locks a directory; none when somebody else has it, or has just removed it.
    pub(super) fn lock(directory: &Path) -> Result<Option<Self>, BackupError> {
        let lock = || -> std::io::Result<Option<Self>> {
            let file = File::open(directory)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            let is_still_there = fs::metadata(directory).is_ok_and(|now| match file.metadata() {
                Ok(locked) => (locked.dev(), locked.ino()) == (now.dev(), now.ino()),
                Err(_) => false,
            });
            Ok(is_still_there.then_some(Self { _locked: file }))
        };
        match lock() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            locked => locked.map_err(BackupError::file("locked", directory)),
        }
    }
}

/// Removes what killed processes left in a directory of backups, and answers the names. Only directories named as
/// ours are looked at, and none that is in use.
pub fn remove_leftovers(directory: &Path) -> Result<Vec<String>, BackupError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::file("read", directory)(error)),
    };
    let mut removed = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BackupError::file("read", directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.ends_with(UNFINISHED) || name.starts_with(SCRATCH);
        // a link may lead anywhere
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let path = entry.path();
        if !ours || !is_directory {
            continue;
        }
        if let Some(_in_use) = InUse::lock(&path)? {
            fs::remove_dir_all(&path).map_err(BackupError::file("removed", &path))?;
            removed.push(name);
        }
    }
    removed.sort();
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_directories_that_nobody_uses_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = place.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("database.sqlite3"), "half").unwrap();
            path
        };
        let left = make("app-1.unfinished");
        let tried = make(".scratch-a");
        let used = make("app-2.unfinished");
        let whole = make("app-3");
        let _in_use = InUse::lock(&used).unwrap().unwrap();
        fs::write(place.path().join("notes.unfinished"), "a file").unwrap();
        std::os::unix::fs::symlink(&whole, place.path().join("link.unfinished")).unwrap();
        let removed = remove_leftovers(place.path()).unwrap();
        assert_eq!(removed, [".scratch-a", "app-1.unfinished"]);
        assert!(!left.exists() && !tried.exists());
        assert!(used.join("database.sqlite3").exists());
        assert!(whole.join("database.sqlite3").exists());
        assert!(place.path().join("notes.unfinished").exists());
        drop(_in_use);
        let removed = remove_leftovers(place.path()).unwrap();
        assert_eq!(removed, ["app-2.unfinished"]);
    }

    #[test]
    fn a_directory_that_is_not_there_has_no_leftovers() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing");
        assert!(remove_leftovers(&missing).unwrap().is_empty());
    }
}
