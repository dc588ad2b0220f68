//! What is to be delivered now, for each carrier.

use std::time::Duration;

use shared::webhook::WebhookEvent;

use super::super::words::of_json;
use super::super::{Store, StoreError, sql};
use crate::moment::Moment;

/// No next try is farther ahead. One that is was written by a clock that was wrong, and is due.
const FARTHEST: Duration = Duration::from_secs(6 * 3600);

/// A call that is due.
#[derive(Debug, Clone)]
pub struct DueCall {
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
    /// Slug of the system.
    pub system: String,
    /// Tries so far.
    pub attempts: u32,
}

/// A mail that is due.
#[derive(Debug, Clone)]
pub struct DueMail {
    /// Identifier.
    pub id: i64,
    /// The subscriber.
    pub subscriber: i64,
    /// Their address.
    pub address: String,
    /// Slug of the system.
    pub system: String,
    /// Whether it was asked for on the public page.
    pub is_public: bool,
    /// What it tells; none: asks whether the address is right.
    pub event: Option<WebhookEvent>,
    /// When it was asked for last.
    pub asked: Moment,
    /// Tries so far.
    pub attempts: u32,
}

/// The first waiting call of each webhook, where it is due: one at a time, so that events arrive in their order.
pub async fn due_calls(store: &Store, now: Moment, most: u32) -> Result<Vec<DueCall>, StoreError> {
    let rows = sql::query(
        "SELECT deliveries.id, webhook, address, outbox_events.name, body, attempts, outbox_events.system FROM deliveries \
         JOIN webhooks ON webhooks.id = webhook JOIN outbox_events ON outbox_events.id = event \
         WHERE deliveries.id IN (SELECT MIN(id) FROM deliveries \
         WHERE state = 'waiting' AND webhook IS NOT NULL GROUP BY webhook) \
         AND (next_at <= $1 OR next_at > $3) ORDER BY next_at LIMIT $2",
    )
    .bind(now.0)
    .bind(most)
    .bind(now.plus(FARTHEST).0)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DueCall {
                id: row.try_get(0)?,
                webhook: row.try_get(1)?,
                address: row.try_get(2)?,
                event: row.try_get(3)?,
                body: row.try_get(4)?,
                attempts: row.try_get(5)?,
                system: row.try_get(6)?,
            })
        })
        .collect()
}

/// Mails that are due, at most so many: however long the queue is, no more of it is in memory.
pub async fn due_mails(store: &Store, now: Moment, most: u32) -> Result<Vec<DueMail>, StoreError> {
    let rows = sql::query(
        "SELECT deliveries.id, subscribers.id, address, subscribers.system, link, body, attempts, asked FROM deliveries \
         JOIN subscribers ON subscribers.id = subscriber LEFT JOIN outbox_events ON outbox_events.id = event \
         WHERE state = 'waiting' AND subscriber IS NOT NULL AND (next_at <= $1 OR next_at > $3) \
         ORDER BY next_at, deliveries.id LIMIT $2",
    )
    .bind(now.0)
    .bind(most)
    .bind(now.plus(FARTHEST).0)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(mail).collect()
}

fn mail(row: &sql::Row) -> Result<DueMail, StoreError> {
    let body: Option<String> = row.try_get(5)?;
    Ok(DueMail {
        id: row.try_get(0)?,
        subscriber: row.try_get(1)?,
        address: row.try_get(2)?,
        system: row.try_get(3)?,
        is_public: row.try_get::<String, _>(4)?.is_empty(),
        event: body.map(|body| of_json("an event", &body)).transpose()?,
        attempts: row.try_get(6)?,
        asked: Moment(row.try_get(7)?),
    })
}
