//! What restoring each backup would lose: every row is compared, which takes seconds on a large database. A page shows
//! the last answer at once while a newer one is measured; carrying a restore out measures first, whatever is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use shared::backup::BackupSummary;
use shared::event::Topic;
use tokio::sync::Notify;

use crate::backups;
use crate::engine;
use crate::engine::loss::Loss;
use crate::engine::progress::Watch;
use crate::moment::Moment;
use crate::state::AppState;
use crate::systems::{FileStamp, System, SystemError};

/// How long a page waits for an answer that is being measured.
const PATIENCE: Duration = Duration::from_millis(250);
/// An answer is not measured again before it is this old, however much the target changes.
const SOONEST: Duration = Duration::from_secs(10);
/// Nor before this many times as long as measuring it took: a large database must not be compared all the time.
const SPARE: u32 = 20;

/// The last answers of a system, by backup.
#[derive(Debug, Default)]
pub struct Compared {
    known: Mutex<HashMap<String, Known>>,
    /// Tells those who wait that there is another answer.
    news: Notify,
}

/// What restoring a backup would have lost at a moment.
#[derive(Debug, Clone)]
pub struct Known {
    /// What is lost.
    pub loss: Loss,
    /// When it was measured.
    pub at: Moment,
    /// Of the target's files; none when a change right after would not have shown in it.
    stamp: Option<FileStamp>,
    measured: Instant,
    took: Duration,
}

impl Known {
    /// Whether nothing was written to the target since.
    fn is_current(&self, stamp: Option<&FileStamp>) -> bool {
        stamp.is_some() && self.stamp.as_ref() == stamp
    }

    /// Whether it is old enough to be measured again.
    fn is_due(&self) -> bool {
        self.measured.elapsed() >= SOONEST.max(self.took * SPARE)
    }
}

impl Compared {
    /// The last answer for a backup.
    fn last(&self, backup: &str) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(backup).cloned()
    }

    fn learn(&self, backup: &str, known: Known) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(backup.to_owned(), known);
        self.news.notify_waiters();
    }
}

fn stamp(system: &System) -> Option<FileStamp> {
    FileStamp::of(system.url().ok()?.path()?)
}

/// Compares now, unless nothing was written since the last time.
pub(super) async fn exactly(
    state: &AppState,
    system: &Arc<System>,
    backup: &str,
) -> Result<Known, SystemError> {
    let stamp = stamp(system);
    if let Some(known) = system.compared.last(backup)
        && known.is_current(stamp.as_ref())
    {
        return Ok(known);
    }
    let certain = stamp.filter(FileStamp::is_certain);
    let place = backups::place(state, system, backup).await?;
    let opened = engine::backup::open(&place).map_err(|error| backups::refused(system, &error))?;
    let playbook = system.playbook()?;
    let (at, began) = (state.clock.now(), Instant::now());
    let loss = engine::loss::since(system.url()?, &opened, Some(&playbook), Watch::nobody())
        .await
        .map_err(|error| backups::refused(system, &error))?;
    let known = Known {
        loss,
        at,
        stamp: certain,
        measured: Instant::now(),
        took: began.elapsed(),
    };
    system.compared.learn(backup, known.clone());
    Ok(known)
}

/// The last answers for these backups, newest backup first, with those measured again in the background that are due.
/// Waits a moment for a first answer.
pub(super) async fn at_once(
    state: &AppState,
    system: &Arc<System>,
    backups: &[BackupSummary],
) -> Vec<Option<Known>> {
    let last = || -> Vec<Option<Known>> {
        (backups.iter())
            .map(|backup| system.compared.last(&backup.name))
            .collect()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        // listened to before looking, so that no answer falls between
        let news = system.compared.news.notified();
        tokio::pin!(news);
        news.as_mut().enable();
        let known = last();
        let stamp = stamp(system);
        let due: Vec<String> = (backups.iter().zip(&known))
            .filter(|(_, known)| {
                (known.as_ref())
                    .is_none_or(|known| !known.is_current(stamp.as_ref()) && known.is_due())
            })
            .map(|(backup, _)| backup.name.clone())
            .collect();
        if !due.is_empty() {
            measure(state, system, due);
        }
        let waits = known.iter().any(Option::is_none);
        if !waits || tokio::time::timeout_at(deadline, news).await.is_err() {
            return known;
        }
    }
}

/// Compares these backups one after the other, and tells open pages after each.
fn measure(state: &AppState, system: &Arc<System>, due: Vec<String>) {
    let Some(busy) = system.claim("comparing backups") else {
        return;
    };
    let (state, system) = (state.clone(), system.clone());
    state.tasks.clone().spawn(async move {
        let _busy = busy;
        for backup in due {
            if state.shutdown.is_cancelled() {
                return;
            }
            match exactly(&state, &system, &backup).await {
                Ok(_) => state.hub.changed(system.slug(), Topic::Rollback),
                Err(error) => {
                    tracing::warn!(system = system.slug(), %backup, %error, "comparing failed");
                }
            }
        }
    });
}
