//! The outbox: what happened to a system, written down once and queued for everybody who is to be told. It knows no
//! carrier: webhooks call addresses, mail reaches people, each at its own pace, so that a slow one holds nothing else up.

mod derive;
mod told;

use std::time::Duration;

use rand::RngExt as _;

use crate::moment::Moment;
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::store::StoreError;

pub use derive::enqueue;

/// Time between two looks at what happened.
const LOOK: Duration = Duration::from_secs(5);

/// Tries before a delivery is given up; with the pauses between them about a day.
pub(crate) const TRIES: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3600);

/// Why the outbox cannot be filled.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for OutboxError {
    fn kind(&self) -> Kind {
        let Self::Store(error) = self;
        error.kind()
    }
}

/// Begins to fill the outbox; it ends when the server stops.
pub fn begin(state: &AppState) {
    repeat(state, LOOK, "the outbox", |state| async move {
        enqueue(&state).await.map(|_| ())
    });
}

/// Does something now and then until the server stops. What fails is logged and done again.
pub(crate) fn repeat<E, W, F>(state: &AppState, every: Duration, what: &'static str, mut work: W)
where
    E: std::error::Error,
    W: FnMut(AppState) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send,
{
    let state = state.clone();
    state.tasks.clone().spawn(async move {
        let mut looks = tokio::time::interval(every);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = state.shutdown.cancelled() => return,
                _ = looks.tick() => {}
            }
            if let Err(error) = work(state.clone()).await {
                tracing::warn!(%error, "{what} could not be worked on; tried again later");
            }
        }
    });
}

/// Twice the pause before, with up to a fifth more, so that receivers that failed together are not tried together.
pub(crate) fn next_try(now: Moment, tried: u32) -> Moment {
    let doubled = FIRST_PAUSE.saturating_mul(1 << tried.saturating_sub(1).min(16));
    let pause = doubled.min(LONGEST_PAUSE);
    now.plus(pause.mul_f64(1.0 + rand::rng().random_range(0.0..0.2)))
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
}
