//! The command line's side of a drive: progress on stderr, signals that pause it, and the backup that a plan asks for.

mod backups;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::operator::operator;
use super::{Failure, Output};
use crate::engine::executor::{
    Boundary, Control, DriveError, Event, FactAnswer, Outside, OutsideError, Overriding, Probed,
    Signal,
};
use crate::engine::gate::CallerFact;
use crate::engine::journal::JournalError;
use crate::refusal::Refusal as _;
use crate::runs;
use crate::systems::{System, SystemError};

pub(super) use backups::Backups;

/// Rows are told this often, and once more when they are all handled.
const OFTEN: Duration = Duration::from_millis(500);

/// Gates that whoever gave the command overrides.
pub(super) struct Insisted {
    /// Their names.
    pub(super) gates: Vec<String>,
    /// Why.
    pub(super) reason: String,
}

/// A drive from the command line.
pub(super) struct Driving {
    output: Output,
    stop: CancellationToken,
    /// Nothing for a drive backward: it asks for no backup.
    backups: Option<Backups>,
    insisted: Option<Insisted>,
    /// The configured system whose hooks and application the plan uses.
    system: Option<Arc<System>>,
    told: Mutex<Option<Instant>>,
}

impl Driving {
    /// Pauses when `stop` is cancelled.
    pub(super) fn new(output: Output, stop: CancellationToken, backups: Option<Backups>) -> Self {
        Self {
            output,
            stop,
            backups,
            insisted: None,
            system: None,
            told: Mutex::new(None),
        }
    }

    /// The same with gates overridden, where the plan lets them be.
    pub(super) fn insisting(mut self, insisted: Option<Insisted>) -> Self {
        self.insisted = insisted;
        self
    }

    /// The same with the hooks and the application of a configured system.
    pub(super) fn around(mut self, system: Option<Arc<System>>) -> Self {
        self.system = system;
        self
    }

    /// Whether it is time to tell rows again.
    fn is_due(&self) -> bool {
        let Ok(mut told) = self.told.lock() else {
            return false;
        };
        let due = told.is_none_or(|at| at.elapsed() >= OFTEN);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}

#[async_trait]
impl Control for Driving {
    async fn between(&self, _boundary: &Boundary<'_>) -> Signal {
        match self.stop.is_cancelled() {
            true => Signal::Pause,
            false => Signal::Continue,
        }
    }

    fn report(&self, event: &Event) {
        let line = match event {
            Event::Step { step, state } => format!("{step}: {}", state.word()),
            Event::Rows {
                step,
                done,
                total,
                rate,
                ..
            } if self.is_due() || done == total => {
                format!("{step}: {done} of {total} rows, {rate:.0} rows/s")
            }
            Event::Waiting {
                attempt,
                attempts,
                blocker,
                ..
            } => {
                let who = blocker
                    .as_deref()
                    .unwrap_or("Another writer holds the lock");
                format!("{who}: attempt {attempt} of {attempts}.")
            }
            Event::Building {
                waits_for: Some(whom),
                ..
            } if self.is_due() => format!("Waits for {whom}."),
            Event::Building {
                step,
                phase,
                done,
                total,
                waits_for: None,
            } if self.is_due() => format!("{step}: {phase}, {done} of {total}"),
            Event::Log { step, line, .. } => match step {
                Some(step) => format!("{step}: {line}"),
                None => line.clone(),
            },
            // a hold and another pace are in the log, and a gate that does not hold is said at the end
            Event::Rows { .. }
            | Event::Building { .. }
            | Event::Held { .. }
            | Event::Pace { .. }
            | Event::Gate(_) => return,
        };
        self.output.progress(&line);
    }

    fn owner(&self) -> String {
        format!("the command line (process {})", std::process::id())
    }

    async fn fact(&self, fact: CallerFact) -> FactAnswer {
        match (fact, &self.backups) {
            (CallerFact::BackupVerified, Some(backups)) => backups.answer().await,
            (CallerFact::BackupVerified, None) => FactAnswer {
                holds: false,
                evidence: "No backup was looked for.".into(),
                remedy: "Give the command run, which makes or names one.".into(),
            },
        }
    }

    async fn overridden(&self, _step: &str, gate: &str) -> Option<Overriding> {
        let insisted = self.insisted.as_ref()?;
        let named = insisted.gates.iter().any(|name| name == gate);
        named.then(|| Overriding {
            by: operator(),
            reason: insisted.reason.clone(),
        })
    }

    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError> {
        match (work, &self.backups) {
            (Outside::Backup, Some(backups)) => Ok(backups.of_this_run().await),
            _ => Ok(Probed::Unknown),
        }
    }

    async fn perform(&self, work: &Outside) -> Result<String, OutsideError> {
        match (work, &self.backups, &self.system) {
            (Outside::Backup, Some(backups), _) => backups.make(self.output, &self.stop).await,
            (Outside::Hook { .. } | Outside::CheckApplication { .. }, _, Some(system)) => {
                runs::around(system, work).await
            }
            _ => Err(OutsideError {
                problem: "This step needs what the configuration says of the system.".into(),
                remedy: "Name the system: --system SLUG, with --config FILE; or resume the run in the console.".into(),
            }),
        }
    }
}

/// Cancelled by the first SIGINT or SIGTERM.
///
/// # Errors
/// When the system lets no signal be received.
pub(super) fn stopped_by_signals(output: Output) -> Result<CancellationToken, Failure> {
    let failed = |error| Failure::caused("signals cannot be received", &error);
    let mut terminated = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        output.progress("Pausing after the batch at hand.");
        asked.cancel();
    });
    Ok(stop)
}

/// A drive that was refused or broke off, with what to do about it.
pub(super) fn of_drive(error: DriveError) -> Failure {
    let failure = Failure::of(&error);
    match SystemError::from(error).remedy() {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}

/// A journal that cannot be read, with what to do about it.
pub(super) fn of_journal(error: JournalError) -> Failure {
    let failure = Failure::of(&error);
    match SystemError::from(error).remedy() {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}
