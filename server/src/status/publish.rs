//! The publisher: makes the snapshot of a system anew when something of it changed, when time itself changes it, and now
//! and then in any case, and keeps the list and the mirror folder up to date. Readers never wait for it, a run never waits
//! for either, and no system waits for another whose target does not answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::event::Event;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::export::write_mirror;
use super::{Snapshot, last, list_known, public_systems, remake};
use crate::events::Numbered;
use crate::moment::Moment;
use crate::state::AppState;
use crate::systems::System;

/// Changes that come together are published together: a run tells four a second.
const GATHER: Duration = Duration::from_millis(700);
/// Everything is made anew this often, so that "checked at" is true.
const EVERY: Duration = Duration::from_secs(15);
/// A moment is not waited for more closely than this.
const SHORTEST: Duration = Duration::from_millis(20);
/// A snapshot that takes longer counts as one that cannot be made.
const LONGEST: Duration = Duration::from_secs(10);
/// So many snapshots are made at the same time.
const AT_ONCE: usize = 8;

/// Begins to publish; it ends when the server stops. When no system is public, all there is to do is to empty the mirror.
pub fn begin(state: &AppState) {
    if public_systems(state).next().is_none() && state.config.status.mirror.is_none() {
        return;
    }
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let (made, all_made) = mpsc::unbounded_channel();
    for system in public_systems(state) {
        let one = One {
            state: state.clone(),
            system: system.clone(),
            turns: turns.clone(),
            made: made.clone(),
        };
        // from here on no change is missed
        let events = state.hub.listen(None).receiver;
        state.tasks.spawn(one.keep_up(events));
    }
    state.tasks.spawn(keep_together(state.clone(), all_made));
}

/// The publisher of one system.
struct One {
    state: AppState,
    system: Arc<System>,
    turns: Arc<Semaphore>,
    made: UnboundedSender<Arc<Snapshot>>,
}

impl One {
    async fn keep_up(self, mut events: Receiver<Numbered>) {
        // the first tick comes at once
        let mut every = tokio::time::interval(EVERY);
        let mut is_made = true;
        loop {
            // what cannot be made now is tried again soon enough
            let pause = if is_made { self.until_next() } else { EVERY };
            tokio::select! {
                () = self.state.shutdown.cancelled() => return,
                () = gather(&mut events, self.system.slug()) => {}
                () = tokio::time::sleep(pause) => {}
                _ = every.tick() => {}
            }
            tokio::select! {
                () = self.state.shutdown.cancelled() => return,
                done = self.publish() => is_made = done,
            }
        }
    }

    /// Time until the page changes by itself: an update comes due, a window begins or is over its end, the watcher has
    /// been silent for too long.
    fn until_next(&self) -> Duration {
        let now = self.state.clock.now();
        let last = self.state.board.last(self.system.slug());
        let next: Option<Moment> = last.and_then(|(snapshot, _)| snapshot.next);
        next.map_or(EVERY, |next| next.since(now).clamp(SHORTEST, EVERY))
    }

    /// Makes the snapshot, and answers whether it could.
    async fn publish(&self) -> bool {
        let (state, system) = (&self.state, &self.system);
        let slug = system.slug();
        let made = {
            let making = state.board.making.of(slug);
            let _making = making.lock().await;
            // never closed, so that a turn always comes
            let _turn = self.turns.acquire().await;
            tokio::time::timeout(LONGEST, remake(state, system)).await
        };
        let why = match made {
            Ok(Ok(snapshot)) => {
                self.tell(snapshot);
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it takes too long".into(),
        };
        tracing::warn!(
            system = slug,
            why,
            "the public status could not be made; the last one stays"
        );
        // the mirror says of it too that it is old
        if let Some(old) = last(state, system).filter(|last| last.status.stale) {
            self.tell(old);
        }
        false
    }

    fn tell(&self, snapshot: Arc<Snapshot>) {
        // nobody listens any more only when the server stops
        let _ = self.made.send(snapshot);
    }
}

/// Waits for a change of this system and for those right after it.
async fn gather(events: &mut Receiver<Numbered>, slug: &str) {
    loop {
        match events.recv().await {
            Ok(numbered) if concerns(&numbered.event, slug) => break,
            Ok(_) => {}
            // what was missed may have been of this system
            Err(RecvError::Lagged(_)) => break,
            // the hub lives as long as the server
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    tokio::time::sleep(GATHER).await;
    while matches!(events.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
}

fn concerns(event: &Event, slug: &str) -> bool {
    match event {
        Event::Changed {
            system: Some(system),
            ..
        }
        | Event::Progress { system, .. } => system == slug,
        Event::Resync => true,
        _ => false,
    }
}

/// Keeps the list of systems and the mirror at what was made.
async fn keep_together(state: AppState, mut all_made: UnboundedReceiver<Arc<Snapshot>>) {
    let mut every = tokio::time::interval(EVERY);
    let nothing_public = public_systems(&state).next().is_none();
    loop {
        let mut made = Vec::new();
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            count = all_made.recv_many(&mut made, usize::MAX), if !nothing_public => if count == 0 { return },
            _ = every.tick(), if nothing_public => {}
        }
        // one that was never made is waited for: its own publisher tries
        if list_known(&state).is_none() {
            continue;
        }
        // the one that leads writes it: two would write over each other
        if let Some(mirror) = &state.config.status.mirror
            && state.leads.load(Ordering::SeqCst)
            && let Err(error) = write_mirror(&state, mirror, &made).await
        {
            tracing::warn!(%error, "the mirror of the public status could not be written");
        }
    }
}
