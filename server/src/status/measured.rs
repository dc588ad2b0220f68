//! What costs the target something to know, for a status page: counted seldom, by one reader at a time, and never waited
//! for long.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use shared::event::Topic;
use shared::run::RunSummary;
use shared::state::RunState;
use shared::status::{PublicCoverage, PublicKind};

use crate::state::AppState;
use crate::systems::System;
use crate::{coverage, modes};

/// Coverage and mode are asked of the target and the environment file at most this often.
const MEASURE_EVERY: Duration = Duration::from_secs(10);
/// A page waits for its target for so long.
const PATIENCE: Duration = Duration::from_millis(800);
/// A target that has not answered after this time is asked anew.
const GIVEN_UP: Duration = Duration::from_secs(60);

/// What costs the target something to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    /// The run that went on then, and its state.
    during: Option<(i64, RunState)>,
    pub(super) coverage: Option<PublicCoverage>,
    pub(super) mode: Option<String>,
}

/// What costs the target something, from memory when it is young enough and of the same state of the run. A target that
/// cannot be read now leaves out what is not known, and the page says when it was counted. One that takes long is not
/// waited for: what it answers is on a later page.
pub(super) async fn measured(
    state: &AppState,
    system: &Arc<System>,
    newest: Option<&RunSummary>,
) -> Measured {
    let during = newest.map(|run| (run.number, run.state));
    if let Some(young) = young(state, system, during) {
        return young;
    }
    let fresh = async {
        let measuring = state.board.measuring.of(system.slug()).lock_owned().await;
        // whoever held it has measured
        if let Some(young) = young(state, system, during) {
            return Some(young);
        }
        let (state, system) = (state.clone(), system.clone());
        let measure = async move {
            let _measuring = measuring;
            measure(&state, &system, during).await
        };
        tokio::spawn(measure).await.ok()
    };
    match tokio::time::timeout(PATIENCE, fresh).await {
        Ok(Some(fresh)) => fresh,
        Ok(None) | Err(_) => Measured {
            during,
            coverage: known(state, system).and_then(|(_, known)| known.coverage),
            mode: mode(state, system),
        },
    }
}

fn known(state: &AppState, system: &System) -> Option<(Instant, Measured)> {
    let measured = (state.board.measured.read()).unwrap_or_else(PoisonError::into_inner);
    measured.get(system.slug()).cloned()
}

fn young(state: &AppState, system: &System, during: Option<(i64, RunState)>) -> Option<Measured> {
    let (at, measured) = known(state, system)?;
    (at.elapsed() < MEASURE_EVERY && measured.during == during).then_some(measured)
}

/// Measures a target and remembers what it said.
async fn measure(
    state: &AppState,
    system: &Arc<System>,
    during: Option<(i64, RunState)>,
) -> Measured {
    let began = Instant::now();
    let counted = tokio::select! {
        counted = tokio::time::timeout(GIVEN_UP, count(state, system)) => counted.ok().flatten(),
        () = state.shutdown.cancelled() => None,
    };
    let fresh = Measured {
        during,
        coverage: counted.or_else(|| known(state, system)?.1.coverage),
        mode: mode(state, system),
    };
    let kept = (Instant::now(), fresh.clone());
    (state.board.measured.write())
        .unwrap_or_else(PoisonError::into_inner)
        .insert(system.slug().to_owned(), kept);
    if began.elapsed() > PATIENCE {
        state.hub.changed(system.slug(), Topic::Coverage);
    }
    fresh
}

async fn count(state: &AppState, system: &Arc<System>) -> Option<PublicCoverage> {
    let playbook = system.playbook().ok()?;
    let mut db = system.reader().await.ok()?;
    let groups = coverage::groups(&mut db, &playbook).await;
    db.close().await;
    let kinds = groups
        .ok()?
        .into_iter()
        .flat_map(|group| group.models)
        .filter(|model| model.headline)
        .map(|model| PublicKind {
            name: model.plural,
            assigned: model.coverage.map_or(0, |coverage| coverage.assigned),
            total: model.coverage.map_or(model.rows, |coverage| coverage.total),
        })
        .collect();
    Some(PublicCoverage {
        counted: state.clock.now().rfc3339(),
        kinds,
    })
}

fn mode(state: &AppState, system: &System) -> Option<String> {
    let names = modes::names(system)?;
    let health = state
        .probes
        .latest(system.slug())
        .and_then(|latest| latest.health);
    let mode = modes::known(system, health.as_ref()).mode?;
    Some(modes::title(&names, mode))
}
