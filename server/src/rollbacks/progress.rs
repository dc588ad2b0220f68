//! Tells how far long work of a rollback is while it goes on, and breaks it off when the server stops.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use shared::rollback::RollbackRecord;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::carry_out::note;
use crate::engine::progress::{Progress, Watch};
use crate::state::AppState;
use crate::systems::System;

/// Time between two times that it is told and written down.
const EVERY: Duration = Duration::from_secs(1);

/// How far work is, as last heard of.
pub(super) struct Latest {
    progress: watch::Receiver<Option<Progress>>,
    due: Instant,
}

/// Who listens to work, and what was heard last. A server that stops breaks the work off, and the next one begins it again.
pub(super) fn listen(shutdown: &CancellationToken) -> (Watch<'static>, Latest) {
    let (tell, progress) = watch::channel(None);
    let stopped = shutdown.clone();
    let watch = Watch::new(move |progress| {
        tell.send_replace(Some(progress));
        match stopped.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    let latest = Latest {
        progress,
        due: Instant::now(),
    };
    (watch, latest)
}

impl Latest {
    /// How far it is, when that is due: at once, and then now and again.
    async fn progress(&mut self) -> Progress {
        loop {
            sleep_until(self.due).await;
            if self.progress.changed().await.is_err() {
                // nobody tells any more
                std::future::pending::<()>().await;
            }
            let progress = *self.progress.borrow_and_update();
            if let Some(progress) = progress {
                self.due = Instant::now() + EVERY;
                return progress;
            }
        }
    }
}

/// Carries work out to its end; how far it is stands in the running step of the record.
pub(super) async fn told<T>(
    state: &AppState,
    system: &Arc<System>,
    record: &RollbackRecord,
    work: impl Future<Output = T>,
    mut latest: Latest,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            progress = latest.progress() => note(state, system, record, progress.into()).await,
            done = &mut work => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::progress::Stage;

    fn at(done: u64) -> Progress {
        Progress {
            stage: Stage::Restoring,
            done,
            total: 8,
        }
    }

    #[tokio::test]
    async fn how_far_it_is_is_told_at_once_and_not_more_often_than_wanted() {
        let (mut watch, mut latest) = listen(&CancellationToken::new());
        watch.tell(at(1)).unwrap();
        assert_eq!(latest.progress().await, at(1));
        watch.tell(at(2)).unwrap();
        let early = tokio::time::timeout(EVERY / 20, latest.progress()).await;
        assert!(early.is_err(), "{early:?}");
        watch.tell(at(8)).unwrap();
        latest.due = Instant::now();
        assert_eq!(latest.progress().await, at(8), "the newest alone");
    }

    #[test]
    fn a_server_that_stops_breaks_it_off() {
        let shutdown = CancellationToken::new();
        let (mut watch, _latest) = listen(&shutdown);
        assert!(watch.tell(at(1)).is_ok());
        shutdown.cancel();
        assert!(watch.tell(at(2)).is_err(), "it goes on");
    }
}
