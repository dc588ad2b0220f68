//! The publisher: makes the snapshot of a system anew when something of it changed, when time itself changes it, and now
//! and then in any case, and keeps the mirror folder up to date. Readers never wait for it, and a run never waits for either.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use shared::event::Event;
use tokio::sync::broadcast::error::RecvError;

use super::export::write_mirror;
use super::{last, public_systems, remake, remake_index};
use crate::moment::Moment;
use crate::state::AppState;

/// Changes that come together are published together: a run tells four a second.
const GATHER: Duration = Duration::from_millis(700);
/// Everything is made anew this often, so that "checked at" is true.
const EVERY: Duration = Duration::from_secs(15);

/// A moment is not waited for more closely than this.
const SHORTEST: Duration = Duration::from_millis(20);

/// Begins to publish; it ends when the server stops. When no system is public, all there is to do is to empty the mirror.
pub fn begin(state: &AppState) {
    if public_systems(state).next().is_none() && state.config.status.mirror.is_none() {
        return;
    }
    let state = state.clone();
    state.tasks.clone().spawn(async move { run(state).await });
}

async fn run(state: AppState) {
    let mut events = state.hub.listen(None).receiver;
    // the first tick comes at once
    let mut every = tokio::time::interval(EVERY);
    let mut all_made = true;
    loop {
        // what cannot be made now is tried again soon enough
        let pause = if all_made { until_next(&state) } else { EVERY };
        let changed = tokio::select! {
            () = state.shutdown.cancelled() => return,
            changed = gather(&mut events) => changed,
            () = tokio::time::sleep(pause) => None,
            _ = every.tick() => None,
        };
        all_made = publish(&state, changed).await;
    }
}

/// Time until a page changes by itself: an update comes due, a window begins or is over its end, the watcher has been
/// silent for too long.
fn until_next(state: &AppState) -> Duration {
    let now = state.clock.now();
    public_systems(state)
        .filter_map(|system| state.board.last(system.slug())?.0.next)
        .map(|next: Moment| next.since(now))
        .min()
        .map_or(EVERY, |pause| pause.clamp(SHORTEST, EVERY))
}

/// Waits for a change and for those right after it. None: everything may have changed.
async fn gather(
    events: &mut tokio::sync::broadcast::Receiver<crate::events::Numbered>,
) -> Option<BTreeSet<String>> {
    let mut changed = BTreeSet::new();
    let mut all = false;
    loop {
        match events.recv().await {
            Ok(numbered) => match &*numbered.event {
                Event::Changed {
                    system: Some(slug), ..
                }
                | Event::Progress { system: slug, .. } => {
                    changed.insert(slug.clone());
                    break;
                }
                Event::Resync => {
                    all = true;
                    break;
                }
                _ => {}
            },
            Err(RecvError::Lagged(_)) => {
                all = true;
                break;
            }
            // the hub lives as long as the server
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    tokio::time::sleep(GATHER).await;
    loop {
        match events.try_recv() {
            Ok(numbered) => {
                if let Event::Changed {
                    system: Some(slug), ..
                }
                | Event::Progress { system: slug, .. } = &*numbered.event
                {
                    changed.insert(slug.clone());
                }
            }
            Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) => all = true,
            Err(_) => break,
        }
    }
    (!all).then_some(changed)
}

/// Makes the snapshots of these systems, or of all, and answers whether it could.
async fn publish(state: &AppState, changed: Option<BTreeSet<String>>) -> bool {
    let mut all_made = true;
    let mut made = Vec::new();
    for system in public_systems(state) {
        if changed
            .as_ref()
            .is_some_and(|changed| !changed.contains(system.slug()))
        {
            continue;
        }
        let _making = state.board.making.lock().await;
        match remake(state, system).await {
            Ok(snapshot) => made.push(snapshot),
            Err(error) => {
                tracing::warn!(system = system.slug(), %error, "the public status could not be made; the last one stays");
                all_made = false;
                // the mirror says of it too that it is old
                made.extend(last(state, system).filter(|last| last.status.stale));
            }
        }
    }
    if made.is_empty() && public_systems(state).next().is_some() {
        return all_made;
    }
    if let Err(error) = remake_index(state).await {
        tracing::warn!(%error, "the list of public systems could not be made; the last one stays");
    }
    // the one that leads writes it: two would write over each other
    if let Some(mirror) = &state.config.status.mirror
        && state.leads.load(Ordering::SeqCst)
        && let Err(error) = write_mirror(state, mirror, &made).await
    {
        tracing::warn!(%error, "the mirror of the public status could not be written");
    }
    all_made
}
