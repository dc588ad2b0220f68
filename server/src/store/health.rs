//! Measured health in the control store: samples, hours rolled up from them, named baselines.

use std::ops::Range;

use shared::health::{Baseline, Outcome};

use super::words::{of_word, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Hours that are kept: 90 days, and the day that is going on.
const HOURS_KEPT: i64 = 91 * 24;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Moment,
    /// How it went.
    pub outcome: Outcome,
    /// Time to answer in milliseconds; none without an answer.
    pub response_ms: Option<u32>,
    /// Time of a question to the database in milliseconds.
    pub database_ms: Option<u32>,
    /// Errors that the application counted since the sample before.
    pub errors: Option<u32>,
    /// Connections to its database that it says it has.
    pub connections: Option<u32>,
    /// Why it was not good.
    pub why: Option<String>,
}

/// What the samples of a stretch of time come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Samples.
    pub samples: i64,
    /// Bad ones.
    pub bad: i64,
    /// Seconds that the samples stand for.
    pub measured_seconds: i64,
    /// Seconds that the bad ones stand for.
    pub bad_seconds: i64,
    /// Seconds that the slow ones stand for.
    pub slow_seconds: i64,
    /// Samples with an answer.
    pub answers: i64,
    /// Their times to answer, added.
    pub response_sum_ms: i64,
    /// The longest of them.
    pub response_max_ms: i64,
    /// Samples with an answer of the database.
    pub database_answers: i64,
    /// Their times, added.
    pub database_sum_ms: i64,
    /// Errors that the application counted.
    pub errors: i64,
}

impl Sum {
    /// Adds what another stretch of time has.
    pub fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.bad += other.bad;
        self.measured_seconds += other.measured_seconds;
        self.bad_seconds += other.bad_seconds;
        self.slow_seconds += other.slow_seconds;
        self.answers += other.answers;
        self.response_sum_ms += other.response_sum_ms;
        self.response_max_ms = self.response_max_ms.max(other.response_max_ms);
        self.database_answers += other.database_answers;
        self.database_sum_ms += other.database_sum_ms;
        self.errors += other.errors;
    }
}

/// Writes a sample down and adds it to its hour; what is more than `kept` samples is removed. One sample stands for
/// `seconds`.
pub async fn append(
    store: &Store,
    system: &str,
    sample: &Sample,
    seconds: u32,
    kept: i64,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    sql::query(
        "INSERT INTO health_samples (system, at, outcome, response_ms, database_ms, errors, connections, why) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(system)
    .bind(sample.at.0)
    .bind(word(&sample.outcome))
    .bind(sample.response_ms)
    .bind(sample.database_ms)
    .bind(sample.errors)
    .bind(sample.connections)
    .bind(&sample.why)
    .execute(&mut *tx)
    .await?;
    add_to_hour(&mut tx, system, sample, seconds).await?;
    sql::query(
        "DELETE FROM health_samples WHERE system = $1 AND id <= \
         (SELECT id FROM health_samples WHERE system = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(system)
    .bind(kept)
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

async fn add_to_hour(
    tx: &mut WriteTx,
    system: &str,
    sample: &Sample,
    seconds: u32,
) -> Result<(), StoreError> {
    let when = |outcome: Outcome| {
        if sample.outcome == outcome {
            i64::from(seconds)
        } else {
            0
        }
    };
    let done = sql::query(
        "INSERT INTO health_hours (system, hour, samples, bad, measured_seconds, bad_seconds, slow_seconds, answers, \
         response_sum_ms, response_max_ms, database_answers, database_sum_ms, errors) \
         VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11) \
         ON CONFLICT (system, hour) DO UPDATE SET samples = health_hours.samples + 1, bad = health_hours.bad + excluded.bad, \
         measured_seconds = health_hours.measured_seconds + excluded.measured_seconds, \
         bad_seconds = health_hours.bad_seconds + excluded.bad_seconds, slow_seconds = health_hours.slow_seconds + excluded.slow_seconds, \
         answers = health_hours.answers + excluded.answers, response_sum_ms = health_hours.response_sum_ms + excluded.response_sum_ms, \
         response_max_ms = CASE WHEN excluded.response_max_ms > health_hours.response_max_ms \
         THEN excluded.response_max_ms ELSE health_hours.response_max_ms END, \
         database_answers = health_hours.database_answers + excluded.database_answers, \
         database_sum_ms = health_hours.database_sum_ms + excluded.database_sum_ms, errors = health_hours.errors + excluded.errors \
         RETURNING samples",
    )
    .bind(system)
    .bind(sample.at.0.div_euclid(HOUR_MS))
    .bind(i64::from(sample.outcome == Outcome::Bad))
    .bind(i64::from(seconds))
    .bind(when(Outcome::Bad))
    .bind(when(Outcome::Slow))
    .bind(i64::from(sample.response_ms.is_some()))
    .bind(sample.response_ms.unwrap_or(0))
    .bind(i64::from(sample.database_ms.is_some()))
    .bind(sample.database_ms.unwrap_or(0))
    .bind(sample.errors.unwrap_or(0))
    .fetch_one(&mut **tx)
    .await?;
    let first_of_its_hour = done.try_get::<i64, _>(0)? == 1;
    if first_of_its_hour {
        sql::query(
            "DELETE FROM health_hours WHERE system = $1 AND hour <= \
             (SELECT hour FROM health_hours WHERE system = $1 ORDER BY hour DESC LIMIT 1 OFFSET $2)",
        )
        .bind(system)
        .bind(HOURS_KEPT)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

fn sample(row: &sql::Row) -> Result<Sample, StoreError> {
    Ok(Sample {
        at: Moment(row.try_get(0)?),
        outcome: of_word("the outcome of a sample", row.try_get(1)?)?,
        response_ms: row.try_get(2)?,
        database_ms: row.try_get(3)?,
        errors: row.try_get(4)?,
        connections: row.try_get(5)?,
        why: row.try_get(6)?,
    })
}

/// The samples that were taken last, newest first, by the order of measuring.
pub async fn newest(store: &Store, system: &str, count: u32) -> Result<Vec<Sample>, StoreError> {
    let rows = sql::query(
        "SELECT at, outcome, response_ms, database_ms, errors, connections, why FROM health_samples \
         WHERE system = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(system)
    .bind(count)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(sample).collect()
}

/// The samples since a moment, oldest first.
pub async fn since(store: &Store, system: &str, from: Moment) -> Result<Vec<Sample>, StoreError> {
    let rows = sql::query(
        "SELECT at, outcome, response_ms, database_ms, errors, connections, why FROM health_samples \
         WHERE system = $1 AND at >= $2 ORDER BY id",
    )
    .bind(system)
    .bind(from.0)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(sample).collect()
}

/// The samples from one moment to another, put together in stretches of `width` milliseconds; each with its number,
/// counted from the first moment. Put together here, so that a day of samples need not leave the database one by one.
pub async fn stretches(
    store: &Store,
    system: &str,
    from: Moment,
    to: Moment,
    width: i64,
) -> Result<Vec<(i64, Sum)>, StoreError> {
    let rows = sql::query(
        "SELECT (at - $2) / $4, COUNT(*), COUNT(*) FILTER (WHERE outcome = 'bad'), COUNT(response_ms), \
         CAST(COALESCE(SUM(response_ms), 0) AS BIGINT), CAST(COALESCE(MAX(response_ms), 0) AS BIGINT), \
         COUNT(database_ms), CAST(COALESCE(SUM(database_ms), 0) AS BIGINT), CAST(COALESCE(SUM(errors), 0) AS BIGINT) \
         FROM health_samples WHERE system = $1 AND at >= $2 AND at <= $3 GROUP BY 1 ORDER BY 1",
    )
    .bind(system)
    .bind(from.0)
    .bind(to.0)
    .bind(width.max(1))
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            let sum = Sum {
                samples: row.try_get(1)?,
                bad: row.try_get(2)?,
                answers: row.try_get(3)?,
                response_sum_ms: row.try_get(4)?,
                response_max_ms: row.try_get(5)?,
                database_answers: row.try_get(6)?,
                database_sum_ms: row.try_get(7)?,
                errors: row.try_get(8)?,
                ..Sum::default()
            };
            Ok((row.try_get(0)?, sum))
        })
        .collect()
}

/// Hours put together in stretches of `width` milliseconds that begin `shift` before 1970: each with its number, oldest
/// first. Put together by the database: three months of hours would take longer to leave it than to be added.
pub async fn hours(
    store: &Store,
    system: &str,
    hours: Range<i64>,
    shift: i64,
    width: i64,
) -> Result<Vec<(i64, Sum)>, StoreError> {
    let rows = sql::query(
        "SELECT (CAST(hour AS BIGINT) * $4 + $5) / $6, CAST(SUM(samples) AS BIGINT), CAST(SUM(bad) AS BIGINT), \
         CAST(SUM(measured_seconds) AS BIGINT), CAST(SUM(bad_seconds) AS BIGINT), CAST(SUM(slow_seconds) AS BIGINT), \
         CAST(SUM(answers) AS BIGINT), CAST(SUM(response_sum_ms) AS BIGINT), \
         CAST(MAX(response_max_ms) AS BIGINT), CAST(SUM(database_answers) AS BIGINT), \
         CAST(SUM(database_sum_ms) AS BIGINT), CAST(SUM(errors) AS BIGINT) \
         FROM health_hours WHERE system = $1 AND hour >= $2 AND hour < $3 GROUP BY 1 ORDER BY 1",
    )
    .bind(system)
    .bind(hours.start)
    .bind(hours.end)
    .bind(HOUR_MS)
    .bind(shift)
    .bind(width.max(1))
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            let sum = Sum {
                samples: row.try_get(1)?,
                bad: row.try_get(2)?,
                measured_seconds: row.try_get(3)?,
                bad_seconds: row.try_get(4)?,
                slow_seconds: row.try_get(5)?,
                answers: row.try_get(6)?,
                response_sum_ms: row.try_get(7)?,
                response_max_ms: row.try_get(8)?,
                database_answers: row.try_get(9)?,
                database_sum_ms: row.try_get(10)?,
                errors: row.try_get(11)?,
            };
            Ok((row.try_get(0)?, sum))
        })
        .collect()
}

/// Keeps a baseline and answers its identifier. A second one of the same name violates a unique constraint.
pub async fn insert_baseline(
    tx: &mut WriteTx,
    system: &str,
    at: Moment,
    baseline: &Baseline,
) -> Result<i64, StoreError> {
    let id = sql::query_scalar(
        "INSERT INTO health_baselines (system, name, by, at, samples, p10_ms, p50_ms, p90_ms, bad_percent) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
    )
    .bind(system)
    .bind(&baseline.name)
    .bind(&baseline.by)
    .bind(at.0)
    .bind(baseline.samples)
    .bind(baseline.p10_ms)
    .bind(baseline.p50_ms)
    .bind(baseline.p90_ms)
    .bind(baseline.bad_percent)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

/// The baselines of a system, newest first.
pub async fn baselines(store: &Store, system: &str) -> Result<Vec<Baseline>, StoreError> {
    let rows = sql::query(
        "SELECT id, name, by, at, samples, p10_ms, p50_ms, p90_ms, bad_percent FROM health_baselines \
         WHERE system = $1 ORDER BY id DESC LIMIT 50",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Baseline {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                by: row.try_get(2)?,
                at: Moment(row.try_get(3)?).rfc3339(),
                samples: row.try_get(4)?,
                p10_ms: row.try_get(5)?,
                p50_ms: row.try_get(6)?,
                p90_ms: row.try_get(7)?,
                bad_percent: row.try_get(8)?,
            })
        })
        .collect()
}
