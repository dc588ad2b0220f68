//! Calls what is due: signed, with limits on time and size, tried again with growing pauses.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;
use tokio::task::JoinHandle;
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use super::error::WebhookError;
use super::guard::Guarded;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::webhooks::{self as table, Due};

/// A receiver that takes longer has not taken it.
const LIMIT: Duration = Duration::from_secs(10);
/// Calls at the same time.
const AT_ONCE: u32 = 8;
/// Tries before a delivery is given up; with the pauses between them about a day.
const TRIES: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3600);

/// How a call went.
enum Outcome {
    Taken,
    /// It may go better later.
    Failed(String),
    /// The receiver says that nobody is there any more.
    Gone(String),
}

/// Calls everything that is due now, and answers how many calls were taken.
///
/// # Errors
/// When the control store or the key cannot be read or written.
pub async fn deliver_due(state: &AppState) -> Result<u32, WebhookError> {
    let mut taken = 0;
    loop {
        let due = table::due(&state.store, state.clock.now(), AT_ONCE).await?;
        if due.is_empty() || state.shutdown.is_cancelled() {
            return Ok(taken);
        }
        let calls: Vec<_> = due
            .into_iter()
            .map(|due| call(state, due))
            .collect::<Result<_, _>>()?;
        for (due, call) in calls {
            // a call that panicked is a failed one: it must not be made again and again at once
            let outcome = call
                .await
                .unwrap_or_else(|_| Outcome::Failed("the call was interrupted".into()));
            taken += u32::from(matches!(outcome, Outcome::Taken));
            settle(state, &due, outcome).await?;
        }
    }
}

fn call(state: &AppState, due: Due) -> Result<(Due, JoinHandle<Outcome>), WebhookError> {
    let seconds = state.clock.now().0.div_euclid(1000);
    let secret = secret_of(state, due.webhook)?;
    let signed = format!("t={seconds},v1={}", signature(&secret, seconds, &due.body));
    let allowed = state.config.outgoing.networks();
    let called = due.clone();
    let call =
        tokio::task::spawn_blocking(move || post(&called, &signed, Guarded::allowing(allowed)));
    Ok((due, call))
}

fn post(due: &Due, signed: &str, guard: Guarded) -> Outcome {
    let config = Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("switchyard")
        .build();
    let agent = Agent::with_parts(config, DefaultConnector::default(), guard);
    let answer = agent
        .post(&due.address)
        .header("content-type", "application/json")
        .header("switchyard-event", &due.event)
        .header("switchyard-signature", signed)
        .send(&due.body);
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
            LIMIT.as_secs()
        )),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn settle(state: &AppState, due: &Due, outcome: Outcome) -> Result<(), WebhookError> {
    let now = state.clock.now();
    match outcome {
        Outcome::Taken => table::delivered(&state.store, due, now).await?,
        Outcome::Gone(why) => table::failed(&state.store, due, &why, None, now).await?,
        Outcome::Failed(why) => {
            let tried = due.attempts + 1;
            let next = (tried < TRIES).then(|| next_try(now, tried));
            if next.is_none() {
                tracing::warn!(webhook = due.webhook, event = due.event, %why, "a delivery was given up");
            }
            table::failed(&state.store, due, &why, next, now).await?;
        }
    }
    Ok(())
}

/// Twice the pause before, with up to a fifth more, so that receivers that failed together are not called together.
fn next_try(now: Moment, tried: u32) -> Moment {
    let doubled = FIRST_PAUSE.saturating_mul(1 << tried.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE);
    now.plus(pause.mul_f64(1.0 + rand::rng().random_range(0.0..0.2)))
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
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_never_exceed_the_longest_by_more_than_a_fifth() {
        let mut before = Duration::ZERO;
        for tried in 1..TRIES {
            let pause = next_try(Moment(0), tried).since(Moment(0));
            assert!(pause > before || pause >= LONGEST_PAUSE, "{tried}");
            assert!(pause <= LONGEST_PAUSE.mul_f64(1.2));
            before = pause;
        }
    }

    #[test]
    fn a_receiver_can_compute_the_signature_with_any_tool() {
        // printf '1795140000.{}' | openssl dgst -sha256 -hmac 00ff
        assert_eq!(
            signature("00ff", 1_795_140_000, "{}"),
            "417733b4cda30ea6f801105c3a293bdad4c474329187e01861990e16367d2bf6"
        );
    }
}
