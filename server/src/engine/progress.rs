//! How long measurements report progress and are broken off. Nothing here measures.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::work::WorkProgress;

/// How often work on a server is looked at.
const TICK: Duration = Duration::from_millis(100);

/// How far a long piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Parts done.
    pub done: u64,
    /// Parts in all; the unit depends on the stage.
    pub total: u64,
}

/// The stages of backups, restores and comparisons, with the unit of their progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Pages copied out of the live database; of a database on a server, tables.
    Copying,
    /// Tables hashed.
    Hashing,
    /// Bytes of the backup read and compared with its checksum.
    Reading,
    /// Tables that a server has read from the backup.
    Restoring,
    /// Tables of a restored copy compared with the manifest.
    Comparing,
    /// Pages of the live database kept, and then written into it; begun anew when it changed meanwhile.
    Replacing,
}

/// For people: `Tables are compared: 43 %`.
impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let doing = match self.stage {
            Stage::Copying => "The database is copied",
            Stage::Hashing => "Tables are hashed",
            Stage::Reading => "The backup is read and compared with its checksum",
            Stage::Restoring => "Tables are restored beside the database",
            Stage::Comparing => "Tables are compared",
            Stage::Replacing => "The content is put in place",
        };
        match (self.done.min(self.total) * 100).checked_div(self.total) {
            Some(percent) => write!(formatter, "{doing}: {percent} %"),
            None => formatter.write_str(doing),
        }
    }
}

impl From<Progress> for WorkProgress {
    fn from(progress: Progress) -> Self {
        Self {
            words: progress.to_string(),
            done: progress.done.min(progress.total),
            total: progress.total,
        }
    }
}

/// Someone who hears progress and may break the work off.
pub struct Watch<'a>(Box<dyn FnMut(Progress) -> ControlFlow<()> + Send + 'a>);

impl<'a> Watch<'a> {
    /// Calls this between two parts of the work, on the thread that does it: it must not block.
    pub fn new(hear: impl FnMut(Progress) -> ControlFlow<()> + Send + 'a) -> Self {
        Self(Box::new(hear))
    }

    /// Nobody: the work runs to its end.
    pub fn nobody() -> Self {
        Self::new(|_| ControlFlow::Continue(()))
    }

    /// Reports progress; an error when the work is to be broken off.
    pub fn tell(&mut self, progress: Progress) -> Result<(), Stopped> {
        match (self.0)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stopped),
        }
    }

    /// The same listener for a callee whose progress counts as another stage.
    pub(super) fn renamed(&mut self, stage: Stage) -> Watch<'_> {
        Watch(Box::new(move |progress| {
            (self.0)(Progress { stage, ..progress })
        }))
    }

    /// Reports pages or bytes, for callees that know nothing of stages.
    pub(super) fn steps(
        &mut self,
        stage: Stage,
    ) -> impl FnMut(u64, u64) -> ControlFlow<()> + use<'_, 'a> {
        move |done, total| (self.0)(Progress { stage, done, total })
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}

/// The work was broken off by whoever watched it; nothing of it is left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("broken off before it was finished; nothing of it is left behind")]
pub struct Stopped;

/// Runs blocking work beside the asynchronous threads.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

/// How far work is that runs on a server, in several stages at once. It is told from within the
/// work, and read by [`attended`].
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<BTreeMap<Stage, (u64, u64)>>);

impl Tally {
    /// Notes how far a stage is.
    pub(super) fn set(&self, stage: Stage, done: u64, total: u64) {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stages.insert(stage, (done, total));
    }

    fn tell(&self, watch: &mut Watch<'_>) -> Result<(), Stopped> {
        let stages = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for (stage, (done, total)) in stages {
            watch.tell(Progress { stage, done, total })?;
        }
        Ok(())
    }
}

/// Waits for work while its progress is told; work that is broken off is dropped where it waits.
pub(super) async fn attended<T>(
    work: impl Future<Output = T>,
    tally: &Tally,
    watch: &mut Watch<'_>,
) -> Result<T, Stopped> {
    let mut work = pin!(work);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                tally.tell(watch)?;
                return Ok(done);
            }
            _ = ticks.tick() => tally.tell(watch)?,
        }
    }
}
