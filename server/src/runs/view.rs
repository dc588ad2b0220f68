//! The page of one run, from the mirror: it answers also while the target is locked.

use std::sync::Arc;

use shared::run::{IfStopped, RunView};

use super::live::nothing_yet;
use super::{commands, find, shown};
use crate::engine::operation::Operation;
use crate::state::AppState;
use crate::store::{run_details, runs};
use crate::systems::{System, SystemError};

/// Everything that the page of a run shows. `may_command`: whether this person may give commands.
pub async fn view(
    state: &AppState,
    system: &Arc<System>,
    number: i64,
    may_command: bool,
) -> Result<RunView, SystemError> {
    let run = find(state, system, number).await?;
    let rows = runs::steps(&state.store, run.id).await?;
    let gates = run_details::gates(&state.store, run.id).await?;
    let mut phases = shown::run_phases(system.slug(), &run.plan, &rows, &gates);
    if run.summary.state.is_open() {
        set_aside(system, &run, &mut phases).await;
    }
    let mut progress = run.progress.clone().unwrap_or_else(|| nothing_yet(&run));
    progress.state = run.summary.state;
    let waiting = shown::in_the_way(run.summary.state, progress.holds_for, &gates);
    Ok(RunView {
        fingerprint: run.fingerprint.clone(),
        approved_by: run.approved_by.clone(),
        phases,
        waiting,
        progress,
        speed: run_details::speed(&state.store, run.id).await?,
        commands: if may_command {
            commands(run.summary.state)
        } else {
            Vec::new()
        },
        if_stopped: if_stopped(),
        summary: run.summary,
    })
}

fn if_stopped() -> IfStopped {
    IfStopped {
        pause: "The batch at hand is finished first. Everything done stays; the application works with it. Resume goes on where it stopped.".into(),
        abort: "The batch at hand is finished first, then the run is closed. Everything done stays; a later run goes on from there, or a rollback undoes it.".into(),
    }
}

/// Counts, in the target, the rows that populating left without an organization. A target that does not answer leaves
/// the counts as they were.
async fn set_aside(system: &System, run: &runs::RunRow, phases: &mut [shared::run::RunPhase]) {
    use shared::state::StepState;
    let Ok(mut db) = system.reader().await else {
        return;
    };
    for step in phases.iter_mut().flat_map(|phase| &mut phase.steps) {
        // what a step at work has not come to yet nobody has set aside
        if step.state != StepState::Done {
            continue;
        }
        let Some(Operation::Populate(populate)) =
            run.plan.step(&step.key).map(|step| &step.operation)
        else {
            continue;
        };
        if let Ok(missing) =
            crate::coverage::without(&mut db, &populate.table, &populate.column).await
        {
            step.set_aside = missing;
        }
    }
    db.close().await;
}
