//! Runs that the journal in a target knows and the control store does not, or otherwise: begun or taken back by the command
//! line, or begun before the control store was lost. They are written down as they are, and go on only when a person says so.

use std::sync::Arc;

use shared::event::Topic;
use shared::rollback::RollbackState;
use shared::state::RunState;

use super::live::{from_journal, nothing_yet};
use crate::audit::{self, Entry, ITSELF};
use crate::db::Connection;
use crate::engine::journal::{self, RunRecord, StepState};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::rollbacks;
use crate::store::runs::{self, NewRun, Want};
use crate::systems::{System, SystemError};

/// The record of one run in the journal of the target.
pub(super) async fn record_of(
    db: &mut Connection,
    run: &str,
) -> Result<Option<RunRecord>, SystemError> {
    Ok(journal::history(db)
        .await?
        .into_iter()
        .find(|record| record.run == run))
}

/// Writes down every run of the journal that is not known yet, or not as it is there. Answers how many there were.
///
/// # Errors
/// When the target or the control store cannot be read or written.
pub async fn adopt(state: &AppState, system: &Arc<System>) -> Result<usize, SystemError> {
    // nobody drives the target from here meanwhile
    let alone = system.claim("rollback").zip(system.claim("run"));
    let rollbacks = rollbacks::all(&state.store, system.slug()).await?;
    let alone = alone.filter(|_| {
        rollbacks
            .iter()
            .all(|record| record.state != RollbackState::Running)
    });
    // before the journal is read: what is known here is there
    let known = runs::all(&state.store, system.slug()).await?;
    let mut db = system.reader().await?;
    let records = journal::history(&mut db).await?;
    db.close().await;
    let changed = match alone {
        Some(_alone) => super::beside::follow(state, system, &known, &records).await?,
        None => 0,
    };
    let unknown: Vec<RunRecord> = records
        .into_iter()
        .filter(|record| known.iter().all(|run| run.journal_run != record.run))
        .collect();
    for record in &unknown {
        write_down(state, system, record).await?;
    }
    if changed + unknown.len() > 0 {
        state.hub.changed(system.slug(), Topic::Run);
        state.hub.changed(system.slug(), Topic::System);
    }
    Ok(changed + unknown.len())
}

async fn write_down(
    state: &AppState,
    system: &System,
    record: &RunRecord,
) -> Result<(), SystemError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let number = runs::next_number(&mut tx, system.slug()).await?;
    let standing = match standing(record) {
        // two open runs cannot be: the older one of the journal gave way to the newer
        open if open.is_open() && runs::open_in(&mut tx, system.slug()).await?.is_some() => {
            RunState::Aborted
        }
        standing => standing,
    };
    let id = runs::insert(
        &mut tx,
        NewRun {
            system: system.slug(),
            number,
            journal_run: &record.run,
            plan: &record.plan,
            until: None,
            want: &Want::Paused,
            state: standing,
            started_by: ITSELF,
            approved_by: None,
            started: Moment(record.started_at_ms),
        },
    )
    .await?;
    let steps: Vec<_> = record
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| (place, from_journal(step, 0)))
        .collect();
    runs::save_steps(&mut tx, id, &steps).await?;
    let finished = (!standing.is_open()).then_some(Moment(record.updated_at_ms));
    let reason = standing
        .is_open()
        .then_some("It was found in the journal of the target. Resume to go on.");
    runs::settle(&mut tx, id, standing, reason, finished).await?;
    let text = format!("Found the run {} in the journal of the target.", record.run);
    let entry = Entry::by_itself("run.adopted", format!("run {number}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    if let Some(row) = runs::get(&state.store, system.slug(), number).await? {
        let mut progress = nothing_yet(&row);
        progress.steps_done = done(record);
        progress.steps_total = u32::try_from(record.steps.len()).unwrap_or(u32::MAX);
        let mut tx = state.store.write().await?;
        runs::save_progress(&mut tx, id, &progress).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn done(record: &RunRecord) -> u32 {
    let done = record
        .steps
        .iter()
        .filter(|step| matches!(step.state, StepState::Done | StepState::Skipped))
        .count();
    u32::try_from(done).unwrap_or(u32::MAX)
}

/// The state of a run as its journal tells it.
pub(super) fn standing(record: &RunRecord) -> RunState {
    let any = |wanted: StepState| record.steps.iter().any(|step| step.state == wanted);
    if any(StepState::Stuck) {
        RunState::Stuck
    } else if any(StepState::Undoing) {
        RunState::Failed
    } else if any(StepState::Undone) {
        RunState::RolledBack
    } else if done(record) as usize == record.steps.len() {
        RunState::Done
    } else if any(StepState::Failed) {
        RunState::Failed
    } else {
        RunState::Paused
    }
}

/// Makes a known run what the journal of its target says, after a restore.
pub async fn mirror(
    tx: &mut crate::store::WriteTx,
    run: &runs::RunRow,
    told: &RunRecord,
    now: Moment,
) -> Result<(), SystemError> {
    let steps: Vec<_> = told
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| (place, from_journal(step, 0)))
        .collect();
    runs::save_steps(tx, run.id, &steps).await?;
    let mut standing = standing(told);
    let open = runs::open_in(tx, &run.system).await?;
    if standing.is_open() && open.is_some_and(|open| open.id != run.id) {
        standing = RunState::Aborted;
    }
    runs::want(tx, run.id, run.summary.state, &Want::Paused, standing, None).await?;
    let finished = (!standing.is_open()).then_some(now);
    let reason = standing
        .is_open()
        .then_some("A backup of this moment was restored. Resume to go on.");
    runs::settle(tx, run.id, standing, reason, finished).await?;
    let mut progress = run.progress.clone().unwrap_or_else(|| nothing_yet(run));
    progress.state = standing;
    progress.steps_done = done(told);
    runs::save_progress(tx, run.id, &progress).await?;
    Ok(())
}
