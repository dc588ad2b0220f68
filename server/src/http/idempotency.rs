//! Commands that would do something twice answer the same key with the same answer, so that a lost answer can be asked
//! for again without doing it again.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::{Answer, Problem};
use crate::accounts::Actor;
use crate::refusal::Kind;
use crate::state::AppState;
use crate::store::{StoreError, sql};

/// Longest key, in characters.
const LONGEST_KEY: usize = 200;

/// How long a key is remembered, in milliseconds: longer than anybody presses the same button again.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1_000;

/// Carries `command` out once for the key of this request and answers with `status`; a later request with the same key is
/// answered as the first was. Without a key it is done each time.
pub(super) async fn once<T: Serialize>(
    state: &AppState,
    actor: &Actor,
    headers: &HeaderMap,
    request: &str,
    body: &impl Serialize,
    status: StatusCode,
    command: impl Future<Output = Answer<T>> + Send,
) -> Answer<Response> {
    let key = match headers.get("idempotency-key") {
        None => None,
        Some(key) => Some(
            key.to_str()
                .ok()
                .filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
                .ok_or_else(|| {
                    Problem::new(
                        Kind::Invalid,
                        "The header Idempotency-Key is empty or too long.",
                    )
                })?
                .to_owned(),
        ),
    };
    let text = serde_json::to_string(body).unwrap_or_default();
    let hash = hex::encode(Sha256::digest(format!("{request}\n{text}")));
    if let Some(key) = &key
        && let Some(answer) = earlier(state, actor, key, &hash).await?
    {
        return Ok(answer);
    }
    let done = command.await?;
    let body = serde_json::to_string(&done).unwrap_or_default();
    if let Some(key) = &key {
        remember(state, actor, key, &hash, status, &body).await?;
    }
    Ok(answer(status, body))
}

fn answer(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn earlier(
    state: &AppState,
    actor: &Actor,
    key: &str,
    hash: &str,
) -> Result<Option<Response>, Problem> {
    let row = sql::query(
        "SELECT request_hash, body, status FROM idempotency_keys WHERE account = $1 AND key = $2",
    )
    .bind(actor.id())
    .bind(key)
    .fetch_optional(state.store.read())
    .await
    .map_err(StoreError::from)?;
    let Some(row) = row else { return Ok(None) };
    let (before, body, status): (String, String, i64) = (
        row.try_get(0).map_err(StoreError::from)?,
        row.try_get(1).map_err(StoreError::from)?,
        row.try_get(2).map_err(StoreError::from)?,
    );
    let status = u16::try_from(status).ok();
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    if before != hash {
        return Err(Problem::new(
            Kind::Conflict,
            "This Idempotency-Key was used for another request.",
        )
        .remedy("Use a new key for a new request."));
    }
    Ok(Some(answer(status.unwrap_or(StatusCode::OK), body)))
}

async fn remember(
    state: &AppState,
    actor: &Actor,
    key: &str,
    hash: &str,
    status: StatusCode,
    body: &str,
) -> Result<(), Problem> {
    let now = state.clock.now().0;
    let mut tx = state.store.write().await?;
    sql::query("DELETE FROM idempotency_keys WHERE created < $1")
        .bind(now - REMEMBERED_MS)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    sql::query(
        "INSERT INTO idempotency_keys (account, key, request_hash, status, body, created) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    )
    .bind(actor.id())
    .bind(key)
    .bind(hash)
    .bind(i64::from(status.as_u16()))
    .bind(body)
    .bind(now)
    .execute(&mut *tx)
    .await
    .map_err(StoreError::from)?;
    tx.commit().await?;
    Ok(())
}
