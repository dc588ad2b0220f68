//! What undoing the steps of some groups, or of all, would cost now.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::mode::Mode;
use shared::rollback::{LostRows, RollbackCost, RollbackKind, RollbackRecord, RollbackState};
use shared::state::StepState;

use super::cost::{count, fingerprint};
use crate::db::{Access, Connection, DatabaseUrl, DbError};
use crate::engine::loss::AssignmentLoss;
use crate::engine::playbook::Playbook;
use crate::engine::{self, inspect};
use crate::modes;
use crate::state::AppState;
use crate::store::rollbacks as rows;
use crate::store::runs::{self, RunRow, StepRow};
use crate::systems::{AGAIN, System, SystemError};
use crate::wording::counted;

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

/// How many steps a rollback that undoes groups, or all, has before it.
pub(super) async fn left(
    state: &AppState,
    system: &System,
    way: &RollbackKind,
) -> Result<u32, SystemError> {
    let groups = match way {
        RollbackKind::Partial { groups } => Some(groups.as_slice()),
        RollbackKind::Mode | RollbackKind::UndoAll | RollbackKind::Restore { .. } => None,
    };
    let Some((run, _)) = undoable(state, system).await? else {
        return Ok(0);
    };
    let steps = runs::steps(&state.store, run.id).await?;
    let left = steps
        .iter()
        .filter(|step| is_done(step) && is_of(step, groups));
    Ok(count(left.count()))
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
    // in the playbook's order, so that the same groups chosen in another order are the same choice
    let groups = groups.map(|names| {
        (playbook.groups.iter())
            .filter(|group| names.contains(&group.name))
            .map(|group| group.name.clone())
            .collect::<Vec<_>>()
    });
    Ok(Undoing::look(state, system).await?.cost(groups.as_deref()))
}

async fn assignments(
    url: &DatabaseUrl,
    playbook: &Playbook,
) -> Result<Vec<AssignmentLoss>, DbError> {
    let mut db = Connection::open(url, Access::Read).await?;
    // schema and counts of one moment: a rollback that goes on removes columns in between
    db.begin_read().await?;
    let schema = inspect(&mut db).await?;
    let assignments = engine::loss::assignments(&mut db, playbook, &schema, None).await?;
    db.close().await;
    Ok(assignments)
}

/// Undoing takes up to this many times as long as doing: each table's definition is edited and proved again, where doing
/// may write no row. Measured were 0.5 to 3.0 times on SQLite (README) and 0.7 to 2.3 times on PostgreSQL.
const UNDO_TO_DO: u64 = 3;

/// How long a way back takes, and how that is known.
struct Takes {
    ms: Option<u64>,
    estimated: bool,
    from: String,
}

/// What undoing has to do with, read once for every choice of groups.
pub(super) struct Undoing {
    run: Option<RunRow>,
    steps: Vec<StepRow>,
    /// Rollbacks before, newest first.
    earlier: Vec<RollbackRecord>,
    assignments: Vec<AssignmentLoss>,
    is_multi: bool,
}

impl Undoing {
    pub(super) async fn look(state: &AppState, system: &Arc<System>) -> Result<Self, SystemError> {
        let playbook = system.playbook()?;
        let run = undoable(state, system).await?.map(|(run, _)| run);
        let steps = match &run {
            Some(run) => runs::steps(&state.store, run.id).await?,
            None => Vec::new(),
        };
        let (url, mut again) = (system.url()?, AGAIN);
        let assignments = loop {
            match assignments(url, &playbook).await {
                Err(error) if error.may_pass() && again > 0 => again -= 1,
                done => break done?,
            }
        };
        Ok(Self {
            run,
            steps,
            earlier: rows::all(&state.store, system.slug()).await?,
            assignments,
            is_multi: modes::known(system, None).mode == Some(Mode::Multi),
        })
    }

    /// The steps that would be undone.
    pub(super) fn chosen(&self, groups: Option<&[String]>) -> impl Iterator<Item = &StepRow> {
        (self.steps.iter()).filter(move |step| is_done(step) && is_of(step, groups))
    }

    pub(super) fn cost(&self, groups: Option<&[String]>) -> RollbackCost {
        let chosen: Vec<&StepRow> = self.chosen(groups).collect();
        let takes = self.time(groups, &chosen);
        let lost: Vec<LostRows> = (self.assignments.iter())
            .filter(|loss| groups.is_none_or(|groups| groups.contains(&loss.group)))
            .map(|loss| LostRows {
                table: loss.table.clone(),
                model: Some(loss.model.clone()),
                created: 0,
                changed: 0,
                deleted: 0,
                assignments: loss.assignments.max(loss.decisions),
            })
            .collect();
        let mut notes = vec![
            "No record is deleted; the columns and indexes that the run made are removed.".into(),
        ];
        if groups.is_some() {
            notes.push(
                "The other groups stay migrated; what is undone can be tried again by a new run."
                    .into(),
            );
        }
        let number = self.run.as_ref().map_or(0, |run| run.summary.number);
        let bound = [
            number.to_string(),
            groups.map_or_else(|| "all".into(), |groups| groups.join(",")),
            chosen.len().to_string(),
        ];
        RollbackCost {
            fingerprint: fingerprint("undo", &bound, &lost),
            refused: self.refused(groups, chosen.is_empty()),
            measuring: false,
            takes_ms: takes.ms,
            estimated: takes.estimated,
            takes_from: takes.from,
            downtime_ms: 0,
            rows_lost: 0,
            lost,
            notes,
        }
    }

    /// As long as undoing the same groups took before, or else estimated from the time that doing the steps took.
    fn time(&self, groups: Option<&[String]>, chosen: &[&StepRow]) -> Takes {
        let measured = self.earlier.iter().find_map(|record| {
            let (took, undid) = undid(record, groups)?;
            (undid >= count(chosen.len())).then_some((record.id, took, undid))
        });
        if let Some((id, took, undid)) = measured {
            let steps = counted(u64::from(undid), "step", "steps");
            return Takes {
                ms: Some(took),
                estimated: false,
                from: format!("measured by rollback {id}, which undid {steps}"),
            };
        }
        let took: u64 = chosen.iter().filter_map(|step| took_ms(step)).sum();
        let Some(run) = self.run.as_ref().filter(|_| took > 0) else {
            return Takes {
                ms: None,
                estimated: false,
                from: "not measured".into(),
            };
        };
        Takes {
            ms: Some(took.saturating_mul(UNDO_TO_DO)),
            estimated: true,
            from: format!(
                "{UNDO_TO_DO} times as long as run {} took to do these steps, because undoing them was not measured yet",
                run.summary.number
            ),
        }
    }

    /// Why these groups cannot be undone now.
    fn refused(&self, groups: Option<&[String]>, nothing: bool) -> Option<String> {
        if nothing {
            return Some("None of its steps is done.".into());
        }
        if self.is_multi {
            return Some(
                "The system serves many organizations. Switch the mode back first: without the column nothing would keep them apart."
                    .into(),
            );
        }
        dependent(self.run.as_ref()?, &self.steps, groups?)
    }
}

/// How long an earlier rollback of the same groups, or of all, took in milliseconds, and how many steps it undid.
fn undid(record: &RollbackRecord, groups: Option<&[String]>) -> Option<(u64, u32)> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    let same = match (&record.way, groups) {
        (RollbackKind::UndoAll, None) => true,
        (RollbackKind::Partial { groups: undone }, Some(wanted)) => set(undone) == set(wanted),
        _ => false,
    };
    if !same || record.state != RollbackState::Done {
        return None;
    }
    let times: Option<Vec<u64>> = record.steps.iter().map(|step| step.took_ms).collect();
    let undid = record.steps.iter().find_map(|step| step.undid)?;
    Some((times?.iter().sum(), undid))
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
