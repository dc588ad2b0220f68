//! Whether a target's file changed since it was last looked at, told without reading it: closing a file that SQLite
//! has open in the same process would drop its locks.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Two changes within this time could leave the same time of change: file systems count it in ticks.
const TICK: Duration = Duration::from_millis(100);

/// Identity, size and time of change of a target's file and of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStamp(Vec<(u64, u64, SystemTime)>);

impl FileStamp {
    /// Of the files as they are now; none when there is no such file.
    pub fn of(target: &Path) -> Option<Self> {
        let mut log = target.as_os_str().to_owned();
        log.push("-wal");
        let seen = |path: &Path| {
            let about = std::fs::metadata(path).ok()?;
            Some((about.ino(), about.len(), about.modified().ok()?))
        };
        let file = seen(target)?;
        Some(Self(
            [Some(file), seen(Path::new(&log))]
                .into_iter()
                .flatten()
                .collect(),
        ))
    }

    /// Whether a change after it was taken is sure to make another stamp: its files have rested for a moment.
    pub fn is_certain(&self) -> bool {
        let now = SystemTime::now();
        (self.0.iter()).all(|(_, _, changed)| {
            now.duration_since(*changed)
                .is_ok_and(|rested| rested > TICK)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_another_stamp_and_one_just_made_is_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("target.sqlite3");
        assert_eq!(FileStamp::of(&file), None);
        std::fs::write(&file, "one").unwrap();
        let first = FileStamp::of(&file).unwrap();
        assert!(!first.is_certain());
        let log = directory.path().join("target.sqlite3-wal");
        std::fs::write(&log, "").unwrap();
        assert_ne!(FileStamp::of(&file).unwrap(), first);
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        for path in [&file, &log] {
            let opened = std::fs::File::options().write(true).open(path).unwrap();
            opened.set_modified(long_ago).unwrap();
        }
        assert!(FileStamp::of(&file).unwrap().is_certain());
    }
}
