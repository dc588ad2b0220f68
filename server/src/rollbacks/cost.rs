//! What each way back would cost now: measured on the target and taken from measurements, never guessed.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use shared::backup::{BackupState, BackupSummary};
use shared::mode::Mode;
use shared::rollback::{GroupRollback, LostRows, RestoreCost, RollbackCost, RollbackOptions};
use shared::state::StepState;

use crate::approvals::subject::Choice;
use crate::engine::progress::Watch;
use crate::engine::{self, inspect};
use crate::state::AppState;
use crate::store::modes as switches;
use crate::store::runs::{self, RunRow, StepRow};
use crate::systems::{System, SystemError};
use crate::{backups, modes};

/// Backups whose cost is measured for the list; older ones when they are chosen.
const COMPARED: usize = 3;

/// The ways back of a system, measured now.
pub async fn options(
    state: &AppState,
    system: &Arc<System>,
) -> Result<RollbackOptions, SystemError> {
    let playbook = system.playbook()?;
    let mut group_costs = Vec::new();
    let steps = match undoable(state, system).await? {
        Some((run, _)) => runs::steps(&state.store, run.id).await?,
        None => Vec::new(),
    };
    for group in &playbook.groups {
        let names = [group.name.clone()];
        group_costs.push(GroupRollback {
            name: group.name.clone(),
            title: group.title.clone(),
            steps: count(
                steps
                    .iter()
                    .filter(|step| is_of(step, Some(&names)) && is_done(step))
                    .count(),
            ),
            cost: groups(state, system, Some(&names)).await?,
        });
    }
    let mut restores = Vec::new();
    let verified = backups::list(state, system)
        .await?
        .into_iter()
        .filter(|backup| backup.state == BackupState::Verified)
        .take(COMPARED);
    for backup in verified {
        let cost = restore(state, system, &backup.name).await?;
        restores.push(RestoreCost { backup, cost });
    }
    let mut history = super::history(state, system).await?;
    let current = (!history.is_empty()).then(|| history.remove(0));
    Ok(RollbackOptions {
        measured: state.clock.now().rfc3339(),
        mode: mode(state, system).await?,
        groups: group_costs,
        undo_all: groups(state, system, None).await?,
        restores,
        needs_approval: state.config.approvals.require_second_administrator,
        current,
        history,
    })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn is_done(step: &StepRow) -> bool {
    matches!(
        step.state,
        StepState::Done
            | StepState::Running
            | StepState::Failed
            | StepState::Undoing
            | StepState::Stuck
    )
}

/// Whether a step belongs to one of the groups; its key begins with the group's name.
fn is_of(step: &StepRow, groups: Option<&[String]>) -> bool {
    groups.is_none_or(|groups| {
        groups
            .iter()
            .any(|group| step.key.split('.').next() == Some(group))
    })
}

/// The run whose steps a rollback would undo, with the number of those that are done: the newest one, because a run
/// takes over what earlier ones did.
pub(super) async fn undoable(
    state: &AppState,
    system: &System,
) -> Result<Option<(RunRow, u32)>, SystemError> {
    for summary in runs::summaries(&state.store, system.slug()).await? {
        let Some(run) = runs::get(&state.store, system.slug(), summary.number).await? else {
            continue;
        };
        let steps = runs::steps(&state.store, run.id).await?;
        let done = steps.iter().filter(|step| is_done(step)).count();
        if done > 0 {
            return Ok(Some((run, count(done))));
        }
        if !steps.is_empty() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Of the mode.
pub(super) async fn mode(
    state: &AppState,
    system: &Arc<System>,
) -> Result<RollbackCost, SystemError> {
    let usual = switches::usual_downtime_ms(&state.store, system.slug()).await?;
    let known = modes::known(system, None);
    let refused = match (modes::names(system), known.mode) {
        (None, _) => Some("This system has no modes.".to_owned()),
        (Some(_), Some(Mode::Multi)) => None,
        (Some(names), _) => Some(format!(
            "It is in {} mode already.",
            modes::title(&names, Mode::Single)
        )),
    };
    Ok(RollbackCost {
        fingerprint: fingerprint("mode", &[known.file.unwrap_or_default()], &[]),
        refused,
        takes_ms: usual,
        takes_from: if usual.is_some() {
            "measured on earlier switches".into()
        } else {
            "not measured yet".into()
        },
        downtime_ms: usual.unwrap_or(0),
        lost: Vec::new(),
        rows_lost: 0,
        notes: vec![
            "Every record keeps its organization. You can switch again later.".into(),
            "The application restarts once.".into(),
        ],
    })
}

/// Of some groups, or of every step.
pub(super) async fn groups(
    state: &AppState,
    system: &Arc<System>,
    groups: Option<&[String]>,
) -> Result<RollbackCost, SystemError> {
    let playbook = system.playbook()?;
    if let Some(unknown) = groups
        .into_iter()
        .flatten()
        .find(|name| !playbook.groups.iter().any(|group| group.name == **name))
    {
        return Err(SystemError::field(
            "groups",
            format!("The playbook has no group {unknown}."),
        ));
    }
    let found = undoable(state, system).await?;
    let steps = match &found {
        Some((run, _)) => runs::steps(&state.store, run.id).await?,
        None => Vec::new(),
    };
    let chosen: Vec<&StepRow> = steps
        .iter()
        .filter(|step| is_done(step) && is_of(step, groups))
        .collect();
    let mut db = system.reader().await?;
    // schema and counts of one moment: a rollback that goes on removes columns in between
    db.begin_read().await?;
    let schema = inspect(&mut db).await?;
    let assignments = engine::loss::assignments(&mut db, &playbook, &schema, groups).await?;
    db.close().await;
    let took: u64 = chosen.iter().filter_map(|step| took_ms(step)).sum();
    let lost: Vec<LostRows> = assignments
        .into_iter()
        .map(|loss| LostRows {
            table: loss.table,
            model: Some(loss.model),
            created: 0,
            changed: 0,
            deleted: 0,
            assignments: loss.assignments.max(loss.decisions),
        })
        .collect();
    let mut refused = chosen
        .is_empty()
        .then(|| "None of its steps is done.".to_owned());
    if refused.is_none() && modes::known(system, None).mode == Some(Mode::Multi) {
        refused = Some(
            "The system serves many organizations. Switch the mode back first: without the column nothing would keep them apart."
                .into(),
        );
    }
    if refused.is_none()
        && let (Some((run, _)), Some(groups)) = (&found, groups)
    {
        refused = dependent(run, &steps, groups);
    }
    let mut notes =
        vec!["No record is deleted; the columns and indexes that the run made are removed.".into()];
    if groups.is_some() {
        notes.push(
            "The other groups stay migrated; this one can be tried again by a new run.".into(),
        );
    }
    let number = found.as_ref().map_or(0, |(run, _)| run.summary.number);
    let bound = [
        number.to_string(),
        groups.map_or_else(|| "all".into(), |groups| groups.join(",")),
        chosen.len().to_string(),
    ];
    Ok(RollbackCost {
        fingerprint: fingerprint("undo", &bound, &lost),
        refused,
        takes_ms: (took > 0).then_some(took),
        takes_from: if took > 0 {
            format!("measured when run {number} did the same steps")
        } else {
            "not measured".into()
        },
        downtime_ms: 0,
        rows_lost: 0,
        lost,
        notes,
    })
}

fn took_ms(step: &StepRow) -> Option<u64> {
    Some(
        step.finished?
            .0
            .saturating_sub(step.started?.0)
            .unsigned_abs(),
    )
}

/// Why some groups cannot be undone alone: another one that stays finds its organization through them.
fn dependent(run: &RunRow, steps: &[StepRow], groups: &[String]) -> Option<String> {
    run.plan.dependencies.iter().find_map(|dependency| {
        let stays = !groups.contains(&dependency.group)
            && steps.iter().any(|step| {
                is_done(step) && is_of(step, Some(std::slice::from_ref(&dependency.group)))
            });
        (groups.contains(&dependency.on) && stays).then(|| {
            format!(
                "{} finds its organization through {}. Undo the group {} too.",
                dependency.table, dependency.parent, dependency.group
            )
        })
    })
}

/// Of restoring a backup.
pub(super) async fn restore(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
) -> Result<RollbackCost, SystemError> {
    let backup = backups::find(state, system, name).await?;
    let refused = (backup.state != BackupState::Verified).then(|| {
        backup.trouble.clone().map_or_else(
            || "It was never restored into a scratch database.".into(),
            |why| format!("It cannot be used: {why}."),
        )
    });
    let loss = match refused {
        Some(_) => engine::loss::Loss::default(),
        None => measured_loss(state, system, &backup).await?,
    };
    let lost: Vec<LostRows> = loss
        .tables
        .iter()
        .map(|table| LostRows {
            table: table.table.clone(),
            model: table.model.clone(),
            created: table.created.saturating_sub(table.by_migration),
            changed: table.changed,
            deleted: table.deleted,
            assignments: 0,
        })
        .filter(|lost| lost.created + lost.changed + lost.deleted > 0)
        .collect();
    Ok(RollbackCost {
        fingerprint: restore_fingerprint(state, system, name).await?,
        refused,
        takes_ms: backup.restore_ms,
        takes_from: "measured when it was verified".into(),
        downtime_ms: backup.restore_ms.unwrap_or(0),
        rows_lost: loss.rows(),
        lost,
        notes: vec![
            format!(
                "The database becomes what it was at {}.",
                to_the_second(&backup.taken)
            ),
            "What would be lost is written to a file first; it can be downloaded.".into(),
            "The present database is kept beside it until it is released.".into(),
        ],
    })
}

/// What a confirmation or approval of restoring a backup is bound to: the backup and how far the runs are. Not the rows
/// that would be lost: an application that writes every second would void every confirmation, and what is lost is
/// counted and exported again when it is carried out.
async fn restore_fingerprint(
    state: &AppState,
    system: &System,
    name: &str,
) -> Result<String, SystemError> {
    let mut bound = vec![name.to_owned()];
    if let Some((run, done)) = undoable(state, system).await? {
        bound.extend([run.summary.number.to_string(), done.to_string()]);
    }
    Ok(fingerprint("restore", &bound, &[]))
}

/// What a second administrator can approve now, each bound to what its confirmation is bound to.
pub async fn choices(state: &AppState, system: &Arc<System>) -> Result<Vec<Choice>, SystemError> {
    let title = &system.config.title;
    let playbook = system.playbook()?;
    let mut choices = Vec::new();
    for group in &playbook.groups {
        let names = [group.name.clone()];
        choices.push(Choice {
            fingerprint: groups(state, system, Some(&names)).await?.fingerprint,
            text: format!("Roll back {} of {title}", group.title),
        });
    }
    choices.push(Choice {
        fingerprint: groups(state, system, None).await?.fingerprint,
        text: format!("Undo every step on {title}"),
    });
    for backup in backups::list(state, system).await? {
        if backup.state == BackupState::Verified {
            choices.push(Choice {
                fingerprint: restore_fingerprint(state, system, &backup.name).await?,
                text: format!("Restore {} into {title}", backup.name),
            });
        }
    }
    Ok(choices)
}

/// The loss, measured again only when the target's file has changed.
async fn measured_loss(
    state: &AppState,
    system: &Arc<System>,
    backup: &BackupSummary,
) -> Result<engine::loss::Loss, SystemError> {
    let stamp = stamp(system);
    let mut measured = system.losses.lock().await;
    if let Some((at, loss)) = measured.get(&backup.name)
        && *at == stamp
    {
        return Ok(loss.clone());
    }
    let place = backups::place(state, system, &backup.name).await?;
    let opened = engine::backup::open(&place).map_err(|error| backups::refused(&error))?;
    let playbook = system.playbook()?;
    let loss = engine::loss::since(system.url()?, &opened, Some(&playbook), Watch::nobody())
        .await
        .map_err(|error| backups::refused(&error))?;
    measured.insert(backup.name.clone(), (stamp, loss.clone()));
    Ok(loss)
}

/// Changes whenever the target's file or its log does.
fn stamp(system: &System) -> Vec<(u64, std::time::SystemTime)> {
    let Some(path) = system.url().ok().and_then(|url| url.path()) else {
        return Vec::new();
    };
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path.to_owned(), log.into()]
        .iter()
        .filter_map(|path| std::fs::metadata(path).ok())
        .filter_map(|about| Some((about.len(), about.modified().ok()?)))
        .collect()
}

/// Hash over what a confirmation is bound to. Counts go in by their order of magnitude: one decision more must not void
/// a confirmation, many more must.
fn fingerprint(way: &str, bound: &[String], lost: &[LostRows]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(way);
    for part in bound {
        add(part);
    }
    for table in lost {
        add(&table.table);
        for count in [
            table.created,
            table.changed,
            table.deleted,
            table.assignments,
        ] {
            add(&magnitude(count).to_string());
        }
    }
    hex::encode(hasher.finalize())
}

fn magnitude(count: u64) -> u32 {
    u64::BITS - count.leading_zeros() / 2 * 2
}

/// A moment without its fraction, for a sentence.
fn to_the_second(moment: &str) -> String {
    match moment.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => moment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(created: u64) -> Vec<LostRows> {
        vec![LostRows {
            table: "communities_community".into(),
            model: None,
            created,
            changed: 0,
            deleted: 0,
            assignments: 0,
        }]
    }

    #[test]
    fn a_row_more_voids_no_confirmation_but_many_more_do() {
        let at = |created| fingerprint("undo", &["b".into()], &lost(created));
        assert_eq!(at(110), at(111));
        assert_ne!(at(0), at(1));
        assert_ne!(at(110), at(1100));
    }
}
