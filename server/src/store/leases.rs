//! Leases in a control store that several consoles share. A writing transaction of a store that is fenced makes sure
//! first that no other console has taken the work over; takeover and writing exclude each other, so it cannot happen in
//! between. Only the database's clock counts: those of the consoles' machines may differ.

use std::time::Duration;

use super::{Store, StoreError, WriteTx, sql};

/// The lease of all work that goes on without a request: runs, probes, outbox, mirror, sweeping.
const LOOPS: &str = "loops";

/// The right to do that work, as it was when it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(i64);

/// Takes the lease when nobody has it.
///
/// # Errors
/// When the control store cannot be written.
pub async fn take(
    store: &Store,
    owner: &str,
    lasts: Duration,
) -> Result<Option<Fence>, StoreError> {
    let mut tx = store.write().await?;
    let now = tx.clock().await?;
    let fencing: Option<i64> = sql::query_scalar(
        "INSERT INTO leases (name, owner, fencing, expires) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fencing = leases.fencing + 1, \
         expires = excluded.expires WHERE leases.expires <= $4 RETURNING fencing",
    )
    .bind(LOOPS)
    .bind(owner)
    .bind(now + milliseconds(lasts))
    .bind(now)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(fencing.map(Fence))
}

/// Lets it last longer; false when another console has it.
///
/// # Errors
/// When the control store cannot be written.
pub async fn renew(store: &Store, fence: Fence, lasts: Duration) -> Result<bool, StoreError> {
    let mut tx = store.write().await?;
    let now = tx.clock().await?;
    let done = sql::query("UPDATE leases SET expires = $3 WHERE name = $1 AND fencing = $2")
        .bind(LOOPS)
        .bind(fence.0)
        .bind(now + milliseconds(lasts))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Gives it back, so that another console need not wait.
///
/// # Errors
/// When the control store cannot be written; then it ends by itself.
pub async fn release(store: &Store, fence: Fence) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sql::query("UPDATE leases SET expires = 0 WHERE name = $1 AND fencing = $2")
        .bind(LOOPS)
        .bind(fence.0)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Makes sure, inside a writing transaction, that nobody took over since.
pub(super) async fn check(tx: &mut WriteTx, fence: Fence) -> Result<(), StoreError> {
    let current: Option<i64> = sql::query_scalar("SELECT fencing FROM leases WHERE name = $1")
        .bind(LOOPS)
        .fetch_optional(&mut **tx)
        .await?;
    if current == Some(fence.0) {
        Ok(())
    } else {
        Err(StoreError::TakenOver)
    }
}

pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
