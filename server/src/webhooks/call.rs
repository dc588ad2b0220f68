//! Calls what is due: signed, with limits on time and size, tried again with growing pauses.

use std::collections::HashMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use shared::webhook::{TriedCall, Webhook, WebhookEvent, WebhookKind};
use tokio::task::{JoinHandle, JoinSet};
use ureq::Agent;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::DefaultConnector;

use super::error::WebhookError;
use super::guard::Guarded;
use crate::outbox::{TRIES, next_try};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::outbox::{self, DueCall};
use crate::systems::System;

/// A receiver that takes longer has not taken it.
const LIMIT: Duration = Duration::from_secs(10);
/// Calls at the same time.
const AT_ONCE: usize = 8;
/// How a call went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Taken,
    /// It may go better later.
    Failed(String),
    /// The receiver says that nobody is there any more.
    Gone(String),
}

/// Calls everything that is due now, and answers how many calls were taken. A receiver that hangs holds one call, and
/// none of the others.
///
/// # Errors
/// When the control store or the key cannot be read or written.
pub async fn deliver_due(state: &AppState) -> Result<u32, WebhookError> {
    let mut taken = 0;
    let mut calls = JoinSet::new();
    let mut called: HashMap<i64, DueCall> = HashMap::new();
    loop {
        let free = AT_ONCE.saturating_sub(called.len());
        if free > 0 && !state.shutdown.is_cancelled() {
            // of each webhook one is due, and those that are called now are among them
            let most = u32::try_from(AT_ONCE + called.len()).unwrap_or(u32::MAX);
            let due = outbox::due_calls(&state.store, state.clock.now(), most).await?;
            let new: Vec<DueCall> = due
                .into_iter()
                .filter(|due| !called.contains_key(&due.id))
                .take(free)
                .collect();
            for due in new {
                let tries = due.attempts + 1;
                let next = next_try(state.clock.now(), tries);
                if !outbox::begin(&state.store, due.id, next).await? {
                    continue;
                }
                let told = Told {
                    name: &due.event,
                    delivery: format!("{}/{}", due.system, due.event),
                    tries,
                    body: &due.body,
                };
                let call = call(state, due.webhook, &due.address, told)?;
                let id = due.id;
                calls.spawn(async move {
                    // a call that panicked is a failed one: it must not be made again and again at once
                    let outcome = call.await;
                    (
                        id,
                        outcome
                            .unwrap_or_else(|_| Outcome::Failed("the call was interrupted".into())),
                    )
                });
                called.insert(due.id, due);
            }
        }
        let Some(ended) = calls.join_next().await else {
            return Ok(taken);
        };
        let Ok((id, outcome)) = ended else {
            continue;
        };
        taken += u32::from(matches!(outcome, Outcome::Taken));
        if let Some(due) = called.remove(&id) {
            settle(state, &due, outcome).await?;
        }
    }
}

/// Calls a webhook with an event that tells nothing.
pub(super) async fn try_out(
    state: &AppState,
    system: &System,
    webhook: &Webhook,
) -> Result<TriedCall, WebhookError> {
    let now = state.clock.now();
    let event = WebhookEvent {
        event: format!("test-{}", now.0),
        kind: WebhookKind::Test,
        system: system.slug().to_owned(),
        organization: webhook.organization.clone(),
        title: format!("{}: a call to try this webhook out", system.config.title),
        text: "Nothing happened.".into(),
        at: now.rfc3339(),
        url: None,
    };
    let body =
        serde_json::to_string(&event).map_err(|error| StoreError::content("an event", error))?;
    let told = Told {
        name: &event.event,
        delivery: format!("{}/{}", event.system, event.event),
        tries: 1,
        body: &body,
    };
    let outcome = call(state, webhook.id, &webhook.address, told)?
        .await
        .unwrap_or_else(|_| Outcome::Failed("the call was interrupted".into()));
    Ok(match outcome {
        Outcome::Taken => TriedCall {
            taken: true,
            error: None,
        },
        Outcome::Failed(error) | Outcome::Gone(error) => TriedCall {
            taken: false,
            error: Some(error),
        },
    })
}

/// What a call says.
struct Told<'a> {
    /// Stable name of the event.
    name: &'a str,
    /// The same over all tries, and different for everything else: by it a receiver drops what came twice.
    delivery: String,
    /// Which try this is.
    tries: u32,
    body: &'a str,
}

fn call(
    state: &AppState,
    webhook: i64,
    address: &str,
    told: Told<'_>,
) -> Result<JoinHandle<Outcome>, WebhookError> {
    let seconds = state.clock.now().0.div_euclid(1000);
    let secret = secret_of(state, webhook)?;
    let signed = format!("t={seconds},v1={}", signature(&secret, seconds, told.body));
    let guard = Guarded::allowing(state.config.outgoing.networks());
    let headers = vec![
        ("switchyard-event", told.name.to_owned()),
        ("switchyard-delivery", told.delivery),
        ("switchyard-attempt", told.tries.to_string()),
        ("switchyard-signature", signed),
    ];
    let (address, body) = (address.to_owned(), told.body.to_owned());
    Ok(tokio::task::spawn_blocking(move || {
        post(&address, &headers, &body, guard, LIMIT)
    }))
}

fn post<N: Resolver>(
    address: &str,
    headers: &[(&'static str, String)],
    body: &str,
    guard: Guarded<N>,
    limit: Duration,
) -> Outcome {
    let config = Agent::config_builder()
        .timeout_global(Some(limit))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("switchyard")
        .build();
    let agent = Agent::with_parts(config, DefaultConnector::default(), guard);
    let mut request = agent
        .post(address)
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send(body);
    match answer {
        // what the receiver says besides is not read, however long it goes on
        Ok(answer) => match answer.status().as_u16() {
            200..=299 => Outcome::Taken,
            410 => Outcome::Gone("the receiver answered 410: gone".into()),
            status @ 300..=399 => Outcome::Failed(format!(
                "the receiver answered {status}; redirects are not followed"
            )),
            status => Outcome::Failed(format!("the receiver answered {status}")),
        },
        Err(ureq::Error::Timeout(_)) => Outcome::Failed(format!(
            "the receiver did not answer within {} s",
            limit.as_secs()
        )),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn settle(state: &AppState, due: &DueCall, outcome: Outcome) -> Result<(), WebhookError> {
    let now = state.clock.now();
    match outcome {
        Outcome::Taken => outbox::delivered(&state.store, due.id, now).await?,
        Outcome::Gone(why) => outbox::failed(&state.store, due.id, &why, None, now).await?,
        Outcome::Failed(why) => {
            let tried = due.attempts + 1;
            let next = (tried < TRIES).then(|| next_try(now, tried));
            if next.is_none() {
                tracing::warn!(webhook = due.webhook, event = due.event, %why, "a delivery was given up");
            }
            outbox::failed(&state.store, due.id, &why, next, now).await?;
        }
    }
    Ok(())
}

/// What calls of a webhook are signed with, in hex: derived, so that no copy of the control store holds it.
pub(super) fn secret_of(state: &AppState, webhook: i64) -> Result<String, WebhookError> {
    let key = state.link_key.get()?;
    Ok(hex::encode(key.derive(&format!("webhook {webhook}"))))
}

/// HMAC-SHA256 in hex over the seconds, a dot and the body, with the secret as it is shown.
pub fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // a key of any length is taken
        return String::new();
    };
    mac.update(format!("{seconds}.{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
