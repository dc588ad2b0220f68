//! A step of several transactions, on PostgreSQL: each commits with the number of the stage it
//! reached, so that whoever comes back goes on behind it. What cannot be part of a transaction
//! (an index built beside its writers) is looked at before it is done again.

use super::apply::changes_definition;
use super::building;
use super::driver::Driver;
use super::forward::Chunk;
use super::lease::now_ms;
use super::session::{Halt, millis};
use crate::db::Statement;
use crate::engine::journal::{StepRecord, StepState};
use crate::engine::plan::{Stage, Step};

impl Halt {
    /// Whether a step of several transactions has failed, rather than waits or was broken off.
    pub(super) fn is_failure(&self) -> bool {
        match self {
            Self::Db(error) => !error.is_locked(),
            Self::Step(_) => true,
            _ => false,
        }
    }
}

impl Driver<'_> {
    /// Carries the step on from the stage that it has reached.
    pub(super) async fn staged(&mut self, at: usize) -> Chunk {
        let halt = match self.stages(at).await {
            Ok(()) => return Chunk::Committed,
            Err(Halt::Gate(evidence)) => {
                self.roll_back().await;
                return Chunk::Gate(evidence);
            }
            Err(halt) => halt,
        };
        self.roll_back().await;
        if halt.is_failure() {
            // what cannot be tidied now is tidied before the next try
            let _ = self.tidy(at).await;
            self.roll_back().await;
        }
        Chunk::Failed {
            at,
            before: 0,
            halt,
        }
    }

    async fn stages(&mut self, at: usize) -> Result<(), Halt> {
        let step = self.record.steps[at].step.clone();
        let mut statements = step.forward.as_slice();
        for (number, stage) in step.stages.iter().enumerate() {
            let (own, rest) = statements.split_at(stage.statements.min(statements.len()));
            statements = rest;
            if number < reached(&self.record.steps[at]) {
                continue;
            }
            if self.session.wants_pause() {
                return Ok(());
            }
            match stage.transaction {
                true => self.together(at, &step, number, own).await?,
                false => self.alone(at, &step, number, stage, own).await?,
            }
        }
        Ok(())
    }

    /// A stage that is one transaction.
    async fn together(
        &mut self,
        at: usize,
        step: &Step,
        number: usize,
        statements: &[Statement],
    ) -> Result<(), Halt> {
        self.begin_transaction().await?;
        if let Some(table) = step.table() {
            let relation = self.record.plan.dialect.relation(table);
            self.session.displace_vacuum(&relation).await?;
        }
        // at the first stage to let nothing begin in vain, at the last in its own transaction
        if number == 0 || number + 1 == step.stages.len() {
            self.pass_gates(at).await?;
        }
        self.run_all(statements).await?;
        self.reach(at, step, number + 1).await?;
        self.commit_transaction().await
    }

    /// A stage that cannot be part of a transaction.
    async fn alone(
        &mut self,
        at: usize,
        step: &Step,
        number: usize,
        stage: &Stage,
        statements: &[Statement],
    ) -> Result<(), Halt> {
        self.begin_transaction().await?;
        if number == 0 {
            self.pass_gates(at).await?;
        }
        self.reach(at, step, number).await?;
        self.commit_transaction().await?;
        self.unless_there(step, stage, statements).await?;
        self.begin_transaction().await?;
        self.reach(at, step, number + 1).await?;
        self.commit_transaction().await
    }

    /// Carries out what cannot be part of a transaction, unless its effect is there.
    pub(super) async fn unless_there(
        &mut self,
        step: &Step,
        stage: &Stage,
        statements: &[Statement],
    ) -> Result<(), Halt> {
        if self.is_made(stage).await? {
            return Ok(());
        }
        self.run_all(&stage.cleanup).await?;
        self.session.db().outlast_transactions(true).await?;
        let built = self.build(step, statements).await;
        self.session.db().outlast_transactions(false).await?;
        built
    }

    /// Whether the effect of a stage is there.
    pub(super) async fn is_made(&mut self, stage: &Stage) -> Result<bool, Halt> {
        match &stage.probe {
            Some(probe) => Ok(self.session.count(probe.statement.clone()).await? == probe.expected),
            None => Ok(false),
        }
    }

    /// Runs statements that take long, and tells how far they are.
    async fn build(&mut self, step: &Step, statements: &[Statement]) -> Result<(), Halt> {
        let process = self.session.count("SELECT pg_backend_pid()").await?;
        let url = self.session.db().url().clone();
        let watch = building::watch(url, process, step.key.clone(), self.session.control());
        tokio::select! {
            done = self.run_all(statements) => done.map(drop),
            never = watch => match never {},
        }
    }

    /// Enters, inside the open transaction, that the stages before this number are done.
    async fn reach(&mut self, at: usize, step: &Step, number: usize) -> Result<(), Halt> {
        let mut record = self.record.steps[at].clone();
        if record.state != StepState::Running {
            record.attempt += 1;
            record.error = None;
            record.started_at_ms = Some(now_ms());
            self.moved(&mut record, StepState::Running)?;
        }
        record.memo = Some(number.to_string());
        if changes_definition(&step.operation) {
            let tables: Vec<String> = step.table().map(str::to_owned).into_iter().collect();
            self.expect_definitions(&tables).await?;
        }
        if number == step.stages.len() {
            self.verify(std::slice::from_ref(step)).await?;
            record.memo = None;
            record.finished_at_ms = Some(now_ms());
            self.moved(&mut record, StepState::Done)?;
        }
        record.lock_ms = record.lock_ms.max(millis(self.session.held()));
        self.save(at, record);
        Ok(())
    }

    /// Takes away what a failed step has left, so that the next try begins anew.
    async fn tidy(&mut self, at: usize) -> Result<(), Halt> {
        let mut record = self.record.steps[at].clone();
        if record.state != StepState::Running {
            return Ok(());
        }
        let step = record.step.clone();
        self.begin_transaction().await?;
        let done = reached(&record);
        for stage in step.stages.iter().take(done + 1) {
            self.run_all(&stage.cleanup).await?;
        }
        if changes_definition(&step.operation) {
            let tables: Vec<String> = step.table().map(str::to_owned).into_iter().collect();
            self.expect_definitions(&tables).await?;
        }
        // stages without anything to tidy stay done
        let first = step
            .stages
            .iter()
            .position(|stage| !stage.cleanup.is_empty());
        let kept = first.map_or(done, |first| first.min(done));
        record.memo = Some(kept.to_string());
        self.save(at, record);
        self.commit_transaction().await
    }
}

/// How many stages of a step are done.
fn reached(record: &StepRecord) -> usize {
    match record.state {
        StepState::Running | StepState::Failed => {
            let memo = record.memo.as_deref().unwrap_or_default();
            memo.parse().unwrap_or(0)
        }
        _ => 0,
    }
}
