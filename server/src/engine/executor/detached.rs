//! Steps whose effect is outside of the target: marked, probed, done, probed, confirmed. After a crash the real outcome
//! is looked at, never assumed.

use std::time::Duration;

use super::control::{Outside, OutsideError, Probed};
use super::driver::Driver;
use super::forward::Chunk;
use super::lease::now_ms;
use super::session::Halt;
use crate::engine::journal::StepState;
use crate::engine::operation::Operation;

impl Driver<'_> {
    /// Work outside of the target: marked, probed, done, probed, confirmed.
    pub(super) async fn detached(&mut self, at: usize) -> Chunk {
        match self.outside(at).await {
            Ok(()) => Chunk::Committed,
            Err(halt) => {
                self.roll_back().await;
                Chunk::Failed {
                    at,
                    before: 0,
                    halt,
                }
            }
        }
    }

    async fn outside(&mut self, at: usize) -> Result<(), Halt> {
        let work = match &self.record.steps[at].step.operation {
            Operation::Backup => Outside::Backup,
            Operation::Hook { name } => Outside::Hook { name: name.clone() },
            Operation::CheckApplication { check } => Outside::CheckApplication { check: *check },
            _ => {
                let sentence = "This operation belongs into the target. Compile the plan again.";
                return Err(Halt::Step(sentence.into()));
            }
        };
        self.save_alone(at, StepState::Running, |record| {
            record.attempt += 1;
            record.error = None;
            record.started_at_ms = Some(now_ms());
        })
        .await?;
        let control = self.session.control();
        let said = |error: OutsideError| Halt::Step(error.to_string());
        let evidence = match control.probe(&work).await.map_err(said)? {
            Probed::There(evidence) => evidence,
            Probed::Absent | Probed::Unknown => {
                self.session.ask("perform").await?;
                let performed = self.perform(&work).await?;
                match control.probe(&work).await.map_err(said)? {
                    Probed::There(_) | Probed::Unknown => performed,
                    Probed::Absent => {
                        return Err(Halt::Step(format!(
                            "{performed} Looking again, its effect is not there."
                        )));
                    }
                }
            }
        };
        self.session.ask("confirm").await?;
        self.save_alone(at, StepState::Done, |record| {
            record.finished_at_ms = Some(now_ms());
            record.evidence = Some(evidence.clone());
        })
        .await
    }

    /// Performs work outside of the target, renewing the lease meanwhile.
    async fn perform(&mut self, work: &Outside) -> Result<String, Halt> {
        let control = self.session.control();
        let performing = control.perform(work);
        tokio::pin!(performing);
        loop {
            let tick = tokio::time::sleep(Duration::from_secs(5));
            tokio::select! {
                performed = &mut performing => {
                    return performed.map_err(|error| Halt::Step(error.to_string()));
                }
                () = tick => {
                    self.begin_transaction().await?;
                    self.commit_transaction().await?;
                }
            }
        }
    }
}
