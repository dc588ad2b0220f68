//! Keys of commands: reserved before a command begins, then kept with its answer. A reservation lasts only while it is
//! renewed, so a key whose console died is free again soon.

use std::time::Duration;

use super::leases::milliseconds;
use super::{Store, StoreError, sql};
use crate::moment::Moment;

/// How long a key is remembered: longer than anybody presses the same button again.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Which command: who gave it, the key, and a hash of the whole request.
#[derive(Debug, Clone)]
pub struct Command {
    /// Identifier of the account.
    pub account: String,
    /// The key.
    pub key: String,
    /// Hash of method, path and body.
    pub request_hash: String,
}

/// The right to carry a command out.
#[derive(Debug)]
#[must_use = "a reservation ends with an answer, or is given up"]
pub struct Reservation {
    command: Command,
    attempt: i64,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// What the key of a command stands for.
#[derive(Debug)]
pub enum Reserved {
    /// It was free: the caller carries the command out.
    Mine(Reservation),
    /// Another request carries out the same command now.
    Running,
    /// The command was carried out.
    Answered(KeptAnswer),
    /// It was used for another request.
    Foreign,
}

/// Reserves the key of a command for a while, if nobody has it.
///
/// # Errors
/// When the control store cannot be written.
pub async fn reserve(
    store: &Store,
    command: &Command,
    now: Moment,
    lasts: Duration,
) -> Result<Reserved, StoreError> {
    let mut tx = store.write().await?;
    sql::query("DELETE FROM idempotency_keys WHERE created < $1")
        .bind(now.minus(REMEMBERED).0)
        .execute(&mut *tx)
        .await?;
    let clock = tx.clock().await?;
    let known = sql::query(
        "SELECT request_hash, held_until, status, body FROM idempotency_keys \
         WHERE account = $1 AND key = $2",
    )
    .bind(&command.account)
    .bind(&command.key)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(row) = known {
        if row.try_get::<&str, _>("request_hash")? != command.request_hash {
            return Ok(Reserved::Foreign);
        }
        if let (Some(status), Some(body)) = (row.try_get("status")?, row.try_get("body")?) {
            return Ok(Reserved::Answered(KeptAnswer { status, body }));
        }
        let held_until: Option<i64> = row.try_get("held_until")?;
        if held_until.is_some_and(|until| clock < until) {
            return Ok(Reserved::Running);
        }
    }
    let attempt = sql::query_scalar(
        "INSERT INTO idempotency_keys (account, key, request_hash, attempt, held_until, created) \
         VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT (account, key) DO UPDATE SET \
         attempt = idempotency_keys.attempt + 1, held_until = excluded.held_until RETURNING attempt",
    )
    .bind(&command.account)
    .bind(&command.key)
    .bind(&command.request_hash)
    .bind(clock + milliseconds(lasts))
    .bind(now.0)
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Reserved::Mine(Reservation {
        command: command.clone(),
        attempt,
    }))
}

impl Reservation {
    /// Lets it last longer.
    ///
    /// # Errors
    /// When the control store cannot be written.
    pub async fn renew(&self, store: &Store, lasts: Duration) -> Result<(), StoreError> {
        let mut tx = store.write().await?;
        let until = tx.clock().await? + milliseconds(lasts);
        sql::query(
            "UPDATE idempotency_keys SET held_until = $4 \
             WHERE account = $1 AND key = $2 AND attempt = $3 AND status IS NULL",
        )
        .bind(&self.command.account)
        .bind(&self.command.key)
        .bind(self.attempt)
        .bind(until)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Keeps the answer for whoever comes with the key again.
    ///
    /// # Errors
    /// When the control store cannot be written.
    pub async fn answer(self, store: &Store, answer: &KeptAnswer) -> Result<(), StoreError> {
        let mut tx = store.write().await?;
        sql::query(
            "UPDATE idempotency_keys SET held_until = NULL, status = $4, body = $5 \
             WHERE account = $1 AND key = $2 AND attempt = $3",
        )
        .bind(&self.command.account)
        .bind(&self.command.key)
        .bind(self.attempt)
        .bind(answer.status)
        .bind(&answer.body)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Frees the key: the command was refused, so the same request may try again.
    ///
    /// # Errors
    /// When the control store cannot be written; then the reservation ends by itself.
    pub async fn give_up(self, store: &Store) -> Result<(), StoreError> {
        let mut tx = store.write().await?;
        sql::query(
            "DELETE FROM idempotency_keys \
             WHERE account = $1 AND key = $2 AND attempt = $3 AND status IS NULL",
        )
        .bind(&self.command.account)
        .bind(&self.command.key)
        .bind(self.attempt)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}
