//! Backups that were made and what is known of each. Whether one can be used is proven on its files, not here.

use shared::backup::{BackupState, BackupSummary};

use super::words::{of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

fn backup(row: &sql::Row) -> Result<BackupSummary, StoreError> {
    let by: String = row.try_get(9)?;
    let purpose: String = row.try_get(10)?;
    Ok(BackupSummary {
        name: row.try_get(0)?,
        taken: Moment(row.try_get(1)?).rfc3339(),
        size_bytes: row.try_get::<i64, _>(2)?.unsigned_abs(),
        tables: row.try_get(3)?,
        rows: row.try_get::<i64, _>(4)?.unsigned_abs(),
        state: of_word("the state of a backup", row.try_get(5)?)?,
        trouble: row.try_get(6)?,
        verified: row
            .try_get::<Option<i64>, _>(7)?
            .map(|at| Moment(at).rfc3339()),
        restore_ms: row.try_get::<Option<i64>, _>(8)?.map(i64::unsigned_abs),
        progress: None,
        made_for: format!("{by}, {purpose}"),
    })
}

/// Backups of a system, newest first.
pub async fn all(store: &Store, system: &str) -> Result<Vec<BackupSummary>, StoreError> {
    let rows = sql::query(
        "SELECT name, taken, size_bytes, tables, rows, state, trouble, verified, restore_ms, made_by, made_for \
         FROM backups WHERE system = $1 ORDER BY taken DESC, name DESC",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(backup).collect()
}

/// Writes a backup that is begun now.
pub async fn insert(
    tx: &mut WriteTx,
    system: &str,
    name: &str,
    taken: Moment,
    by: &str,
    purpose: &str,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO backups (system, name, taken, size_bytes, tables, rows, state, made_by, made_for) \
         VALUES ($1, $2, $3, 0, 0, 0, 'writing', $4, $5)",
    )
    .bind(system)
    .bind(name)
    .bind(taken.0)
    .bind(by)
    .bind(purpose)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what a backup holds, once it is written; it is verified next.
pub async fn written(
    tx: &mut WriteTx,
    system: &str,
    name: &str,
    size_bytes: u64,
    tables: u32,
    rows: u64,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE backups SET size_bytes = $1, tables = $2, rows = $3, state = 'verifying' WHERE system = $4 AND name = $5",
    )
    .bind(whole(size_bytes))
    .bind(tables)
    .bind(whole(rows))
    .bind(system)
    .bind(name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is known of a backup that is written.
#[derive(Debug)]
pub enum Verification {
    /// It is being restored and compared.
    Begun,
    /// It was restored and was equal.
    Passed {
        /// When.
        at: Moment,
        /// Milliseconds that it took.
        took_ms: u64,
    },
    /// It did not come to an end, for the reason that is known.
    BrokenOff(Option<String>),
    /// The backup cannot be used, and why.
    Rejected(String),
}

/// Stores how the verification of a backup stands; an earlier one that passed keeps its time.
pub async fn set_verification(
    tx: &mut WriteTx,
    system: &str,
    name: &str,
    verification: Verification,
) -> Result<(), StoreError> {
    let (state, trouble, passed) = match verification {
        Verification::Begun => (BackupState::Verifying, None, None),
        Verification::Passed { at, took_ms } => (BackupState::Verified, None, Some((at, took_ms))),
        Verification::BrokenOff(why) => (BackupState::Unverified, why, None),
        Verification::Rejected(why) => (BackupState::Unusable, Some(why), None),
    };
    sql::query(
        "UPDATE backups SET state = $1, trouble = $2, verified = COALESCE($3, verified), \
         restore_ms = COALESCE($4, restore_ms) WHERE system = $5 AND name = $6",
    )
    .bind(word(&state))
    .bind(trouble)
    .bind(passed.map(|(at, _)| at.0))
    .bind(passed.map(|(_, took)| whole(took)))
    .bind(system)
    .bind(name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets a backup that was never finished.
pub async fn forget(tx: &mut WriteTx, system: &str, name: &str) -> Result<(), StoreError> {
    sql::query("DELETE FROM backups WHERE system = $1 AND name = $2")
        .bind(system)
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
