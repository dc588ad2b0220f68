//! Health probes: the running server asks each application again and again how it is, writes samples down, and gives a
//! verdict when there is enough evidence. A watcher that is silent makes no verdict.

mod baseline;
mod days;
mod each;
mod sample;
mod verdict;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::event::Topic;
use shared::health::{Judgement, Outcome};
use tokio::time::MissedTickBehavior;

use each::{Finding, Tally};
use sample::Taken;

use crate::config::ProbeConfig;
use crate::health::Health;
use crate::state::AppState;
use crate::store::{StoreError, health as table};
use crate::systems::System;

pub use baseline::{BaselineError, capture};
pub use days::{availability_percent, days};
pub use view::view;

/// The first samples are taken after this time,
const FIRST: Duration = Duration::from_secs(1);
/// and spread over this one.
const SPREAD: Duration = Duration::from_secs(5);

/// What the probes of this process found last.
#[derive(Debug, Default)]
pub struct Probes {
    /// Of each system that is watched; nothing before its first sample.
    latest: Mutex<HashMap<String, Option<Latest>>>,
}

/// The last sample of one system.
#[derive(Debug, Clone)]
pub struct Latest {
    /// When it was taken, by a clock that cannot jump.
    pub beat: Instant,
    /// What the application said; none when it did not answer.
    pub health: Option<Health>,
    /// What the samples said together then.
    pub judgement: Judgement,
    probes: Vec<Tally>,
}

impl Probes {
    /// The last sample of a system, if one was taken since the server started.
    pub fn latest(&self, system: &str) -> Option<Latest> {
        self.lock().get(system).cloned().flatten()
    }

    /// Says that samples of a system are taken from now on: until the first one is, nobody knows how it is.
    pub fn expect(&self, system: &str) {
        self.lock().entry(system.to_owned()).or_default();
    }

    /// Forgets everything: another console measures from now on.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn beat(
        &self,
        system: &str,
        health: Option<Health>,
        judgement: Judgement,
        findings: Vec<Finding>,
        config: &ProbeConfig,
    ) {
        let mut latest = self.lock();
        let before = latest
            .remove(system)
            .flatten()
            .map_or_else(Vec::new, |latest| latest.probes);
        let now = Latest {
            beat: Instant::now(),
            health,
            judgement,
            probes: each::tally(before, findings, config),
        };
        latest.insert(system.to_owned(), Some(now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Latest>>> {
        // a map of whole values: a panic elsewhere cannot have left it half-written
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to probe every system that has a health address; each ends when the server stops.
pub fn begin(state: &AppState) {
    for (place, system) in (0u32..).zip(state.systems.all()) {
        if system.config.health_url.is_none() {
            continue;
        }
        state.probes.expect(system.slug());
        let (state, system) = (state.clone(), system.clone());
        state.tasks.clone().spawn(async move {
            // a hundred systems are not asked in the same moment, and nobody waits long for the first sample
            let interval = system.config.probes.interval();
            let first = interval.min(FIRST) + interval.min(SPREAD) * (place % 16) / 16;
            tokio::select! {
                () = tokio::time::sleep(first) => {}
                () = state.shutdown.cancelled() => return,
            }
            watch(state, system).await;
        });
    }
}

async fn watch(state: AppState, system: Arc<System>) {
    let mut ticks = tokio::time::interval(system.config.probes.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = state.shutdown.cancelled() => return,
        }
        if let Err(error) = measure_once(&state, &system).await {
            tracing::warn!(system = system.slug(), %error, "a health sample could not be kept");
        }
    }
}

/// Takes one sample of a system and keeps it.
///
/// # Errors
/// When the control store cannot keep it; then the watcher counts as silent.
pub async fn measure_once(state: &AppState, system: &Arc<System>) -> Result<Outcome, StoreError> {
    let before = state
        .probes
        .latest(system.slug())
        .and_then(|latest| latest.health);
    let Taken {
        sample,
        health,
        findings,
    } = sample::take(system, before.as_ref(), state.clock.now()).await;
    let config = &system.config.probes;
    table::append(
        &state.store,
        system.slug(),
        &sample,
        config.interval_seconds,
        config.samples_kept(),
    )
    .await?;
    let newest =
        table::newest(&state.store, system.slug(), verdict::samples_needed(config)).await?;
    let judgement = verdict::of(config, &newest, Some(Duration::ZERO));
    (state.probes).beat(system.slug(), health, judgement, findings, config);
    state.hub.changed(system.slug(), Topic::Health);
    Ok(sample.outcome)
}

/// Why a change of a system's database has to wait for its application, in words: it does not work, or nobody knows,
/// because the watcher is silent. Too few samples for a verdict are no reason. Answered from memory.
pub fn suffering(state: &AppState, system: &System) -> Option<String> {
    let watched = state.probes.lock().get(system.slug()).cloned()?;
    verdict::suffering(
        &system.config.probes,
        watched.map(|latest| (latest.beat.elapsed(), latest.judgement)),
    )
}

/// What the samples of a system say now.
///
/// # Errors
/// When the control store cannot be read.
pub async fn judge(state: &AppState, system: &System) -> Result<Judgement, StoreError> {
    let config = &system.config.probes;
    let newest =
        table::newest(&state.store, system.slug(), verdict::samples_needed(config)).await?;
    let silence = match state.probes.latest(system.slug()) {
        Some(latest) => Some(latest.beat.elapsed()),
        // another process took the last one, or this one before a restart: the clock of the wall has to do, unless it
        // was set back since
        None => {
            let now = state.clock.now();
            newest
                .first()
                .filter(|sample| sample.at <= now)
                .map(|sample| now.since(sample.at))
        }
    };
    Ok(verdict::of(config, &newest, silence))
}
