//! What a way back would lose, row by row, as JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::backups;
use crate::engine::progress::Watch;
use crate::engine::{self, decision};
use crate::state::AppState;
use crate::systems::{System, SystemError};

/// Decisions of one model that are written at most.
const MOST_DECISIONS: u32 = 1_000_000;

/// Where exports of this system are kept.
pub(super) fn directory(state: &AppState, system: &System) -> PathBuf {
    state.config.data.join("exports").join(system.slug())
}

/// Every row that restoring a backup would lose, or every decision that undoing groups would lose.
pub async fn lost_rows(
    state: &AppState,
    system: &Arc<System>,
    backup: Option<&str>,
    groups: Option<&[String]>,
) -> Result<String, SystemError> {
    match backup {
        Some(name) => {
            let scratch = tempfile::tempdir().map_err(|error| cannot(&error))?;
            let file = scratch.path().join("lost.json");
            write_restore(state, system, name, &file, Watch::nobody()).await?;
            std::fs::read_to_string(&file).map_err(|error| cannot(&error))
        }
        None => {
            let text = decisions(system, groups).await?;
            serde_json::to_string_pretty(&text).map_err(|error| cannot(&error))
        }
    }
}

/// Writes what restoring a backup would lose into a new file, and answers its number of rows.
pub(super) async fn write_restore(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
    file: &Path,
    watch: Watch<'static>,
) -> Result<u64, SystemError> {
    let place = backups::place(state, system, name).await?;
    let backup = engine::backup::open(&place).map_err(|error| backups::refused(system, &error))?;
    let playbook = system.playbook()?;
    let written = engine::loss::export(system.url()?, &backup, Some(&playbook), file, watch)
        .await
        .map_err(|error| backups::refused(system, &error))?;
    Ok(written.loss.rows())
}

/// Writes the decisions that undoing these groups would lose into a new file, and answers their number.
pub(super) async fn write_decisions(
    system: &Arc<System>,
    groups: Option<&[String]>,
    file: &Path,
) -> Result<u64, SystemError> {
    let written = decisions(system, groups).await?;
    let count = written["decisions"].as_array().map_or(0, Vec::len);
    let text = serde_json::to_vec_pretty(&written).map_err(|error| cannot(&error))?;
    std::fs::write(file, text).map_err(|error| cannot(&error))?;
    Ok(count as u64)
}

async fn decisions(system: &System, groups: Option<&[String]>) -> Result<Value, SystemError> {
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let mut all = Vec::new();
    for (group, model) in playbook.models() {
        if groups.is_some_and(|groups| !groups.contains(&group.name)) {
            continue;
        }
        for made in decision::decisions(&mut db, &playbook, model, MOST_DECISIONS).await? {
            all.push(json!({
                "group": group.name,
                "model": model.label,
                "table": made.table,
                "key": made.key,
                "organization": made.organization,
                "by": made.by,
                "at_ms": made.at_ms,
                "rule": made.rule,
            }));
        }
    }
    db.close().await;
    Ok(json!({ "system": system.slug(), "decisions": all }))
}

fn cannot(error: &dyn std::error::Error) -> SystemError {
    SystemError::unavailable(
        format!("The export could not be written: {error}."),
        "Check the free disk of the data directory.",
    )
}
