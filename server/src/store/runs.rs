//! Runs: what is wanted of each, and a mirror of what the journal in its target says. The journal is the truth.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared::run::{RunProgress, RunSummary};
use shared::state::{RunState, StepState};

use super::words::{json, of_json, of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::engine::Plan;
use crate::moment::Moment;

/// What is wanted of a run. The reconcile loop drives the run toward it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Want {
    /// All steps, or those up to the one it was started for.
    Applied,
    /// Nothing for now.
    Paused,
    /// Nothing any more; what was done stays.
    Aborted,
    /// The steps of these groups undone; of everything when none are named.
    Undone {
        /// The groups.
        groups: Option<BTreeSet<String>>,
    },
}

/// A run as the control store knows it.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Identifier in the control store.
    pub id: i64,
    /// Slug of its system.
    pub system: String,
    /// Its id in the journal of the target.
    pub journal_run: String,
    /// Fingerprint of its plan.
    pub fingerprint: String,
    /// The plan as approved.
    pub plan: Plan,
    /// Step after which it stops.
    pub until: Option<String>,
    /// What is wanted of it.
    pub want: Want,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Its line.
    pub summary: RunSummary,
    /// Last numbers.
    pub progress: Option<RunProgress>,
}

/// A run to be written down for the first time.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    /// Slug of its system.
    pub system: &'a str,
    /// Its number, from [`next_number`].
    pub number: i64,
    /// Its id in the journal of the target.
    pub journal_run: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// Step after which it stops.
    pub until: Option<&'a str>,
    /// What is wanted.
    pub want: &'a Want,
    /// State.
    pub state: RunState,
    /// Who asked for it.
    pub started_by: &'a str,
    /// Who approved it.
    pub approved_by: Option<&'a str>,
    /// When.
    pub started: Moment,
}

/// One step as the journal said last.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Its key.
    pub key: String,
    /// Its state.
    pub state: StepState,
    /// Rows done.
    pub rows_done: u64,
    /// Rows in all.
    pub rows_total: u64,
    /// Rows without an organization after it.
    pub set_aside: u64,
    /// Begun.
    pub started: Option<Moment>,
    /// Ended.
    pub finished: Option<Moment>,
    /// Longest time that it held the write lock, in milliseconds.
    pub longest_lock_ms: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl StepRow {
    /// How long carrying it out took, in milliseconds. Nothing once it is undone: its end is then the undo's.
    pub fn took_ms(&self) -> Option<u64> {
        if self.state != StepState::Done {
            return None;
        }
        Some(
            self.finished?
                .0
                .saturating_sub(self.started?.0)
                .unsigned_abs(),
        )
    }
}

const SUMMARIES: &str = "SELECT number, title, state, started_by, started, finished, steps_done, steps_total, reason \
     FROM runs WHERE system = $1 ORDER BY number DESC";
const ONE: &str = "SELECT number, title, state, started_by, started, finished, steps_done, steps_total, reason, \
     id, system, journal_run, fingerprint, plan, until_step, want, approved_by, progress \
     FROM runs WHERE system = $1 AND number = $2";
const OPEN: &str = "SELECT number, title, state, started_by, started, finished, steps_done, steps_total, reason, \
     id, system, journal_run, fingerprint, plan, until_step, want, approved_by, progress \
     FROM runs WHERE system = $1 AND state NOT IN ('done', 'aborted', 'rolled-back')";
const ALL: &str = "SELECT number, title, state, started_by, started, finished, steps_done, steps_total, reason, \
     id, system, journal_run, fingerprint, plan, until_step, want, approved_by, progress \
     FROM runs WHERE system = $1 ORDER BY number DESC";

fn summary(row: &sql::Row) -> Result<RunSummary, StoreError> {
    Ok(RunSummary {
        number: row.try_get(0)?,
        title: row.try_get(1)?,
        state: of_word("the state of a run", row.try_get(2)?)?,
        started_by: row.try_get(3)?,
        started: Moment(row.try_get(4)?).rfc3339(),
        finished: row
            .try_get::<Option<i64>, _>(5)?
            .map(|at| Moment(at).rfc3339()),
        steps_done: row.try_get(6)?,
        steps_total: row.try_get(7)?,
        reason: row.try_get(8)?,
    })
}

fn run(row: &sql::Row) -> Result<RunRow, StoreError> {
    let progress: Option<String> = row.try_get(17)?;
    Ok(RunRow {
        summary: summary(row)?,
        id: row.try_get(9)?,
        system: row.try_get(10)?,
        journal_run: row.try_get(11)?,
        fingerprint: row.try_get(12)?,
        plan: of_json("a plan", row.try_get(13)?)?,
        until: row.try_get(14)?,
        want: of_json("what is wanted of a run", row.try_get(15)?)?,
        approved_by: row.try_get(16)?,
        progress: progress
            .map(|text| of_json("the progress of a run", &text))
            .transpose()?,
    })
}

/// Runs of a system, newest first.
pub async fn summaries(store: &Store, system: &str) -> Result<Vec<RunSummary>, StoreError> {
    let rows = sql::query(SUMMARIES)
        .bind(system)
        .fetch_all(store.read())
        .await?;
    rows.iter().map(summary).collect()
}

/// Runs of a system with their plans, newest first.
pub async fn all(store: &Store, system: &str) -> Result<Vec<RunRow>, StoreError> {
    let rows = sql::query(ALL).bind(system).fetch_all(store.read()).await?;
    rows.iter().map(run).collect()
}

/// One run.
pub async fn get(store: &Store, system: &str, number: i64) -> Result<Option<RunRow>, StoreError> {
    let row = sql::query(ONE)
        .bind(system)
        .bind(number)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(run).transpose()
}

/// The run that owns the system now.
pub async fn open(store: &Store, system: &str) -> Result<Option<RunRow>, StoreError> {
    let row = sql::query(OPEN)
        .bind(system)
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(run).transpose()
}

/// The same inside a writing transaction, so that what is decided on it holds when it is written.
pub async fn open_in(tx: &mut WriteTx, system: &str) -> Result<Option<RunRow>, StoreError> {
    let row = sql::query(OPEN)
        .bind(system)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(run).transpose()
}

/// The number of the next run of a system.
pub async fn next_number(tx: &mut WriteTx, system: &str) -> Result<i64, StoreError> {
    let number: i64 =
        sql::query_scalar("SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE system = $1")
            .bind(system)
            .fetch_one(&mut **tx)
            .await?;
    Ok(number)
}

/// Writes a new run down and answers its identifier. A second open run of a system violates a unique index.
pub async fn insert(tx: &mut WriteTx, new: NewRun<'_>) -> Result<i64, StoreError> {
    let id: i64 = sql::query_scalar(
        "INSERT INTO runs (system, number, journal_run, playbook, title, fingerprint, plan, until_step, want, state, \
         started_by, approved_by, started, steps_total) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
    )
    .bind(new.system)
    .bind(new.number)
    .bind(new.journal_run)
    .bind(&new.plan.playbook)
    .bind(&new.plan.title)
    .bind(&new.plan.fingerprint)
    .bind(json("a plan", new.plan)?)
    .bind(new.until)
    .bind(json("what is wanted of a run", new.want)?)
    .bind(word(&new.state))
    .bind(new.started_by)
    .bind(new.approved_by)
    .bind(new.started.0)
    .bind(whole(new.plan.steps.len() as u64))
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// Stores what is wanted and the state that follows from it, if the run still is in the state that was seen.
/// Answers whether it was.
pub async fn want(
    tx: &mut WriteTx,
    id: i64,
    seen: RunState,
    want: &Want,
    state: RunState,
    reason: Option<&str>,
) -> Result<bool, StoreError> {
    let changed = sql::query(
        "UPDATE runs SET want = $1, state = $2, reason = $3, version = version + 1 WHERE id = $4 AND state = $5",
    )
    .bind(json("what is wanted of a run", want)?)
    .bind(word(&state))
    .bind(reason)
    .bind(id)
    .bind(word(&seen))
    .execute(&mut **tx)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Goes on to the end after the step that the run was to stop at.
pub async fn forget_until(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sql::query("UPDATE runs SET until_step = NULL WHERE id = $1")
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Stores the state that a drive ended in.
pub async fn settle(
    tx: &mut WriteTx,
    id: i64,
    state: RunState,
    reason: Option<&str>,
    finished: Option<Moment>,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE runs SET state = $1, reason = $2, finished = $3, version = version + 1 WHERE id = $4",
    )
    .bind(word(&state))
    .bind(reason)
    .bind(finished.map(|at| at.0))
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a run that was to be driven, or waited at a gate, as running. Answers whether it was one of those.
pub async fn begin(tx: &mut WriteTx, id: i64) -> Result<bool, StoreError> {
    let done = sql::query(
        "UPDATE runs SET state = $1, reason = NULL, version = version + 1 WHERE id = $2 AND state IN ($3, $4)",
    )
    .bind(word(&RunState::Running))
    .bind(id)
    .bind(word(&RunState::Queued))
    .bind(word(&RunState::WaitingAtGate))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Stores the last numbers of a run.
pub async fn save_progress(
    tx: &mut WriteTx,
    id: i64,
    progress: &RunProgress,
) -> Result<(), StoreError> {
    sql::query("UPDATE runs SET progress = $1, steps_done = $2, steps_total = $3 WHERE id = $4")
        .bind(json("the progress of a run", progress)?)
        .bind(progress.steps_done)
        .bind(progress.steps_total)
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The last numbers of a run, inside the transaction that changes them.
pub async fn progress(tx: &mut WriteTx, id: i64) -> Result<Option<RunProgress>, StoreError> {
    let text: Option<String> = sql::query_scalar("SELECT progress FROM runs WHERE id = $1")
        .bind(id)
        .fetch_one(&mut **tx)
        .await?;
    text.map(|text| of_json("the progress of a run", &text))
        .transpose()
}

/// Mirrors the steps that changed; the position is that in the plan.
pub async fn save_steps(
    tx: &mut WriteTx,
    id: i64,
    steps: &[(usize, StepRow)],
) -> Result<(), StoreError> {
    for (position, step) in steps {
        sql::query(
            "INSERT INTO run_steps (run, position, key, state, rows_done, rows_total, set_aside, started, finished, \
             took_ms, longest_lock_ms, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (run, position) DO UPDATE SET state = excluded.state, rows_done = excluded.rows_done, \
             rows_total = excluded.rows_total, set_aside = excluded.set_aside, started = excluded.started, \
             finished = excluded.finished, took_ms = excluded.took_ms, longest_lock_ms = excluded.longest_lock_ms, \
             error = excluded.error",
        )
        .bind(id)
        .bind(whole(*position as u64))
        .bind(&step.key)
        .bind(word(&step.state))
        .bind(whole(step.rows_done))
        .bind(whole(step.rows_total))
        .bind(whole(step.set_aside))
        .bind(step.started.map(|at| at.0))
        .bind(step.finished.map(|at| at.0))
        .bind(step.took_ms().map(whole))
        .bind(step.longest_lock_ms.map(whole))
        .bind(&step.error)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The steps of a run, as mirrored last, in the order of the plan.
pub async fn steps(store: &Store, id: i64) -> Result<Vec<StepRow>, StoreError> {
    let rows = sql::query(
        "SELECT key, state, rows_done, rows_total, set_aside, started, finished, longest_lock_ms, error \
         FROM run_steps WHERE run = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(StepRow {
                key: row.try_get(0)?,
                state: of_word("the state of a step", row.try_get(1)?)?,
                rows_done: row.try_get::<i64, _>(2)?.unsigned_abs(),
                rows_total: row.try_get::<i64, _>(3)?.unsigned_abs(),
                set_aside: row.try_get::<i64, _>(4)?.unsigned_abs(),
                started: row.try_get::<Option<i64>, _>(5)?.map(Moment),
                finished: row.try_get::<Option<i64>, _>(6)?.map(Moment),
                longest_lock_ms: row.try_get::<Option<i64>, _>(7)?.map(i64::unsigned_abs),
                error: row.try_get(8)?,
            })
        })
        .collect()
}

/// Marks the steps of a run whose target was restored to a moment before it.
pub async fn undone_by_restore(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sql::query(
        "UPDATE run_steps SET state = 'undone' WHERE run = $1 AND state NOT IN ('pending', 'skipped')",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
