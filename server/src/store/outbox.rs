//! The outbox in the control store: events, and for each whom it is still to be told. Webhooks and mail share it.

mod due;
mod tries;

use std::collections::HashSet;

use shared::webhook::WebhookEvent;

use super::words::{json, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

pub use due::{DueCall, DueMail, due_calls, due_mails};
pub use tries::{
    Recipients, begin, delivered, failed, is_swept, not_tried, of_webhook, replay, sweep,
};

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
