//! The reconcile loop: looks at what is wanted and at what is, and begins whatever is missing. It takes no input, so
//! that a start after a crash and a press of a button are the same thing to it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::mode::SwitchState;
use shared::rollback::RollbackState;
use shared::state::RunState;

use crate::state::AppState;
use crate::store::runs::Want;
use crate::store::{evidence, modes, rollbacks, runs};
use crate::systems::{Order, System, SystemError};
use crate::{backups, runs as domain};

/// Time between two looks when nobody wakes it.
const LOOK: Duration = Duration::from_secs(3);
/// A gate that a run waits at is measured again this often.
const MEASURE_GATE: Duration = Duration::from_secs(3);
/// The journals of the targets are looked through for unknown runs this often.
const ADOPT: Duration = Duration::from_secs(60);

/// Begins the loop; it ends, with everything that it began, when the server stops.
pub fn begin(state: &AppState) {
    let state = state.clone();
    state.tasks.clone().spawn(async move { run(state).await });
}

async fn run(state: AppState) {
    for system in state.systems.all() {
        report(
            system,
            "cleaning up",
            backups::clean_up(&state, system).await,
        );
    }
    let mut adopted: Option<Instant> = None;
    let mut measured = Instant::now();
    loop {
        let adopt = adopted.is_none_or(|at| at.elapsed() >= ADOPT);
        let measure = measured.elapsed() >= MEASURE_GATE;
        for system in state.systems.all() {
            if adopt {
                report(
                    system,
                    "cleaning up",
                    backups::clean_up_after_others(&state, system).await,
                );
                report(
                    system,
                    "reading the journal",
                    domain::adopt(&state, system).await,
                );
            }
            report(
                system,
                "reconciling",
                reconcile(&state, system, measure).await,
            );
        }
        if adopt {
            adopted = Some(Instant::now());
        }
        if measure {
            measured = Instant::now();
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = state.systems.wake.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn report<T>(system: &System, what: &str, result: Result<T, SystemError>) {
    if let Err(error) = result {
        tracing::warn!(system = system.slug(), %error, "{what} failed; tried again later");
    }
}

/// Begins what is wanted of one system and does not go on yet.
async fn reconcile(
    state: &AppState,
    system: &Arc<System>,
    measure: bool,
) -> Result<(), SystemError> {
    if state.shutdown.is_cancelled() {
        return Ok(());
    }
    report(
        system,
        "settling a change of organizations",
        crate::organizations::settle(state, system).await,
    );
    let switches = modes::switches(&state.store, system.slug()).await?;
    if let Some(switch) = switches
        .into_iter()
        .find(|switch| switch.state == SwitchState::Running)
        && let Some(busy) = system.claim("mode switch")
    {
        let (state, system) = (state.clone(), system.clone());
        state.tasks.clone().spawn(async move {
            let _busy = busy;
            let driven = crate::modes::drive_switch(&state, &system, switch).await;
            let going_on = matches!(driven, Ok(SwitchState::Running) | Err(_));
            report(&system, "switching the mode", driven);
            // what another process carries out is looked at again in a while
            if !going_on {
                state.systems.wake.notify_one();
            }
        });
    }
    let open = rollbacks::all(&state.store, system.slug()).await?;
    if let Some(record) = open
        .into_iter()
        .find(|record| record.state == RollbackState::Running)
        && let Some(busy) = system.claim("rollback")
    {
        let (state, system) = (state.clone(), system.clone());
        state.tasks.clone().spawn(async move {
            let _busy = busy;
            let driven = crate::rollbacks::drive_rollback(&state, &system, record).await;
            let ended = driven.is_ok();
            report(&system, "rolling back", driven);
            if ended {
                state.systems.wake.notify_one();
            }
        });
    }
    seal_evidence(state, system).await?;
    reconcile_run(state, system, measure).await
}

/// Seals the evidence of what has ended, beside the loop: counting a large target takes a while.
async fn seal_evidence(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    if evidence::due(&state.store, system.slug()).await?.is_empty() {
        return Ok(());
    }
    let Some(busy) = system.claim("evidence") else {
        return Ok(());
    };
    let (state, system) = (state.clone(), system.clone());
    state.tasks.clone().spawn(async move {
        let _busy = busy;
        if let Err(error) = crate::evidence::seal_due(&state, &system).await {
            tracing::warn!(system = system.slug(), %error, "sealing evidence failed; tried again later");
        }
    });
    Ok(())
}

async fn reconcile_run(
    state: &AppState,
    system: &Arc<System>,
    measure: bool,
) -> Result<(), SystemError> {
    let Some(run) = runs::open(&state.store, system.slug()).await? else {
        return Ok(());
    };
    // a person may have told another console
    if system.is_busy("run") {
        match run.want {
            Want::Paused => system.orders.give(Order::Pause),
            Want::Aborted => system.orders.give(Order::Abort),
            Want::Applied | Want::Undone { .. } => {}
        }
        return Ok(());
    }
    let due = match (&run.want, run.summary.state) {
        // a rollback drives its runs itself
        (Want::Undone { .. }, _) => false,
        (Want::Applied, RunState::WaitingAtGate) => measure,
        (Want::Applied, state) => state.is_active(),
        (Want::Paused | Want::Aborted, RunState::Queued | RunState::Running) => {
            return settle_unwanted(state, system, &run).await;
        }
        _ => false,
    };
    if !due {
        return Ok(());
    }
    let Some(busy) = system.claim("run") else {
        return Ok(());
    };
    system.orders.give(Order::GoOn);
    // what is wanted may have changed between reading it and giving the order
    let Some(run) = runs::open(&state.store, system.slug()).await? else {
        return Ok(());
    };
    if run.want != Want::Applied {
        return Ok(());
    }
    let (state, system) = (state.clone(), system.clone());
    state.tasks.clone().spawn(async move {
        let _busy = busy;
        let driven = domain::drive_run(&state, &system, run).await;
        report(&system, "driving a run", driven);
    });
    Ok(())
}

/// A run that is to stop and that nobody drives: the server was killed between the command and the stop.
async fn settle_unwanted(
    state: &AppState,
    system: &Arc<System>,
    run: &runs::RunRow,
) -> Result<(), SystemError> {
    let Some(_busy) = system.claim("run") else {
        return Ok(());
    };
    let now = state.clock.now();
    let (next, reason) = match run.want {
        Want::Aborted => (
            RunState::Aborted,
            "Ended by a person. What was done before stays.",
        ),
        _ => (RunState::Paused, "Paused by a person. Resume to go on."),
    };
    let finished = (!next.is_open()).then_some(now);
    let mut tx = state.store.write().await?;
    runs::settle(&mut tx, run.id, next, Some(reason), finished).await?;
    tx.commit().await?;
    domain::announce(state, system);
    Ok(())
}
