//! Runs that commands took back, restored away or ended beside the console: what the console knows of them follows the
//! journal of their target.

use shared::event::Topic;
use shared::state::RunState;

use super::adopt::{mirror, standing};
use crate::audit::{self, Entry};
use crate::engine::journal::RunRecord;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::WriteTx;
use crate::store::runs::{self, RunRow, Want};
use crate::systems::{System, SystemError};

/// What the journal says of a run that the console knows otherwise.
#[derive(Debug, PartialEq)]
enum Found<'a> {
    /// It has ended, in this state.
    Ended(&'a RunRecord, RunState),
    /// It is not in the journal: a backup from before it was restored.
    Gone,
}

/// Makes known runs that nobody drives what the journal says, and answers how many changed.
pub(super) async fn follow(
    state: &AppState,
    system: &System,
    known: &[RunRow],
    journal: &[RunRecord],
) -> Result<usize, SystemError> {
    let mut changed = 0;
    for run in known {
        let told = journal.iter().find(|told| told.run == run.journal_run);
        let Some(found) = found(run, told) else {
            continue;
        };
        let now = state.clock.now();
        let mut tx = state.store.write().await?;
        let (action, what) = match found {
            Found::Ended(record, standing) => {
                mirror(&mut tx, run, record, Moment(record.updated_at_ms)).await?;
                match standing {
                    RunState::Done => ("run.done", "a command ended"),
                    _ => ("run.rolled-back", "a command took back"),
                }
            }
            Found::Gone => {
                restored_away(&mut tx, run, now).await?;
                ("run.rolled-back", "a restored backup is older than")
            }
        };
        let number = run.summary.number;
        let text = format!("Found in the journal of the target that {what} run {number}.");
        let entry = Entry::by_itself(action, format!("run {number}"), text).on(system.slug());
        audit::append(&mut tx, now, entry).await?;
        tx.commit().await?;
        changed += 1;
    }
    if changed > 0 {
        crate::coverage::remember(state, system, None).await?;
        for topic in [Topic::Coverage, Topic::Rollback] {
            state.hub.changed(system.slug(), topic);
        }
    }
    Ok(changed)
}

async fn restored_away(tx: &mut WriteTx, run: &RunRow, now: Moment) -> Result<(), SystemError> {
    let (seen, undone) = (run.summary.state, Want::Undone { groups: None });
    let back = RunState::RolledBack;
    let reason = "Rolled back: a backup from before it was restored beside the console.";
    runs::undone_by_restore(tx, run.id).await?;
    runs::want(tx, run.id, seen, &undone, back, None).await?;
    runs::settle(tx, run.id, back, Some(reason), Some(now)).await?;
    Ok(())
}

fn found<'a>(run: &RunRow, told: Option<&'a RunRecord>) -> Option<Found<'a>> {
    let known = run.summary.state;
    // it finds out for itself
    let is_driven = known.is_active() || (known.is_open() && run.want == Want::Applied);
    if is_driven {
        return None;
    }
    let Some(record) = told else {
        let was_there = run.summary.steps_done > 0 && known != RunState::RolledBack;
        return was_there.then_some(Found::Gone);
    };
    let standing = standing(record);
    // what a person has ended stays ended, unless it was taken back
    let is_news = standing != known
        && !standing.is_open()
        && (known != RunState::Aborted || standing == RunState::RolledBack);
    is_news.then_some(Found::Ended(record, standing))
}
