//! Signing in: one answer and one amount of work whether or not the account exists.

use shared::account::Account;

use super::error::AccountError;
use super::password::{self, Lane};
use super::throttle::{self, Bucket, Turn};
use super::token;
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::secret::Secret;
use crate::state::AppState;
use crate::store::accounts::StoredAccount;
use crate::store::{WriteTx, accounts, sessions, sign_in_tries, sql};

/// Where a person comes from.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Browser, as it names itself.
    pub agent: String,
    /// Address.
    pub address: String,
    /// Token of the device's cookie, if it has one.
    pub device: Option<Secret<String>>,
    /// Token of the session that the browser had until now.
    pub session: Option<Secret<String>>,
}

/// A new session, with the secrets for the browser's cookies.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// Token of the session.
    pub token: Secret<String>,
    /// Token of the device.
    pub device: Secret<String>,
    /// The password counts as confirmed until then.
    pub fresh_until: Moment,
}

/// Longest name of a browser that is kept.
const LONGEST_AGENT: usize = 200;

/// Signs in with name and password. The session of the browser until now ends, and a new token is made.
///
/// # Errors
/// [`AccountError::SignInRefused`] whatever was wrong, [`AccountError::Throttled`] after too many tries.
pub async fn sign_in(
    state: &AppState,
    username: &str,
    password: Secret<String>,
    visitor: Visitor,
) -> Result<SignedIn, AccountError> {
    let username = username.trim();
    let now = state.clock.now();
    let mut reader = state.store.reader().await?;
    let found = accounts::by_username(&mut reader, username).await?;
    let known_device = known_device(&mut reader, found.as_ref(), &visitor).await?;
    drop(reader);
    let (buckets, lane) = match (&found, known_device) {
        (Some(stored), Some(device_hash)) => (
            vec![Bucket::device(&stored.account.id, &device_hash)],
            Lane::Known,
        ),
        _ => (
            vec![
                Bucket::pair(username, &visitor.address),
                Bucket::address(&visitor.address),
            ],
            Lane::Anyone,
        ),
    };
    let mut tx = state.store.write().await?;
    let turn = throttle::begin(&mut tx, &buckets, now).await?;
    tx.commit().await?;
    let last_free = match turn {
        Turn::Now { last_free } => last_free,
        Turn::Later(after) => {
            state.metrics.sign_in("throttled");
            return Err(AccountError::Throttled(after));
        }
    };
    let kept = found
        .as_ref()
        .and_then(|stored| stored.password_hash.clone());
    let matches = match password::matches(lane, password, kept).await {
        Ok(matches) => matches,
        Err(error) => {
            let mut tx = state.store.write().await?;
            throttle::not_checked(&mut tx, &buckets).await?;
            tx.commit().await?;
            return Err(error.into());
        }
    };
    let mut tx = state.store.write().await?;
    // read again inside the transaction: it may have been disabled, or its password reset, while we hashed
    let allowed = match (&found, matches) {
        (Some(stored), true) => accounts::by_id(&mut tx, &stored.account.id)
            .await?
            .filter(|fresh| !fresh.account.disabled && fresh.password_hash == stored.password_hash),
        _ => None,
    };
    let Some(stored) = allowed else {
        audit::append(&mut tx, now, refused(found.as_ref(), last_free, &visitor)).await?;
        tx.commit().await?;
        state.metrics.sign_in("refused");
        return Err(AccountError::SignInRefused);
    };
    throttle::succeeded(&mut tx, &buckets).await?;
    let signed_in = open(&mut tx, stored.account, &visitor, now).await?;
    let entry = Entry::of(
        &signed_in.account.username,
        "session.started",
        "session",
        "Signed in.",
    )
    .from_address(&visitor.address);
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.metrics.sign_in("signed-in");
    Ok(signed_in)
}

/// The device's hash, if this account signed in from it before.
async fn known_device(
    reader: &mut sql::Connection,
    found: Option<&StoredAccount>,
    visitor: &Visitor,
) -> Result<Option<String>, AccountError> {
    let (Some(stored), Some(device)) = (found, &visitor.device) else {
        return Ok(None);
    };
    let hash = token::hash(device.expose());
    let known = sign_in_tries::is_known_device(reader, &stored.account.id, &hash).await?;
    Ok(known.then_some(hash))
}

/// A refused try. The name is written down only when there is such an account: people type passwords into the field
/// above, and the audit log is for many eyes.
fn refused(found: Option<&StoredAccount>, last_free: bool, visitor: &Visitor) -> Entry {
    let object = match found {
        Some(stored) => format!("account {}", stored.account.username),
        None => "unknown account".into(),
    };
    let text = if last_free {
        "Signing in was refused; further tries from there have to wait."
    } else {
        "Signing in was refused."
    };
    Entry::of("anonymous", "session.refused", object, text)
        .refused()
        .from_address(&visitor.address)
}

/// Opens a session for an account, in the transaction of what allowed it.
pub(super) async fn open(
    tx: &mut WriteTx,
    account: Account,
    visitor: &Visitor,
    now: Moment,
) -> Result<SignedIn, AccountError> {
    if let Some(before) = &visitor.session {
        sessions::end_by_token_hash(tx, &token::hash(before.expose())).await?;
    }
    let token = token::random()?;
    let agent: String = visitor
        .agent
        .chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_AGENT)
        .collect();
    sessions::insert(
        tx,
        &sessions::NewRow {
            id: &token::identifier()?,
            token_hash: &token::hash(token.expose()),
            account: &account.id,
            at: now,
            agent: &agent,
            address: &visitor.address,
        },
    )
    .await?;
    let device = device_token(tx, &account, visitor).await?;
    sign_in_tries::know_device(tx, &account.id, &token::hash(device.expose()), now).await?;
    accounts::signed_in(tx, &account.id, now).await?;
    Ok(SignedIn {
        account: Account {
            last_signed_in: Some(now.rfc3339()),
            ..account
        },
        token,
        device,
        fresh_until: now.plus(super::FRESH),
    })
}

/// The device keeps the token that it has for this account; a token from anywhere else is replaced, so that nobody
/// can plant one in another person's browser.
async fn device_token(
    tx: &mut WriteTx,
    account: &Account,
    visitor: &Visitor,
) -> Result<Secret<String>, AccountError> {
    if let Some(device) = &visitor.device {
        let hash = token::hash(device.expose());
        if sign_in_tries::is_known_device(tx, &account.id, &hash).await? {
            return Ok(device.clone());
        }
    }
    Ok(token::random()?)
}
