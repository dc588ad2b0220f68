//! What became of deliveries: each try is written down before it is made and after it, given up at last, and forgotten
//! after a while.

use std::time::Duration;

use shared::webhook::{Delivery, DeliveryState};

use super::super::words::of_word;
use super::super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// What became of deliveries is kept for this long. Events themselves stay: by their names it is known what was told, and
/// what is derived anew may be older.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// What stands at a delivery while it is tried, and stays there when the server ends meanwhile.
const IN_DOUBT: &str = "the last try did not end yet: whether it was taken is not known";

/// By which carrier a delivery goes, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipients {
    /// One webhook.
    Webhook(i64),
    /// All subscribers by mail.
    Subscribers,
}

/// Writes a try down before it is made, so that a server that ends meanwhile leaves a delivery that says so, counts the try,
/// and is tried again at `next` and not at once. Answers false when there is nothing to deliver any more: whoever
/// unsubscribed a moment ago is told nothing.
pub async fn begin(store: &Store, id: i64, next: Moment) -> Result<bool, StoreError> {
    let mut tx = store.write().await?;
    let begun = sql::query(
        "UPDATE deliveries SET attempts = attempts + 1, next_at = $2, error = $3 WHERE id = $1 AND state = 'waiting'",
    )
    .bind(id)
    .bind(next.0)
    .bind(IN_DOUBT)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(begun.rows_affected() > 0)
}

/// Writes down that a try that was begun was taken.
pub async fn delivered(store: &Store, id: i64, now: Moment) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sql::query(
        "UPDATE deliveries SET state = 'delivered', error = NULL, finished = $2 WHERE id = $1",
    )
    .bind(id)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Writes down that a try that was begun failed: the next one at `next`, or none any more.
pub async fn failed(
    store: &Store,
    id: i64,
    error: &str,
    next: Option<Moment>,
    now: Moment,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let state = if next.is_some() { "waiting" } else { "dead" };
    sql::query(
        "UPDATE deliveries SET state = $2, error = $3, next_at = $4, finished = $5 WHERE id = $1",
    )
    .bind(id)
    .bind(state)
    .bind(error)
    .bind(next.unwrap_or(now).0)
    .bind(next.is_none().then_some(now.0))
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Writes down why a delivery could not even be tried. It has `attempts` tries as before, and is due again.
pub async fn not_tried(
    store: &Store,
    id: i64,
    attempts: u32,
    why: &str,
    now: Moment,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sql::query("UPDATE deliveries SET attempts = $2, error = $3, next_at = $4 WHERE id = $1")
        .bind(id)
        .bind(attempts)
        .bind(why)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Gives up mails that wait since before `oldest`, and forgets what became of deliveries of long ago. Answers how many
/// were given up.
pub async fn sweep(tx: &mut WriteTx, oldest: Moment, now: Moment) -> Result<u64, StoreError> {
    let given_up = sql::query(
        "UPDATE deliveries SET state = 'dead', finished = $2, error = COALESCE(error, 'it was not sent in time') \
         WHERE state = 'waiting' AND subscriber IS NOT NULL AND created < $1",
    )
    .bind(oldest.0)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    sql::query(
        "DELETE FROM deliveries WHERE state <> 'waiting' \
         AND event IN (SELECT id FROM outbox_events WHERE created < $1)",
    )
    .bind(now.minus(KEPT_FOR).0)
    .execute(&mut **tx)
    .await?;
    Ok(given_up.rows_affected())
}

/// Whether [`sweep`] has something to do.
pub async fn is_swept(store: &Store, oldest: Moment, now: Moment) -> Result<bool, StoreError> {
    let old: bool = sql::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'waiting' AND subscriber IS NOT NULL AND created < $1) \
         OR EXISTS (SELECT 1 FROM outbox_events JOIN deliveries ON event = outbox_events.id \
         WHERE outbox_events.created < $2 AND state <> 'waiting')",
    )
    .bind(oldest.0)
    .bind(now.minus(KEPT_FOR).0)
    .fetch_one(store.read())
    .await?;
    Ok(!old)
}

/// The last deliveries of a webhook of this system, newest first; none when there is no such webhook.
pub async fn of_webhook(
    store: &Store,
    system: &str,
    webhook: i64,
) -> Result<Option<Vec<Delivery>>, StoreError> {
    let known: Option<i64> =
        sql::query_scalar("SELECT id FROM webhooks WHERE system = $1 AND id = $2")
            .bind(system)
            .bind(webhook)
            .fetch_optional(store.read())
            .await?;
    if known.is_none() {
        return Ok(None);
    }
    let rows = sql::query(
        "SELECT deliveries.id, outbox_events.name, state, attempts, next_at, error FROM deliveries \
         JOIN outbox_events ON outbox_events.id = event WHERE webhook = $1 ORDER BY deliveries.id DESC LIMIT 100",
    )
    .bind(webhook)
    .fetch_all(store.read())
    .await?;
    let deliveries: Result<Vec<Delivery>, StoreError> = rows
        .iter()
        .map(|row| {
            let state: DeliveryState = of_word("the state of a delivery", row.try_get(2)?)?;
            Ok(Delivery {
                id: row.try_get(0)?,
                event: row.try_get(1)?,
                state,
                attempts: row.try_get(3)?,
                next: Moment(row.try_get(4)?).rfc3339(),
                error: row.try_get(5)?,
            })
        })
        .collect();
    deliveries.map(Some)
}

/// Lets deliveries that were given up begin anew, and answers how many.
pub async fn replay(
    tx: &mut WriteTx,
    system: &str,
    to: Recipients,
    now: Moment,
) -> Result<u64, StoreError> {
    let (webhook, by_mail) = match to {
        Recipients::Webhook(id) => (Some(id), false),
        Recipients::Subscribers => (None, true),
    };
    let done = sql::query(
        "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $4, created = $4, finished = NULL \
         WHERE state = 'dead' AND (webhook IN (SELECT id FROM webhooks WHERE system = $1 AND id = $2) \
         OR $3 = 1 AND subscriber IN (SELECT id FROM subscribers WHERE system = $1))",
    )
    .bind(system)
    .bind(webhook)
    .bind(i64::from(by_mail))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
