//! What a person has to do after a rollback.

use std::sync::Arc;

use shared::event::Topic;
use shared::rollback::{AfterTask, RollbackRecord, WriteTask};

use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::rollbacks::{self as rows, TaskRow};
use crate::systems::{System, SystemError};

/// Longest note, in characters.
const LONGEST_NOTE: usize = 20_000;

/// Name, title and what it is for.
const TASKS: [(&str, &str, &str); 5] = [
    (
        "cause",
        "Find the cause",
        "Why was it rolled back? Say what was seen and what made it so.",
    ),
    (
        "post-mortem",
        "Write the post-mortem",
        "What happened, in order, who was affected, what is changed so that it does not happen again.",
    ),
    (
        "staging",
        "Reproduce and fix it in staging",
        "Do the same in staging, fix it, and do it again without the fault.",
    ),
    (
        "re-migration",
        "Plan the next attempt",
        "Date, and what has to hold before it.",
    ),
    (
        "stakeholders",
        "Tell the stakeholders",
        "What happened, what it means for them, when it is tried again. Note who was told.",
    ),
];

/// The tasks of a rollback with what was written about them.
pub(super) fn of(rollback: i64, written: &[TaskRow]) -> Vec<AfterTask> {
    TASKS
        .iter()
        .map(|(name, title, detail)| {
            let row = written
                .iter()
                .find(|row| row.rollback == rollback && row.name == *name);
            AfterTask {
                name: (*name).into(),
                title: (*title).into(),
                detail: (*detail).into(),
                note: row.map(|row| row.note.clone()).unwrap_or_default(),
                done: row.is_some_and(|row| row.done),
                by: row.and_then(|row| row.by.clone()),
                at: row.and_then(|row| row.at).map(Moment::rfc3339),
            }
        })
        .collect()
}

/// Writes a task down.
pub async fn write(
    state: &AppState,
    system: &Arc<System>,
    id: i64,
    name: &str,
    wanted: &WriteTask,
    actor: &Operator,
) -> Result<RollbackRecord, SystemError> {
    let missing = || {
        SystemError::not_found(
            format!("Rollback {id} has no task {name}."),
            "Choose one from the list of tasks.",
        )
    };
    let all = super::history(state, system).await?;
    let record = all
        .iter()
        .find(|record| record.id == id)
        .ok_or_else(missing)?;
    let task = record
        .tasks
        .iter()
        .find(|task| task.name == name)
        .ok_or_else(missing)?;
    let note = wanted.note.trim();
    if note.chars().count() > LONGEST_NOTE {
        return Err(SystemError::field(
            "note",
            format!("A note has at most {LONGEST_NOTE} characters."),
        ));
    }
    if wanted.done && note.is_empty() {
        return Err(SystemError::field(
            "note",
            "Write down what was found or done before it is marked as done.",
        ));
    }
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    rows::save_task(
        &mut tx,
        &TaskRow {
            rollback: id,
            name: name.to_owned(),
            note: note.to_owned(),
            done: wanted.done,
            by: Some(actor.username().to_owned()),
            at: Some(now),
        },
    )
    .await?;
    let text = if wanted.done {
        format!("Finished the task \"{}\".", task.title)
    } else {
        format!("Wrote a note for the task \"{}\".", task.title)
    };
    let object = format!("rollback {id}, {name}");
    let entry = Entry::by(actor, "rollback.task", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Rollback);
    state.hub.changed(system.slug(), Topic::System);
    super::history(state, system)
        .await?
        .into_iter()
        .find(|record| record.id == id)
        .ok_or_else(missing)
}
