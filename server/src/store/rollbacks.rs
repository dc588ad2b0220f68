//! Rollbacks and what a person has to do after each.

use shared::rollback::{AfterTask, RollbackKind, RollbackRecord};

use super::words::{json, of_json, of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// What a person wrote about a task.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// Identifier of the rollback.
    pub rollback: i64,
    /// Name of the task.
    pub name: String,
    /// What was written.
    pub note: String,
    /// Done.
    pub done: bool,
    /// Who.
    pub by: Option<String>,
    /// When.
    pub at: Option<Moment>,
}

fn record(row: &sql::Row) -> Result<RollbackRecord, StoreError> {
    Ok(RollbackRecord {
        id: row.try_get(0)?,
        way: of_json("the way of a rollback", row.try_get(1)?)?,
        state: of_word("the state of a rollback", row.try_get(2)?)?,
        by: row.try_get(3)?,
        started: Moment(row.try_get(4)?).rfc3339(),
        finished: row
            .try_get::<Option<i64>, _>(5)?
            .map(|at| Moment(at).rfc3339()),
        steps: of_json("the steps of a rollback", row.try_get(6)?)?,
        rows_lost: row.try_get::<i64, _>(7)?.unsigned_abs(),
        export: row.try_get(8)?,
        error: row.try_get(9)?,
        tasks: Vec::<AfterTask>::new(),
    })
}

/// Rollbacks of a system, newest first, without their tasks.
pub async fn all(store: &Store, system: &str) -> Result<Vec<RollbackRecord>, StoreError> {
    let rows = sql::query(
        "SELECT id, way, state, by, started, finished, steps, rows_lost, export, error \
         FROM rollbacks WHERE system = $1 ORDER BY id DESC LIMIT 50",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(record).collect()
}

/// Whether a rollback of this system is going on, inside a writing transaction.
pub async fn is_rolling_back(tx: &mut WriteTx, system: &str) -> Result<bool, StoreError> {
    let count: i64 =
        sql::query_scalar("SELECT COUNT(*) FROM rollbacks WHERE system = $1 AND state = 'running'")
            .bind(system)
            .fetch_one(&mut **tx)
            .await?;
    Ok(count > 0)
}

/// Writes a new rollback down and answers its identifier. A second one going on violates a unique index.
pub async fn insert(
    tx: &mut WriteTx,
    system: &str,
    way: &RollbackKind,
    fingerprint: &str,
    by: &str,
    started: Moment,
    rows_lost: u64,
) -> Result<i64, StoreError> {
    let id: i64 = sql::query_scalar(
        "INSERT INTO rollbacks (system, way, fingerprint, state, by, started, steps, rows_lost) \
         VALUES ($1, $2, $3, 'running', $4, $5, '[]', $6) RETURNING id",
    )
    .bind(system)
    .bind(json("the way of a rollback", way)?)
    .bind(fingerprint)
    .bind(by)
    .bind(started.0)
    .bind(whole(rows_lost))
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Stores how far a rollback is.
pub async fn save(
    tx: &mut WriteTx,
    record: &RollbackRecord,
    finished: Option<Moment>,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE rollbacks SET state = $1, finished = $2, steps = $3, rows_lost = $4, export = $5, error = $6 \
         WHERE id = $7",
    )
    .bind(word(&record.state))
    .bind(finished.map(|at| at.0))
    .bind(json("the steps of a rollback", &record.steps)?)
    .bind(whole(record.rows_lost))
    .bind(&record.export)
    .bind(&record.error)
    .bind(record.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What was written about the tasks of a system's rollbacks.
pub async fn tasks(store: &Store, system: &str) -> Result<Vec<TaskRow>, StoreError> {
    let rows = sql::query(
        "SELECT t.rollback, t.name, t.note, t.done, t.by, t.at FROM rollback_tasks AS t \
         JOIN rollbacks AS r ON r.id = t.rollback WHERE r.system = $1",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(TaskRow {
                rollback: row.try_get(0)?,
                name: row.try_get(1)?,
                note: row.try_get(2)?,
                done: row.try_get(3)?,
                by: row.try_get(4)?,
                at: row.try_get::<Option<i64>, _>(5)?.map(Moment),
            })
        })
        .collect()
}

/// Writes a task down.
pub async fn save_task(tx: &mut WriteTx, task: &TaskRow) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO rollback_tasks (rollback, name, note, done, by, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (rollback, name) DO UPDATE SET note = excluded.note, done = excluded.done, by = excluded.by, \
         at = excluded.at",
    )
    .bind(task.rollback)
    .bind(&task.name)
    .bind(&task.note)
    .bind(task.done)
    .bind(&task.by)
    .bind(task.at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
