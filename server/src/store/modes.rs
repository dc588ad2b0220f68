//! Mode switches, written before and after each of their steps, so that a killed server goes on from there.

use shared::mode::{ModeSwitch, SwitchState};

use super::words::{json, of_json, of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

fn switch(row: &sql::Row) -> Result<ModeSwitch, StoreError> {
    Ok(ModeSwitch {
        id: row.try_get(0)?,
        from: of_word("a mode", row.try_get(1)?)?,
        to: of_word("a mode", row.try_get(2)?)?,
        state: of_word("the state of a mode switch", row.try_get(3)?)?,
        by: row.try_get(4)?,
        started: Moment(row.try_get(5)?).rfc3339(),
        finished: row
            .try_get::<Option<i64>, _>(6)?
            .map(|at| Moment(at).rfc3339()),
        steps: of_json("the steps of a mode switch", row.try_get(7)?)?,
        answers: of_json("the answers during a mode switch", row.try_get(8)?)?,
        downtime_ms: row.try_get::<Option<i64>, _>(9)?.map(i64::unsigned_abs),
        error: row.try_get(10)?,
    })
}

/// Switches of a system, newest first.
pub async fn switches(store: &Store, system: &str) -> Result<Vec<ModeSwitch>, StoreError> {
    let rows = sql::query(
        "SELECT id, from_mode, to_mode, state, by, started, finished, steps, answers, downtime_ms, error \
         FROM mode_switches WHERE system = $1 ORDER BY id DESC LIMIT 50",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(switch).collect()
}

/// One switch.
pub async fn get(store: &Store, system: &str, id: i64) -> Result<Option<ModeSwitch>, StoreError> {
    let row = sql::query(
        "SELECT id, from_mode, to_mode, state, by, started, finished, steps, answers, downtime_ms, error \
         FROM mode_switches WHERE system = $1 AND id = $2",
    )
    .bind(system)
    .bind(id)
    .fetch_optional(store.read())
    .await?;
    row.as_ref().map(switch).transpose()
}

/// Whether a switch of this system is going on, inside a writing transaction.
pub async fn is_switching(tx: &mut WriteTx, system: &str) -> Result<bool, StoreError> {
    let count: i64 = sql::query_scalar(
        "SELECT COUNT(*) FROM mode_switches WHERE system = $1 AND state = 'running'",
    )
    .bind(system)
    .fetch_one(&mut **tx)
    .await?;
    Ok(count > 0)
}

/// Writes a new switch down and answers its identifier. A second one going on violates a unique index.
pub async fn insert(
    tx: &mut WriteTx,
    system: &str,
    switch: &ModeSwitch,
    started: Moment,
) -> Result<i64, StoreError> {
    let id: i64 = sql::query_scalar(
        "INSERT INTO mode_switches (system, from_mode, to_mode, state, by, started, steps, answers) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
    )
    .bind(system)
    .bind(word(&switch.from))
    .bind(word(&switch.to))
    .bind(word(&switch.state))
    .bind(&switch.by)
    .bind(started.0)
    .bind(json("the steps of a mode switch", &switch.steps)?)
    .bind(json("the answers during a mode switch", &switch.answers)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Stores how far a switch is.
pub async fn save(
    tx: &mut WriteTx,
    switch: &ModeSwitch,
    finished: Option<Moment>,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE mode_switches SET state = $1, finished = $2, steps = $3, answers = $4, downtime_ms = $5, error = $6 \
         WHERE id = $7",
    )
    .bind(word(&switch.state))
    .bind(finished.map(|at| at.0))
    .bind(json("the steps of a mode switch", &switch.steps)?)
    .bind(json("the answers during a mode switch", &switch.answers)?)
    .bind(switch.downtime_ms.map(whole))
    .bind(&switch.error)
    .bind(switch.id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The middle of the downtimes that were measured when switching worked.
pub async fn usual_downtime_ms(store: &Store, system: &str) -> Result<Option<u64>, StoreError> {
    let mut measured: Vec<i64> = sql::query_scalar(
        "SELECT downtime_ms FROM mode_switches WHERE system = $1 AND state = $2 AND downtime_ms IS NOT NULL \
         ORDER BY id DESC LIMIT 20",
    )
    .bind(system)
    .bind(word(&SwitchState::Done))
    .fetch_all(store.read())
    .await?;
    measured.sort_unstable();
    Ok(measured
        .get(measured.len() / 2)
        .map(|middle| middle.unsigned_abs()))
}
