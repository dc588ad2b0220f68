//! Toward "applied": the steps in order, as many small ones in a transaction as fit into the time
//! that another writer may be kept waiting.

use std::time::Duration;

use super::apply::makes_table_again;
use super::control::{Event, Level};
use super::driver::Driver;
use super::lease::now_ms;
use super::session::{Halt, Wait};
use super::{DriveError, Outcome};
use crate::db::{DbError, Dialect};
use crate::engine::gate::{GateCheck, GateEvidence};
use crate::engine::journal::StepState;
use crate::engine::operation::Operation;
use crate::engine::plan::StepMode;

/// After how long a transaction takes no further step. On PostgreSQL it keeps the locks of all its tables, and a lock that
/// it waits for keeps them for up to 50 ms more.
pub(super) const fn budget(dialect: Dialect) -> Duration {
    match dialect {
        Dialect::Sqlite => Duration::from_millis(60),
        Dialect::Postgres => Duration::from_millis(25),
    }
}
/// How a transaction of steps ended.
pub(super) enum Chunk {
    /// So many steps were committed.
    Committed,
    /// The steps before it were committed, and the gate of the next one does not hold.
    Gate(Box<GateEvidence>),
    /// Nothing was kept: the step at this place failed, after so many others.
    Failed {
        at: usize,
        before: usize,
        halt: Halt,
    },
}

impl Driver<'_> {
    /// Drives forward up to and including the step at `last`.
    pub(super) async fn forward(&mut self, last: usize) -> Result<Outcome, DriveError> {
        match self.difference().await {
            Ok(None) => {}
            Ok(Some(difference)) => return Err(DriveError::WorldChanged { difference }),
            Err(halt) => return super::ended(halt),
        }
        let mut limit = usize::MAX;
        let mut wait = Wait::default();
        loop {
            if self.session.wants_pause() {
                return Ok(Outcome::Paused);
            }
            let next = (0..=last).find(|at| !self.is_reached(*at));
            let Some(at) = next else {
                return Ok(Outcome::Done);
            };
            self.session.at(&self.record.steps[at].step);
            if let Err(halt) = self.hold_before(at).await {
                return super::ended(halt);
            }
            if self.session.wants_pause() {
                return Ok(Outcome::Paused);
            }
            let mode = self.record.steps[at].step.mode;
            let ended = match mode {
                _ if self.state(at) == StepState::Undoing && self.is_staged_back(at) => {
                    self.turn_around(at).await
                }
                StepMode::Atomic => self.steps_from(at, last, limit).await,
                StepMode::Batched => self.batched(at).await,
                StepMode::Staged => self.staged(at).await,
                StepMode::Detached => self.detached(at).await,
            };
            limit = usize::MAX;
            match ended {
                Chunk::Committed => wait = Wait::default(),
                Chunk::Gate(evidence) => match self.open_gate(&evidence).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(Outcome::WaitingAtGate(*evidence)),
                    Err(halt) => return super::ended(halt),
                },
                // the steps before the failed one are good: commit them without it
                Chunk::Failed { before, halt, .. } if before > 0 && self.keeps(&halt) => {
                    if let Halt::Abort | Halt::LeaseLost | Halt::Journal(_) = halt {
                        return super::ended(halt);
                    }
                    limit = before;
                }
                Chunk::Failed { at, halt, .. } => match halt {
                    // batches have waited on their own
                    Halt::Db(error) if error.is_locked() && mode != StepMode::Batched => {
                        if let Err(halt) = self.session.wait(&mut wait, error).await {
                            return self.failed(at, halt, StepState::Failed).await;
                        }
                    }
                    halt => return self.failed(at, halt, StepState::Failed).await,
                },
            }
        }
    }

    /// Whether the steps before a failed one are committed without it. SQLite's one lock is for
    /// all of them; PostgreSQL's is for a table, and the others need not wait for it.
    pub(super) fn keeps(&self, halt: &Halt) -> bool {
        !halt.is_locked() || self.record.plan.dialect == Dialect::Postgres
    }

    /// Atomic steps in one transaction, from this one on.
    async fn steps_from(&mut self, first: usize, last: usize, limit: usize) -> Chunk {
        let alone = makes_table_again(&self.record.steps[first].step.operation);
        self.ask_facts(first).await;
        let mut done = 0;
        let mut gate = None;
        let mut at = first;
        let (mut place, mut committing) = (first, false);
        let result = async {
            if alone {
                self.session.db().enforce_foreign_keys(false).await?;
            }
            self.begin_transaction().await?;
            while at <= last && done < limit {
                if self.is_reached(at) {
                    at += 1;
                    continue;
                }
                if done > 0 && !self.joins(at) {
                    break;
                }
                place = at;
                self.session.at(&self.record.steps[at].step);
                match self.pass_gates(at).await {
                    Ok(()) => {}
                    Err(Halt::Gate(evidence)) => {
                        gate = Some(evidence);
                        break;
                    }
                    Err(halt) => return Err(halt),
                }
                self.apply(at).await?;
                done += 1;
                at += 1;
                if alone
                    || self.session.held() > budget(self.record.plan.dialect)
                    || self.session.wants_pause()
                {
                    break;
                }
            }
            committing = true;
            // on PostgreSQL the session's lock is given back too, which is no part of a transaction
            self.ending = self.record.plan.dialect == Dialect::Sqlite
                && gate.is_none()
                && (0..=last).all(|at| self.is_reached(at));
            self.commit_transaction().await
        }
        .await;
        if result.is_err() {
            self.roll_back().await;
        }
        let enforced = match alone {
            true => self.session.db().enforce_foreign_keys(true).await,
            false => Ok(()),
        };
        match (result.and(enforced.map_err(Halt::from)), gate) {
            (Ok(()), None) => Chunk::Committed,
            (Ok(()), Some(evidence)) => Chunk::Gate(evidence),
            (Err(halt), _) => Chunk::Failed {
                at: place,
                // a transaction that cannot be committed is tried with fewer steps, to the last one
                before: done.saturating_sub(usize::from(committing)),
                halt,
            },
        }
    }

    /// Whether nothing is left to do for a step.
    fn is_reached(&self, at: usize) -> bool {
        matches!(self.state(at), StepState::Done | StepState::Skipped)
    }

    /// Whether a step may join the transaction of those before it.
    fn joins(&self, at: usize) -> bool {
        let step = &self.record.steps[at].step;
        let asks_caller =
            (step.gates.iter()).any(|gate| matches!(gate.check, GateCheck::Caller { .. }));
        step.mode == StepMode::Atomic && !makes_table_again(&step.operation) && !asks_caller
    }

    /// Asks the caller for facts before the transaction, so that nobody waits for the answer.
    async fn ask_facts(&mut self, at: usize) {
        for gate in self.record.steps[at].step.gates.clone() {
            if let GateCheck::Caller { fact } = gate.check {
                let answer = self.session.control().fact(fact).await;
                self.facts.insert(fact, answer);
            }
        }
    }

    async fn batched(&mut self, at: usize) -> Chunk {
        let Operation::Populate(populate) = self.record.steps[at].step.operation.clone() else {
            return Chunk::Failed {
                at,
                before: 0,
                halt: Halt::Step("This operation has no batches. Compile the plan again.".into()),
            };
        };
        match self.backfill(at, &populate).await {
            Ok(()) => Chunk::Committed,
            Err(halt) => Chunk::Failed {
                at,
                before: 0,
                halt,
            },
        }
    }

    /// Enters a failure into the journal and answers it.
    pub(super) async fn failed(
        &mut self,
        at: usize,
        halt: Halt,
        to: StepState,
    ) -> Result<Outcome, DriveError> {
        // a target that is locked did not fail the step: nothing about it changed
        let locked = halt.is_locked();
        let error = match halt {
            Halt::Step(sentence) => sentence,
            // nothing of the step is known: it did not fail, it is gone on with
            Halt::Db(error @ DbError::ConnectionLost { .. }) => return Err(error.into()),
            Halt::Db(error) => told(&error),
            halt => return super::ended(halt),
        };
        let step = self.record.steps[at].step.key.clone();
        if !locked {
            self.enter_failure(at, &error, to).await;
        }
        self.session.control().report(&Event::Log {
            step: Some(step.clone()),
            level: Level::Error,
            line: error.clone(),
        });
        Ok(Outcome::Failed { step, error })
    }

    async fn enter_failure(&mut self, at: usize, error: &str, to: StepState) {
        let entered = self
            .save_alone(at, to, |record| {
                // a step of many transactions has counted its attempt when it was begun
                let began = matches!(record.state, StepState::Running | StepState::Done);
                record.attempt += u32::from(!began);
                record.error = Some(error.to_owned());
                record.finished_at_ms = Some(now_ms());
            })
            .await;
        // a full disk cannot take the record either: the answer still says it
        if entered.is_err() {
            self.roll_back().await;
        }
    }
}

/// A failure of the target with its remedy. It is kept with the run, for readers who must not
/// learn where the target lies.
fn told(error: &DbError) -> String {
    format!("{}. {}", error.without_directory(), error.remedy())
}
