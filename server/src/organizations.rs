//! Organizations: the tenants of a system. That one exists and whether it is active stands in the target, where the
//! application reads it; how far its onboarding is stands in the control store.

mod change;
pub mod import;
mod importing;
mod intent;
mod known;
mod meanwhile;
mod moves;
mod readiness;
pub mod target;
mod view;
mod waves;

use std::sync::Arc;

use shared::organization::Stage;
use shared::system::StageCount;

use crate::state::AppState;
use crate::store::Exclusive;
use crate::systems::{System, SystemError};

pub use change::{change, create, isolation, move_to};
pub use importing::import;
pub use view::{detail, list};
pub use waves::{plan_waves, start_wave};

/// Ends changes that were interrupted, unless one goes on just now.
pub async fn settle(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    let Ok(_here) = system.organizations.try_lock() else {
        return Ok(());
    };
    if !intent::is_left(state, system).await? {
        return Ok(());
    }
    match state.store.try_exclusive(&work(system)).await? {
        Some(_anywhere) => intent::settle(state, system).await,
        None => Ok(()),
    }
}

/// Held while organizations of a target are changed, so that two changes cannot cross: on this console or any.
#[must_use = "dropped it excludes nobody"]
struct Alone<'s> {
    _here: tokio::sync::MutexGuard<'s, ()>,
    _anywhere: Exclusive,
}

async fn alone<'s>(state: &AppState, system: &'s System) -> Result<Alone<'s>, SystemError> {
    Ok(Alone {
        _here: system.organizations.lock().await,
        _anywhere: state.store.exclusive(&work(system)).await?,
    })
}

fn work(system: &System) -> String {
    format!("organizations of {}", system.slug())
}

/// Number of active organizations in the target.
pub async fn active_count(system: &System) -> Result<usize, SystemError> {
    Ok(target::all(system)
        .await?
        .map_or(0, |all| all.iter().filter(|one| one.active).count()))
}

/// How many organizations are in each stage.
pub async fn stage_counts(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Vec<StageCount>, SystemError> {
    let Ok(known) = known::Known::gather(state, system).await else {
        return Ok(Vec::new());
    };
    let stages: Vec<Stage> = known.records().map(|record| record.stage).collect();
    Ok(Stage::ALL
        .into_iter()
        .map(|stage| StageCount {
            stage,
            count: u32::try_from(stages.iter().filter(|found| **found == stage).count())
                .unwrap_or(u32::MAX),
        })
        .collect())
}
