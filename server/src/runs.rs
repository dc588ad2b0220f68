//! Runs: a person says what is wanted, the control store keeps it, and the reconcile loop drives the run toward it.

mod adopt;
mod beside;
mod driver;
mod estimate;
mod flusher;
mod live;
mod outside;
mod pace;
mod plans;
mod settled;
pub mod shown;
mod start;
mod taken;
mod view;

use std::sync::Arc;

use shared::event::Topic;
use shared::plan::Gate;
use shared::run::{RunCommand, RunSummary};
use shared::state::{GateState, Level, RunState};

use crate::accounts::{Administrator, Operator};
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::runs::{self, RunRow, Want};
use crate::store::{StoreError, WriteTx, run_details};
use crate::systems::{Order, System, SystemError};

pub use adopt::{adopt, mirror};
pub use driver::drive_run;
pub use outside::around;
pub use pace::set_pace;
pub use plans::{plan_view, preflight};
pub(crate) use start::is_destructive;
pub use start::start;
pub use view::view;

/// Shortest reason for an override, in characters.
pub(crate) const SHORTEST_REASON: usize = 10;

/// Runs of a system, newest first.
pub async fn list(state: &AppState, system: &System) -> Result<Vec<RunSummary>, SystemError> {
    Ok(runs::summaries(&state.store, system.slug()).await?)
}

/// One run.
pub async fn find(state: &AppState, system: &System, number: i64) -> Result<RunRow, SystemError> {
    runs::get(&state.store, system.slug(), number)
        .await?
        .ok_or_else(|| {
            SystemError::not_found(
                format!("There is no run {number} of {}.", system.config.title),
                "Choose one from the list of runs.",
            )
        })
}

/// Commands that make sense in a state.
pub fn commands(state: RunState) -> Vec<RunCommand> {
    match state {
        RunState::Queued | RunState::Running | RunState::WaitingAtGate => {
            vec![RunCommand::Pause, RunCommand::Abort]
        }
        RunState::WaitingForApproval => vec![RunCommand::Abort],
        RunState::Paused => vec![RunCommand::Resume, RunCommand::Abort],
        RunState::Failed => vec![RunCommand::Retry, RunCommand::Abort],
        RunState::Stuck => vec![RunCommand::Retry],
        RunState::RollingBack | RunState::Done | RunState::Aborted | RunState::RolledBack => {
            Vec::new()
        }
    }
}

/// Stores what a person wants of a run; the reconcile loop does the rest.
pub async fn command(
    state: &AppState,
    system: &Arc<System>,
    number: i64,
    command: RunCommand,
    actor: &Operator,
) -> Result<RunSummary, SystemError> {
    let run = find(state, system, number).await?;
    let seen = run.summary.state;
    if already(seen, command) {
        return Ok(run.summary);
    }
    if !commands(seen).contains(&command) {
        return Err(SystemError::conflict(
            format!(
                "Run {number} is {}: it cannot be told to {}.",
                spoken(seen),
                word(command)
            ),
            "Look at the run as it is now.",
        ));
    }
    // after a rollback that failed, trying again means undoing again
    let undoing = matches!(run.want, Want::Undone { .. });
    let (want, next, reason) = match command {
        RunCommand::Pause if seen == RunState::Running => (Want::Paused, seen, None),
        RunCommand::Pause => (
            Want::Paused,
            RunState::Paused,
            Some("Paused by a person. Resume to go on."),
        ),
        RunCommand::Resume => (Want::Applied, RunState::Queued, None),
        RunCommand::Retry if undoing => (run.want.clone(), RunState::RollingBack, None),
        RunCommand::Retry => (Want::Applied, RunState::Queued, None),
        RunCommand::Abort if seen == RunState::Running => (Want::Aborted, seen, None),
        RunCommand::Abort => (
            Want::Aborted,
            RunState::Aborted,
            Some("Ended by a person. What was done before stays."),
        ),
    };
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if !runs::want(&mut tx, run.id, seen, &want, next, reason).await? {
        return Err(SystemError::changed_meanwhile(
            format!("Run {number} changed while the command was given."),
            "Look at the run as it is now.",
        ));
    }
    if command == RunCommand::Resume && run.until.is_some() && run.progress.is_some() {
        runs::forget_until(&mut tx, run.id).await?;
    }
    if next == RunState::Aborted {
        runs::settle(&mut tx, run.id, next, reason, Some(now)).await?;
    }
    let text = format!("Told run {number} to {}.", word(command));
    let entry = Entry::by(actor, action(command), format!("run {number}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    system.orders.give(match command {
        RunCommand::Pause => Order::Pause,
        RunCommand::Abort => Order::Abort,
        RunCommand::Resume | RunCommand::Retry => Order::GoOn,
    });
    announce(state, system);
    Ok(find(state, system, number).await?.summary)
}

/// Takes responsibility for a closed gate, with a written reason.
pub async fn override_gate(
    state: &AppState,
    system: &Arc<System>,
    number: i64,
    name: &str,
    reason: &str,
    actor: &Administrator,
) -> Result<Gate, SystemError> {
    let run = find(state, system, number).await?;
    let reason = reason.trim();
    if reason.chars().count() < SHORTEST_REASON {
        return Err(SystemError::field(
            "reason",
            format!("Write at least {SHORTEST_REASON} characters: they stand in the audit log."),
        ));
    }
    let gates = run_details::gates(&state.store, run.id).await?;
    let Some(gate) = gates.into_iter().find(|gate| gate.name == name) else {
        return Err(SystemError::not_found(
            format!("Run {number} has not measured a gate {name}."),
            "A gate can be overridden when the run waits at it.",
        ));
    };
    if !gate.overridable {
        return Err(SystemError::gate_closed(
            format!("The gate \"{}\" cannot be overridden.", gate.title),
            gate.sentence
                .unwrap_or_else(|| "Meet its condition.".into()),
        ));
    }
    if gate.state != GateState::Closed {
        return Err(SystemError::conflict(
            format!("The gate \"{}\" is not closed.", gate.title),
            "Look at the run as it is now.",
        ));
    }
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    run_details::override_gate(&mut tx, run.id, name, actor.username(), reason, now).await?;
    let text = format!(
        "Overrode the gate \"{}\" ({}): {reason}",
        gate.title, gate.evidence
    );
    let line = format!(
        "{} overrode the gate \"{}\" ({}): {reason}",
        actor.username(),
        gate.title,
        gate.evidence
    );
    let line = (now, Level::Warning, None, line);
    run_details::append_log(&mut tx, run.id, &[line]).await?;
    let object = format!("run {number}, gate {name}");
    let entry = Entry::by(actor, "gate.overridden", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    if run.summary.state == RunState::WaitingAtGate {
        goes_on(&mut tx, &run).await?;
    }
    tx.commit().await?;
    announce(state, system);
    run_details::gates(&state.store, run.id)
        .await?
        .into_iter()
        .find(|gate| gate.name == name)
        .ok_or_else(|| SystemError::not_found("The gate is gone.", "Look at the run again."))
}

/// Wakes the reconcile loop and tells readers that the run changed.
pub fn announce(state: &AppState, system: &System) {
    state.systems.wake.notify_one();
    state.hub.changed(system.slug(), Topic::Run);
    state.hub.changed(system.slug(), Topic::System);
}

/// A second press of the same button wants what is already so.
fn already(state: RunState, command: RunCommand) -> bool {
    matches!(
        (state, command),
        (RunState::Paused, RunCommand::Pause)
            | (
                RunState::Queued | RunState::Running,
                RunCommand::Resume | RunCommand::Retry
            )
            | (RunState::Aborted, RunCommand::Abort)
    )
}

fn word(command: RunCommand) -> &'static str {
    match command {
        RunCommand::Pause => "pause",
        RunCommand::Resume => "resume",
        RunCommand::Abort => "end",
        RunCommand::Retry => "try again",
    }
}

fn action(command: RunCommand) -> &'static str {
    match command {
        RunCommand::Pause => "run.pause",
        RunCommand::Resume => "run.resume",
        RunCommand::Abort => "run.abort",
        RunCommand::Retry => "run.retry",
    }
}

/// The word for a state, inside a sentence.
pub fn spoken(state: RunState) -> &'static str {
    match state {
        RunState::Queued => "queued",
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::WaitingAtGate => "waiting at a gate",
        RunState::WaitingForApproval => "waiting for approval",
        RunState::Done => "done",
        RunState::Failed => "failed",
        RunState::Aborted => "ended",
        RunState::RollingBack => "rolling back",
        RunState::RolledBack => "rolled back",
        RunState::Stuck => "stuck",
    }
}

/// Lets a run that waits at a gate measure it again.
pub async fn measure_again(
    state: &AppState,
    system: &Arc<System>,
    run: &RunRow,
) -> Result<(), SystemError> {
    let mut tx = state.store.write().await?;
    goes_on(&mut tx, run).await?;
    tx.commit().await?;
    announce(state, system);
    Ok(())
}

/// Has the loop drive a run on that waits at a gate; `false` where it waits there no more.
async fn goes_on(tx: &mut WriteTx, run: &RunRow) -> Result<bool, StoreError> {
    let (from, to) = (RunState::WaitingAtGate, RunState::Queued);
    runs::want(tx, run.id, from, &Want::Applied, to, None).await
}
