//! Sessions: from the token of a cookie to the person who is asking, within the idle and the absolute limit.

use std::time::Duration;

use super::{Actor, throttle, token};
use crate::config::SessionConfig;
use crate::moment::{Clock, Moment};
use crate::state::AppState;
use crate::store::sessions::StoredSession;
use crate::store::{Store, StoreError, sessions, sign_in_tries};

/// A request is noted at most once in this time, so that reading pages writes nothing most of the time.
const NOTED: Duration = Duration::from_secs(60);

/// The person behind a token, if the session still lives. Looked up at every request, so that a changed role, a
/// disabled account or an ended session takes effect at once. `address` is where the request came from.
///
/// # Errors
/// When the control store cannot be read or written.
pub async fn actor(
    store: &Store,
    clock: &Clock,
    limits: &SessionConfig,
    token: &str,
    address: String,
) -> Result<Option<Actor>, StoreError> {
    let now = clock.now();
    let mut connection = store.reader().await?;
    let found = sessions::by_token_hash(&mut connection, &token::hash(token)).await?;
    drop(connection);
    let Some(session) = found.filter(|session| lives(session, limits, now)) else {
        return Ok(None);
    };
    if now.since(session.seen) >= NOTED {
        let mut tx = store.write().await?;
        sessions::touch(&mut tx, &session.id, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Actor::new(
        session.account.account,
        session.id,
        session.confirmed,
        now,
        address,
    )))
}

/// Whether the session of a person who asked before still lives. Not noted as a request: a page that only listens ends
/// by the idle limit like any other.
///
/// # Errors
/// When the control store cannot be read.
pub async fn lives_still(state: &AppState, actor: &Actor) -> Result<bool, StoreError> {
    let mut connection = state.store.reader().await?;
    let found = sessions::by_id(&mut connection, actor.session()).await?;
    let now = state.clock.now();
    Ok(found.is_some_and(|session| lives(&session, &state.config.sessions, now)))
}

fn lives(session: &StoredSession, limits: &SessionConfig, now: Moment) -> bool {
    !session.account.account.disabled
        && now.since(session.seen) < limits.idle()
        && now.since(session.started) < limits.absolute()
}

/// Removes sessions and counted tries that no longer matter.
///
/// # Errors
/// When the control store cannot be written.
pub async fn sweep(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    let limits = &state.config.sessions;
    let mut tx = state.store.write().await?;
    sessions::sweep(
        &mut tx,
        now.minus(limits.absolute()),
        now.minus(limits.idle()),
    )
    .await?;
    sign_in_tries::sweep(&mut tx, now.minus(throttle::FORGOTTEN)).await?;
    tx.commit().await
}
