//! Carries a step out, verifies it and enters it into the journal, inside the open transaction.

use std::collections::BTreeMap;

use super::control::Event;
use super::counting::keeps_coverage;
use super::driver::{CHUNK, Driver};
use super::lease::now_ms;
use super::session::{Halt, millis};
use crate::db::{Dialect, Statement, Value, quote};
use crate::engine::journal::{StepRecord, StepState};
use crate::engine::operation::{Operation, Populate, RequireWay, RescopeWay, stop_stamp};
use crate::engine::plan::{Probe, Step};
use crate::engine::{ddl, isolation, rebuild};

impl Driver<'_> {
    /// Carries out one atomic step.
    pub(super) async fn apply(&mut self, at: usize) -> Result<(), Halt> {
        let mut record = self.record.steps[at].clone();
        let step = record.step.clone();
        record.attempt += 1;
        record.error = None;
        record.started_at_ms = Some(now_ms());
        if !keeps_coverage(&step.operation) {
            self.counted.clear();
        }
        self.catch_up(&step.operation).await?;
        self.effect(&step, &mut record).await?;
        if is_proven_later(&step.operation) {
            self.unproven.push(at);
        } else {
            self.verify(std::slice::from_ref(&step)).await?;
            if changes_definition(&step.operation) {
                self.unproven.push(at);
            }
        }
        record.finished_at_ms = Some(now_ms());
        record.lock_ms = millis(self.session.held());
        if let Some(overriding) = self.overriding_of(&step.key) {
            record.evidence = Some(match record.evidence.take() {
                Some(evidence) => format!("{evidence} {overriding}"),
                None => overriding,
            });
        }
        self.moved(&mut record, StepState::Done)?;
        self.save(at, record);
        Ok(())
    }

    /// Before a step that needs the definitions as they are: what earlier steps have left for later is carried out.
    pub(super) async fn catch_up(&mut self, operation: &Operation) -> Result<(), Halt> {
        match operation {
            Operation::RecordRow { .. } | Operation::Invariant { .. } => Ok(()),
            Operation::AddColumn { .. } if self.changes.is_empty() => Ok(()),
            operation if edits_definition(operation) => Ok(()),
            _ => self.finish_definitions().await,
        }
    }

    async fn effect(&mut self, step: &Step, record: &mut StepRecord) -> Result<(), Halt> {
        match &step.operation {
            Operation::RequireColumn {
                way: RequireWay::Alter,
                ..
            } => {
                self.run_all(&step.forward).await?;
            }
            Operation::RequireColumn {
                table,
                column,
                way,
                trigger,
            } => match way {
                RequireWay::Rebuild => {
                    self.run_all(&stop_stamp(table, trigger)).await?;
                    let change = |sql: &str| ddl::set_not_null(sql, column);
                    rebuild::rebuild(&mut self.session, table, change).await?;
                }
                _ => {
                    self.later.extend(stop_stamp(table, trigger));
                    self.changes.push(rebuild::Change {
                        table: table.clone(),
                        column: column.clone(),
                        required: true,
                    });
                }
            },
            Operation::RescopeUnique {
                table,
                columns,
                column,
                way: RescopeWay::Rebuild,
            } => {
                // what undoing puts back, word for word
                record.memo = Some(rebuild::definition(&mut self.session, table).await?);
                let change = |sql: &str| ddl::add_to_unique(sql, columns, column);
                rebuild::rebuild(&mut self.session, table, change).await?;
            }
            Operation::AddColumn { .. } if self.record.plan.dialect == Dialect::Sqlite => {
                // the column is made first, the triggers may come after those of other tables
                let column = step.forward.len().min(1);
                self.run_all(&step.forward[..column]).await?;
                self.later.extend_from_slice(&step.forward[column..]);
            }
            Operation::EnsureDefaultOrganization {
                table,
                code_column,
                code,
                columns,
            } => {
                let made = self.run_all(&step.forward).await?;
                record.memo = (made > 0).then(|| "made".to_owned());
                record.rows_done = made;
                record.evidence = Some(match made {
                    0 => self.adopted(table, code_column, code, columns).await?,
                    _ => format!("{code} was made."),
                });
            }
            Operation::RecordRow { table } => {
                let made = self.run_all(&step.forward).await?;
                record.memo = (made > 0).then(|| "made".to_owned());
                record.rows_done = made;
                record.evidence = Some(match made {
                    0 => format!("The row was in {table} already."),
                    _ => format!("One row was recorded in {table}."),
                });
            }
            Operation::Populate(populate) if populate.filled && self.filled(populate).await? => {
                record.evidence = Some(
                    "No row was written: the catalogue keeps the organization of every row that \
                     was there (pg_attribute.atthasmissing)."
                        .into(),
                );
            }
            Operation::Populate(_) => {
                let rows = self.populate_at_once(&step.forward).await?;
                record.rows_done = rows;
                record.rows_total = rows;
                self.events.push(Event::Rows {
                    step: step.key.clone(),
                    done: rows,
                    total: rows,
                    rate: rows as f64 / self.session.held().as_secs_f64().max(0.001),
                    batch: rows,
                });
                record.evidence = Some(format!("{rows} rows were assigned."));
            }
            operation if operation.adopts() => {
                let there = self.is_there(step).await?;
                record.evidence = Some(match there {
                    true => "It was so already, and an undo leaves it so.".into(),
                    false => {
                        self.run_all(&step.forward).await?;
                        "It was not so before.".into()
                    }
                });
                record.memo = (!there).then(|| "made".to_owned());
            }
            Operation::ProveIsolation(proof) => {
                let proven = isolation::prove_inside(self.session.db(), proof).await?;
                if let Some(problem) = proven.problem() {
                    return Err(Halt::Step(problem));
                }
                record.evidence = Some(proven.to_string());
            }
            _ => {
                self.run_all(&step.forward).await?;
            }
        }
        Ok(())
    }

    /// Gives all rows of a table their organization. On PostgreSQL a foreign key that is checked at the commit would keep
    /// the steps that follow in the transaction from changing the table: it is checked now.
    async fn populate_at_once(&mut self, forward: &[Statement]) -> Result<u64, Halt> {
        let mut statements = forward.to_vec();
        if self.record.plan.dialect == Dialect::Postgres {
            statements.push("SET CONSTRAINTS ALL IMMEDIATE".into());
        }
        self.run_all(&statements).await
    }

    /// Whether the effect of a step is there before it was carried out.
    async fn is_there(&mut self, step: &Step) -> Result<bool, Halt> {
        match &step.probe {
            Some(probe) => Ok(self.session.count(probe.statement.clone()).await? == probe.expected),
            None => Ok(false),
        }
    }

    /// Whether the catalogue keeps a value for the rows that were there before the column.
    async fn filled(&mut self, populate: &Populate) -> Result<bool, Halt> {
        // a partitioned table has no rows itself: each of its partitions keeps the value
        let relation = populate.dialect.relation(&populate.table);
        let statement = Statement::new(
            "SELECT bool_and(COALESCE(a.atthasmissing, false)) FROM \
             (SELECT relid::oid FROM pg_partition_tree(to_regclass(?)) WHERE isleaf \
             UNION SELECT oid FROM pg_class WHERE oid = to_regclass(?) AND relkind <> 'p') \
             AS files (file) LEFT JOIN pg_attribute AS a ON a.attrelid = file AND a.attname = ?",
        )
        .bind(relation.as_str())
        .bind(relation)
        .bind(populate.column.as_str());
        Ok(self.session.count(statement).await? == 1)
    }

    /// How an organization that was there already differs from the playbook's, as a sentence.
    async fn adopted(
        &mut self,
        table: &str,
        code_column: &str,
        code: &str,
        columns: &BTreeMap<String, Value>,
    ) -> Result<String, Halt> {
        let names: Vec<String> = columns.keys().map(|name| quote(name)).collect();
        let statement = Statement::new(format!(
            "SELECT {} FROM {} WHERE {} = ?",
            names.join(", "),
            self.session.db().dialect().relation(table),
            quote(code_column)
        ))
        .bind(code);
        let row = self.session.row(statement).await?;
        let differences: Vec<String> = (columns.iter().enumerate())
            .filter_map(|(at, (name, wanted))| {
                let found = row.as_ref()?.value(at);
                (!same(found, wanted)).then(|| {
                    format!(
                        "its {name} is {}, the playbook says {}",
                        found.display(),
                        wanted.display()
                    )
                })
            })
            .collect();
        Ok(match differences.is_empty() {
            true => format!("{code} was there already and is used as it is."),
            false => format!(
                "{code} was there already and is used as it is: {}.",
                differences.join("; ")
            ),
        })
    }

    /// Runs statements in order and answers how many rows they changed together. Inside a transaction those without values
    /// travel together: for small tables the way to the database and back takes longer than the change.
    pub(super) async fn run_all(&mut self, statements: &[Statement]) -> Result<u64, Halt> {
        let joins = self.session.in_transaction();
        let runs = statements.chunk_by(|one, next| joins && one.joins() && next.joins());
        let mut rows = 0;
        for run in runs {
            let statement = match run {
                [one] => one.clone(),
                several => Statement::together(several),
            };
            rows += self.session.execute(statement).await?;
        }
        Ok(rows)
    }

    /// Looks whether the effects of steps are there, in one statement for many.
    pub(super) async fn verify(&mut self, steps: &[Step]) -> Result<(), Halt> {
        let probed: Vec<(&Step, &Probe)> = (steps.iter())
            .filter_map(|step| Some((step, step.probe.as_ref()?)))
            .collect();
        for probed in probed.chunks(CHUNK) {
            let questions: Vec<String> = (probed.iter())
                .map(|(_, probe)| format!("({})", probe.statement.sql))
                .collect();
            let mut statement = Statement::new(format!("SELECT {}", questions.join(", ")));
            for (_, probe) in probed {
                statement.values.extend(probe.statement.values.clone());
            }
            let found = self.session.row(statement).await?;
            for (place, (step, probe)) in probed.iter().enumerate() {
                let found = found.as_ref().map_or(0, |row| row.integer(place));
                if found != probe.expected {
                    return Err(Halt::Step(format!(
                        "\"{}\" ran without an error and its effect is not there (found {found}, \
                         expected {}). Everything was taken back; check that no other program \
                         changes the schema.",
                        step.title, probe.expected
                    )));
                }
            }
        }
        Ok(())
    }
}

/// Whether two values say the same: JSON however it is written.
fn same(found: &Value, wanted: &Value) -> bool {
    let json = |value: &Value| {
        let value: Option<serde_json::Value> = serde_json::from_str(value.as_str()?).ok();
        value
    };
    found == wanted || json(found).is_some_and(|found| Some(found) == json(wanted))
}

/// Whether an operation edits the text of its table's definition in place.
pub(super) fn edits_definition(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::RequireColumn {
            way: RequireWay::InPlace,
            ..
        }
    )
}

/// Whether the effect of an operation is looked at together with others, at the end of the transaction: no other
/// operation can take it away, and none needs the look at it.
fn is_proven_later(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::AddColumn { .. }
            | Operation::CreateIndex { .. }
            | Operation::RequireColumn { .. }
            | Operation::RecordRow { .. }
    )
}

/// Whether an operation changes the text of its table's definition.
pub(super) fn changes_definition(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::EnsureOrganizationsTable { .. }
            | Operation::AddColumn { .. }
            | Operation::RequireColumn { .. }
            | Operation::RescopeUnique {
                way: RescopeWay::Rebuild | RescopeWay::Constraint,
                ..
            }
    )
}

/// Whether a step makes its table again: it needs the enforcement of foreign keys off before its
/// transaction, and a transaction of its own.
pub(super) fn makes_table_again(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::RequireColumn {
            way: RequireWay::Rebuild,
            ..
        } | Operation::RescopeUnique {
            way: RescopeWay::Rebuild,
            ..
        }
    )
}
