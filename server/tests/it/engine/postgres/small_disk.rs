//! A file system of a few megabytes, in memory.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system that is taken away with this value.
pub struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// Makes it with a directory for the owner of another one; none where this process may not mount anything.
    pub fn mounted(place: &Path, size: &str, like: &Path) -> Option<Self> {
        std::fs::create_dir(place).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(place)
            .output();
        if !mounted.is_ok_and(|done| done.status.success()) {
            return None;
        }
        let disk = Self {
            place: place.to_owned(),
        };
        let owner = std::fs::metadata(like).unwrap();
        std::fs::create_dir(disk.tablespace()).unwrap();
        chown(disk.tablespace(), Some(owner.uid()), Some(owner.gid())).unwrap();
        Some(disk)
    }

    /// A directory in it for a tablespace.
    pub fn tablespace(&self) -> PathBuf {
        self.place.join("tablespace")
    }

    /// Leaves so many bytes of it free; what fills it can be removed.
    pub fn fill(&self, left: u64) -> PathBuf {
        let file = self.place.join("filled");
        let mut filled = std::fs::File::create(&file).unwrap();
        while filled.write_all(&[1; 4096]).is_ok() {}
        let length = filled.metadata().unwrap().len();
        filled.set_len(length - left).unwrap();
        file
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // what still looks at it does not keep it
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
