//! Writes the rows that a way back would lose, while they are compared: memory stays bounded.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Exported, Loss, LostRow};
use crate::engine::backup::{Backup, BackupError};

/// A new file while it is written. Unless it is finished, it is removed again.
pub(super) struct Export {
    writer: Option<BufWriter<File>>,
    path: PathBuf,
    rows: u64,
}

impl Export {
    pub(super) fn begin(backup: &Backup, path: &Path) -> Result<Self, BackupError> {
        // only this account may read it: it holds what the database holds
        let open = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(BackupError::file("written", path))?;
        let mut export = Self {
            writer: Some(BufWriter::new(open)),
            path: path.to_owned(),
            rows: 0,
        };
        let head = serde_json::json!({
            "backup": backup.name,
            "backup_taken": backup.taken(),
            "exported": Timestamp::now(),
        })
        .to_string();
        // the list of rows is the last member of the object
        let head = head.trim_end_matches('}');
        export.write(format!("{head},\"rows\":[").as_bytes())?;
        Ok(export)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        let written = match &mut self.writer {
            Some(writer) => writer.write_all(bytes),
            None => Ok(()),
        };
        written.map_err(BackupError::file("written", &self.path))
    }

    pub(super) fn row(&mut self, row: &LostRow) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(row)
            .map_err(|error| BackupError::file("written", &self.path)(error.into()))?;
        let separator: &[u8] = if self.rows == 0 { b"\n" } else { b",\n" };
        line.splice(0..0, separator.iter().copied());
        self.rows += 1;
        self.write(&line)
    }

    pub(super) fn finish(mut self, loss: Loss) -> Result<Exported, BackupError> {
        self.write(b"\n]}\n")?;
        let failed = || BackupError::file("written", &self.path);
        let mut bytes = 0;
        if let Some(writer) = &mut self.writer {
            writer.flush().map_err(failed())?;
            writer.get_ref().sync_all().map_err(failed())?;
            bytes = writer.get_ref().metadata().map_err(failed())?.len();
        }
        self.writer = None;
        Ok(Exported {
            loss,
            rows: self.rows,
            bytes,
        })
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        if self.writer.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
