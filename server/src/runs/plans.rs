//! The plan of a system as the console shows it, and the checks before a run.

use std::sync::Arc;

use shared::plan::{PlanView, Preflight};

use super::{shown, start};
use crate::state::AppState;
use crate::store::run_details;
use crate::systems::{System, SystemError};

/// The plan for the target as it is now, or why it cannot be made.
pub async fn plan_view(state: &AppState, system: &Arc<System>) -> Result<PlanView, SystemError> {
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let compiled = system.compile(&mut db).await?;
    db.close().await;
    let preflight = run_details::preflight(&state.store, system.slug()).await?;
    let second = state.config.approvals.require_second_administrator;
    Ok(match compiled {
        Ok(plan) => PlanView {
            playbook: plan.playbook.clone(),
            title: plan.title.clone(),
            fingerprint: plan.fingerprint.clone(),
            phases: shown::plan_phases(&plan),
            refusals: Vec::new(),
            warnings: plan.notes.iter().map(|note| shown::note(note)).collect(),
            rows_to_write: plan
                .steps
                .iter()
                .filter(|step| step.skip.is_none())
                .map(|step| step.cost.rows)
                .sum(),
            preflight,
            needs_approval: second && start::is_destructive(&plan),
        },
        Err(refusals) => PlanView {
            playbook: playbook.name.clone(),
            title: playbook.title.clone(),
            fingerprint: String::new(),
            phases: Vec::new(),
            refusals: refusals.iter().map(shown::finding).collect(),
            warnings: Vec::new(),
            rows_to_write: 0,
            preflight,
            needs_approval: second,
        },
    })
}

/// Checks everything that can be checked before anything is changed, and keeps the result.
pub async fn preflight(state: &AppState, system: &Arc<System>) -> Result<Preflight, SystemError> {
    let now = state.clock.now();
    let checks = crate::preflight::checks(state, system).await?;
    let preflight = Preflight {
        at: now.rfc3339(),
        passed: checks.iter().all(|check| check.passed),
        checks,
    };
    let mut tx = state.store.write().await?;
    run_details::save_preflight(&mut tx, system.slug(), now, &preflight).await?;
    tx.commit().await?;
    Ok(preflight)
}
