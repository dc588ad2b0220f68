//! What is ready to be sent: the newest snapshot of each public system, and what is to be said of one that grew old.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::compose::Measured;
use super::{File, IndexSnapshot, Snapshot};
use crate::moment::{Clock, Moment};

/// A snapshot that is older than this is sent as stale. The publisher is several times quicker, unless it is stuck or
/// cannot read the control store.
const OLDEST: Duration = Duration::from_secs(60);
/// While a stale one is sent, a reader asks for a new one this often.
const AGAIN: Duration = Duration::from_secs(5);

/// The files that a private link opens, and when they were made.
type Opened = (Instant, Arc<Vec<File>>);

/// Snapshots of all public systems.
#[derive(Debug)]
pub struct Board {
    clock: Clock,
    systems: RwLock<HashMap<String, Kept<Snapshot>>>,
    index: RwLock<Option<Kept<IndexSnapshot>>>,
    /// What is costly to know, and when it was found out.
    pub(super) measured: RwLock<HashMap<String, (Instant, Measured)>>,
    /// What links open, by their identifier; for two seconds.
    pub(super) private: RwLock<HashMap<String, Opened>>,
    /// Held while snapshots are made: readers who find none do not all make the same one.
    pub(super) making: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct Kept<T> {
    made: Moment,
    /// When it was sent as stale last without a look whether it can be made anew.
    excused: Option<Moment>,
    content: Arc<T>,
}

impl<T> Kept<T> {
    fn is_fresh(&self, now: Moment) -> bool {
        within(self.made, now, OLDEST)
    }

    fn is_ready(&self, now: Moment) -> bool {
        self.is_fresh(now)
            || self
                .excused
                .is_some_and(|excused| within(excused, now, AGAIN))
    }
}

/// Whether `from` is less than `most` ago. A time that has not come yet is none: the clock was set back since.
fn within(from: Moment, now: Moment, most: Duration) -> bool {
    from <= now && now.since(from) < most
}

impl Board {
    /// An empty one.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            systems: RwLock::default(),
            index: RwLock::default(),
            measured: RwLock::default(),
            private: RwLock::default(),
            making: Arc::default(),
        }
    }

    /// What is to be sent of the public system with exactly this slug without another look. Nothing is ever made ready
    /// for a private one.
    pub fn kept(&self, slug: &str) -> Option<Arc<Snapshot>> {
        let now = self.clock.now();
        let systems = self.systems.read().unwrap_or_else(PoisonError::into_inner);
        let kept = systems.get(slug)?;
        kept.is_ready(now).then(|| kept.content.clone())
    }

    /// The newest of a system, and whether it is fresh.
    pub(super) fn last(&self, slug: &str) -> Option<(Arc<Snapshot>, bool)> {
        let now = self.clock.now();
        let systems = self.systems.read().unwrap_or_else(PoisonError::into_inner);
        let kept = systems.get(slug)?;
        Some((kept.content.clone(), kept.is_fresh(now)))
    }

    pub(super) fn keep(&self, snapshot: Arc<Snapshot>) {
        let kept = Kept {
            made: self.clock.now(),
            excused: None,
            content: snapshot,
        };
        self.systems
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kept.content.status.slug.clone(), kept);
    }

    /// Keeps what is to be sent of a system that could not be looked at again, unless it was meanwhile.
    pub(super) fn keep_stale(&self, stale: Arc<Snapshot>) {
        let now = self.clock.now();
        let mut systems = self.systems.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = systems.get_mut(&stale.status.slug)
            && !kept.is_fresh(now)
        {
            kept.excused = Some(now);
            kept.content = stale;
        }
    }

    pub(super) fn kept_index(&self) -> Option<Arc<IndexSnapshot>> {
        let now = self.clock.now();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let kept = index.as_ref()?;
        kept.is_ready(now).then(|| kept.content.clone())
    }

    pub(super) fn keep_index(&self, index: Arc<IndexSnapshot>) {
        let now = self.clock.now();
        let kept = if index.index.stale {
            Kept {
                made: Moment::parse(&index.index.checked).unwrap_or(now),
                excused: Some(now),
                content: index,
            }
        } else {
            Kept {
                made: now,
                excused: None,
                content: index,
            }
        };
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_does_not_make_old_snapshots_new() {
        let made = Moment(1_000_000);
        for (now, fresh) in [(0, true), (59_999, true), (60_000, false), (-1, false)] {
            let now = Moment(made.0 + now);
            assert_eq!(within(made, now, OLDEST), fresh, "{now:?}");
        }
    }
}
