//! What a drive ended in, as the state of its run: decided from the outcome, then written.

use shared::event::Topic;
use shared::state::{Level, RunState};

use super::shown;
use crate::audit::{self, Entry};
use crate::engine::{DriveError, Outcome};
use crate::state::AppState;
use crate::store::runs::{self, RunRow, Want};
use crate::systems::{System, SystemError};

/// What a drive ended in.
pub(super) struct Settled {
    pub(super) state: RunState,
    /// The gate that it waits at.
    pub(super) gate: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) level: Level,
    pub(super) line: String,
}

/// The state of the run that a drive's outcome means, and the line of the log that says so.
pub(super) fn settle(
    state: &AppState,
    run: &RunRow,
    driven: &Result<Outcome, SystemError>,
) -> Settled {
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

/// Writes how the drive ended, unless a command that came meanwhile wins.
pub(super) async fn write_end(
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
