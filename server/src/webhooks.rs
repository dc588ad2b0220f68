//! Webhooks: addresses that are told what happens to a system. One of the two carriers of the outbox: calls are signed,
//! tried again with growing pauses, and given up where a person sees it.

mod call;
mod error;
mod guard;

use std::time::Duration;

use shared::problem::FieldProblem;
use shared::webhook::{MadeWebhook, MakeWebhook, TriedCall, Webhook, WebhookKind};

use crate::accounts::{Administrator, Operator};
use crate::audit::{self, Entry};
use crate::organizations;
use crate::state::AppState;
use crate::store::outbox::{self, Recipients};
use crate::store::webhooks as table;
use crate::systems::System;

pub use call::{deliver_due, signature};
pub use error::WebhookError;

/// Time between two looks at the outbox.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LABEL: usize = 80;
const LONGEST_ADDRESS: usize = 500;
const MOST: usize = 50;

/// Begins to call what is due; it ends when the server stops.
pub fn begin(state: &AppState) {
    crate::outbox::repeat(state, LOOK, "calls of webhooks", |state| async move {
        deliver_due(&state).await.map(|_| ())
    });
}

/// Makes a webhook. It is told what happens from now on.
///
/// # Errors
/// When a field is wrong, or there are too many.
pub async fn make(
    state: &AppState,
    system: &std::sync::Arc<System>,
    actor: &Administrator,
    wanted: &MakeWebhook,
) -> Result<MadeWebhook, WebhookError> {
    let mut wrong = Vec::new();
    let label = wanted.label.trim();
    if label.is_empty() || label.chars().count() > LONGEST_LABEL {
        wrong.push(FieldProblem {
            field: "label".into(),
            message: format!("Write what it is for, in 1 to {LONGEST_LABEL} characters."),
        });
    }
    let address = wanted.address.trim();
    if let Err(message) = guard::check_form(address, LONGEST_ADDRESS) {
        wrong.push(FieldProblem {
            field: "address".into(),
            message,
        });
    }
    let kinds = wanted.kinds.as_ref().map(|kinds| {
        let wanted = |kind: &WebhookKind| kinds.contains(kind);
        let told: Vec<_> = WebhookKind::TOLD.into_iter().filter(wanted).collect();
        told
    });
    if kinds.as_ref().is_some_and(Vec::is_empty) {
        wrong.push(FieldProblem {
            field: "kinds".into(),
            message: "Choose at least one kind of event, or leave it out to be told of all.".into(),
        });
    }
    if !wrong.is_empty() {
        return Err(WebhookError::Fields(wrong));
    }
    if let Some(code) = &wanted.organization {
        organizations::detail(state, system, code).await?;
    }
    if table::list(&state.store, system.slug()).await?.len() >= MOST {
        return Err(WebhookError::TooMany(MOST));
    }
    let now = state.clock.now();
    let mut webhook = Webhook {
        id: 0,
        label: label.to_owned(),
        address: address.to_owned(),
        organization: wanted.organization.clone(),
        kinds,
        by: actor.username().to_owned(),
        created: now.rfc3339(),
        waiting: 0,
        dead: 0,
    };
    let mut tx = state.store.write().await?;
    webhook.id = table::insert(&mut tx, system.slug(), &webhook, now).await?;
    let text = format!("A webhook was made for “{label}”.");
    let object = format!("webhook {}", webhook.id);
    let entry = Entry::by(actor, "webhook.made", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    let secret = call::secret_of(state, webhook.id)?;
    Ok(MadeWebhook { webhook, secret })
}

/// Removes a webhook with what waits for it.
///
/// # Errors
/// When there is none.
pub async fn remove(
    state: &AppState,
    system: &System,
    actor: &Administrator,
    id: i64,
) -> Result<(), WebhookError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if !table::remove(&mut tx, system.slug(), id).await? {
        return Err(WebhookError::Unknown);
    }
    let object = format!("webhook {id}");
    let entry =
        Entry::by(actor, "webhook.removed", object, "A webhook was removed.").on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Tries the deliveries again that were given up, and answers how many.
///
/// # Errors
/// When the control store cannot be written.
pub async fn replay(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: i64,
) -> Result<u64, WebhookError> {
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let replayed = outbox::replay(&mut tx, system.slug(), Recipients::Webhook(id), now).await?;
    let object = format!("webhook {id}");
    let text = format!("{replayed} deliveries that were given up are tried again.");
    let entry = Entry::by(actor, "webhook.replayed", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(replayed)
}

/// Calls a webhook now, with an event that tells nothing, and answers how it went.
///
/// # Errors
/// When there is none, or the call cannot be signed.
pub async fn try_out(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: i64,
) -> Result<TriedCall, WebhookError> {
    let webhook = table::get(&state.store, system.slug(), id)
        .await?
        .ok_or(WebhookError::Unknown)?;
    let tried = call::try_out(state, system, &webhook).await?;
    let object = format!("webhook {id}");
    let text = match &tried.error {
        None => "A call was made to try it out, and taken.".to_owned(),
        Some(error) => format!("A call was made to try it out: {error}."),
    };
    let entry = Entry::by(actor, "webhook.tried", object, text).on(system.slug());
    audit::record(&state.store, state.clock.now(), entry).await?;
    Ok(tried)
}
