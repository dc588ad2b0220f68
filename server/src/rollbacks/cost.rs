//! What each way back would cost now: measured on the target and taken from measurements, never guessed.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use shared::backup::{BackupState, BackupSummary};
use shared::mode::Mode;
use shared::rollback::{GroupRollback, LostRows, RestoreCost, RollbackCost, RollbackOptions};

use super::compared::{self, Known};
use super::undoing::{Undoing, undoable};
use crate::approvals::subject::Choice;
use crate::state::AppState;
use crate::store::modes as switches;
use crate::systems::{System, SystemError};
use crate::{backups, modes};

/// Backups whose cost is measured for the list; older ones when they are chosen.
const COMPARED: usize = 3;

/// The ways back of a system: undoing measured now, restores as last compared.
pub async fn options(
    state: &AppState,
    system: &Arc<System>,
) -> Result<RollbackOptions, SystemError> {
    let playbook = system.playbook()?;
    let undoing = Undoing::look(state, system).await?;
    let mut group_costs = Vec::new();
    for group in &playbook.groups {
        let names = [group.name.clone()];
        group_costs.push(GroupRollback {
            name: group.name.clone(),
            title: group.title.clone(),
            steps: count(undoing.chosen(Some(&names)).count()),
            cost: undoing.cost(Some(&names)),
        });
    }
    let verified: Vec<BackupSummary> = backups::list(state, system)
        .await?
        .into_iter()
        .filter(|backup| backup.state == BackupState::Verified)
        .take(COMPARED)
        .collect();
    let known = compared::at_once(state, system, &verified).await;
    let mut restores = Vec::new();
    for (backup, known) in verified.into_iter().zip(known) {
        let cost = restore_cost(state, system, &backup, known).await?;
        restores.push(RestoreCost { backup, cost });
    }
    let mut history = super::history(state, system).await?;
    let current = (!history.is_empty()).then(|| history.remove(0));
    Ok(RollbackOptions {
        measured: state.clock.now().rfc3339(),
        mode: mode(state, system).await?,
        groups: group_costs,
        undo_all: undoing.cost(None),
        restores,
        needs_approval: state.config.approvals.require_second_administrator,
        current,
        history,
    })
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
        measuring: false,
        takes_ms: usual,
        estimated: false,
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

/// Of restoring a backup, compared row by row now.
pub(super) async fn restore(
    state: &AppState,
    system: &Arc<System>,
    name: &str,
) -> Result<RollbackCost, SystemError> {
    let backup = backups::find(state, system, name).await?;
    let known = match backup.state {
        BackupState::Verified => Some(compared::exactly(state, system, name).await?),
        _ => None,
    };
    restore_cost(state, system, &backup, known).await
}

/// Of restoring a backup, given what it was last found to lose.
async fn restore_cost(
    state: &AppState,
    system: &Arc<System>,
    backup: &BackupSummary,
    known: Option<Known>,
) -> Result<RollbackCost, SystemError> {
    let refused = match (backup.state, &known) {
        (BackupState::Verified, Some(_)) => None,
        (BackupState::Verified, None) => {
            Some("What it would lose is being measured, row by row. This page follows.".into())
        }
        _ => Some(backup.trouble.clone().map_or_else(
            || "It was never restored into a scratch database.".into(),
            |why| format!("It cannot be used: {why}."),
        )),
    };
    let mut notes = vec![
        format!(
            "The database becomes what it was at {}.",
            to_the_second(&backup.taken)
        ),
        "What would be lost is written to a file first; it can be downloaded.".into(),
        "The present database is kept beside it until it is released.".into(),
    ];
    if let Some(known) = &known {
        notes.push(format!(
            "Its rows were compared with the present ones at {}; they are compared again before it is carried out.",
            to_the_second(&known.at.rfc3339())
        ));
    }
    let measuring = backup.state == BackupState::Verified && known.is_none();
    let loss = known.map(|known| known.loss).unwrap_or_default();
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
        fingerprint: restore_fingerprint(state, system, &backup.name).await?,
        refused,
        measuring,
        takes_ms: backup.restore_ms,
        estimated: false,
        takes_from: "measured when it was verified".into(),
        downtime_ms: backup.restore_ms.unwrap_or(0),
        rows_lost: loss.rows(),
        lost,
        notes,
    })
}

/// What a confirmation or approval of restoring a backup is bound to: the backup and how far the runs are. Not the rows
/// that would be lost: an application that writes every second would void every confirmation, and what is lost is
/// counted and exported again when it is carried out.
pub(super) async fn restore_fingerprint(
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
    let undoing = Undoing::look(state, system).await?;
    let mut choices = Vec::new();
    for groups in together(&playbook.groups) {
        let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
        let titles: Vec<&str> = groups.iter().map(|group| group.title.as_str()).collect();
        choices.push(Choice {
            fingerprint: undoing.cost(Some(&names)).fingerprint,
            text: format!("Roll back {} of {title}", titles.join(", ")),
        });
    }
    choices.push(Choice {
        fingerprint: undoing.cost(None).fingerprint,
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

/// Groups of which every combination can be approved; of more, each alone.
const COMBINED: usize = 8;

/// The choices of groups that can be undone together, each in the playbook's order.
fn together<T>(groups: &[T]) -> Vec<Vec<&T>> {
    if groups.len() > COMBINED {
        return groups.iter().map(|group| vec![group]).collect();
    }
    (1..1_usize << groups.len())
        .map(|chosen| {
            (groups.iter().enumerate())
                .filter(|(place, _)| chosen & (1 << place) != 0)
                .map(|(_, group)| group)
                .collect()
        })
        .collect()
}

/// Hash over what a confirmation is bound to. Counts go in by their order of magnitude: one decision more must not void
/// a confirmation, many more must.
pub(super) fn fingerprint(way: &str, bound: &[String], lost: &[LostRows]) -> String {
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
    fn every_choice_of_groups_can_be_approved_while_they_are_few() {
        assert_eq!(
            together(&["a", "b"]),
            [vec![&"a"], vec![&"b"], vec![&"a", &"b"]]
        );
        assert_eq!(together(&["x"; 9]).len(), 9);
    }

    #[test]
    fn a_row_more_voids_no_confirmation_but_many_more_do() {
        let at = |created| fingerprint("undo", &["b".into()], &lost(created));
        assert_eq!(at(110), at(111));
        assert_ne!(at(0), at(1));
        assert_ne!(at(110), at(1100));
    }
}
