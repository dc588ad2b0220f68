//! How each system stands, in numbers for those who watch many.

use std::collections::BTreeMap;

use shared::state::RunState;

use crate::backups;
use crate::metrics::Standing;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::{runs, words};

use super::{System, SystemError};

/// Measures all systems now. One that cannot be looked at has no ages, which is what an alarm should ask for.
pub async fn standings(state: &AppState) -> Vec<Standing> {
    let mut all = Vec::with_capacity(state.systems.all().len());
    for system in state.systems.all() {
        let runs = by_state(state, system).await.unwrap_or_default();
        let taken = match backups::newest_verified(state, system).await {
            Ok(backup) => backup.and_then(|backup| Moment::parse(&backup.taken)),
            Err(_) => None,
        };
        let probed = state.probes.latest(system.slug());
        all.push(Standing {
            system: system.slug().to_owned(),
            runs,
            held: is_held(state, system).await.unwrap_or_default(),
            backup_age: taken.map(|taken| state.clock.now().since(taken).as_secs_f64()),
            probe_age: probed.map(|latest| latest.beat.elapsed().as_secs_f64()),
        });
    }
    all
}

async fn is_held(state: &AppState, system: &System) -> Result<bool, SystemError> {
    let open = runs::open(&state.store, system.slug()).await?;
    Ok(open.is_some_and(|run| {
        let held = run
            .progress
            .is_some_and(|progress| progress.holds_for.is_some());
        held && run.summary.state == RunState::Running
    }))
}

async fn by_state(state: &AppState, system: &System) -> Result<Vec<(String, i64)>, SystemError> {
    let mut counts = BTreeMap::new();
    for run in runs::summaries(&state.store, system.slug()).await? {
        *counts.entry(words::word(&run.state)).or_insert(0) += 1;
    }
    Ok(counts.into_iter().collect())
}
