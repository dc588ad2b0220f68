//! Webhooks and their outbox in the control store.

use std::time::Duration;

use shared::webhook::{Delivery, DeliveryState, Webhook, WebhookEvent};

use super::words::{json, of_word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Deliveries of a webhook that are kept when they are done, and for how long at least: events of the last days are
/// derived again and again, and a delivery that is still there says that its event was told.
const KEPT: i64 = 500;
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// A delivery that is due, with where it goes.
#[derive(Debug, Clone)]
pub struct Due {
    /// Identifier.
    pub id: i64,
    /// The webhook.
    pub webhook: i64,
    /// Its address.
    pub address: String,
    /// Stable name of the event.
    pub event: String,
    /// The body.
    pub body: String,
    /// Tries so far.
    pub attempts: u32,
}

/// A webhook as the outbox is filled for it.
#[derive(Debug, Clone)]
pub struct Subscribed {
    /// Identifier.
    pub id: i64,
    /// When it was made: it is not told what happened before.
    pub created: Moment,
}

fn webhook(row: &sql::Row) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: row.try_get(0)?,
        label: row.try_get(1)?,
        address: row.try_get(2)?,
        by: row.try_get(3)?,
        created: Moment(row.try_get(4)?).rfc3339(),
        waiting: row.try_get(5)?,
        dead: row.try_get(6)?,
    })
}

/// Keeps a new webhook and answers its identifier.
pub async fn insert(
    tx: &mut WriteTx,
    system: &str,
    webhook: &Webhook,
    now: Moment,
) -> Result<i64, StoreError> {
    Ok(sql::query_scalar(
        "INSERT INTO webhooks (system, address, label, by, created) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(system)
    .bind(&webhook.address)
    .bind(&webhook.label)
    .bind(&webhook.by)
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?)
}

/// Removes a webhook with its deliveries; whether there was one.
pub async fn remove(tx: &mut WriteTx, system: &str, id: i64) -> Result<bool, StoreError> {
    let done = sql::query("DELETE FROM webhooks WHERE system = $1 AND id = $2")
        .bind(system)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The webhooks of a system, by identifier.
pub async fn list(store: &Store, system: &str) -> Result<Vec<Webhook>, StoreError> {
    let rows = sql::query(
        "SELECT id, label, address, by, created, \
         (SELECT COUNT(*) FROM deliveries WHERE webhook = webhooks.id AND state = 'waiting'), \
         (SELECT COUNT(*) FROM deliveries WHERE webhook = webhooks.id AND state = 'dead') \
         FROM webhooks WHERE system = $1 ORDER BY id",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(webhook).collect()
}

/// The webhooks that are told about a system.
pub async fn subscribed(store: &Store, system: &str) -> Result<Vec<Subscribed>, StoreError> {
    let rows: Vec<(i64, i64)> =
        sql::query_as("SELECT id, created FROM webhooks WHERE system = $1 ORDER BY id")
            .bind(system)
            .fetch_all(store.read())
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, created)| Subscribed {
            id,
            created: Moment(created),
        })
        .collect())
}

/// Puts an event into the outbox of a webhook, once; whether it was new.
pub async fn enqueue(
    tx: &mut WriteTx,
    webhook: i64,
    event: &WebhookEvent,
    now: Moment,
) -> Result<bool, StoreError> {
    let done = sql::query(
        "INSERT INTO deliveries (webhook, event, body, state, next_at, created) \
         VALUES ($1, $2, $3, 'waiting', $4, $4) ON CONFLICT (webhook, event) DO NOTHING",
    )
    .bind(webhook)
    .bind(&event.event)
    .bind(json("an event", event)?)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The first waiting delivery of each webhook, where it is due: one at a time, so that events arrive in their order.
pub async fn due(store: &Store, now: Moment, most: u32) -> Result<Vec<Due>, StoreError> {
    let rows = sql::query(
        "SELECT deliveries.id, webhook, address, event, body, attempts FROM deliveries \
         JOIN webhooks ON webhooks.id = deliveries.webhook \
         WHERE deliveries.id IN (SELECT MIN(id) FROM deliveries WHERE state = 'waiting' GROUP BY webhook) \
         AND next_at <= $1 ORDER BY next_at LIMIT $2",
    )
    .bind(now.0)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Due {
                id: row.try_get(0)?,
                webhook: row.try_get(1)?,
                address: row.try_get(2)?,
                event: row.try_get(3)?,
                body: row.try_get(4)?,
                attempts: row.try_get(5)?,
            })
        })
        .collect()
}

/// Writes down that a delivery was taken, and forgets old ones of its webhook.
pub async fn delivered(store: &Store, due: &Due, now: Moment) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sql::query(
        "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, error = NULL, finished = $2 WHERE id = $1",
    )
    .bind(due.id)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    sql::query(
        "DELETE FROM deliveries WHERE webhook = $1 AND state = 'delivered' AND finished < $3 AND id <= \
         (SELECT id FROM deliveries WHERE webhook = $1 AND state = 'delivered' ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(due.webhook)
    .bind(KEPT)
    .bind(now.minus(KEPT_FOR).0)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Writes down that a try failed: the next one at `next`, or none any more.
pub async fn failed(
    store: &Store,
    due: &Due,
    error: &str,
    next: Option<Moment>,
    now: Moment,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let state = if next.is_some() { "waiting" } else { "dead" };
    sql::query(
        "UPDATE deliveries SET state = $2, attempts = attempts + 1, error = $3, next_at = $4, finished = $5 WHERE id = $1",
    )
    .bind(due.id)
    .bind(state)
    .bind(error)
    .bind(next.unwrap_or(now).0)
    .bind(next.is_none().then_some(now.0))
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The last deliveries of a webhook of this system, newest first; none when there is no such webhook.
pub async fn deliveries(
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
        "SELECT id, event, state, attempts, next_at, error FROM deliveries WHERE webhook = $1 ORDER BY id DESC LIMIT 100",
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

/// Lets the deliveries that were given up begin anew, and answers how many.
pub async fn replay(
    tx: &mut WriteTx,
    system: &str,
    webhook: i64,
    now: Moment,
) -> Result<u64, StoreError> {
    let done = sql::query(
        "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $3, finished = NULL \
         WHERE state = 'dead' AND webhook IN (SELECT id FROM webhooks WHERE system = $1 AND id = $2)",
    )
    .bind(system)
    .bind(webhook)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
