//! Restores the backup of a way back, and has the record of runs say what the restored journal says.

use std::sync::Arc;

use shared::duration;
use shared::rollback::{RollbackKind, RollbackRecord};
use shared::state::RunState;

use super::progress::{listen, told};
use crate::backups;
use crate::engine::{self, journal};
use crate::state::AppState;
use crate::store::runs::{self, Want};
use crate::systems::{System, SystemError};
use crate::wording::counted;

pub(super) async fn restore(
    state: &AppState,
    system: &Arc<System>,
    record: &RollbackRecord,
) -> Result<String, SystemError> {
    let RollbackKind::Restore { backup } = &record.way else {
        return Ok("No backup is restored.".into());
    };
    let place = backups::place(state, system, backup).await?;
    let (url, rules) = (system.url()?, backups::acceptance(system)?);
    let (watch, latest) = listen(&state.shutdown);
    let work = engine::restore::restore(&place, url, &rules, watch);
    let restored = told(state, system, record, work, latest)
        .await
        .map_err(|error| backups::refused(system, &error))?;
    let kept = restored
        .kept
        .map(|kept| format!(" The database before is kept as {}.", kept.name()))
        .unwrap_or_default();
    Ok(format!(
        "Restored in {}; writers waited {}.{kept}",
        duration::words(restored.took_ms),
        duration::words(restored.locked_ms)
    ))
}

/// Makes the runs of the control store what the restored journal says.
pub(super) async fn settle_runs(
    state: &AppState,
    system: &Arc<System>,
    record: &RollbackRecord,
) -> Result<String, SystemError> {
    let mut db = system.reader().await?;
    let journal = journal::history(&mut db).await?;
    db.close().await;
    let now = state.clock.now();
    let mut changed = 0;
    for run in runs::all(&state.store, system.slug()).await? {
        let known = journal.iter().find(|told| told.run == run.journal_run);
        if run.summary.state == RunState::Aborted && known.is_none() && run.summary.steps_done == 0
        {
            continue;
        }
        let mut tx = state.store.write().await?;
        match known {
            Some(told) => crate::runs::mirror(&mut tx, &run, told, now).await?,
            None => {
                runs::undone_by_restore(&mut tx, run.id).await?;
                runs::want(
                    &mut tx,
                    run.id,
                    run.summary.state,
                    &Want::Undone { groups: None },
                    RunState::RolledBack,
                    None,
                )
                .await?;
                let reason = format!(
                    "Rolled back by restoring a backup (rollback {}).",
                    record.id
                );
                runs::settle(
                    &mut tx,
                    run.id,
                    RunState::RolledBack,
                    Some(&reason),
                    Some(now),
                )
                .await?;
            }
        }
        tx.commit().await?;
        changed += 1;
    }
    crate::coverage::remember(state, system, None).await?;
    Ok(format!(
        "The restored journal holds {}; the console's record of {changed} was compared with it.",
        counted(journal.len() as u64, "run", "runs")
    ))
}
