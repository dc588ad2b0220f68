//! Carries a rollback out, step by step, each written down before and after, so that a killed server goes on from there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::event::Topic;
use shared::rollback::{RollbackKind, RollbackRecord, RollbackState, RollbackStep};
use shared::state::{RunState, StepState};
use shared::work::{WorkOn, WorkProgress};

use super::application::{healthy, run_hook, set_variable, switch_mode};
use super::progress::{listen, told};
use super::restoring::{restore, settle_runs};
use super::{export, undoing};
use crate::audit::{self, Entry};
use crate::modes;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::rollbacks as rows;
use crate::store::runs;
use crate::systems::{Order, System, SystemError};

/// One piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Export,
    SwitchMode,
    Undo,
    Variable,
    Stop,
    Restore,
    Runs,
    Restart,
    Health,
}

fn planned(way: &RollbackKind, system: &System) -> Vec<Work> {
    let hook = |name: &str| system.hook(name).is_some();
    match way {
        RollbackKind::Mode => vec![Work::SwitchMode],
        RollbackKind::Partial { .. } | RollbackKind::UndoAll => {
            let mut work = vec![Work::Export, Work::Undo];
            if system.config.health_url.is_some() {
                work.push(Work::Health);
            }
            work
        }
        RollbackKind::Restore { .. } => {
            let mut work = Vec::new();
            if hook("stop") {
                work.push(Work::Stop);
            }
            work.push(Work::Export);
            if modes::names(system).is_some() && system.config.environment_file.is_some() {
                work.push(Work::Variable);
            }
            work.extend([Work::Restore, Work::Runs]);
            if hook("restart") {
                work.push(Work::Restart);
            }
            if system.config.health_url.is_some() {
                work.push(Work::Health);
            }
            work
        }
    }
}

fn title(work: Work) -> &'static str {
    match work {
        Work::Export => "Write what is lost to a file",
        Work::SwitchMode => "Switch the mode back",
        Work::Undo => "Undo the steps",
        Work::Variable => "Set the mode back to one organization",
        Work::Stop => "Stop the application",
        Work::Restore => "Restore the backup",
        Work::Runs => "Read the journal again",
        Work::Restart => "Start the application",
        Work::Health => "Ask the application how it is",
    }
}

/// Carries a rollback to its end, from wherever it is.
pub async fn drive_rollback(
    state: &AppState,
    system: &Arc<System>,
    mut record: RollbackRecord,
) -> Result<RollbackState, SystemError> {
    let work = planned(&record.way, system);
    for (place, piece) in work.iter().enumerate() {
        if record.steps.len() <= place {
            record.steps.push(RollbackStep {
                title: title(*piece).into(),
                state: StepState::Pending,
                detail: String::new(),
                took_ms: None,
                progress: None,
                undid: None,
            });
        }
    }
    for (place, piece) in work.into_iter().enumerate() {
        if record.steps[place].state == StepState::Done {
            continue;
        }
        // what is left of a piece after a crash takes less than the piece
        let resumed = record.steps[place].state == StepState::Running;
        if piece == Work::Undo && !resumed {
            let left = undoing::left(state, system, &record.way).await?;
            record.steps[place].undid = Some(left);
        }
        record.steps[place].state = StepState::Running;
        save(state, system, &record).await?;
        let began = Instant::now();
        match perform(state, system, &mut record, piece).await {
            Ok(detail) => {
                record.steps[place].state = StepState::Done;
                record.steps[place].took_ms = (!resumed).then(|| millis(began.elapsed()));
                record.steps[place].detail = detail;
                save(state, system, &record).await?;
            }
            // the server stops: the next one goes on with this step
            Err(_) if state.shutdown.is_cancelled() => return Ok(RollbackState::Running),
            Err(error) => {
                let remedy = error.remedy().unwrap_or_default();
                let why = format!("{} {remedy}", sentence(&error.to_string()));
                record.steps[place].state = StepState::Failed;
                record.steps[place].detail.clone_from(&why);
                record.error = Some(why);
                end(state, system, &mut record, RollbackState::Failed).await?;
                return Ok(RollbackState::Failed);
            }
        }
    }
    end(state, system, &mut record, RollbackState::Done).await?;
    Ok(RollbackState::Done)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

async fn save(
    state: &AppState,
    system: &System,
    record: &RollbackRecord,
) -> Result<(), SystemError> {
    write_down(state, record).await?;
    state.hub.changed(system.slug(), Topic::Rollback);
    Ok(())
}

async fn write_down(state: &AppState, record: &RollbackRecord) -> Result<(), SystemError> {
    let mut tx = state.store.write().await?;
    rows::save(&mut tx, record, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Says in the running step of the record, and to open pages, how far its work is. The work does not depend on it.
pub(super) async fn note(
    state: &AppState,
    system: &System,
    record: &RollbackRecord,
    progress: WorkProgress,
) {
    let running = |step: &RollbackStep| step.state == StepState::Running;
    let Some(place) = record.steps.iter().position(running) else {
        return;
    };
    let work = WorkOn::Rollback {
        id: record.id,
        step: u32::try_from(place).unwrap_or(u32::MAX),
    };
    state.hub.work(system.slug(), work, progress.clone());
    let mut shown = record.clone();
    shown.steps[place].detail.clone_from(&progress.words);
    shown.steps[place].progress = Some(progress);
    if let Err(error) = write_down(state, &shown).await {
        tracing::warn!(system = system.slug(), %error, "how far a rollback is could not be written down");
    }
}

async fn end(
    state: &AppState,
    system: &System,
    record: &mut RollbackRecord,
    outcome: RollbackState,
) -> Result<(), SystemError> {
    record.state = outcome;
    let now = state.clock.now();
    let (action, text) = match outcome {
        RollbackState::Failed => (
            "rollback.failed",
            format!(
                "The rollback of {} failed: {}",
                super::spoken(&record.way),
                record.error.clone().unwrap_or_default()
            ),
        ),
        RollbackState::Done | RollbackState::Running => (
            "rollback.done",
            format!("Rolled back {}.", super::spoken(&record.way)),
        ),
    };
    let mut tx = state.store.write().await?;
    rows::save(&mut tx, record, Some(now)).await?;
    let object = format!("rollback {}", record.id);
    let entry = Entry::by_itself(action, object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    for topic in [
        Topic::Rollback,
        Topic::Run,
        Topic::Coverage,
        Topic::Mode,
        Topic::System,
    ] {
        state.hub.changed(system.slug(), topic);
    }
    Ok(())
}

/// Does one piece of work; each can be done again after a crash in its middle.
async fn perform(
    state: &AppState,
    system: &Arc<System>,
    record: &mut RollbackRecord,
    work: Work,
) -> Result<String, SystemError> {
    match work {
        Work::Export => write_export(state, system, record).await,
        Work::SwitchMode => switch_mode(state, system, record).await,
        Work::Undo => undo(state, system).await,
        Work::Variable => set_variable(system),
        Work::Stop => run_hook(system, "stop").await,
        Work::Restart => run_hook(system, "restart").await,
        Work::Restore => restore(state, system, record).await,
        Work::Runs => settle_runs(state, system, record).await,
        Work::Health => healthy(state, system).await,
    }
}

async fn write_export(
    state: &AppState,
    system: &Arc<System>,
    record: &mut RollbackRecord,
) -> Result<String, SystemError> {
    let directory = export::directory(state, system);
    let name = format!("{}-rollback-{}.json", system.slug(), record.id);
    let file = directory.join(&name);
    let failed = |error: std::io::Error| {
        SystemError::unavailable(
            system.without_places(&format!("{} cannot be written: {error}.", file.display())),
            "Check the data directory and its free disk.",
        )
    };
    std::fs::create_dir_all(&directory).map_err(failed)?;
    // what a crash left half-written
    if file.exists() {
        std::fs::remove_file(&file).map_err(failed)?;
    }
    let rows = match &record.way {
        RollbackKind::Restore { backup } => {
            let (watch, latest) = listen(&state.shutdown);
            let work = export::write_restore(state, system, backup, &file, watch);
            let rows = told(state, system, record, work, latest).await?;
            record.rows_lost = rows;
            rows
        }
        RollbackKind::Partial { groups } => {
            export::write_decisions(system, Some(groups), &file).await?
        }
        RollbackKind::UndoAll | RollbackKind::Mode => {
            export::write_decisions(system, None, &file).await?
        }
    };
    record.export = Some(name.clone());
    Ok(format!("{rows} rows written to {name}."))
}

async fn undo(state: &AppState, system: &Arc<System>) -> Result<String, SystemError> {
    let Some(_busy) = system.claim("run") else {
        return Err(SystemError::conflict(
            "A run of this system is being driven.",
            "Start the rollback again.",
        ));
    };
    // an order to an earlier drive may be left
    system.orders.give(Order::GoOn);
    let all = runs::summaries(&state.store, system.slug()).await?;
    let Some(rolling) = all
        .iter()
        .find(|run| run.state == RunState::RollingBack)
        .map(|run| run.number)
    else {
        // it was undone just before a crash
        return Ok("The steps are undone.".into());
    };
    loop {
        let run = crate::runs::find(state, system, rolling).await?;
        let ended = crate::runs::drive_run(state, system, run).await?;
        match ended {
            RunState::RolledBack => {
                return Ok(format!("The steps of run {rolling} are undone."));
            }
            // somebody else drives the target: again when the lease has ended
            RunState::RollingBack if !state.shutdown.is_cancelled() => {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            _ => {
                let reason = crate::runs::find(state, system, rolling)
                    .await?
                    .summary
                    .reason
                    .unwrap_or_else(|| "The steps could not be undone.".into());
                return Err(SystemError::conflict(
                    reason,
                    "Look at the run; restoring a backup is the other way back.",
                ));
            }
        }
    }
}
