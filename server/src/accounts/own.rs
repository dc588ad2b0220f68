//! One's own account: confirming the password, changing it, and ending sessions.

use shared::account::{ChangePassword, SessionView};

use super::error::AccountError;
use super::password::{self, Lane};
use super::throttle::{self, Bucket, Turn};
use super::{FRESH, Viewer};
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::secret::Secret;
use crate::state::AppState;
use crate::store::{accounts, sessions};

/// Confirms the password, so that destructive actions need none for ten minutes. Says until when.
///
/// # Errors
/// [`AccountError::NotYourPassword`], or [`AccountError::Throttled`] after too many tries.
pub async fn confirm(
    state: &AppState,
    by: &Viewer,
    given: Secret<String>,
) -> Result<Moment, AccountError> {
    check(state, by, given, "password").await?;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    sessions::confirm(&mut tx, by.session(), now).await?;
    tx.commit().await?;
    Ok(now.plus(FRESH))
}

/// Changes one's own password and ends all other sessions.
///
/// # Errors
/// [`AccountError::NotYourPassword`], or [`AccountError::Fields`] with what is wrong about the new one.
pub async fn change_password(
    state: &AppState,
    by: &Viewer,
    change: ChangePassword,
) -> Result<(), AccountError> {
    if let Some(message) = password::trouble(&change.new, by.username()) {
        return Err(AccountError::field("new", message));
    }
    check(state, by, Secret::new(change.current), "current").await?;
    let hash = password::hash(Secret::new(change.new)).await?;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    accounts::set_password(&mut tx, by.id(), &hash, None).await?;
    let ended = sessions::end_all(&mut tx, by.id(), Some(by.session())).await?;
    sessions::confirm(&mut tx, by.session(), now).await?;
    let entry = Entry::by(
        by,
        "account.password-changed",
        format!("account {}", by.username()),
        format!("Changed the own password; {ended} other sessions ended."),
    );
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(())
}

async fn check(
    state: &AppState,
    by: &Viewer,
    given: Secret<String>,
    field: &'static str,
) -> Result<(), AccountError> {
    let buckets = [Bucket::session(by.session())];
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let turn = throttle::begin(&mut tx, &buckets, now).await?;
    let kept = accounts::by_id(&mut tx, by.id())
        .await?
        .and_then(|stored| stored.password_hash);
    tx.commit().await?;
    if let Turn::Later(after) = turn {
        return Err(AccountError::Throttled(after));
    }
    let matches = password::matches(Lane::Known, given, kept).await?;
    let mut tx = state.store.write().await?;
    if matches {
        throttle::succeeded(&mut tx, &buckets).await?;
    } else {
        let entry = Entry::by(
            by,
            "session.confirmation-refused",
            format!("account {}", by.username()),
            "The password was asked for again and was wrong.",
        )
        .refused();
        audit::append(&mut tx, now, entry).await?;
    }
    tx.commit().await?;
    if matches {
        Ok(())
    } else {
        Err(AccountError::NotYourPassword { field })
    }
}

/// One's own live sessions, newest first.
///
/// # Errors
/// When the control store fails.
pub async fn own_sessions(state: &AppState, by: &Viewer) -> Result<Vec<SessionView>, AccountError> {
    let now = state.clock.now();
    let limits = &state.config.sessions;
    let mut reader = state.store.reader().await?;
    let listed = sessions::of_account(&mut reader, by.id()).await?;
    Ok(listed
        .into_iter()
        .filter(|session| {
            now.since(session.seen) < limits.idle()
                && now.since(session.created) < limits.absolute()
        })
        .map(|session| SessionView {
            current: session.id == by.session(),
            id: session.id,
            agent: session.agent,
            address: session.address,
            created: session.created.rfc3339(),
            seen: session.seen.rfc3339(),
        })
        .collect())
}

/// Ends one of one's own sessions; the one of this request means signing out.
///
/// # Errors
/// [`AccountError::UnknownSession`] when it is not one's own or has ended.
pub async fn end_session(state: &AppState, by: &Viewer, id: &str) -> Result<(), AccountError> {
    let mut tx = state.store.write().await?;
    if !sessions::end(&mut tx, by.id(), id).await? {
        return Err(AccountError::UnknownSession);
    }
    let text = if id == by.session() {
        "Signed out."
    } else {
        "Ended another session of the own account."
    };
    let entry = Entry::by(by, "session.ended", "session", text);
    audit::append(&mut tx, state.clock.now(), entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends all of one's own sessions but this one, and says how many.
///
/// # Errors
/// When the control store fails.
pub async fn end_other_sessions(state: &AppState, by: &Viewer) -> Result<u64, AccountError> {
    let mut tx = state.store.write().await?;
    let ended = sessions::end_all(&mut tx, by.id(), Some(by.session())).await?;
    if ended > 0 {
        let text = format!("Ended {ended} other sessions of the own account.");
        let entry = Entry::by(by, "session.ended", "session", text);
        audit::append(&mut tx, state.clock.now(), entry).await?;
    }
    tx.commit().await?;
    Ok(ended)
}
