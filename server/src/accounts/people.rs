//! Other people's accounts: inviting, changing roles, disabling, new passwords. There is always an administrator left.

use shared::account::{Account, ChangeAccount, InvitedAccount, NewAccount, Role};
use shared::event::Topic;
use shared::problem::FieldProblem;

use super::error::AccountError;
use super::links::{self, NewLink};
use super::{Administrator, Fresh, token, word};
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::{accounts, invitations, sessions};

/// All accounts, by name.
///
/// # Errors
/// When the control store fails.
pub async fn all(state: &AppState, _by: &Administrator) -> Result<Vec<Account>, AccountError> {
    let mut reader = state.store.reader().await?;
    Ok(accounts::all(&mut reader).await?)
}

/// Makes an account and the link that lets its person in.
///
/// # Errors
/// [`AccountError::Fields`] with what is wrong, such as a name that is taken.
pub async fn invite(
    state: &AppState,
    by: &Administrator,
    new: NewAccount,
) -> Result<InvitedAccount, AccountError> {
    let username = new.username.trim();
    let name = new.name.trim();
    let problems: Vec<_> = [
        ("username", links::username_trouble(username)),
        ("name", links::name_trouble(name)),
    ]
    .into_iter()
    .filter_map(|(field, message)| {
        Some(FieldProblem {
            field: field.into(),
            message: message?,
        })
    })
    .collect();
    if !problems.is_empty() {
        return Err(AccountError::Fields(problems));
    }
    let now = state.clock.now();
    let id = token::identifier()?;
    let mut tx = state.store.write().await?;
    let row = accounts::NewRow {
        id: &id,
        username,
        name,
        role: new.role,
        password_hash: None,
        created: now,
    };
    links::insert(&mut tx, &row).await?;
    let account = accounts::by_id(&mut tx, &id)
        .await?
        .ok_or(AccountError::UnknownAccount)?
        .account;
    let link = links::make(&mut tx, NewLink::invitation(&account), now).await?;
    let entry = Entry::by(
        by,
        "account.invited",
        format!("account {username}"),
        format!("Invited {name} as {}.", word(new.role)),
    );
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.hub.console_changed(Topic::Accounts);
    Ok(InvitedAccount {
        account,
        link: link.path.expose().clone(),
        expires: link.expires.rfc3339(),
    })
}

/// Makes a link for a new password (or a new invitation while the first was not accepted); earlier links stop working.
///
/// # Errors
/// When there is no such account or it is disabled.
pub async fn reset(
    state: &AppState,
    by: &Fresh<Administrator>,
    id: &str,
) -> Result<InvitedAccount, AccountError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let account = accounts::by_id(&mut tx, id)
        .await?
        .ok_or(AccountError::UnknownAccount)?
        .account;
    if account.disabled {
        return Err(AccountError::Disabled);
    }
    invitations::take_all_of(&mut tx, id).await?;
    let link = links::make(&mut tx, NewLink::reset(&account), now).await?;
    let entry = Entry::by(
        by,
        "account.link-made",
        format!("account {}", account.username),
        "Made a link for a new password.",
    );
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    state.hub.console_changed(Topic::Accounts);
    Ok(InvitedAccount {
        account,
        link: link.path.expose().clone(),
        expires: link.expires.rfc3339(),
    })
}

/// Changes role, name, or whether it is disabled; takes effect at the person's next request.
///
/// # Errors
/// [`AccountError::Changed`] when the version is not the one seen, [`AccountError::LastAdministrator`].
pub async fn change(
    state: &AppState,
    by: &Fresh<Administrator>,
    id: &str,
    change: ChangeAccount,
) -> Result<Account, AccountError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let before = accounts::by_id(&mut tx, id)
        .await?
        .ok_or(AccountError::UnknownAccount)?
        .account;
    if before.version != change.version {
        return Err(AccountError::Changed);
    }
    let after = Account {
        role: change.role.unwrap_or(before.role),
        name: change
            .name
            .map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
        disabled: change.disabled.unwrap_or(before.disabled),
        ..before.clone()
    };
    if let Some(message) = links::name_trouble(&after.name) {
        return Err(AccountError::field("name", message));
    }
    if !accounts::update(&mut tx, &after, change.version).await? {
        return Err(AccountError::Changed);
    }
    let could_administer =
        before.role == Role::Administrator && !before.disabled && !before.invited;
    if could_administer && accounts::administrators(&mut tx).await? == 0 {
        return Err(AccountError::LastAdministrator);
    }
    if after.disabled {
        sessions::end_all(&mut tx, id, None).await?;
        invitations::take_all_of(&mut tx, id).await?;
    }
    let entry = Entry::by(
        by,
        "account.changed",
        format!("account {}", before.username),
        told(&before, &after),
    );
    audit::append(&mut tx, now, entry).await?;
    let account = accounts::by_id(&mut tx, id)
        .await?
        .ok_or(AccountError::UnknownAccount)?
        .account;
    tx.commit().await?;
    state.hub.console_changed(Topic::Accounts);
    Ok(account)
}

/// What changed, in a sentence for the audit log.
fn told(before: &Account, after: &Account) -> String {
    let mut parts = Vec::new();
    if before.role != after.role {
        parts.push(format!(
            "role from {} to {}",
            word(before.role),
            word(after.role)
        ));
    }
    if before.name != after.name {
        parts.push(format!("name from {} to {}", before.name, after.name));
    }
    match (before.disabled, after.disabled) {
        (false, true) => parts.push("disabled, all sessions ended".into()),
        (true, false) => parts.push("enabled".into()),
        _ => {}
    }
    if parts.is_empty() {
        "Nothing changed.".into()
    } else {
        format!("Changed: {}.", parts.join("; "))
    }
}
