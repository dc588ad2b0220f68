//! Drives one run toward what is wanted, on a connection of its own, and mirrors what happens. It decides nothing: the
//! executor does, and what it answers becomes the state of the run.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use shared::event::Topic;
use shared::state::{Level, RunState};

use super::live::{Before, Live};
use super::{outside, shown};
use crate::audit::{self, Entry};
use crate::engine::executor::{
    Boundary, Event, FactAnswer, Holds, Outside, OutsideError, Overriding, Probed, Signal,
};
use crate::engine::gate::CallerFact;
use crate::engine::operation::Operation;
use crate::engine::pace;
use crate::engine::plan::Step;
use crate::engine::{Control, DriveError, Goal, Outcome, drive};
use crate::probes;
use crate::state::AppState;
use crate::store::run_details;
use crate::store::runs::{self, RunRow, Want};
use crate::systems::{Order, System, SystemError};

/// Live numbers are written and told this often.
const FLUSH: Duration = Duration::from_millis(250);
/// Coverage is counted this often, or more seldom: counting takes at most a tenth of the time.
const COUNT: Duration = Duration::from_secs(1);
const COUNT_SHARE: u32 = 10;
/// The hook after which the application is stopped on purpose.
const STOP: &str = "stop";

/// The driver's side of a drive.
struct Driver {
    state: AppState,
    system: Arc<System>,
    run: RunRow,
    live: Arc<Mutex<Live>>,
}

#[async_trait]
impl Control for Driver {
    async fn between(&self, _boundary: &Boundary<'_>) -> Signal {
        if self.state.shutdown.is_cancelled() {
            return Signal::Pause;
        }
        match self.system.orders.last() {
            Order::GoOn => Signal::Continue,
            Order::Pause => Signal::Pause,
            Order::Abort => Signal::Abort,
        }
    }

    fn report(&self, event: &Event) {
        if let Ok(mut live) = self.live.lock() {
            live.hear(
                event,
                self.state.clock.now(),
                self.system.slug(),
                &self.run.plan,
            );
        }
    }

    fn holds(&self) -> Holds {
        let holds = self.system.config.holds;
        Holds {
            lag_bytes: u64::from(holds.lag_mib) << 20,
            lock_wait: Duration::from_millis(u64::from(holds.lock_wait_ms)),
            free_bytes: u64::from(holds.free_disk_mib) << 20,
        }
    }

    async fn suffering(&self, step: &Step) -> Option<String> {
        // a hook may be what makes the application well, and what stopped it on purpose has not harmed it
        let hook = matches!(step.operation, Operation::Hook { .. });
        if !self.system.config.holds.health || hook || self.is_stopped_by_hook() {
            return None;
        }
        probes::suffering(&self.state, &self.system)
    }

    fn owner(&self) -> String {
        format!(
            "run {} of this console (process {})",
            self.run.summary.number,
            std::process::id()
        )
    }

    async fn fact(&self, fact: CallerFact) -> FactAnswer {
        match fact {
            CallerFact::BackupVerified => outside::backup_verified(&self.state, &self.system).await,
        }
    }

    async fn overridden(&self, step: &str, gate: &str) -> Option<Overriding> {
        let name = shown::gate_name(step, gate);
        let gates = run_details::gates(&self.state.store, self.run.id)
            .await
            .ok()?;
        let overridden = gates
            .into_iter()
            .find(|gate| gate.name == name)?
            .overridden?;
        Some(Overriding {
            by: overridden.by,
            reason: overridden.reason,
        })
    }

    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError> {
        match work {
            Outside::Backup => {
                outside::backup_since_start(&self.state, &self.system, &self.run).await
            }
            // hooks and checks leave nothing behind that could be asked for
            Outside::Hook { .. } | Outside::CheckApplication { .. } => Ok(Probed::Unknown),
        }
    }

    async fn perform(&self, work: &Outside) -> Result<String, OutsideError> {
        let by = &self.run.summary.started_by;
        outside::perform(&self.state, &self.system, by, work).await
    }
}

impl Driver {
    /// Whether the last hook that this run called was the one that stops the application.
    fn is_stopped_by_hook(&self) -> bool {
        let live = self.live.lock();
        live.is_ok_and(|live| live.last_hook(&self.run.plan) == Some(STOP))
    }
}

/// Drives the run until it needs a person, a change of what is wanted, or nothing more. `run` is the row as it was
/// when this was decided. Answers the state that it settled in.
pub async fn drive_run(
    state: &AppState,
    system: &Arc<System>,
    run: RunRow,
) -> Result<RunState, SystemError> {
    let goal = match &run.want {
        Want::Applied => Goal::Applied {
            until: run.until.clone(),
        },
        Want::Undone { groups } => Goal::Undone {
            groups: groups.clone(),
        },
        Want::Paused | Want::Aborted => return Ok(run.summary.state),
    };
    if run.summary.state == RunState::Queued {
        let mut tx = state.store.write().await?;
        runs::begin(&mut tx, run.id).await?;
        tx.commit().await?;
        state.hub.changed(system.slug(), Topic::Run);
    }
    let before = Before {
        steps: runs::steps(&state.store, run.id).await?,
        gates: run_details::gates(&state.store, run.id).await?,
        last_line: run_details::last_line(&state.store, run.id).await?,
    };
    let live = Arc::new(Mutex::new(Live::of(&run, before, state.clock.now())));
    let driver = Driver {
        state: state.clone(),
        system: system.clone(),
        run: run.clone(),
        live: live.clone(),
    };
    let flusher = Flusher::start(state, system, &run, live.clone());
    let driven = match system.writer().await {
        Ok(mut db) => {
            let driven = drive(&mut db, &run.journal_run, &run.plan, &goal, &driver).await;
            if let Ok(Some(record)) = super::adopt::record_of(&mut db, &run.journal_run).await
                && let Ok(mut live) = live.lock()
            {
                live.correct(&record);
            }
            // what was asked for after the last batch was not heeded, but is asked for still
            if let Ok(Some(pace)) = pace::of(&mut db, &run.journal_run).await
                && let Ok(mut live) = live.lock()
            {
                live.pace(pace.as_percent());
            }
            db.close().await;
            driven.map_err(SystemError::from)
        }
        Err(error) => Err(error),
    };
    let settled = settle(state, &run, &driven);
    if let Ok(mut live) = live.lock() {
        live.end(&settled, state.clock.now());
    }
    flusher.stop().await;
    write_end(state, system, &run, &settled).await?;
    Ok(settled.state)
}

/// What a drive ended in.
pub(super) struct Settled {
    pub(super) state: RunState,
    /// The gate that it waits at.
    pub(super) gate: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) level: Level,
    pub(super) line: String,
}

fn settle(state: &AppState, run: &RunRow, driven: &Result<Outcome, SystemError>) -> Settled {
    let undoing = matches!(run.want, Want::Undone { .. });
    let as_is = |state, reason: &str, level, line: &str| Settled {
        state,
        gate: None,
        reason: Some(reason.to_owned()),
        level,
        line: line.to_owned(),
    };
    match driven {
        Ok(Outcome::Done) if undoing => Settled {
            state: RunState::RolledBack,
            gate: None,
            reason: None,
            level: Level::Info,
            line: "Rolled back.".into(),
        },
        Ok(Outcome::Done) => match &run.until {
            Some(step) => {
                let reason = format!("It stopped after {step}, as asked. Resume to go on.");
                as_is(RunState::Paused, &reason, Level::Info, &reason)
            }
            None => Settled {
                state: RunState::Done,
                gate: None,
                reason: None,
                level: Level::Info,
                line: "All steps are done.".into(),
            },
        },
        // a backup or a hook that the stop broke off has not failed
        Ok(Outcome::Paused | Outcome::Failed { .. }) if state.shutdown.is_cancelled() => {
            let reason =
                "The server was stopped. What was done is kept; it goes on when the server starts.";
            let state = if undoing {
                RunState::RollingBack
            } else {
                RunState::Queued
            };
            as_is(state, reason, Level::Info, reason)
        }
        Ok(Outcome::Paused) if undoing => as_is(
            RunState::Failed,
            "The rollback was stopped half-way. Start it again to finish it.",
            Level::Warning,
            "The rollback was stopped half-way.",
        ),
        Ok(Outcome::Paused) => as_is(
            RunState::Paused,
            "Paused by a person. Resume to go on.",
            Level::Info,
            "Paused.",
        ),
        Ok(Outcome::Aborted) => as_is(
            RunState::Aborted,
            "Ended by a person. What was done before stays.",
            Level::Warning,
            "Ended by a person. What was done before stays.",
        ),
        Ok(Outcome::WaitingAtGate(gate)) => {
            let reason = format!("{} {}", gate.evidence, gate.remedy);
            Settled {
                gate: Some(shown::gate_name(&gate.step, &gate.gate)),
                ..as_is(RunState::WaitingAtGate, &reason, Level::Warning, &reason)
            }
        }
        Ok(Outcome::Failed { step, error }) => {
            let state = if undoing {
                RunState::Stuck
            } else {
                RunState::Failed
            };
            as_is(
                state,
                error,
                Level::Error,
                &format!("{step} failed: {error}"),
            )
        }
        Err(error) => {
            use crate::refusal::Refusal;
            let remedy = error.remedy().unwrap_or_default();
            let reason = format!("{error}. {remedy}").replace("..", ".");
            let state = match error {
                // it is somebody else's for now: tried again later
                SystemError::Drive(DriveError::Driven { .. } | DriveError::LeaseLost)
                    if undoing =>
                {
                    RunState::RollingBack
                }
                SystemError::Drive(DriveError::Driven { .. } | DriveError::LeaseLost) => {
                    RunState::Queued
                }
                error if error.is_away() && !undoing => {
                    let line = format!("{error}. It goes on by itself when the server is back.");
                    return as_is(RunState::Queued, &line, Level::Warning, &line);
                }
                _ if undoing => RunState::Stuck,
                _ => RunState::Failed,
            };
            as_is(state, &reason, Level::Error, &reason)
        }
    }
}

async fn write_end(
    state: &AppState,
    system: &System,
    run: &RunRow,
    settled: &Settled,
) -> Result<(), SystemError> {
    let now = state.clock.now();
    let finished = (!settled.state.is_open()).then_some(now);
    let mut tx = state.store.write().await?;
    let current = runs::open_in(&mut tx, system.slug()).await?;
    // a command that came while the drive ended wins: its state is newer than this one, or comes when it is carried out
    let overtaken = current.is_some_and(|current| {
        let paused = current.want == Want::Paused && current.summary.state == RunState::Running;
        current.id == run.id
            && current.want != run.want
            && settled.state != RunState::Done
            && !paused
    });
    let state_now = if overtaken && settled.state == RunState::Paused {
        None
    } else {
        Some(settled.state)
    };
    if let Some(state_now) = state_now {
        runs::settle(
            &mut tx,
            run.id,
            state_now,
            settled.reason.as_deref(),
            finished,
        )
        .await?;
    }
    if settled.state != run.summary.state || finished.is_some() {
        let action = match settled.state {
            RunState::Done => "run.done",
            RunState::Paused => "run.paused",
            RunState::Aborted => "run.aborted",
            RunState::WaitingAtGate => "run.waiting",
            RunState::RolledBack => "run.rolled-back",
            RunState::Failed | RunState::Stuck => "run.failed",
            _ => "run.interrupted",
        };
        let entry = Entry::by_itself(action, format!("run {}", run.summary.number), &settled.line)
            .on(system.slug());
        audit::append(&mut tx, now, entry).await?;
    }
    tx.commit().await?;
    for topic in [Topic::Run, Topic::System, Topic::Coverage, Topic::Rollback] {
        state.hub.changed(system.slug(), topic);
    }
    Ok(())
}

/// Writes live numbers while a drive goes on, in a task of its own so that the drive never waits for the control store.
struct Flusher {
    stop: tokio_util::sync::CancellationToken,
    task: tokio::task::JoinHandle<()>,
    counter: tokio::task::JoinHandle<()>,
}

impl Flusher {
    fn start(state: &AppState, system: &Arc<System>, run: &RunRow, live: Arc<Mutex<Live>>) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
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

    async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
        let _ = self.counter.await;
    }
}

/// Counts coverage while a drive goes on and once at its end, beside the live numbers: a table of millions of rows takes
/// seconds to count.
async fn count(
    state: AppState,
    system: Arc<System>,
    run: i64,
    stopped: tokio_util::sync::CancellationToken,
) {
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
