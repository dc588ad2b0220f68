//! What is ready to be sent: the newest snapshot of each public system, and what is to be said of one that grew old.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use shared::status::PublicStatus;
use tokio::sync::Mutex;

use super::measured::Measured;
use super::{File, IndexSnapshot, Snapshot};
use crate::moment::{Clock, Moment};

/// A snapshot that is older than this is sent as stale. The publisher is several times quicker, unless it is stuck or
/// cannot read the control store.
const OLDEST: Duration = Duration::from_secs(60);
/// While a stale one is sent, a reader asks for a new one this often.
const AGAIN: Duration = Duration::from_secs(5);

/// Links whose last page is kept for an outage.
const LINKS: usize = 200;

/// What a link opened last.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) status: PublicStatus,
    made: Instant,
    /// Ready to be sent; not kept for long.
    files: Option<Arc<Vec<File>>>,
}

impl Opened {
    /// Made just now.
    pub(super) fn now(status: PublicStatus, files: Arc<Vec<File>>) -> Self {
        Self {
            status,
            made: Instant::now(),
            files: Some(files),
        }
    }

    /// The files, when they are younger than this.
    pub(super) fn young(&self, most: Duration) -> Option<Arc<Vec<File>>> {
        self.files.clone().filter(|_| self.made.elapsed() < most)
    }
}

/// Snapshots of all public systems.
#[derive(Debug)]
pub struct Board {
    clock: Clock,
    systems: RwLock<HashMap<String, Kept<Snapshot>>>,
    index: RwLock<Option<Kept<IndexSnapshot>>>,
    /// What is costly to know, and when it was found out.
    pub(super) measured: RwLock<HashMap<String, (Instant, Measured)>>,
    /// What links opened last, by their identifier; none: it is known to be closed.
    private: RwLock<HashMap<String, Option<Opened>>>,
    /// Held while the snapshot of a system is made: readers who find none do not all make the same one.
    pub(super) making: Locks,
    /// Held while a target is measured.
    pub(super) measuring: Locks,
    /// Held while the list is made for readers who find none.
    pub(super) listing: Mutex<()>,
}

/// A lock for each system.
#[derive(Debug, Default)]
pub(super) struct Locks(std::sync::Mutex<HashMap<String, Arc<Mutex<()>>>>);

impl Locks {
    /// The one of this system.
    pub(super) fn of(&self, slug: &str) -> Arc<Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.entry(slug.to_owned()).or_default().clone()
    }
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
            making: Locks::default(),
            measuring: Locks::default(),
            listing: Mutex::default(),
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

    /// What a link opened last; the inner none: it is known to be closed.
    pub(super) fn opened(&self, link: &str) -> Option<Option<Opened>> {
        let private = self.private.read().unwrap_or_else(PoisonError::into_inner);
        private.get(link).cloned()
    }

    /// Keeps what a link opens, or that it is closed. Files of others that are older than `young` are let go.
    pub(super) fn keep_opened(&self, link: &str, opened: Option<Opened>, young: Duration) {
        let mut private = self.private.write().unwrap_or_else(PoisonError::into_inner);
        // revoked while its page was made: it stays closed
        if opened.is_some() && matches!(private.get(link), Some(None)) {
            return;
        }
        for other in private.values_mut().flatten() {
            other.files = other.young(young);
        }
        if private.len() >= LINKS && !private.contains_key(link) {
            let age = |opened: &Option<Opened>| opened.as_ref().map(|opened| opened.made);
            let oldest = (private.iter()).min_by_key(|(_, opened)| age(opened));
            if let Some(oldest) = oldest.map(|(link, _)| link.clone()) {
                private.remove(&oldest);
            }
        }
        private.insert(link.to_owned(), opened);
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
