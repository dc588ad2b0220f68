//! Sessions in the control store: only the hash of the cookie's token is kept.

use super::accounts::{StoredAccount, stored};
use super::{StoreError, sql};
use crate::moment::Moment;

/// A session with its account.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Identifier, no secret.
    pub id: String,
    /// Its account.
    pub account: StoredAccount,
    /// Signed in.
    pub started: Moment,
    /// Last request, to about a minute.
    pub seen: Moment,
    /// The password was last given.
    pub confirmed: Moment,
    /// Browser, as it named itself.
    pub agent: String,
    /// Address it came from.
    pub address: String,
}

/// The columns of [`StoredSession`], before a condition.
macro_rules! select_session {
    ($condition:literal) => {
        concat!(
            "SELECT a.id AS id, a.username AS username, a.name AS name, a.role AS role, \
                    a.password_hash AS password_hash, a.disabled AS disabled, a.created AS created, \
                    a.last_signed_in AS last_signed_in, a.version AS version, \
                    s.id AS session_id, s.created AS started, s.seen AS seen, s.confirmed AS confirmed, \
                    s.agent AS agent, s.address AS address \
             FROM sessions s JOIN accounts a ON a.id = s.account WHERE ",
            $condition
        )
    };
}

/// The session of a token, live or not: the caller knows the limits.
///
/// # Errors
/// When the control store cannot be read.
pub async fn by_token_hash(
    connection: &mut sql::Connection,
    token_hash: &str,
) -> Result<Option<StoredSession>, StoreError> {
    let row = sql::query(select_session!("s.token_hash = $1"))
        .bind(token_hash)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(session).transpose()?)
}

/// The session with this identifier, live or not.
///
/// # Errors
/// When the control store cannot be read.
pub async fn by_id(
    connection: &mut sql::Connection,
    id: &str,
) -> Result<Option<StoredSession>, StoreError> {
    let row = sql::query(select_session!("s.id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(row.as_ref().map(session).transpose()?)
}

fn session(row: &sql::Row) -> Result<StoredSession, sqlx::Error> {
    Ok(StoredSession {
        id: row.try_get("session_id")?,
        account: stored(row)?,
        started: Moment(row.try_get("started")?),
        seen: Moment(row.try_get("seen")?),
        confirmed: Moment(row.try_get("confirmed")?),
        agent: row.try_get("agent")?,
        address: row.try_get("address")?,
    })
}

/// A new session.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// Identifier, no secret.
    pub id: &'a str,
    /// Hash of the token.
    pub token_hash: &'a str,
    /// Its account.
    pub account: &'a str,
    /// Now: created, seen and confirmed.
    pub at: Moment,
    /// Browser, as it named itself.
    pub agent: &'a str,
    /// Address it came from.
    pub address: &'a str,
}

/// Adds a session.
///
/// # Errors
/// When the store cannot write.
pub async fn insert(connection: &mut sql::Connection, row: &NewRow<'_>) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO sessions (id, token_hash, account, created, seen, confirmed, agent, address) \
         VALUES ($1, $2, $3, $4, $4, $4, $5, $6)",
    )
    .bind(row.id)
    .bind(row.token_hash)
    .bind(row.account)
    .bind(row.at.0)
    .bind(row.agent)
    .bind(row.address)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes a request of a session.
///
/// # Errors
/// When the store cannot write.
pub async fn touch(
    connection: &mut sql::Connection,
    id: &str,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query("UPDATE sessions SET seen = $1 WHERE id = $2")
        .bind(at.0)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that the password was given again.
///
/// # Errors
/// When the store cannot write.
pub async fn confirm(
    connection: &mut sql::Connection,
    id: &str,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query("UPDATE sessions SET confirmed = $1 WHERE id = $2")
        .bind(at.0)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Identifier, no secret.
    pub id: String,
    /// Browser, as it named itself.
    pub agent: String,
    /// Address it came from.
    pub address: String,
    /// Signed in.
    pub created: Moment,
    /// Last request, to about a minute.
    pub seen: Moment,
}

/// Sessions of an account, newest first.
///
/// # Errors
/// When the control store cannot be read.
pub async fn of_account(
    connection: &mut sql::Connection,
    account: &str,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sql::query(
        "SELECT id, agent, address, created, seen FROM sessions WHERE account = $1 ORDER BY created DESC, id",
    )
    .bind(account)
    .fetch_all(connection)
    .await?;
    let listed: Result<Vec<_>, sqlx::Error> = rows
        .iter()
        .map(|row| {
            Ok(Listed {
                id: row.try_get("id")?,
                agent: row.try_get("agent")?,
                address: row.try_get("address")?,
                created: Moment(row.try_get("created")?),
                seen: Moment(row.try_get("seen")?),
            })
        })
        .collect();
    Ok(listed?)
}

/// Ends one session of an account; says whether there was one.
///
/// # Errors
/// When the store cannot write.
pub async fn end(
    connection: &mut sql::Connection,
    account: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let done = sql::query("DELETE FROM sessions WHERE account = $1 AND id = $2")
        .bind(account)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the session of a token, if there is one.
///
/// # Errors
/// When the store cannot write.
pub async fn end_by_token_hash(
    connection: &mut sql::Connection,
    token_hash: &str,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM sessions WHERE token_hash = $1")
        .bind(token_hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends all sessions of an account but `kept`, and says how many.
///
/// # Errors
/// When the store cannot write.
pub async fn end_all(
    connection: &mut sql::Connection,
    account: &str,
    kept: Option<&str>,
) -> Result<u64, StoreError> {
    let done = sql::query("DELETE FROM sessions WHERE account = $1 AND id <> COALESCE($2, '')")
        .bind(account)
        .bind(kept)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Removes sessions that were started or seen too long ago to live.
///
/// # Errors
/// When the store cannot write.
pub async fn sweep(
    connection: &mut sql::Connection,
    started_before: Moment,
    seen_before: Moment,
) -> Result<(), StoreError> {
    sql::query("DELETE FROM sessions WHERE created <= $1 OR seen <= $2")
        .bind(started_before.0)
        .bind(seen_before.0)
        .execute(connection)
        .await?;
    Ok(())
}
