//! The driver's transactions and its journal: everything that [`super::drive`] decides with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::apply::changes_definition;
use super::control::{Event, FactAnswer, Level, Overriding};
use super::counting::Counted;
use super::lease::Lease;
use super::session::{Halt, Session};
use crate::db::{Dialect, Statement};
use crate::engine::gate::CallerFact;
use crate::engine::inspect;
use crate::engine::journal::{self, JournalError, RunRecord, StepRecord, StepState, transition};
use crate::engine::operation::Operation;
use crate::engine::rebuild;

/// How many tables or steps one statement is about.
pub(super) const CHUNK: usize = 100;
/// After how long in a transaction the lease is renewed once more at its end.
const LONG: Duration = Duration::from_secs(3);

/// One drive of a run.
pub(super) struct Driver<'a> {
    pub session: Session<'a>,
    pub lease: Lease,
    /// The run as the journal has it: changed only when the transaction that wrote it commits.
    pub record: RunRecord,
    /// Records written in the open transaction.
    written: Vec<(usize, StepRecord)>,
    /// Changes of definitions in the open transaction that are still to be made.
    pub changes: Vec<rebuild::Change>,
    /// Statements of the open transaction that are carried out together later: what they make or drop
    /// (SQLite's triggers) is read again by each `ALTER TABLE`, or is looked for in all of a large schema.
    pub later: Vec<Statement>,
    /// Steps of the open transaction that are looked at, and whose definitions are remembered, at its end.
    pub unproven: Vec<usize>,
    /// Events of the open transaction, told when it commits.
    pub events: Vec<Event>,
    /// Gates that an administrator has overridden, by step and gate.
    pub overridden: HashMap<(String, String), Overriding>,
    /// Rows counted in the open transaction, by table, while it writes none.
    pub counted: HashMap<String, Counted>,
    /// Facts of the caller, asked outside of transactions.
    pub facts: HashMap<CallerFact, FactAnswer>,
    /// Whether the open transaction is the last one of this drive: it gives the lease back.
    pub ending: bool,
    /// Whether rows left over were offered to their rules again in this drive.
    pub settled: bool,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: Session<'a>, lease: Lease, record: RunRecord) -> Self {
        Self {
            session,
            lease,
            record,
            written: Vec::new(),
            changes: Vec::new(),
            later: Vec::new(),
            unproven: Vec::new(),
            events: Vec::new(),
            overridden: HashMap::new(),
            counted: HashMap::new(),
            facts: HashMap::new(),
            ending: false,
            settled: false,
        }
    }

    pub(super) fn state(&self, at: usize) -> StepState {
        let written = self.written.iter().rev().find(|(index, _)| *index == at);
        written.map_or(self.record.steps[at].state, |(_, record)| record.state)
    }

    /// The populate step of a table.
    pub(super) fn populate_of(&self, table: &str) -> Option<usize> {
        self.record.steps.iter().position(|record| {
            matches!(&record.step.operation, Operation::Populate(populate) if populate.table == table)
        })
    }

    pub(super) async fn begin_transaction(&mut self) -> Result<(), Halt> {
        self.counted.clear();
        self.session.begin().await?;
        self.lease.renew(&mut self.session).await
    }

    /// Commits, and only then believes and tells what the transaction did.
    pub(super) async fn commit_transaction(&mut self) -> Result<(), Halt> {
        self.finish_definitions().await?;
        self.prove().await?;
        self.enter_written().await?;
        if self.ending {
            // a transaction of its own would wait for the disk once more
            self.lease.give_back(&mut self.session).await?;
        } else if self.session.held() > LONG {
            // a long statement may have used the lease up; nobody could take it over meanwhile
            self.lease.renew(&mut self.session).await?;
        }
        self.session.commit().await?;
        for (at, record) in self.written.drain(..) {
            self.record.steps[at] = record;
        }
        for event in self.events.drain(..) {
            self.session.control().report(&event);
        }
        Ok(())
    }

    /// Carries out what the steps of the transaction have left for later.
    pub(super) async fn finish_definitions(&mut self) -> Result<(), Halt> {
        let later = std::mem::take(&mut self.later);
        self.run_all(&later).await?;
        rebuild::make_changes(&mut self.session, std::mem::take(&mut self.changes)).await
    }

    /// Looks whether the effects of the transaction's steps are there, and remembers the definitions that they leave: in
    /// few statements for all of them, because for small tables a statement costs more than the change.
    async fn prove(&mut self) -> Result<(), Halt> {
        let mut tables = BTreeSet::new();
        let mut steps = Vec::new();
        for at in std::mem::take(&mut self.unproven) {
            let step = self.record.steps[at].step.clone();
            if changes_definition(&step.operation) {
                tables.extend(step.table().map(str::to_owned));
            }
            if self.state(at) == StepState::Done {
                steps.push(step);
            }
        }
        self.verify(&steps).await?;
        self.expect_definitions(&tables.into_iter().collect::<Vec<_>>())
            .await
    }

    /// Rolls back, and forgets what the transaction would have done.
    pub(super) async fn roll_back(&mut self) {
        self.session.roll_back().await;
        self.changes.clear();
        self.later.clear();
        self.unproven.clear();
        self.ending = false;
        self.written.clear();
        self.events.clear();
    }

    /// Moves a record to another state, and will tell so.
    pub(super) fn moved(&mut self, record: &mut StepRecord, to: StepState) -> Result<(), Halt> {
        record.state = transition(record.state, to).ok_or_else(|| {
            Halt::Journal(JournalError::Unreadable {
                detail: format!(
                    "{} cannot go from {} to {}",
                    record.step.key,
                    record.state.word(),
                    to.word()
                ),
            })
        })?;
        self.events.push(Event::Step {
            step: record.step.key.clone(),
            state: to,
        });
        if let Some(evidence) = &record.evidence {
            self.events.push(Event::Log {
                step: Some(record.step.key.clone()),
                level: Level::Info,
                line: evidence.clone(),
            });
        }
        Ok(())
    }

    /// Has a record written with the open transaction.
    pub(super) fn save(&mut self, at: usize, record: StepRecord) {
        self.written.retain(|(index, _)| *index != at);
        self.written.push((at, record));
    }

    /// Writes the records of the open transaction, as many in a statement as the limit of placeholders allows: for
    /// small tables a statement costs more than the change that it records.
    async fn enter_written(&mut self) -> Result<(), Halt> {
        let records: Vec<&StepRecord> = self.written.iter().map(|(_, record)| record).collect();
        for records in records.chunks(500) {
            let statement = journal::update(&self.record.run, records)?;
            self.session.execute(statement).await?;
        }
        Ok(())
    }

    /// Changes a record in a transaction of its own.
    pub(super) async fn save_alone(
        &mut self,
        at: usize,
        to: StepState,
        change: impl Fn(&mut StepRecord),
    ) -> Result<(), Halt> {
        let mut record = self.record.steps[at].clone();
        change(&mut record);
        self.moved(&mut record, to)?;
        self.begin_transaction().await?;
        self.save(at, record);
        self.commit_transaction().await
    }

    /// Remembers the definitions of tables as they are now: what the world is compared with later.
    pub(super) async fn expect_definitions(&mut self, tables: &[String]) -> Result<(), Halt> {
        for tables in tables.chunks(CHUNK) {
            let listed = vec!["?"; tables.len()].join(", ");
            let named = |mut statement: Statement| {
                statement
                    .values
                    .extend(tables.iter().map(|table| table.as_str().into()));
                statement
            };
            let run = self.record.run.clone();
            let forget = Statement::new(format!(
                "DELETE FROM switchyard_expected WHERE run = ? AND table_name IN ({listed})"
            ));
            self.session
                .execute(named(forget.bind(run.as_str())))
                .await?;
            if self.record.plan.dialect == Dialect::Sqlite {
                let remember = Statement::new(format!(
                    "INSERT INTO switchyard_expected (run, table_name, sql) SELECT ?, name, sql \
                     FROM sqlite_schema WHERE type = 'table' AND name IN ({listed})"
                ));
                self.session.execute(named(remember.bind(run))).await?;
                continue;
            }
            let mut remember = Statement::new(String::new());
            let mut rows = Vec::new();
            for (name, sql) in inspect::definitions(self.session.db(), Some(tables)).await? {
                rows.push("(?, ?, ?)");
                remember = remember.bind(run.as_str()).bind(name).bind(sql);
            }
            if !rows.is_empty() {
                remember.sql = format!(
                    "INSERT INTO switchyard_expected (run, table_name, sql) VALUES {}",
                    rows.join(", ")
                );
                self.session.execute(remember).await?;
            }
        }
        Ok(())
    }

    /// The first difference between the target and what the run expects of it, in words.
    pub(super) async fn difference(&mut self) -> Result<Option<String>, Halt> {
        let expected =
            Statement::new("SELECT table_name, sql FROM switchyard_expected WHERE run = ?")
                .bind(self.record.run.as_str());
        let expected: HashMap<String, String> = (self.session.rows(expected).await?.into_iter())
            .map(|row| (row.string(0), row.string(1)))
            .collect();
        let assumed: Vec<String> = (self.record.plan.assumed.iter())
            .map(|assumed| assumed.table.clone())
            .collect();
        let mut found = BTreeMap::new();
        for tables in assumed.chunks(CHUNK) {
            found.extend(inspect::definitions(self.session.db(), Some(tables)).await?);
        }
        for assumed in &self.record.plan.assumed {
            let name = &assumed.table;
            let expected = expected.get(name).or(assumed.sql.as_ref());
            let difference = match (expected, found.get(name)) {
                (Some(expected), Some(found)) if expected == found => continue,
                (None, None) => continue,
                (Some(_), Some(_)) => format!("the definition of {name} is another one"),
                (Some(_), None) => format!("the table {name} is gone"),
                (None, Some(_)) => format!("the table {name} exists by now"),
            };
            return Ok(Some(difference));
        }
        Ok(None)
    }

    pub(super) fn log(&self, step: Option<&str>, level: Level, line: String) {
        self.session.control().report(&Event::Log {
            step: step.map(str::to_owned),
            level,
            line,
        });
    }
}
