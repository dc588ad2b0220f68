//! Links that let a person in, each for one use and a limited time: the first account of an installation, invitations,
//! new passwords, and the way back in when no administrator can sign in.

use std::time::Duration;

use shared::account::{AcceptInvitation, Account, Invitation, Role};
use shared::problem::FieldProblem;

use super::error::AccountError;
use super::sign_in::{self, SignedIn, Visitor};
use super::{password, token};
use crate::audit::{self, Entry};
use crate::moment::{Clock, Moment};
use crate::secret::Secret;
use crate::state::AppState;
use crate::store::invitations::{LinkKind, StoredLink};
use crate::store::{Store, WriteTx, accounts, invitations, sessions, sign_in_tries, sql};

/// The first link is printed into a terminal that others may read.
const FIRST_RUN: Duration = Duration::from_secs(3600);
const INVITATION: Duration = Duration::from_secs(72 * 3600);
const RESET: Duration = Duration::from_secs(24 * 3600);

/// A link, to be shown once.
#[derive(Debug, Clone)]
pub struct Link {
    /// Path in the console, such as `/welcome/k3…`.
    pub path: Secret<String>,
    /// When it stops working.
    pub expires: Moment,
}

/// Makes the link for the first account while there is none; the one before stops working.
///
/// # Errors
/// When the control store fails.
pub async fn first_run(store: &Store, clock: &Clock) -> Result<Option<Link>, AccountError> {
    let mut tx = store.write().await?;
    if accounts::any(&mut tx).await? {
        return Ok(None);
    }
    invitations::take_all(&mut tx, LinkKind::FirstRun).await?;
    let new = NewLink {
        kind: LinkKind::FirstRun,
        account: None,
        role: Role::Administrator,
        lasts: FIRST_RUN,
    };
    let link = make(&mut tx, new, clock.now()).await?;
    tx.commit().await?;
    Ok(Some(link))
}

/// Makes a link from the command line for when nobody can sign in: for a new administrator, or a new password of an
/// account. Whoever can do this can write the control store anyway; the audit log says that it was done.
///
/// # Errors
/// When there is no such account or it is disabled.
pub async fn recovery(
    store: &Store,
    clock: &Clock,
    username: Option<&str>,
) -> Result<Link, AccountError> {
    let now = clock.now();
    let mut tx = store.write().await?;
    let (new, object, text) = match username {
        Some(username) => {
            let stored = accounts::by_username(&mut tx, username)
                .await?
                .ok_or(AccountError::UnknownAccount)?;
            if stored.account.disabled {
                return Err(AccountError::Disabled);
            }
            let new = NewLink {
                kind: LinkKind::Reset,
                role: stored.account.role,
                account: Some(stored.account.id),
                lasts: FIRST_RUN,
            };
            invitations::take_all_of(&mut tx, new.account.as_deref().unwrap_or_default()).await?;
            let object = format!("account {}", stored.account.username);
            (
                new,
                object,
                "A link for a new password was made on the command line.",
            )
        }
        None => {
            invitations::take_all(&mut tx, LinkKind::Recovery).await?;
            let new = NewLink {
                kind: LinkKind::Recovery,
                account: None,
                role: Role::Administrator,
                lasts: FIRST_RUN,
            };
            let text = "A link for a new administrator was made on the command line.";
            (new, "accounts".to_owned(), text)
        }
    };
    let link = make(&mut tx, new, now).await?;
    let entry = Entry::of("command line", "account.link-made", object, text);
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(link)
}

/// A link to be made.
pub(super) struct NewLink {
    pub kind: LinkKind,
    pub account: Option<String>,
    pub role: Role,
    pub lasts: Duration,
}

impl NewLink {
    /// Lets the person of a new account in.
    pub(super) fn invitation(account: &Account) -> Self {
        Self {
            kind: LinkKind::Invitation,
            account: Some(account.id.clone()),
            role: account.role,
            lasts: INVITATION,
        }
    }

    /// Lets the person of an account choose a new password.
    pub(super) fn reset(account: &Account) -> Self {
        Self {
            kind: if account.invited {
                LinkKind::Invitation
            } else {
                LinkKind::Reset
            },
            account: Some(account.id.clone()),
            role: account.role,
            lasts: RESET,
        }
    }
}

pub(super) async fn make(
    tx: &mut WriteTx,
    new: NewLink,
    now: Moment,
) -> Result<Link, AccountError> {
    let token = token::random()?;
    let expires = now.plus(new.lasts);
    let stored = StoredLink {
        kind: new.kind,
        account: new.account,
        role: new.role,
        expires,
    };
    invitations::insert(tx, &token::hash(token.expose()), &stored, now).await?;
    Ok(Link {
        path: Secret::new(format!("/welcome/{}", token.expose())),
        expires,
    })
}

/// What a link offers.
///
/// # Errors
/// [`AccountError::LinkUnknown`] when it does not work any more.
pub async fn look(state: &AppState, token: &str) -> Result<Invitation, AccountError> {
    let mut reader = state.store.reader().await?;
    let (link, account) = find(&mut reader, token, state.clock.now()).await?;
    Ok(Invitation {
        role: account.as_ref().map_or(link.role, |account| account.role),
        username: account.map(|account| account.username),
        first_run: link.kind == LinkKind::FirstRun,
        reset: link.kind == LinkKind::Reset,
        expires: link.expires.rfc3339(),
    })
}

async fn find(
    connection: &mut sql::Connection,
    token: &str,
    now: Moment,
) -> Result<(StoredLink, Option<Account>), AccountError> {
    let link = invitations::by_token_hash(connection, &token::hash(token))
        .await?
        .filter(|link| link.expires > now)
        .ok_or(AccountError::LinkUnknown)?;
    let account = match &link.account {
        Some(id) => accounts::by_id(connection, id)
            .await?
            .map(|stored| stored.account),
        None => None,
    };
    let works = match (&link.kind, &account) {
        (LinkKind::FirstRun, _) => !accounts::any(connection).await?,
        (LinkKind::Recovery, _) => true,
        (LinkKind::Invitation | LinkKind::Reset, Some(account)) => !account.disabled,
        (LinkKind::Invitation | LinkKind::Reset, None) => false,
    };
    if works {
        Ok((link, account))
    } else {
        Err(AccountError::LinkUnknown)
    }
}

/// Accepts a link: sets the password, makes the account when it is new, and signs its person in. Works once, also when
/// two browsers try at the same time.
///
/// # Errors
/// [`AccountError::LinkUnknown`], or [`AccountError::Fields`] with what is wrong; the link is kept then.
pub async fn accept(
    state: &AppState,
    token: &str,
    accepted: AcceptInvitation,
    visitor: Visitor,
) -> Result<SignedIn, AccountError> {
    let now = state.clock.now();
    let mut reader = state.store.reader().await?;
    let (link, account) = find(&mut reader, token, now).await?;
    drop(reader);
    let username = match &account {
        Some(account) => account.username.clone(),
        None => accepted.username.unwrap_or_default().trim().to_owned(),
    };
    let name = accepted.name.trim().to_owned();
    let name = if name.is_empty() && link.kind == LinkKind::Reset {
        account
            .as_ref()
            .map(|account| account.name.clone())
            .unwrap_or_default()
    } else {
        name
    };
    let mut fields = Vec::new();
    if account.is_none() {
        fields.extend(username_trouble(&username).map(|message| field("username", message)));
    }
    fields.extend(name_trouble(&name).map(|message| field("name", message)));
    fields.extend(
        password::trouble(&accepted.password, &username).map(|message| field("password", message)),
    );
    if !fields.is_empty() {
        return Err(AccountError::Fields(fields));
    }
    let hash = password::hash(Secret::new(accepted.password)).await?;

    let mut tx = state.store.write().await?;
    let (link, account) = find(&mut tx, token, now).await?;
    if !invitations::take(&mut tx, &token::hash(token)).await? {
        return Err(AccountError::LinkUnknown);
    }
    let id = match &account {
        Some(account) => {
            accounts::set_password(&mut tx, &account.id, &hash, Some(&name)).await?;
            sessions::end_all(&mut tx, &account.id, None).await?;
            sign_in_tries::forget_devices(&mut tx, &account.id).await?;
            invitations::take_all_of(&mut tx, &account.id).await?;
            account.id.clone()
        }
        None => {
            let id = token::identifier()?;
            let row = accounts::NewRow {
                id: &id,
                username: &username,
                name: &name,
                role: link.role,
                password_hash: Some(&hash),
                created: now,
            };
            insert(&mut tx, &row).await?;
            id
        }
    };
    let stored = accounts::by_id(&mut tx, &id)
        .await?
        .ok_or(AccountError::UnknownAccount)?;
    let (action, text) = match link.kind {
        LinkKind::Reset => (
            "account.password-reset",
            "Chose a new password by link; all sessions ended.",
        ),
        LinkKind::FirstRun => (
            "account.made",
            "Made the first account of this installation.",
        ),
        LinkKind::Recovery => (
            "account.made",
            "Made an administrator by a link from the command line.",
        ),
        LinkKind::Invitation => ("account.accepted", "Accepted the invitation."),
    };
    let entry = Entry::of(&username, action, format!("account {username}"), text)
        .from_address(&visitor.address);
    audit::append(&mut tx, now, entry).await?;
    let signed_in = sign_in::open(&mut tx, stored.account, &visitor, now).await?;
    tx.commit().await?;
    state.hub.console_changed(shared::event::Topic::Accounts);
    Ok(signed_in)
}

/// Adds an account; a name that is taken is a field that was not accepted.
pub(super) async fn insert(
    tx: &mut WriteTx,
    row: &accounts::NewRow<'_>,
) -> Result<(), AccountError> {
    accounts::insert(tx, row).await.map_err(|error| {
        if error.is_unique_violation() {
            AccountError::field("username", "Is taken. Choose another one.")
        } else {
            error.into()
        }
    })
}

fn field(field: &str, message: String) -> FieldProblem {
    FieldProblem {
        field: field.into(),
        message,
    }
}

/// What is wrong with a new account name.
pub(super) fn username_trouble(username: &str) -> Option<String> {
    let length = username.chars().count();
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if !(2..=40).contains(&length) || !username.chars().all(allowed) {
        Some("Use 2 to 40 letters, digits, `.`, `-` or `_`.".into())
    } else if [audit::ITSELF, "anonymous"].contains(&username.to_lowercase().as_str()) {
        Some("Is kept for the audit log. Choose another one.".into())
    } else {
        None
    }
}

/// What is wrong with a name to show.
pub(super) fn name_trouble(name: &str) -> Option<String> {
    let length = name.chars().count();
    if length == 0 {
        Some("Write the name that others see.".into())
    } else if length > 100 || name.chars().any(char::is_control) {
        Some("Use at most 100 characters on one line.".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_audit_log_uses_itself_are_nobodys() {
        assert!(username_trouble("Switchyard").is_some());
        assert!(username_trouble("anonymous").is_some());
        assert!(username_trouble("command line").is_some());
        assert!(username_trouble("amina.d-1").is_none());
    }
}
