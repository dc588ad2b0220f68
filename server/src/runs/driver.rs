//! Drives one run toward what is wanted, on a connection of its own, and mirrors what happens. It decides nothing: the
//! executor does, and what it answers becomes the state of the run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use shared::event::Topic;
use shared::state::RunState;

use super::flusher::Flusher;
use super::live::{Before, Live};
use super::settled::{settle, write_end};
use super::{outside, shown};
use crate::engine::executor::{
    Boundary, Event, FactAnswer, HoldCause, Holds, Outside, OutsideError, Overriding, Probed,
    Signal,
};
use crate::engine::gate::CallerFact;
use crate::engine::operation::Operation;
use crate::engine::pace;
use crate::engine::plan::Step;
use crate::engine::{Control, Goal, drive};
use crate::state::AppState;
use crate::store::run_details;
use crate::store::runs::{self, RunRow, Want};
use crate::systems::{Order, System, SystemError};
use crate::{backups, probes};

/// The hook after which the application is stopped on purpose.
const STOP: &str = "stop";

/// The driver's side of a drive.
struct Driver {
    state: AppState,
    system: Arc<System>,
    run: RunRow,
    live: Arc<Mutex<Live>>,
    /// Whether an administrator lets the run go on whatever the application does. It is never taken back.
    goes_on_anyway: AtomicBool,
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

    async fn suffering(&self, step: &Step) -> Option<(HoldCause, String)> {
        match step.operation {
            Operation::Backup => {
                if let Some(other) = backups::going_on(&self.state, &self.system).await {
                    return Some((HoldCause::Backup, other));
                }
            }
            // a hook may be what makes the application well
            Operation::Hook { .. } => return None,
            _ => {}
        }
        // what stopped the application on purpose has not harmed it
        if !self.system.config.holds.health || self.is_stopped_by_hook() {
            return None;
        }
        let Some(why) = probes::suffering(&self.state, &self.system) else {
            if let Ok(mut live) = self.live.lock() {
                live.application_works(self.state.clock.now(), self.system.slug());
            }
            return None;
        };
        if self.goes_on_anyway.load(Ordering::Relaxed) {
            return None;
        }
        let overridden = self.overriding_of(shown::APPLICATION).await.is_some();
        self.goes_on_anyway.store(overridden, Ordering::Relaxed);
        (!overridden).then_some((HoldCause::Application, why))
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
        self.overriding_of(&shown::gate_name(step, gate)).await
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
    /// Who overrode a gate of this run, and why.
    async fn overriding_of(&self, name: &str) -> Option<Overriding> {
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
        goes_on_anyway: AtomicBool::new(false),
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
