//! Beside a drive: its live numbers are written and told, and coverage is counted, so that the drive waits for neither.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::live::Live;
use crate::state::AppState;
use crate::store::runs::RunRow;
use crate::systems::System;

/// Live numbers are written and told this often.
const FLUSH: Duration = Duration::from_millis(250);
/// Coverage is counted this often, or more seldom: counting takes at most a tenth of the time.
const COUNT: Duration = Duration::from_secs(1);
const COUNT_SHARE: u32 = 10;

/// Writes live numbers while a drive goes on, in a task of its own so that the drive never waits for the control store.
pub(super) struct Flusher {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    counter: tokio::task::JoinHandle<()>,
}

impl Flusher {
    pub(super) fn start(
        state: &AppState,
        system: &Arc<System>,
        run: &RunRow,
        live: Arc<Mutex<Live>>,
    ) -> Self {
        let stop = CancellationToken::new();
        let (state, system, id, number) =
            (state.clone(), system.clone(), run.id, run.summary.number);
        let stopped = stop.clone();
        let counter = tokio::spawn(count(state.clone(), system.clone(), number, stop.clone()));
        let task = tokio::spawn(async move {
            loop {
                let last = tokio::select! {
                    () = stopped.cancelled() => true,
                    () = tokio::time::sleep(FLUSH) => false,
                };
                let taken = live.lock().ok().map(|mut live| live.take());
                if let Some(taken) = taken
                    && let Err(error) = taken.write(&state, &system, id, number).await
                {
                    tracing::warn!(system = system.slug(), run = number, %error, "progress was not written");
                }
                if last {
                    return;
                }
            }
        });
        Self {
            stop,
            task,
            counter,
        }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
        let _ = self.counter.await;
    }
}

/// Counts coverage while a drive goes on and once at its end, beside the live numbers: a table of millions of rows takes
/// seconds to count.
async fn count(state: AppState, system: Arc<System>, run: i64, stopped: CancellationToken) {
    while !stopped.is_cancelled() {
        let began = Instant::now();
        let _ = crate::coverage::remember(&state, &system, Some(run)).await;
        tokio::select! {
            () = stopped.cancelled() => {}
            () = tokio::time::sleep(until_next_count(began.elapsed())) => {}
        }
    }
    let _ = crate::coverage::remember(&state, &system, Some(run)).await;
}

/// How long not to count after a count that took so long.
fn until_next_count(took: Duration) -> Duration {
    COUNT.max(took * COUNT_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_is_counted_at_most_a_tenth_of_the_time_and_a_small_one_each_second() {
        assert_eq!(
            until_next_count(Duration::from_millis(3)),
            Duration::from_secs(1)
        );
        assert_eq!(
            until_next_count(Duration::from_secs(7)),
            Duration::from_secs(70)
        );
    }
}
