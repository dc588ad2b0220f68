//! Webhooks: addresses that are told what happens to a system. Events are derived from what is stored already and put into
//! an outbox once each; calls are signed, tried again with growing pauses, and given up where a person sees it.

mod call;
mod error;
mod events;
mod guard;

use std::time::Duration;

use shared::problem::FieldProblem;
use shared::webhook::{MadeWebhook, MakeWebhook, Webhook};

use crate::accounts::{Administrator, Operator};
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::webhooks as table;
use crate::systems::System;

pub use call::{deliver_due, signature};
pub use error::WebhookError;
pub use events::enqueue;

/// Time between two looks at the outbox.
const LOOK: Duration = Duration::from_secs(5);
const LONGEST_LABEL: usize = 80;
const LONGEST_ADDRESS: usize = 500;
const MOST: usize = 50;

/// Begins to fill and to empty the outbox; it ends when the server stops.
pub fn begin(state: &AppState) {
    let state = state.clone();
    state.tasks.clone().spawn(async move {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = state.shutdown.cancelled() => return,
                _ = looks.tick() => {}
            }
            let looked = async {
                enqueue(&state).await?;
                deliver_due(&state).await
            };
            if let Err(error) = looked.await {
                tracing::warn!(%error, "the outbox of webhooks could not be worked on; tried again later");
            }
        }
    });
}

/// Makes a webhook. It is told what happens from now on.
///
/// # Errors
/// When a field is wrong, or there are too many.
pub async fn make(
    state: &AppState,
    system: &System,
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
    if !wrong.is_empty() {
        return Err(WebhookError::Fields(wrong));
    }
    if table::list(&state.store, system.slug()).await?.len() >= MOST {
        return Err(WebhookError::TooMany(MOST));
    }
    let now = state.clock.now();
    let mut webhook = Webhook {
        id: 0,
        label: label.to_owned(),
        address: address.to_owned(),
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
    let replayed = table::replay(&mut tx, system.slug(), id, now).await?;
    let object = format!("webhook {id}");
    let text = format!("{replayed} deliveries that were given up are tried again.");
    let entry = Entry::by(actor, "webhook.replayed", object, text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(replayed)
}
