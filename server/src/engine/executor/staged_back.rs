//! The way back of several transactions, on PostgreSQL. The journal says only that it has begun: each
//! of its stages is looked at before it is carried out, however far an earlier try has come.

use super::apply::changes_definition;
use super::driver::Driver;
use super::forward::Chunk;
use super::lease::now_ms;
use super::session::Halt;
use crate::db::Statement;
use crate::engine::journal::StepState;
use crate::engine::plan::{Reverse, Stage, Step};

impl Driver<'_> {
    /// Whether a step is taken back in several transactions.
    pub(super) fn is_staged_back(&self, at: usize) -> bool {
        matches!(self.record.steps[at].step.reverse, Reverse::Staged { .. })
    }

    /// Takes a step back, stage by stage.
    pub(super) async fn staged_back(&mut self, at: usize) -> Chunk {
        let halt = match self.stages_back(at).await {
            Ok(()) => return Chunk::Committed,
            Err(halt) => halt,
        };
        self.give_up(at, halt).await
    }

    /// For a run that goes forward again from a step whose way back was begun: the way back is given
    /// up where it has not changed anything yet, and taken to its end where it has.
    pub(super) async fn turn_around(&mut self, at: usize) -> Chunk {
        let halt = match self.keep_step(at).await {
            Ok(true) => return Chunk::Committed,
            Ok(false) => return self.staged_back(at).await,
            Err(halt) => halt,
        };
        self.give_up(at, halt).await
    }

    async fn give_up(&mut self, at: usize, halt: Halt) -> Chunk {
        self.roll_back().await;
        if halt.is_failure() {
            // what cannot be tidied now is tidied before the next try
            let _ = self.tidy_back(at).await;
            self.roll_back().await;
        }
        Chunk::Failed {
            at,
            before: 0,
            halt,
        }
    }

    async fn stages_back(&mut self, at: usize) -> Result<(), Halt> {
        let step = self.record.steps[at].step.clone();
        let Reverse::Staged { statements, stages } = &step.reverse else {
            return Ok(());
        };
        self.save_alone(at, StepState::Undoing, |record| record.error = None)
            .await?;
        let mut statements = statements.as_slice();
        for (number, stage) in stages.iter().enumerate() {
            let (own, rest) = statements.split_at(stage.statements.min(statements.len()));
            statements = rest;
            if self.session.wants_pause() {
                return Ok(());
            }
            match stage.transaction {
                false => self.unless_there(&step, stage, own).await?,
                true => {
                    let last = number + 1 == stages.len();
                    self.together_back(at, &step, stage, own, last).await?;
                }
            }
        }
        Ok(())
    }

    /// A stage that is one transaction; the last one enters that the step is undone.
    async fn together_back(
        &mut self,
        at: usize,
        step: &Step,
        stage: &Stage,
        statements: &[Statement],
        last: bool,
    ) -> Result<(), Halt> {
        self.begin_transaction().await?;
        if let Some(table) = step.table() {
            let relation = self.record.plan.dialect.relation(table);
            self.session.displace_vacuum(&relation).await?;
        }
        if !self.is_made(stage).await? {
            self.run_all(statements).await?;
        }
        if changes_definition(&step.operation) {
            self.unproven.push(at);
        }
        if last {
            let record = self.record.steps[at].clone();
            self.taken_back(at, record)?;
        }
        self.commit_transaction().await
    }

    /// Enters that a step is done as it was before its way back began, if all of its effect is there.
    async fn keep_step(&mut self, at: usize) -> Result<bool, Halt> {
        let step = self.record.steps[at].step.clone();
        self.tidy_back(at).await?;
        let Some(probe) = &step.probe else {
            return Ok(false);
        };
        self.begin_transaction().await?;
        let whole = self.session.count(probe.statement.clone()).await? == probe.expected;
        if whole {
            let mut record = self.record.steps[at].clone();
            record.error = None;
            record.memo = None;
            record.finished_at_ms = Some(now_ms());
            self.moved(&mut record, StepState::Done)?;
            self.save(at, record);
        }
        self.commit_transaction().await?;
        Ok(whole)
    }

    /// Takes away what a way back that goes on no further has left.
    async fn tidy_back(&mut self, at: usize) -> Result<(), Halt> {
        let Reverse::Staged { stages, .. } = self.record.steps[at].step.reverse.clone() else {
            return Ok(());
        };
        self.begin_transaction().await?;
        for stage in &stages {
            self.run_all(&stage.cleanup).await?;
        }
        self.commit_transaction().await
    }
}
