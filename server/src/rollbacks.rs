//! The ways back: of the mode, of some groups, of every step, or to a backup; what each would cost now, and carrying
//! one out. What is lost is written to a file before it is lost.

mod application;
mod carry_out;
mod compared;
mod cost;
mod export;
mod progress;
mod restoring;
mod tasks;
mod undoing;

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::approval::ApprovalAction;
use shared::event::Topic;
use shared::rollback::{RollbackCost, RollbackKind, RollbackRecord, StartRollback};
use shared::state::RunState;
use shared::system::WayBack;

use crate::accounts::{Administrator, Fresh};
use crate::approvals;
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::rollbacks as rows;
use crate::store::runs::{self, RunRow, Want};
use crate::store::{WriteTx, modes, run_details};
use crate::systems::{Order, System, SystemError};
use crate::wording::counted;

pub use carry_out::drive_rollback;
pub use compared::Compared;
pub use cost::{choices, options};
pub use export::lost_rows;
pub use tasks::write as write_task;

/// Rollbacks of a system with their tasks, newest first.
pub async fn history(
    state: &AppState,
    system: &System,
) -> Result<Vec<RollbackRecord>, SystemError> {
    let mut all = rows::all(&state.store, system.slug()).await?;
    let written = rows::tasks(&state.store, system.slug()).await?;
    for record in &mut all {
        record.tasks = tasks::of(record.id, &written);
    }
    Ok(all)
}

/// The ways back as lines, each with its cost now. Only what can be told at once: comparing backups takes longer.
pub async fn ways_back(state: &AppState, system: &Arc<System>) -> Vec<WayBack> {
    let mut ways = Vec::new();
    let mut add = |title: &str, cost: String| {
        ways.push(WayBack {
            title: title.into(),
            cost,
        });
    };
    if crate::modes::names(system).is_some() {
        add("Switch the mode back", "Nothing lost".into());
    }
    if let Ok(Some((_, done))) = undoing::undoable(state, system).await {
        add(
            "Undo some groups or every step",
            format!("{} would be undone", counted(done as u64, "step", "steps")),
        );
    }
    if let Ok(Some(backup)) = crate::backups::newest_verified(state, system).await {
        add(
            &format!("Restore {}", backup.name),
            "Rows made since then".into(),
        );
    }
    ways
}

/// What undoing these groups together costs now.
///
/// # Errors
/// When the playbook has no such group, or the target cannot be read.
pub async fn cost_of_groups(
    state: &AppState,
    system: &Arc<System>,
    groups: &[String],
) -> Result<RollbackCost, SystemError> {
    if groups.is_empty() {
        return Err(SystemError::field("groups", "Choose at least one group."));
    }
    undoing::groups(state, system, Some(groups)).await
}

/// What a way back costs now.
async fn cost_of(
    state: &AppState,
    system: &Arc<System>,
    way: &RollbackKind,
) -> Result<RollbackCost, SystemError> {
    match way {
        RollbackKind::Mode => cost::mode(state, system).await,
        RollbackKind::Partial { groups } => cost_of_groups(state, system, groups).await,
        RollbackKind::UndoAll => undoing::groups(state, system, None).await,
        RollbackKind::Restore { backup } => cost::restore(state, system, backup).await,
    }
}

/// What an approval of a way back is bound to now.
///
/// # Errors
/// When the target or the control store cannot be read.
pub async fn bound_to(
    state: &AppState,
    system: &Arc<System>,
    way: &RollbackKind,
) -> Result<String, SystemError> {
    match way {
        // which rows it loses is no part of it, and comparing them takes long
        RollbackKind::Restore { backup } => cost::restore_fingerprint(state, system, backup).await,
        way => Ok(cost_of(state, system, way).await?.fingerprint),
    }
}

/// Writes down that a rollback is wanted; a task carries it out.
pub async fn start(
    state: &AppState,
    system: &Arc<System>,
    wanted: &StartRollback,
    actor: &Fresh<Administrator>,
) -> Result<RollbackRecord, SystemError> {
    if wanted.confirm.trim() != system.config.title {
        return Err(SystemError::field(
            "confirm",
            format!("Type {} to confirm.", system.config.title),
        ));
    }
    let cost = cost_of(state, system, &wanted.way).await?;
    if let Some(why) = cost.refused {
        return Err(SystemError::conflict(
            why,
            "Look at the ways back as they are now.",
        ));
    }
    if cost.fingerprint != wanted.fingerprint {
        return Err(SystemError::changed_meanwhile(
            "What this rollback would cost has changed since it was shown.",
            "Look at the cost again, then confirm it.",
        ));
    }
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let run = idle(&mut tx, system).await?;
    let mode_only = matches!(wanted.way, RollbackKind::Mode);
    if state.config.approvals.require_second_administrator && !mode_only {
        approvals::consume(
            &mut tx,
            now,
            system.slug(),
            ApprovalAction::Rollback,
            &wanted.fingerprint,
        )
        .await?;
    }
    run_details::forget_preflight(&mut tx, system.slug()).await?;
    let id = rows::insert(
        &mut tx,
        system.slug(),
        &wanted.way,
        &wanted.fingerprint,
        actor.username(),
        now,
        cost.rows_lost,
    )
    .await?;
    match &wanted.way {
        RollbackKind::Partial { groups } => {
            let groups = Some(groups.iter().cloned().collect());
            want_undone(&mut tx, state, system, groups).await?;
        }
        RollbackKind::UndoAll => want_undone(&mut tx, state, system, None).await?,
        RollbackKind::Mode | RollbackKind::Restore { .. } => {
            if let (Some(run), false) = (run, mode_only) {
                // it must not go on in a database that is about to be another one
                runs::want(
                    &mut tx,
                    run.id,
                    run.summary.state,
                    &Want::Paused,
                    RunState::Paused,
                    Some("A backup is being restored."),
                )
                .await?;
            }
        }
    }
    let text = format!(
        "Began to roll back {}; {} rows would be lost.",
        spoken(&wanted.way),
        cost.rows_lost
    );
    let object = format!("rollback {id}");
    let entry = Entry::by(actor, "rollback.started", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    system.orders.give(Order::GoOn);
    for topic in [Topic::Rollback, Topic::Run, Topic::System] {
        state.hub.changed(system.slug(), topic);
    }
    state.systems.wake.notify_one();
    history(state, system)
        .await?
        .into_iter()
        .find(|record| record.id == id)
        .ok_or_else(|| SystemError::not_found("The rollback is gone.", "Look again."))
}

/// Refuses while something goes on that a rollback must not meet. Answers the open run.
async fn idle(tx: &mut WriteTx, system: &System) -> Result<Option<RunRow>, SystemError> {
    if rows::is_rolling_back(tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "A rollback of this system is going on.",
            "Wait until it is done.",
        ));
    }
    if modes::is_switching(tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "The mode of this system is being switched.",
            "Wait until it is done.",
        ));
    }
    let open = runs::open_in(tx, system.slug()).await?;
    match open {
        Some(run) if run.summary.state.is_active() => Err(SystemError::conflict(
            format!("Run {} is going on.", run.summary.number),
            "Pause it first.",
        )),
        open => Ok(open),
    }
}

async fn want_undone(
    tx: &mut WriteTx,
    state: &AppState,
    system: &Arc<System>,
    groups: Option<BTreeSet<String>>,
) -> Result<(), SystemError> {
    let Some((run, _)) = undoing::undoable(state, system).await? else {
        return Err(SystemError::conflict(
            "No step is done that could be undone.",
            "Nothing needs to be rolled back.",
        ));
    };
    let changed = runs::want(
        tx,
        run.id,
        run.summary.state,
        &Want::Undone { groups },
        RunState::RollingBack,
        None,
    )
    .await;
    match changed {
        Ok(true) => Ok(()),
        Ok(false) => Err(SystemError::changed_meanwhile(
            "The run changed while the rollback was confirmed.",
            "Look at the ways back as they are now.",
        )),
        Err(error) if error.is_unique_violation() => Err(SystemError::conflict(
            "Another run of this system is open.",
            "End it first.",
        )),
        Err(error) => Err(error.into()),
    }
}

/// A way back inside a sentence.
pub(crate) fn spoken(way: &RollbackKind) -> String {
    match way {
        RollbackKind::Mode => "the mode".into(),
        RollbackKind::Partial { groups } => format!("the groups {}", groups.join(", ")),
        RollbackKind::UndoAll => "every step".into(),
        RollbackKind::Restore { backup } => format!("to the backup {backup}"),
    }
}
