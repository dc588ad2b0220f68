//! Writes the rows that a way back would lose, while they are compared: memory stays bounded.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;

use super::Exported;
use super::compare::{Ours, compare};
use crate::engine::backup::{Backup, BackupError};
use crate::engine::progress::Watch;

/// Writes the rows into a new file, which is removed again when that fails.
pub(super) fn export(
    live: &Path,
    backup: &Backup,
    ours: &Ours,
    file: &Path,
    watch: Watch<'_>,
) -> Result<Exported, BackupError> {
    // only this account may read it: it holds what the database holds
    let open = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(BackupError::file("written", file))?;
    let written = write(live, backup, ours, file, open, watch);
    if written.is_err() {
        let _ = std::fs::remove_file(file);
    }
    written
}

fn write(
    live: &Path,
    backup: &Backup,
    ours: &Ours,
    file: &Path,
    open: File,
    watch: Watch<'_>,
) -> Result<Exported, BackupError> {
    let failed = || BackupError::file("written", file);
    let mut writer = BufWriter::new(open);
    let head = serde_json::json!({
        "backup": backup.name,
        "backup_taken": backup.taken(),
        "exported": Timestamp::now(),
    })
    .to_string();
    // the list of rows is the last member of the object
    let head = head.trim_end_matches('}');
    write!(writer, "{head},\"rows\":[").map_err(failed())?;
    let mut rows = 0;
    let loss = compare(live, backup, ours, watch, &mut |row| {
        let separator: &[u8] = if rows == 0 { b"\n" } else { b",\n" };
        rows += 1;
        writer.write_all(separator).map_err(failed())?;
        serde_json::to_writer(&mut writer, &row).map_err(|error| failed()(error.into()))
    })?;
    writer.write_all(b"\n]}\n").map_err(failed())?;
    let open = writer
        .into_inner()
        .map_err(|error| failed()(error.into_error()))?;
    open.sync_all().map_err(failed())?;
    let bytes = open.metadata().map_err(failed())?.len();
    Ok(Exported { loss, rows, bytes })
}
