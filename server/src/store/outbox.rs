//! The outbox in the control store: events, and for each whom it is still to be told. Webhooks and mail share it.

use std::collections::HashSet;
use std::time::Duration;

use shared::webhook::{Delivery, DeliveryState, WebhookEvent};

use super::words::{json, of_json, of_word, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// What became of deliveries is kept for this long. Events themselves stay: by their names it is known what was told, and
/// what is derived anew may be older.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// No next try is farther ahead. One that is was written by a clock that was wrong, and is due.
const FARTHEST: Duration = Duration::from_secs(6 * 3600);
/// What stands at a delivery while it is tried, and stays there when the server ends meanwhile.
const IN_DOUBT: &str = "the last try did not end yet: whether it was taken is not known";

/// Whom an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// Whoever is told of the system, and of any organization.
    Everybody,
    /// Whoever is told of the whole system.
    WholeSystem,
    /// Whoever is told of this organization.
    Organization(&'a str),
}

/// By which carrier a delivery goes, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipients {
    /// One webhook.
    Webhook(i64),
    /// All subscribers by mail.
    Subscribers,
}

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

/// Names of the events of a system that are written down.
pub async fn known(store: &Store, system: &str) -> Result<HashSet<String>, StoreError> {
    let names: Vec<String> = sql::query_scalar("SELECT name FROM outbox_events WHERE system = $1")
        .bind(system)
        .fetch_all(store.read())
        .await?;
    Ok(names.into_iter().collect())
}

/// Writes an event down and queues it for whoever is to be told: who was there when it happened, and is concerned. `mail`
/// says whether mail is sent at all, `public` whether those are told who subscribed on the public page. Answers how many
/// are told; an event that is there already is told nobody again.
pub async fn add(
    tx: &mut WriteTx,
    event: &WebhookEvent,
    at: Moment,
    reach: Reach<'_>,
    (mail, public): (bool, bool),
    now: Moment,
) -> Result<u64, StoreError> {
    let id: Option<i64> = sql::query_scalar(
        "INSERT INTO outbox_events (system, name, body, created) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (system, name) DO NOTHING RETURNING id",
    )
    .bind(&event.system)
    .bind(&event.event)
    .bind(json("an event", event)?)
    .bind(now.0)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(id) = id else {
        return Ok(0);
    };
    let (whole, every, code) = match reach {
        Reach::Everybody => (true, true, ""),
        Reach::WholeSystem => (true, false, ""),
        Reach::Organization(code) => (false, false, code),
    };
    let calls = sql::query(
        "INSERT INTO deliveries (webhook, event, state, next_at, created) \
         SELECT id, $1, 'waiting', $2, $2 FROM webhooks WHERE system = $3 AND created <= $4 \
         AND CASE organization WHEN '' THEN $5 = 1 ELSE $6 = 1 OR organization = $7 END \
         AND (kinds = '' OR kinds LIKE $8) ORDER BY id",
    )
    .bind(id)
    .bind(now.0)
    .bind(&event.system)
    .bind(at.0)
    .bind(i64::from(whole))
    .bind(i64::from(every))
    .bind(code)
    .bind(format!("%,{},%", word(&event.kind)))
    .execute(&mut **tx)
    .await?;
    if !mail {
        return Ok(calls.rows_affected());
    }
    // whoever subscribed twice, on two pages say, is told once
    let mails = sql::query(
        "INSERT INTO deliveries (subscriber, event, state, next_at, created) \
         SELECT MIN(id), $1, 'waiting', $2, $2 FROM subscribers WHERE system = $3 AND confirmed <= $4 \
         AND CASE organization WHEN '' THEN $5 = 1 ELSE $6 = 1 OR organization = $7 END AND (link <> '' OR $8 = 1) \
         GROUP BY address ORDER BY MIN(id)",
    )
    .bind(id)
    .bind(now.0)
    .bind(&event.system)
    .bind(at.0)
    .bind(i64::from(whole))
    .bind(i64::from(every))
    .bind(code)
    .bind(i64::from(public))
    .execute(&mut **tx)
    .await?;
    Ok(calls.rows_affected() + mails.rows_affected())
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Deliveries that were taken.
    pub delivered: u64,
    /// Deliveries that wait for their first or next try.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
    /// Whether it is written down yet.
    pub is_queued: bool,
    /// Webhooks and subscribers that are told of the system.
    pub listeners: u64,
}

/// What became of the event of this name.
pub async fn told(store: &Store, system: &str, name: &str) -> Result<Told, StoreError> {
    let (delivered, waiting, dead): (i64, i64, i64) = sql::query_as(
        "SELECT COUNT(*) FILTER (WHERE state = 'delivered'), COUNT(*) FILTER (WHERE state = 'waiting'), \
         COUNT(*) FILTER (WHERE state = 'dead') FROM deliveries \
         WHERE event IN (SELECT id FROM outbox_events WHERE system = $1 AND name = $2)",
    )
    .bind(system)
    .bind(name)
    .fetch_one(store.read())
    .await?;
    let is_queued: bool = sql::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM outbox_events WHERE system = $1 AND name = $2)",
    )
    .bind(system)
    .bind(name)
    .fetch_one(store.read())
    .await?;
    let listeners: i64 = sql::query_scalar(
        "SELECT (SELECT COUNT(*) FROM webhooks WHERE system = $1) \
         + (SELECT COUNT(*) FROM subscribers WHERE system = $1 AND confirmed IS NOT NULL)",
    )
    .bind(system)
    .fetch_one(store.read())
    .await?;
    Ok(Told {
        delivered: delivered.unsigned_abs(),
        waiting: waiting.unsigned_abs(),
        dead: dead.unsigned_abs(),
        is_queued,
        listeners: listeners.unsigned_abs(),
    })
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
