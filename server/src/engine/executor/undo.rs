//! Takes a step back, inside the open transaction.

use super::apply::changes_definition;
use super::control::Level;
use super::driver::Driver;
use super::lease::now_ms;
use super::session::{Halt, millis};
use crate::db::{Statement, quote};
use crate::engine::journal::{StepRecord, StepState};
use crate::engine::operation::{Operation, RequireWay, RescopeWay};
use crate::engine::plan::{Reverse, Step, StepMode};
use crate::engine::{ddl, rebuild};

impl Driver<'_> {
    /// Takes one step back and enters it into the journal.
    pub(super) async fn undo(&mut self, at: usize) -> Result<(), Halt> {
        let record = self.record.steps[at].clone();
        let step = record.step.clone();
        if had_effect(&record) {
            self.catch_up(&step.operation).await?;
            self.counter_effect(&step, &record).await?;
            if changes_definition(&step.operation) {
                self.unproven.push(at);
            }
        }
        self.taken_back(at, record)
    }

    /// Enters, in the open transaction, that nothing of a step is left.
    pub(super) fn taken_back(&mut self, at: usize, mut record: StepRecord) -> Result<(), Halt> {
        record.error = None;
        record.cursor = None;
        record.memo = None;
        record.evidence = None;
        record.rows_done = 0;
        record.finished_at_ms = Some(now_ms());
        record.lock_ms = millis(self.session.held());
        self.moved(&mut record, StepState::Undone)?;
        self.save(at, record);
        Ok(())
    }

    async fn counter_effect(&mut self, step: &Step, record: &StepRecord) -> Result<(), Halt> {
        let Reverse::Sql(reverse) = &step.reverse else {
            return Ok(());
        };
        match &step.operation {
            Operation::EnsureOrganizationsTable { table } => {
                self.refuse_while_referenced(table).await?;
            }
            Operation::EnsureDefaultOrganization {
                table,
                code_column,
                code,
                ..
            } => {
                if record.memo.is_none() {
                    return Ok(());
                }
                self.refuse_while_rows_reference(table, code_column, code)
                    .await?;
            }
            Operation::RecordRow { .. } if record.memo.is_none() => return Ok(()),
            operation if operation.adopts() && record.memo.is_none() => return Ok(()),
            Operation::EnsureRole { role } if self.is_used(role).await? => {
                let line = format!(
                    "The role {role} stays: another database gave it rights since it was made."
                );
                self.log(Some(&step.key), Level::Warning, line);
                return Ok(());
            }
            Operation::RequireColumn {
                table, column, way, ..
            } => {
                match way {
                    RequireWay::InPlace => self.changes.push(rebuild::Change {
                        table: table.clone(),
                        column: column.clone(),
                        required: false,
                    }),
                    RequireWay::Rebuild => {
                        let change = |sql: &str| ddl::set_nullable(sql, column);
                        rebuild::rebuild(&mut self.session, table, change).await?;
                    }
                    // its statements say all
                    RequireWay::Alter => {}
                }
            }
            Operation::RescopeUnique {
                table,
                columns,
                column,
                way: RescopeWay::Rebuild,
            } => {
                let before = record.memo.clone().unwrap_or_default();
                let change = |sql: &str| {
                    let scoped = ddl::add_to_unique(&before, columns, column)?;
                    if sql == scoped {
                        return Ok(before);
                    }
                    Err(ddl::DdlError::NotUnderstood {
                        detail: "it changed since the constraint was made unique per \
                                 organization; change the constraint back by hand"
                            .into(),
                    })
                };
                rebuild::rebuild(&mut self.session, table, change).await?;
            }
            _ => {}
        }
        self.run_all(reverse).await?;
        Ok(())
    }

    /// Dropping a table that others reference would delete or orphan their rows.
    async fn refuse_while_referenced(&mut self, table: &str) -> Result<(), Halt> {
        let schema = crate::engine::inspect::inspect(self.session.db()).await?;
        let mut children = schema.children(table).map(|(child, _)| child);
        match children.find(|child| !child.name.eq_ignore_ascii_case(table)) {
            None => Ok(()),
            Some(child) => Err(Halt::Step(format!(
                "{} still references {table}, so the table stays. Remove the reference, then undo \
                 again.",
                child.name
            ))),
        }
    }

    /// Whether a role owns something or has rights anywhere in the cluster.
    async fn is_used(&mut self, role: &str) -> Result<bool, Halt> {
        let statement = Statement::new(
            "SELECT COUNT(*) FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid \
             WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = ?",
        )
        .bind(role);
        Ok(self.session.count(statement).await? > 0)
    }

    /// Deleting an organization that rows belong to would delete or orphan them.
    async fn refuse_while_rows_reference(
        &mut self,
        table: &str,
        code_column: &str,
        code: &str,
    ) -> Result<(), Halt> {
        let schema = crate::engine::inspect::inspect(self.session.db()).await?;
        let Some(organizations) = schema.table(table) else {
            return Ok(());
        };
        for (child, key) in schema.children(table) {
            let ([column], Some(referenced)) = (
                key.columns.as_slice(),
                key.referenced.first().or(organizations.key().first()),
            ) else {
                continue;
            };
            let statement = Statement::new(format!(
                "SELECT COUNT(*) FROM {} WHERE {} IN (SELECT {} FROM {} WHERE {} = ?)",
                schema.dialect.relation(&child.name),
                quote(column),
                quote(referenced),
                schema.dialect.relation(table),
                quote(code_column),
            ))
            .bind(code);
            let rows = self.session.count(statement).await?;
            if rows > 0 {
                return Err(Halt::Step(format!(
                    "{rows} rows of {} still belong to {code}, so it stays. Give them to another \
                     organization, then undo again.",
                    child.name
                )));
            }
        }
        Ok(())
    }
}

/// Whether a step has left anything in the target: atomic ones that are not done have not.
fn had_effect(record: &StepRecord) -> bool {
    match record.state {
        StepState::Done | StepState::Undoing | StepState::Stuck => true,
        StepState::Running => !matches!(record.step.operation, Operation::Populate(_)),
        // what its transactions before the failed one have made is there
        StepState::Failed => record.step.mode == StepMode::Staged,
        _ => false,
    }
}
