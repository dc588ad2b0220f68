//! Sends what waits: a few connections at once, a part of the queue at a time. A mail server that is down is left alone
//! for a while; an address that it refuses costs the others nothing.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;

use super::error::MailError;
use super::message::{self, Letter};
use super::server::{Failure, Server};
use crate::config::MailConfig;
use crate::moment::Moment;
use crate::outbox::{TRIES, next_try};
use crate::state::AppState;
use crate::status::Zone;
use crate::store::outbox::{self, DueMail};
use crate::subscribers;

/// Connections at the same time.
const CONNECTIONS: usize = 4;
/// Mails that are in memory at the same time.
const AT_ONCE: u32 = 200;
/// Mails over one connection: servers count them.
const PER_CONNECTION: usize = 100;
/// A server that is down is left alone for no longer than after so many tries.
const LONGEST_LEFT_ALONE: u32 = 6;
/// A mail that waits for longer is given up: nobody needs news of the day before yesterday.
const GIVE_UP_AFTER: Duration = Duration::from_secs(2 * 86_400);

/// How the sending goes, from one look to the next.
#[derive(Debug, Default)]
pub struct Sending {
    /// Times in a row that the server could not be used.
    down: u32,
    /// It is left alone until then.
    until: Option<Moment>,
}

/// How a part of the queue went.
#[derive(Debug, Default)]
struct Batch {
    sent: u32,
    is_down: bool,
}

impl Sending {
    /// Sends everything that is due now, and answers how many mails were taken.
    ///
    /// # Errors
    /// When the control store or the key cannot be read or written.
    pub async fn deliver_due(&mut self, state: &AppState) -> Result<u32, MailError> {
        let Some(config) = &state.config.mail else {
            return Ok(0);
        };
        give_up(state).await?;
        let mut sent = 0;
        loop {
            let now = state.clock.now();
            if state.shutdown.is_cancelled() || self.until.is_some_and(|until| is_ahead(until, now))
            {
                return Ok(sent);
            }
            let due = outbox::due_mails(&state.store, now, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(sent);
            }
            let queue = Mutex::new(VecDeque::from(due));
            let stop = tokio_util::sync::CancellationToken::new();
            let work = || work(state, config, &queue, &stop);
            let mut batch = Batch::default();
            let ends: [_; CONNECTIONS] = tokio::join!(work(), work(), work(), work()).into();
            for end in ends {
                let end = end?;
                batch.sent += end.sent;
                batch.is_down |= end.is_down;
            }
            sent += batch.sent;
            if batch.sent > 0 {
                self.down = 0;
            }
            if batch.is_down {
                self.down += 1;
                let until = next_try(now, self.down.min(LONGEST_LEFT_ALONE));
                tracing::warn!(
                    pause_s = until.since(now).as_secs(),
                    "the mail server could not be used; it is left alone for a while"
                );
                self.until = Some(until);
            }
        }
    }
}

/// Whether a pause still lasts. One that is farther ahead than any pause was set by a clock that was wrong.
fn is_ahead(until: Moment, now: Moment) -> bool {
    until > now && until.since(now) <= next_try(now, LONGEST_LEFT_ALONE).since(now).mul_f64(1.2)
}

async fn give_up(state: &AppState) -> Result<(), MailError> {
    let now = state.clock.now();
    let oldest = now.minus(GIVE_UP_AFTER);
    if outbox::is_swept(&state.store, oldest, now).await? {
        return Ok(());
    }
    let mut tx = state.store.write().await?;
    let given_up = outbox::sweep(&mut tx, oldest, now).await?;
    tx.commit().await?;
    if given_up > 0 {
        tracing::warn!(
            given_up,
            "mails were given up, because they could not be sent for two days"
        );
    }
    Ok(())
}

/// Sends from the queue over one connection after another, until it is empty or the server is down.
async fn work(
    state: &AppState,
    config: &MailConfig,
    queue: &Mutex<VecDeque<DueMail>>,
    stop: &tokio_util::sync::CancellationToken,
) -> Result<Batch, MailError> {
    let mut batch = Batch::default();
    let mut open: Option<(Server, usize)> = None;
    loop {
        if stop.is_cancelled() || state.shutdown.is_cancelled() {
            break;
        }
        let Some(due) = queue.lock().await.pop_front() else {
            break;
        };
        let message = match letter(state, config, &due)? {
            Ok(message) => message,
            Err(why) => {
                settle(state, &due, Failure::Never(why)).await?;
                continue;
            }
        };
        let (mut server, used) = match open.take() {
            Some((server, used)) if used < PER_CONNECTION => (server, used),
            other => {
                if let Some((server, _)) = other {
                    server.close().await;
                }
                match Server::connect(config).await {
                    Ok(server) => (server, 0),
                    Err(failure) => {
                        settle(state, &due, failure).await?;
                        batch.is_down = true;
                        stop.cancel();
                        break;
                    }
                }
            }
        };
        let next = next_try(state.clock.now(), due.attempts + 1);
        if !outbox::begin(&state.store, due.id, next).await? {
            open = Some((server, used));
            continue;
        }
        match server.send(&message).await {
            Ok(()) => {
                outbox::delivered(&state.store, due.id, state.clock.now()).await?;
                batch.sent += 1;
                open = Some((server, used + 1));
            }
            Err(failure) => {
                let is_down = matches!(failure, Failure::Down(_) | Failure::Broken(_));
                settle(state, &due, failure).await?;
                if is_down {
                    batch.is_down = true;
                    stop.cancel();
                    break;
                }
            }
        }
    }
    if let Some((server, _)) = open {
        server.close().await;
    }
    Ok(batch)
}

async fn settle(state: &AppState, due: &DueMail, failure: Failure) -> Result<(), MailError> {
    let now = state.clock.now();
    let store = &state.store;
    match failure {
        Failure::Down(why) => outbox::not_tried(store, due.id, due.attempts, &why, now).await?,
        Failure::Never(why) => outbox::failed(store, due.id, &why, None, now).await?,
        Failure::Later(why) | Failure::Broken(why) => {
            let tried = due.attempts + 1;
            let next = (tried < TRIES).then(|| next_try(now, tried));
            outbox::failed(store, due.id, &why, next, now).await?;
        }
    }
    Ok(())
}

/// The mail, or why it must not be sent any more.
fn letter(
    state: &AppState,
    config: &MailConfig,
    due: &DueMail,
) -> Result<Result<lettre::Message, String>, MailError> {
    let Ok(system) = state.systems.get(&due.system) else {
        return Ok(Err("the system is not configured any more".into()));
    };
    if due.is_public && !system.config.status.is_public() {
        return Ok(Err("the system publishes nothing any more".into()));
    }
    let Ok(to) = due.address.parse() else {
        return Ok(Err("the address cannot be read".into()));
    };
    let key = state.link_key.get()?;
    let letter = Letter {
        config,
        to,
        id: hex::encode(&key.derive(&name_of(due))[..16]),
        system: &system.config.title,
        stop: subscribers::stop_address(state, key, due.subscriber),
    };
    let message = match &due.event {
        None => {
            let address = subscribers::confirm_address(state, key, due.subscriber);
            message::question(letter, &address)?
        }
        Some(event) => {
            let zone = Zone::of(&system.config.timezone);
            message::told(letter, event, &zone)?
        }
    };
    Ok(Ok(message))
}

/// What a mail is called: the same whenever it is sent again, and telling nobody how many mails there were. A question that
/// was asked for anew is another mail, or mail programs would take it for the first.
fn name_of(due: &DueMail) -> String {
    let subscriber = due.subscriber;
    match &due.event {
        Some(event) => format!("mail {subscriber} {}/{}", event.system, event.event),
        None => format!("question {subscriber} {}", due.asked.0),
    }
}
