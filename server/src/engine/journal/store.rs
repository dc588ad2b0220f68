//! The journal's tables: making, reading and writing them.

use super::{RunRecord, StepRecord, StepState};
use crate::db::{Connection, DbError, Dialect, Row, Statement, Value};
use crate::engine::plan::{Plan, Step};

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The target failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A row is not what this version writes.
    #[error("the journal in the target cannot be read: {detail}")]
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
}

const PACE: &str = "CREATE TABLE IF NOT EXISTS switchyard_pace (run TEXT PRIMARY KEY, \
     percent INTEGER NOT NULL)";

const TABLES: [&str; 8] = [
    PACE,
    "CREATE TABLE IF NOT EXISTS switchyard_run (run TEXT PRIMARY KEY, number INTEGER NOT NULL, \
     plan TEXT NOT NULL, started_at_ms INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS switchyard_step (run TEXT NOT NULL, position INTEGER NOT NULL, \
     key TEXT NOT NULL, step TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (run, key))",
    "CREATE TABLE IF NOT EXISTS switchyard_journal (run TEXT NOT NULL, key TEXT NOT NULL, \
     state TEXT NOT NULL, cursor TEXT, attempt INTEGER NOT NULL, rows_done INTEGER NOT NULL, \
     rows_total INTEGER NOT NULL, started_at_ms INTEGER, finished_at_ms INTEGER, error TEXT, \
     lock_ms INTEGER NOT NULL, evidence TEXT, memo TEXT, PRIMARY KEY (run, key))",
    "CREATE TABLE IF NOT EXISTS switchyard_expected (run TEXT NOT NULL, \
     table_name TEXT NOT NULL, sql TEXT NOT NULL, PRIMARY KEY (run, table_name))",
    "CREATE TABLE IF NOT EXISTS switchyard_lease (id INTEGER PRIMARY KEY CHECK (id = 1), \
     owner TEXT NOT NULL, machine TEXT NOT NULL, process INTEGER NOT NULL, \
     fencing INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS switchyard_stamp (table_name TEXT PRIMARY KEY, \
     stamped INTEGER NOT NULL, last_at INTEGER)",
    "CREATE TABLE IF NOT EXISTS switchyard_decision (table_name TEXT NOT NULL, key TEXT NOT NULL, \
     organization INTEGER NOT NULL, decided_by TEXT NOT NULL, decided_at_ms INTEGER NOT NULL, \
     rule TEXT, PRIMARY KEY (table_name, key))",
];

/// The statements for the tables that Switchyard keeps in a target. They stay after everything
/// was undone: they are the record of it. On PostgreSQL a table whose texts are short by their type
/// needs no second one for long values (TOAST), and is made in half the time.
pub fn tables(dialect: Dialect) -> [String; 8] {
    TABLES.map(|table| match dialect {
        Dialect::Sqlite => table.to_owned(),
        // each stamped row is a row of its own there: writers must not wait for each other
        // an organization's key may be of any type there
        Dialect::Postgres => table
            .replace("organization INTEGER", "organization TEXT")
            .replace(
                "(table_name TEXT PRIMARY KEY, stamped",
                "(table_name VARCHAR(300) NOT NULL, stamped",
            )
            .replace(
                "owner TEXT NOT NULL, machine TEXT NOT NULL",
                "owner VARCHAR(200) NOT NULL, machine VARCHAR(200) NOT NULL",
            )
            .replace(PACE, &pace_table(Dialect::Postgres))
            .replace(" INTEGER", " BIGINT"),
    })
}

/// The statement for the table of what pace is wanted.
pub(in crate::engine) fn pace_table(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => PACE.to_owned(),
        Dialect::Postgres => PACE
            .replace(" INTEGER", " BIGINT")
            .replace("run TEXT", "run VARCHAR(200)"),
    }
}

/// Whether a target ever had a run.
pub(in crate::engine) async fn knows_any(db: &mut Connection) -> Result<bool, DbError> {
    exists(db).await
}

/// The current run of a target, if it ever had one. Needs reading access only.
pub async fn read(db: &mut Connection) -> Result<Option<RunRecord>, JournalError> {
    if !exists(db).await? {
        return Ok(None);
    }
    let last = format!("{RUNS} ORDER BY number DESC LIMIT 1");
    match db.row(last).await? {
        Some(row) => Ok(Some(load(db, &row).await?)),
        None => Ok(None),
    }
}

/// Whether the journal knows a run.
pub(in crate::engine) async fn knows(db: &mut Connection, run: &str) -> Result<bool, DbError> {
    let statement = Statement::new("SELECT COUNT(*) FROM switchyard_run WHERE run = ?").bind(run);
    Ok(db.count(statement).await? > 0)
}

const RUNS: &str = "SELECT run, plan, started_at_ms FROM switchyard_run";

async fn exists(db: &mut Connection) -> Result<bool, DbError> {
    let tables = match db.dialect() {
        Dialect::Sqlite => {
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' \
             AND name IN ('switchyard_run', 'switchyard_step', 'switchyard_journal')"
        }
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM pg_class WHERE oid IN (to_regclass('switchyard_run'), \
             to_regclass('switchyard_step'), to_regclass('switchyard_journal'))"
        }
    };
    Ok(db.count(tables).await? == 3)
}

/// All runs of a target, oldest first.
pub async fn history(db: &mut Connection) -> Result<Vec<RunRecord>, JournalError> {
    if !exists(db).await? {
        return Ok(Vec::new());
    }
    let runs = db.rows(format!("{RUNS} ORDER BY number")).await?;
    let mut history = Vec::with_capacity(runs.len());
    for row in runs {
        history.push(load(db, &row).await?);
    }
    Ok(history)
}

async fn load(db: &mut Connection, row: &Row) -> Result<RunRecord, JournalError> {
    let run = row.string(0);
    let mut plan: Plan = parse(&run, row.text(1))?;
    let statement = Statement::new(
        "SELECT s.step, s.digest, j.state, j.cursor, j.attempt, j.rows_done, j.rows_total, \
         j.started_at_ms, j.finished_at_ms, j.error, j.lock_ms, j.evidence, j.memo \
         FROM switchyard_step AS s JOIN switchyard_journal AS j ON j.run = s.run AND j.key = s.key \
         WHERE s.run = ? ORDER BY s.position",
    )
    .bind(run.as_str());
    let mut steps = Vec::new();
    for row in db.rows(statement).await? {
        let text = row.string(0);
        if digest(&text) != row.string(1) {
            return Err(JournalError::Unreadable {
                detail: format!("a step of run {run} is not as it was approved"),
            });
        }
        let word = row.string(2);
        let step: Step = parse(&run, Some(&text))?;
        steps.push(StepRecord {
            state: StepState::of(&word).ok_or_else(|| JournalError::Unreadable {
                detail: format!("the step {} has the unknown state {word}", step.key),
            })?,
            step,
            cursor: match row.text(3) {
                Some(cursor) => Some(parse(&run, Some(cursor))?),
                None => None,
            },
            attempt: u32::try_from(row.integer(4)).unwrap_or(0),
            rows_done: row.integer(5).unsigned_abs(),
            rows_total: row.integer(6).unsigned_abs(),
            started_at_ms: row.value(7).as_i64(),
            finished_at_ms: row.value(8).as_i64(),
            error: row.text(9).map(str::to_owned),
            lock_ms: row.integer(10).unsigned_abs(),
            evidence: row.text(11).map(str::to_owned),
            memo: row.text(12).map(str::to_owned),
        });
    }
    plan.steps = steps.iter().map(|record| record.step.clone()).collect();
    let started_at_ms = row.integer(2);
    let written = (steps.iter()).flat_map(|step| [step.started_at_ms, step.finished_at_ms]);
    Ok(RunRecord {
        updated_at_ms: written.flatten().max().unwrap_or(started_at_ms),
        run,
        plan,
        started_at_ms,
        steps,
    })
}

fn parse<T: serde::de::DeserializeOwned>(run: &str, text: Option<&str>) -> Result<T, JournalError> {
    serde_json::from_str(text.unwrap_or_default()).map_err(|error| JournalError::Unreadable {
        detail: format!("run {run}: {error}"),
    })
}

fn write(value: &impl serde::Serialize) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::Unreadable {
        detail: error.to_string(),
    })
}

/// The statements that enter a new run.
pub(in crate::engine) fn enter(record: &RunRecord) -> Result<Vec<Statement>, JournalError> {
    let mut plan = record.plan.clone();
    plan.steps.clear();
    let mut statements = vec![
        Statement::new(
            "INSERT INTO switchyard_run (run, number, plan, started_at_ms) \
             SELECT ?, COALESCE(MAX(number), 0) + 1, ?, ? FROM switchyard_run",
        )
        .bind(record.run.as_str())
        .bind(write(&plan)?)
        .bind(record.started_at_ms),
    ];
    // both tables with as few statements as the limit of placeholders allows
    for (part, records) in record.steps.chunks(500).enumerate() {
        let mut steps = Statement::new(format!(
            "INSERT INTO switchyard_step (run, position, key, step, digest) VALUES {}",
            vec!["(?, ?, ?, ?, ?)"; records.len()].join(", ")
        ));
        let mut journal = Statement::new(format!(
            "INSERT INTO switchyard_journal ({COLUMNS}, run, key) VALUES {}",
            vec![ROW; records.len()].join(", ")
        ));
        for (at, step) in records.iter().enumerate() {
            let text = write(&step.step)?;
            let position = i64::try_from(part * 500 + at).unwrap_or(i64::MAX);
            let digest = digest(&text);
            steps = steps
                .bind(record.run.as_str())
                .bind(position)
                .bind(step.step.key.as_str())
                .bind(text)
                .bind(digest);
            journal.values.extend(state_values(step)?);
            journal = journal
                .bind(record.run.as_str())
                .bind(step.step.key.as_str());
        }
        statements.push(steps);
        statements.push(journal);
    }
    Ok(statements)
}

const COLUMNS: &str = "state, cursor, attempt, rows_done, rows_total, started_at_ms, \
     finished_at_ms, error, lock_ms, evidence, memo";
/// Placeholders of these columns, of the run and of the step's key.
const ROW: &str = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

fn state_values(record: &StepRecord) -> Result<Vec<Value>, JournalError> {
    let number = |number: u64| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    let cursor = record.cursor.as_ref().map(write).transpose()?;
    Ok(vec![
        record.state.word().into(),
        cursor.into(),
        i64::from(record.attempt).into(),
        number(record.rows_done),
        number(record.rows_total),
        record.started_at_ms.into(),
        record.finished_at_ms.into(),
        record.error.clone().into(),
        number(record.lock_ms),
        record.evidence.clone().into(),
        record.memo.clone().into(),
    ])
}

/// The statement that writes the states of steps, which the journal has since the run was entered.
pub(in crate::engine) fn update(
    run: &str,
    records: &[&StepRecord],
) -> Result<Statement, JournalError> {
    let changes: Vec<String> = (COLUMNS.split(',').map(str::trim))
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    let mut statement = Statement::new(format!(
        "INSERT INTO switchyard_journal ({COLUMNS}, run, key) VALUES {} \
         ON CONFLICT (run, key) DO UPDATE SET {}",
        vec![ROW; records.len()].join(", "),
        changes.join(", ")
    ));
    for record in records {
        statement.values.extend(state_values(record)?);
        statement = statement.bind(run).bind(record.step.key.as_str());
    }
    Ok(statement)
}

/// SHA-256 in hex.
pub(in crate::engine) fn digest(text: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(text))
}
