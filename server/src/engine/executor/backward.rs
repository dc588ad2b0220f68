//! Toward "undone": the chosen steps in reverse order.

use std::collections::BTreeSet;

use super::apply::makes_table_again;
use super::driver::Driver;
use super::forward::{Chunk, budget};
use super::session::{Halt, Wait};
use super::{DriveError, Outcome};
use crate::engine::journal::StepState;
use crate::engine::plan::Reverse;

impl Driver<'_> {
    /// Undoes the steps of these groups, or all.
    pub(super) async fn backward(
        &mut self,
        groups: Option<&BTreeSet<String>>,
    ) -> Result<Outcome, DriveError> {
        self.refuse_undo(groups)?;
        let chosen: Vec<usize> = (0..self.record.steps.len())
            .rev()
            .filter(|at| self.is_chosen(*at, groups))
            .collect();
        let mut limit = usize::MAX;
        let mut wait = Wait::default();
        loop {
            if self.session.wants_pause() {
                return Ok(Outcome::Paused);
            }
            let left: Vec<usize> = (chosen.iter().copied())
                .filter(|at| self.needs_undo(*at))
                .collect();
            if left.is_empty() {
                return Ok(Outcome::Done);
            }
            let ended = match self.is_staged_back(left[0]) {
                true => {
                    self.session.at(&self.record.steps[left[0]].step);
                    self.staged_back(left[0]).await
                }
                false => self.undo_from(&left, limit).await,
            };
            limit = usize::MAX;
            match ended {
                Chunk::Committed | Chunk::Gate(_) => wait = Wait::default(),
                Chunk::Failed { before, halt, .. } if before > 0 && self.keeps(&halt) => {
                    if let Halt::Abort | Halt::LeaseLost | Halt::Journal(_) = halt {
                        return super::ended(halt);
                    }
                    limit = before;
                }
                Chunk::Failed { at, halt, .. } => match halt {
                    Halt::Db(error) if error.is_locked() => {
                        if let Err(halt) = self.session.wait(&mut wait, error).await {
                            return self.failed(at, halt, StepState::Stuck).await;
                        }
                    }
                    halt => return self.failed(at, halt, StepState::Stuck).await,
                },
            }
        }
    }

    /// Refuses before anything is done what could not be finished.
    fn refuse_undo(&self, groups: Option<&BTreeSet<String>>) -> Result<(), DriveError> {
        let plan = &self.record.plan;
        let refused = |why: String| Err(DriveError::Refused { why });
        for group in groups.into_iter().flatten() {
            if !plan.groups().contains(&group.as_str()) {
                return refused(format!(
                    "there is no group {group} in this run. Its groups are {}.",
                    plan.groups().join(", ")
                ));
            }
        }
        for at in 0..self.record.steps.len() {
            let step = &self.record.steps[at].step;
            if !self.is_chosen(at, groups) || !self.needs_undo(at) {
                continue;
            }
            if let Reverse::Impossible { why } = &step.reverse {
                return refused(format!("\"{}\" cannot be undone: {why}", step.title));
            }
        }
        let Some(groups) = groups else {
            return Ok(());
        };
        for dependency in &plan.dependencies {
            let stays = !groups.contains(&dependency.group)
                && (0..self.record.steps.len()).any(|at| {
                    self.record.steps[at].step.group.as_ref() == Some(&dependency.group)
                        && self.needs_undo(at)
                });
            if groups.contains(&dependency.on) && stays {
                return refused(format!(
                    "{} of {} finds its organization through {} of {}. Undo {} too, or first.",
                    dependency.table,
                    dependency.group,
                    dependency.parent,
                    dependency.on,
                    dependency.group
                ));
            }
        }
        Ok(())
    }

    fn is_chosen(&self, at: usize, groups: Option<&BTreeSet<String>>) -> bool {
        let group = self.record.steps[at].step.group.as_ref();
        groups.is_none_or(|groups| group.is_some_and(|group| groups.contains(group)))
    }

    fn needs_undo(&self, at: usize) -> bool {
        matches!(
            self.state(at),
            StepState::Done
                | StepState::Running
                | StepState::Undoing
                | StepState::Stuck
                | StepState::Failed
        )
    }

    /// Undoes steps in one transaction.
    async fn undo_from(&mut self, left: &[usize], limit: usize) -> Chunk {
        let alone = makes_table_again(&self.record.steps[left[0]].step.operation);
        let mut done = 0;
        let (mut place, mut committing) = (left[0], false);
        let result = async {
            if alone {
                self.session.db().enforce_foreign_keys(false).await?;
            }
            self.begin_transaction().await?;
            for at in left {
                let step = &self.record.steps[*at].step;
                let own = makes_table_again(&step.operation) || self.is_staged_back(*at);
                if done > 0 && (own || done >= limit) {
                    break;
                }
                place = *at;
                self.session.at(step);
                self.undo(*at).await?;
                done += 1;
                if alone
                    || self.session.held() > budget(self.record.plan.dialect)
                    || self.session.wants_pause()
                {
                    break;
                }
            }
            committing = true;
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
        match result.and(enforced.map_err(Halt::from)) {
            Ok(()) => Chunk::Committed,
            Err(halt) => Chunk::Failed {
                at: place,
                before: done.saturating_sub(usize::from(committing)),
                halt,
            },
        }
    }
}
