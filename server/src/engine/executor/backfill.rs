//! Populates a large table in batches along its key: each batch and its cursor are one
//! transaction, the upper bound is fixed when the step begins, and the size of the next batch
//! follows the time that the last one took.

use std::time::{Duration, Instant};

use super::control::Event;
use super::driver::Driver;
use super::hold::Seen;
use super::lease::now_ms;
use super::session::{Halt, Wait, millis};
use crate::db::{Dialect, Statement, Value, quote};
use crate::engine::journal::{Cursor, StepState};
use crate::engine::operation::{Populate, batch_time};

/// The size of the first batch, in rows: small, as nothing is known of the table's speed yet.
const FIRST: u64 = 2_500;
/// The smallest and the largest batch, in rows.
const LIMITS: (u64, u64) = (100, 100_000);

/// The size of a batch after one that met a locked row: fewer rows meet fewer others.
fn size_after_lock(size: u64) -> u64 {
    (size / 2).max(LIMITS.0)
}

/// The size of the next batch: doubles at most, shrinks at once.
fn next_size(size: u64, took: Duration, aim: Duration) -> u64 {
    let ratio = aim.as_secs_f64() / took.as_secs_f64().max(0.001);
    // precision lost beyond 2^52 rows does not matter here
    let wanted = (size as f64 * ratio.min(2.0)) as u64;
    wanted.clamp(LIMITS.0, LIMITS.1)
}

impl Driver<'_> {
    /// Runs the batches of a step until it is done, or answers early when a pause is wanted.
    pub(super) async fn backfill(&mut self, at: usize, populate: &Populate) -> Result<(), Halt> {
        let mut size = FIRST;
        let mut seen = Seen::default();
        let mut wait = Wait::default();
        loop {
            self.hold(at, &mut seen).await?;
            if self.session.wants_pause() {
                return Ok(());
            }
            let began = Instant::now();
            let (rows, done) = match self.batch(at, populate, size).await {
                Ok(batch) => batch,
                Err(halt) => {
                    self.roll_back().await;
                    let Halt::Db(error) = halt else {
                        return Err(halt);
                    };
                    if !error.is_locked() {
                        return Err(error.into());
                    }
                    // what waits add up to over a whole table says nothing: a batch has its own
                    size = size_after_lock(size);
                    self.session.wait(&mut wait, error).await?;
                    continue;
                }
            };
            wait = Wait::default();
            let took = began.elapsed();
            if done {
                return Ok(());
            }
            size = next_size(size, took, batch_time(populate.dialect));
            let record = &self.record.steps[at];
            self.session.control().report(&Event::Rows {
                step: record.step.key.clone(),
                done: record.rows_done,
                total: record.rows_total.max(record.rows_done),
                rate: rows as f64 / took.as_secs_f64().max(0.001),
                batch: size,
            });
            if self.session.wants_pause() {
                return Ok(());
            }
            self.rest(populate.dialect, took, &seen).await?;
        }
    }

    /// One batch: answers its rows and whether it was the last.
    async fn batch(
        &mut self,
        at: usize,
        populate: &Populate,
        size: u64,
    ) -> Result<(u64, bool), Halt> {
        self.begin_transaction().await?;
        let mut record = self.record.steps[at].clone();
        let cursor = match record.cursor.take() {
            // a version before this one walked the places themselves: it is begun anew
            Some(cursor) if !populate.is_by_place() || block(&cursor.upper).is_some() => {
                Some(cursor)
            }
            _ => self.bounds(populate).await?,
        };
        if record.state != StepState::Running {
            record.attempt += 1;
            record.started_at_ms = Some(now_ms());
            record.rows_done = 0;
            record.rows_total = record.step.cost.rows;
            record.error = None;
            self.moved(&mut record, StepState::Running)?;
        }
        let (mut rows, mut done) = (0, true);
        if let Some(mut cursor) = cursor {
            let last = match populate.is_by_place() {
                true => last_block(&cursor, size, record.step.cost.rows),
                false => self.last_of_batch(populate, &cursor, size).await?,
            };
            done = last.is_none();
            let last = last.unwrap_or_else(|| cursor.upper.clone());
            rows = self.assign(populate, &cursor, &last).await?;
            cursor.after = Some(last);
            record.cursor = Some(cursor);
        }
        record.rows_done += rows;
        if done {
            record.cursor = None;
            record.rows_total = record.rows_done;
            record.finished_at_ms = Some(now_ms());
            record.evidence = Some(format!("{} rows were assigned.", record.rows_done));
            self.moved(&mut record, StepState::Done)?;
        }
        record.lock_ms = record.lock_ms.max(millis(self.session.held()));
        self.save(at, record);
        if populate.dialect == Dialect::Postgres && !done {
            // a batch that a crash takes back takes its cursor back too, and is done again: no batch but the last waits for
            // the disk, and so keeps the rows of others locked meanwhile
            self.session
                .execute("SET LOCAL synchronous_commit = off")
                .await?;
        }
        self.commit_transaction().await?;
        Ok((rows, done))
    }

    /// The bounds of a step that begins; `None` for an empty table.
    async fn bounds(&mut self, populate: &Populate) -> Result<Option<Cursor>, Halt> {
        if populate.is_by_place() {
            let blocks = self.session.count(populate.blocks()).await?;
            return Ok((blocks > 0).then(|| Cursor {
                after: None,
                upper: vec![blocks.into()],
            }));
        }
        let key = listed(populate, "t.", "");
        let statement = format!(
            "SELECT {key} FROM {} AS t ORDER BY {} LIMIT 1",
            populate.dialect.relation(&populate.table),
            listed(populate, "t.", " DESC")
        );
        let row = self.session.row(statement).await?;
        Ok(row.map(|row| Cursor {
            after: None,
            upper: row.0,
        }))
    }

    /// The key of the last row of the next batch; `None` when the rest fits into it.
    async fn last_of_batch(
        &mut self,
        populate: &Populate,
        cursor: &Cursor,
        size: u64,
    ) -> Result<Option<Vec<Value>>, Halt> {
        let (key, values) = (populate.key_of("t."), populate.placeholders());
        let mut statement = Statement::new(format!(
            "SELECT {} FROM {} AS t WHERE {key} < {values}{} ORDER BY {} LIMIT 1 OFFSET {}",
            listed(populate, "t.", ""),
            populate.dialect.relation(&populate.table),
            match cursor.after {
                Some(_) => format!(" AND {key} > {values}"),
                None => String::new(),
            },
            listed(populate, "t.", ""),
            size.saturating_sub(1),
        ));
        statement.values.extend(cursor.upper.clone());
        statement
            .values
            .extend(cursor.after.clone().into_iter().flatten());
        Ok(self.session.row(statement).await?.map(|row| row.0))
    }

    async fn assign(
        &mut self,
        populate: &Populate,
        cursor: &Cursor,
        last: &[Value],
    ) -> Result<u64, Halt> {
        let mut statement = match &cursor.after {
            None => populate.first_batch(),
            Some(after) => {
                let mut statement = populate.batch();
                statement.values.extend(after.clone());
                statement
            }
        };
        statement.values.extend(last.iter().cloned());
        self.session.execute(statement).await
    }
}

/// The block before which a walk by blocks ends or has come to.
fn block(place: &[Value]) -> Option<i64> {
    place.first().and_then(Value::as_i64)
}

/// The block before which the next batch ends; `None` when the rest fits into it.
fn last_block(cursor: &Cursor, size: u64, rows: u64) -> Option<Vec<Value>> {
    let upper = block(&cursor.upper)?;
    let after = cursor.after.as_deref().and_then(block).unwrap_or(0);
    let in_each = (rows / upper.unsigned_abs().max(1)).max(1);
    let last = after.saturating_add_unsigned((size / in_each).max(1));
    (last < upper).then(|| vec![last.into()])
}

/// The columns of the key, one behind the other.
fn listed(populate: &Populate, prefix: &str, suffix: &str) -> String {
    let columns: Vec<String> = (populate.key.iter())
        .map(|key| format!("{prefix}{}{suffix}", quote(key)))
        .collect();
    columns.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_by_blocks_takes_about_as_many_rows_as_wanted_and_ends_at_the_bound_of_its_begin() {
        let at = |after: Option<i64>| Cursor {
            after: after.map(|block| vec![block.into()]),
            upper: vec![100.into()],
        };
        // 100 rows a block
        assert_eq!(last_block(&at(None), 2_500, 10_000), Some(vec![25.into()]));
        assert_eq!(last_block(&at(Some(25)), 1, 10_000), Some(vec![26.into()]));
        assert_eq!(last_block(&at(Some(75)), 2_500, 10_000), None);
        assert_eq!(last_block(&at(None), 2_500, 0), None);
    }

    #[test]
    fn batches_grow_slowly_and_shrink_at_once() {
        let aim = Duration::from_millis(30);
        assert_eq!(next_size(1_000, Duration::from_millis(1), aim), 2_000);
        assert_eq!(next_size(1_000, aim, aim), 1_000);
        assert_eq!(next_size(1_000, aim * 4, aim), 250);
        assert_eq!(next_size(200, aim * 100, aim), LIMITS.0);
        assert_eq!(next_size(LIMITS.1, Duration::ZERO, aim), LIMITS.1);
        assert_eq!(size_after_lock(2_500), 1_250);
        assert_eq!(size_after_lock(150), LIMITS.0);
    }
}
