//! Subscribers: people who are told by mail. Nobody is told before they confirmed that the address is theirs, everybody
//! can stop with one press, and nobody learns here who subscribed.

mod error;
mod token;

use std::sync::Arc;
use std::time::Duration;

use lettre::Address;
use shared::problem::FieldProblem;
use shared::status_link::Audience;
use shared::subscriber::Subscribers;

use crate::accounts::Operator;
use crate::accounts::throttle::{self, Bucket, Turn};
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::status::links::LinkKey;
use crate::store::outbox::{self, Recipients};
use crate::store::status_links::LinkRow;
use crate::store::subscribers::{self as table, Asked, Known};
use crate::store::{StoreError, WriteTx};
use crate::systems::System;

pub use error::SubscribeError;
use token::Purpose;

/// The question whether an address is right can be answered for this long.
const CONFIRM_WITHIN: Duration = Duration::from_secs(2 * 86_400);
/// One address is asked at most so many times within an hour, whoever asks for it and for whatever system.
const QUESTIONS: i64 = 3;
const ASK_AGAIN: Duration = Duration::from_secs(3600);
/// Addresses of one system that nobody confirmed, and addresses at all.
const MOST_PENDING: i64 = 5_000;
const MOST: i64 = 50_000;
const LONGEST_ADDRESS: usize = 254;
/// Time between two looks for those who are to be forgotten.
const LOOK: Duration = Duration::from_secs(60);

/// Begins to forget whoever did not confirm in time; it ends when the server stops.
pub fn begin(state: &AppState) {
    crate::outbox::repeat(state, LOOK, "subscribers", |state| async move {
        sweep(&state).await
    });
}

/// Forgets whoever did not confirm in time, or subscribed through a link that has ended.
///
/// # Errors
/// When the control store cannot be read or written.
pub async fn sweep(state: &AppState) -> Result<(), StoreError> {
    let now = state.clock.now();
    table::sweep(&state.store, now.minus(CONFIRM_WITHIN), now).await
}

/// Keeps an address and asks it whether it is right. The answer is the same whether it is known or not.
///
/// # Errors
/// When it is no address, when one place asks too often, or too many ask at all.
pub async fn subscribe(
    state: &AppState,
    system: &Arc<System>,
    through: Option<&LinkRow>,
    address: &str,
    client: &str,
) -> Result<(), SubscribeError> {
    if state.config.mail.is_none() {
        return Err(SubscribeError::NoMail);
    }
    let address = read(address)?;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let turn = throttle::begin(&mut tx, &[Bucket::subscribing(client)], now).await?;
    if let Turn::Later(after) = turn {
        return Err(SubscribeError::Throttled(after));
    }
    let (pending, all) = table::counts(&mut tx, system.slug()).await?;
    let too_many = pending >= MOST_PENDING || all >= MOST;
    if !too_many && is_asked(&mut tx, system, through, &address, now).await? {
        tracing::debug!(system = system.slug(), "somebody asked to be told by mail");
    }
    // the try counts, whatever came of it
    tx.commit().await?;
    if too_many {
        tracing::warn!(
            system = system.slug(),
            pending,
            all,
            "too many subscribers; nobody more is taken"
        );
        return Err(SubscribeError::TooMany);
    }
    Ok(())
}

async fn is_asked(
    tx: &mut WriteTx,
    system: &System,
    through: Option<&LinkRow>,
    address: &str,
    now: crate::moment::Moment,
) -> Result<bool, StoreError> {
    let since = now.minus(ASK_AGAIN);
    if table::asked_lately(tx, address, since).await? >= QUESTIONS {
        return Ok(false);
    }
    let organization = match through.map(|row| &row.link.audience) {
        Some(Audience::Organization { code }) => code,
        _ => "",
    };
    let who = Asked {
        system: system.slug(),
        address,
        link: through.map_or("", |row| row.link.id.as_str()),
        organization,
    };
    table::ask(tx, who, since, now).await
}

/// The address as it is kept: without blanks around it, in lower case, and of the plain form that every server takes.
fn read(address: &str) -> Result<String, SubscribeError> {
    let address = address.trim().to_lowercase();
    let plain =
        |letter: char| letter.is_ascii_alphanumeric() || "@.!#$%&'*+/=?^_`{|}~-".contains(letter);
    let fits = address.len() <= LONGEST_ADDRESS
        && address.chars().all(plain)
        && address
            .rsplit_once('@')
            .is_some_and(|(_, domain)| domain.contains('.'))
        && address.parse::<Address>().is_ok();
    if fits {
        Ok(address)
    } else {
        Err(SubscribeError::Fields(vec![FieldProblem {
            field: "address".into(),
            message: "Write an address such as amina@example.org.".into(),
        }]))
    }
}

/// Who holds this token of a confirmation; none when it is made up, too old, or they are forgotten.
///
/// # Errors
/// When the control store or the key cannot be read.
pub async fn asked(state: &AppState, token: &str) -> Result<Option<Known>, SubscribeError> {
    known(state, Purpose::Confirm, token).await
}

/// Who holds this token to unsubscribe with; none when it is made up or they are forgotten.
///
/// # Errors
/// When the control store or the key cannot be read.
pub async fn told(state: &AppState, token: &str) -> Result<Option<Known>, SubscribeError> {
    known(state, Purpose::Stop, token).await
}

async fn known(
    state: &AppState,
    purpose: Purpose,
    token: &str,
) -> Result<Option<Known>, SubscribeError> {
    let key = state.link_key.get()?;
    match token::read(key, purpose, token, state.clock.now()) {
        Some(id) => Ok(table::get(&state.store, id).await?),
        None => Ok(None),
    }
}

/// Confirms an address; whether there was something to confirm.
///
/// # Errors
/// When the control store or the key cannot be read or written.
pub async fn confirm(state: &AppState, token: &str) -> Result<bool, SubscribeError> {
    let now = state.clock.now();
    let key = state.link_key.get()?;
    let Some(id) = token::read(key, Purpose::Confirm, token, now) else {
        return Ok(false);
    };
    let mut tx = state.store.write().await?;
    let done = table::confirm(&mut tx, id, now).await?;
    tx.commit().await?;
    Ok(done)
}

/// Forgets the address that holds this token; whether the token is a true one. A second time changes nothing.
///
/// # Errors
/// When the control store or the key cannot be read or written.
pub async fn stop(state: &AppState, token: &str) -> Result<bool, SubscribeError> {
    let key = state.link_key.get()?;
    let Some(id) = token::read(key, Purpose::Stop, token, state.clock.now()) else {
        return Ok(false);
    };
    let mut tx = state.store.write().await?;
    table::forget(&mut tx, id).await?;
    tx.commit().await?;
    Ok(true)
}

/// Where somebody confirms their address.
pub(crate) fn confirm_address(state: &AppState, key: &LinkKey, subscriber: i64) -> String {
    let ends = state.clock.now().plus(CONFIRM_WITHIN);
    let token = token::signed(key, Purpose::Confirm, subscriber, ends);
    format!("{}/subscription/confirm/{token}", state.config.origin())
}

/// Where somebody unsubscribes: for ever, because mails are kept.
pub(crate) fn stop_address(state: &AppState, key: &LinkKey, subscriber: i64) -> String {
    let token = token::signed(key, Purpose::Stop, subscriber, token::NEVER);
    format!("{}/subscription/stop/{token}", state.config.origin())
}

/// What operators see; `address` is a part of the addresses that are looked for.
///
/// # Errors
/// When the control store cannot be read.
pub async fn view(
    state: &AppState,
    system: &System,
    address: &str,
) -> Result<Subscribers, SubscribeError> {
    let mail = state.config.mail.is_some();
    Ok(table::view(&state.store, system.slug(), address, mail).await?)
}

/// Removes a subscriber. The audit log keeps no address.
///
/// # Errors
/// When there is none.
pub async fn remove(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: i64,
) -> Result<(), SubscribeError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if !table::remove(&mut tx, system.slug(), id).await? {
        return Err(SubscribeError::Unknown);
    }
    let object = format!("subscriber {id}");
    let entry = Entry::by(
        actor,
        "subscriber.removed",
        object,
        "A subscriber was removed.",
    )
    .on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Tries the mails again that were given up.
///
/// # Errors
/// When the control store cannot be written.
pub async fn replay(
    state: &AppState,
    system: &System,
    actor: &Operator,
) -> Result<(), SubscribeError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let replayed = outbox::replay(&mut tx, system.slug(), Recipients::Subscribers, now).await?;
    let text = format!("{replayed} mails that were given up are tried again.");
    let entry = Entry::by(actor, "subscribers.replayed", "subscribers", text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken_and_none_can_end_a_header() {
        for wrong in [
            "",
            "amina",
            "amina@",
            "@example.org",
            "amina@localhost",
            "amina@example.org\r\nBcc: all@example.org",
            "amina@example.org, juana@example.org",
            "Amina <amina@example.org>",
            "\"a b\"@example.org",
            "amina@[127.0.0.1]",
            "amina@exämple.org",
            "amina@example.org>",
            "a@b@example.org",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            read(" Amina.S+news@Example.ORG ").unwrap(),
            "amina.s+news@example.org"
        );
        assert!(read(&format!("{}@example.org", "a".repeat(260))).is_err());
    }
}
