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

/// Time between two times that it is told: each has open pages ask for the ways back again.
const EVERY: Duration = Duration::from_secs(2);

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
    /// How far it is in words, when that is due: at once, and then now and again.
    async fn words(&mut self) -> String {
        loop {
            sleep_until(self.due).await;
            if self.progress.changed().await.is_err() {
                // nobody tells any more
                std::future::pending::<()>().await;
            }
            let progress = *self.progress.borrow_and_update();
            if let Some(progress) = progress {
                self.due = Instant::now() + EVERY;
                return progress.to_string();
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
            words = latest.words() => note(state, system, record, words).await,
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
        let told = |percent| format!("Tables are restored beside the database: {percent} %");
        assert_eq!(latest.words().await, told(12));
        watch.tell(at(2)).unwrap();
        let early = tokio::time::timeout(EVERY / 20, latest.words()).await;
        assert!(early.is_err(), "{early:?}");
        watch.tell(at(8)).unwrap();
        latest.due = Instant::now();
        assert_eq!(latest.words().await, told(100), "the newest alone");
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
