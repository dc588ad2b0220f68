//! One backup of a system is written or verified at a time: claiming that, and waiting for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::work::WorkProgress;

use crate::engine::progress::{Progress, Stage};
use crate::state::AppState;
use crate::store::Exclusive;
use crate::systems::{Busy, System, SystemError};

/// Work that only one task of a system does at a time.
const WORK: &str = "backup";
/// Time between two looks whether the other one is done.
const LOOK: Duration = Duration::from_millis(500);
/// Time between two times that pages are told how far a backup is.
const TELL: Duration = Duration::from_millis(250);

/// How far the backup of a system is that this process writes or verifies; nothing of one that it has not begun.
#[derive(Debug, Default)]
pub struct BackingUp(Mutex<Option<Noted>>);

#[derive(Debug)]
struct Noted {
    name: String,
    progress: Progress,
    at: Instant,
}

impl BackingUp {
    /// Notes how far the backup of this name is, at once and then now and again. Whether it was noted, and pages are to be
    /// told.
    pub(super) fn note(&self, name: &str, progress: Progress) -> bool {
        let mut noted = self.noted();
        let at = Instant::now();
        if let Some(before) = noted.as_ref().filter(|before| before.name == name) {
            // stages go on beside each other: one that has ended would hide the one that has not
            let ended = progress.total > 0 && progress.done >= progress.total;
            if ended || at.duration_since(before.at) < TELL {
                return false;
            }
        }
        *noted = Some(Noted {
            name: name.to_owned(),
            progress,
            at,
        });
        true
    }

    /// How far the backup of this name is, while it is written or verified here.
    pub(super) fn progress_of(&self, name: &str) -> Option<WorkProgress> {
        let noted = self.noted();
        let noted = noted.as_ref().filter(|noted| noted.name == name)?;
        Some(noted.progress.into())
    }

    fn clear(&self) {
        *self.noted() = None;
    }

    fn words(&self) -> String {
        let progress = self.noted().as_ref().map(|noted| noted.progress);
        progress.map_or_else(|| "another backup, which is being written".into(), words)
    }

    fn noted(&self) -> MutexGuard<'_, Option<Noted>> {
        // one value is put in the place of another: a poisoned one is still whole
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words(progress: Progress) -> String {
    let (doing, done) = match progress.stage {
        Stage::Copying => ("written", "copied"),
        Stage::Hashing => ("written", "hashed"),
        Stage::Reading => ("verified", "read"),
        Stage::Restoring => ("verified", "restored"),
        Stage::Comparing | Stage::Replacing => ("verified", "compared"),
    };
    let percent = (progress.done.min(progress.total) * 100).checked_div(progress.total);
    match percent {
        Some(percent) => format!("another backup, which is being {doing} ({percent} % {done})"),
        None => format!("another backup, which is being {doing}"),
    }
}

/// Claims writing and verifying backups of a system, on this console and any other; none while it goes on.
pub(super) async fn claim(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Option<(Busy, Exclusive)>, SystemError> {
    let Some(here) = system.claim(WORK) else {
        return Ok(None);
    };
    let anywhere = state.store.try_exclusive(&everywhere(system)).await?;
    Ok(anywhere.map(|anywhere| {
        system.backing_up.clear();
        (here, anywhere)
    }))
}

/// The name of that work for all consoles.
fn everywhere(system: &System) -> String {
    format!("backups of {}", system.slug())
}

/// Whether this process writes or verifies one.
pub(super) fn is_going_on_here(system: &System) -> bool {
    system.is_busy(WORK)
}

/// What a backup has to wait for now, in words: another one of the same system, of this console or another.
pub async fn going_on(state: &AppState, system: &System) -> Option<String> {
    if is_going_on_here(system) {
        return Some(system.backing_up.words());
    }
    match state.store.try_exclusive(&everywhere(system)).await {
        Ok(None) => Some("another backup, which another console makes".into()),
        // where the control store does not answer, the step says so
        Ok(Some(_)) | Err(_) => None,
    }
}

/// Waits for the end of another backup, and claims the work.
pub(super) async fn turn(
    state: &AppState,
    system: &Arc<System>,
) -> Result<(Busy, Exclusive), SystemError> {
    loop {
        if let Some(claimed) = claim(state, system).await? {
            return Ok(claimed);
        }
        tokio::select! {
            () = state.shutdown.cancelled() => {
                let remedy = "Start the server again: what it did goes on.";
                return Err(SystemError::unavailable("The server was stopped.", remedy));
            }
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_has_ended_does_not_hide_one_that_goes_on() {
        let backing_up = BackingUp::default();
        let at = |stage, done| Progress {
            stage,
            done,
            total: 100,
        };
        let later = || backing_up.noted().as_mut().unwrap().at -= TELL;
        let words = || backing_up.progress_of("one").unwrap().words;
        assert!(backing_up.note("one", at(Stage::Copying, 99)));
        assert!(!backing_up.note("one", at(Stage::Hashing, 7)), "at once");
        later();
        assert!(!backing_up.note("one", at(Stage::Copying, 100)));
        assert!(backing_up.note("one", at(Stage::Hashing, 8)));
        assert_eq!(words(), "Tables are hashed: 8 %");
        assert_eq!(backing_up.progress_of("another"), None);
        assert!(backing_up.note("another", at(Stage::Reading, 1)), "of each");
        backing_up.clear();
        assert_eq!(backing_up.progress_of("another"), None);
    }

    #[test]
    fn whoever_waits_for_a_backup_reads_how_far_it_is() {
        let at = |stage, done, total| words(Progress { stage, done, total });
        assert_eq!(
            at(Stage::Copying, 43, 100),
            "another backup, which is being written (43 % copied)"
        );
        assert_eq!(
            at(Stage::Comparing, 7, 161),
            "another backup, which is being verified (4 % compared)"
        );
        assert_eq!(
            at(Stage::Restoring, 0, 0),
            "another backup, which is being verified"
        );
    }
}
