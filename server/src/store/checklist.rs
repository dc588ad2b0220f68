//! What people ticked on the checklists of a system.

use std::collections::BTreeMap;

use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// A tick, or that one was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Done or not.
    pub done: bool,
    /// What the person wrote.
    pub note: String,
    /// Account name of the person.
    pub by: String,
    /// When.
    pub at: Moment,
}

/// The ticks of a system by the name of the item.
///
/// # Errors
/// When the control store cannot be read.
pub async fn ticks(store: &Store, system: &str) -> Result<BTreeMap<String, Tick>, StoreError> {
    let rows = sql::query("SELECT item, done, note, by, at FROM checklist_ticks WHERE system = $1")
        .bind(system)
        .fetch_all(store.read())
        .await?;
    let mut ticks = BTreeMap::new();
    for row in rows {
        let tick = Tick {
            done: row.try_get("done")?,
            note: row.try_get("note")?,
            by: row.try_get("by")?,
            at: Moment(row.try_get("at")?),
        };
        ticks.insert(row.try_get("item")?, tick);
    }
    Ok(ticks)
}

/// Keeps a tick in place of the one before.
///
/// # Errors
/// When the control store cannot write it.
pub async fn put(
    tx: &mut WriteTx,
    system: &str,
    item: &str,
    tick: &Tick,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO checklist_ticks (system, item, done, note, by, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (system, item) DO UPDATE SET done = excluded.done, note = excluded.note, \
         by = excluded.by, at = excluded.at",
    )
    .bind(system)
    .bind(item)
    .bind(tick.done)
    .bind(&tick.note)
    .bind(&tick.by)
    .bind(tick.at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
