//! Counts rows without an organization for the gates of steps that follow each other. On SQLite those of small tables are
//! counted in one statement: the way to the database and back takes longer than counting them, and nobody else can write
//! before the transaction ends. On PostgreSQL others write until the step locks its table: each is counted by itself.

use super::driver::{CHUNK, Driver};
use super::session::Halt;
use crate::db::{Dialect, quote};
use crate::engine::gate::GateCheck;
use crate::engine::journal::StepRecord;
use crate::engine::operation::Operation;

/// Tables of up to so many rows together are counted at once, which holds other writers up for some milliseconds.
const SMALL: u64 = 100_000;

/// The rows of a table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    /// Those without an organization.
    pub left: i64,
    /// All.
    pub whole: i64,
}

impl Driver<'_> {
    /// The rows of the table that a gate of the step at this place is about.
    pub(super) async fn count_rows(
        &mut self,
        at: usize,
        table: &str,
        column: &str,
    ) -> Result<Counted, Halt> {
        // once for the gate that was counted ahead: whoever asks again wants to know anew
        if let Some(counted) = self.counted.remove(table) {
            return Ok(counted);
        }
        let known = self.rows_known(table);
        if known > SMALL {
            return self.count_large(table, column, known).await;
        }
        let tables = self.small_from(at, table, column);
        let questions: Vec<String> = (tables.iter())
            .map(|(table, column)| {
                let (left, whole) = self.questions(table, column);
                format!("({left}), ({whole})")
            })
            .collect();
        let row = self
            .session
            .row(format!("SELECT {}", questions.join(", ")))
            .await?;
        let counted = |place: usize| {
            row.as_ref().map_or_else(Counted::default, |row| Counted {
                left: row.integer(2 * place),
                whole: row.integer(2 * place + 1),
            })
        };
        for (place, (table, _)) in tables.into_iter().enumerate().skip(1) {
            self.counted.insert(table, counted(place));
        }
        Ok(counted(0))
    }

    /// Counting a large table just to say "all of them" would hold other writers up.
    async fn count_large(
        &mut self,
        table: &str,
        column: &str,
        known: u64,
    ) -> Result<Counted, Halt> {
        let (left, whole) = self.questions(table, column);
        Ok(match self.session.count(left).await? {
            0 => Counted {
                left: 0,
                whole: i64::try_from(known).unwrap_or(i64::MAX),
            },
            left => Counted {
                left,
                whole: self.session.count(whole).await?,
            },
        })
    }

    fn questions(&self, table: &str, column: &str) -> (String, String) {
        let name = self.record.plan.dialect.relation(table);
        (
            format!(
                "SELECT COUNT(*) FROM {name} WHERE {} IS NULL",
                quote(column)
            ),
            format!("SELECT COUNT(*) FROM {name}"),
        )
    }

    /// A table and its column, and those of the coverage gates from a step on, as long as the steps between them write no
    /// rows of theirs.
    fn small_from(&self, at: usize, table: &str, column: &str) -> Vec<(String, String)> {
        let mut tables = vec![(table.to_owned(), column.to_owned())];
        if self.record.plan.dialect == Dialect::Postgres || !self.session.in_transaction() {
            return tables;
        }
        let mut rows = self.rows_known(table);
        let unchanged = |record: &&StepRecord| keeps_coverage(&record.step.operation);
        let gates = (self.record.steps[at..].iter())
            .take_while(unchanged)
            .flat_map(|record| &record.step.gates);
        for gate in gates {
            let GateCheck::Coverage { table, column, .. } = &gate.check else {
                continue;
            };
            if tables.iter().any(|(known, _)| known == table) {
                continue;
            }
            rows = rows.saturating_add(self.rows_known(table));
            if rows > SMALL || tables.len() == CHUNK {
                break;
            }
            tables.push((table.clone(), column.clone()));
        }
        tables
    }

    /// The rows of a table as the plan counted them.
    fn rows_known(&self, table: &str) -> u64 {
        self.populate_of(table)
            .map_or(u64::MAX, |at| self.record.steps[at].step.cost.rows)
    }
}

/// Whether a step leaves the rows of the application's tables, and their organizations, as they are.
pub(super) fn keeps_coverage(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::RequireColumn { .. } | Operation::RecordRow { .. } | Operation::Invariant { .. }
    )
}
