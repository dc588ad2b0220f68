//! What belongs to runs besides their steps: gates and their overrides, log, speed, coverage over time, preflights.

use shared::coverage::{Coverage, CoveragePoint};
use shared::plan::{Gate, Override, Preflight};
use shared::run::{LogLine, LogPage, SpeedPoint};
use shared::state::{GateState, Level};

use super::words::{json, of_json, of_word, whole, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Points of a curve that are answered at most.
const POINTS: i64 = 500;

/// Stores what a gate said last; an override of it stays.
pub async fn save_gate(
    tx: &mut WriteTx,
    run: i64,
    gate: &Gate,
    measured: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO run_gates (run, name, content, measured) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (run, name) DO UPDATE SET content = excluded.content, measured = excluded.measured",
    )
    .bind(run)
    .bind(&gate.name)
    .bind(json("a gate", gate)?)
    .bind(measured.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores that an administrator took responsibility for a gate.
pub async fn override_gate(
    tx: &mut WriteTx,
    run: i64,
    name: &str,
    by: &str,
    reason: &str,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE run_gates SET overridden_by = $1, overridden_reason = $2, overridden_at = $3 WHERE run = $4 AND name = $5",
    )
    .bind(by)
    .bind(reason)
    .bind(at.0)
    .bind(run)
    .bind(name)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The gates of a run that were measured, with their overrides.
pub async fn gates(store: &Store, run: i64) -> Result<Vec<Gate>, StoreError> {
    let rows = sql::query(
        "SELECT content, overridden_by, overridden_reason, overridden_at FROM run_gates WHERE run = $1 ORDER BY name",
    )
    .bind(run)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            let mut gate: Gate = of_json("a gate", row.try_get(0)?)?;
            let by: Option<String> = row.try_get(1)?;
            if let Some(by) = by {
                gate.overridden = Some(Override {
                    by,
                    reason: row.try_get::<Option<String>, _>(2)?.unwrap_or_default(),
                    at: Moment(row.try_get::<Option<i64>, _>(3)?.unwrap_or_default()).rfc3339(),
                });
                if gate.state == GateState::Closed {
                    gate.state = GateState::Overridden;
                }
            }
            Ok(gate)
        })
        .collect()
}

/// Appends lines to the log of a run and answers them with their ids.
pub async fn append_log(
    tx: &mut WriteTx,
    run: i64,
    lines: &[(Moment, Level, Option<String>, String)],
) -> Result<Vec<LogLine>, StoreError> {
    let mut id: i64 = sql::query_scalar("SELECT COALESCE(MAX(id), 0) FROM run_log WHERE run = $1")
        .bind(run)
        .fetch_one(&mut **tx)
        .await?;
    let mut written = Vec::with_capacity(lines.len());
    for (at, level, step, text) in lines {
        id += 1;
        sql::query(
            "INSERT INTO run_log (run, id, at, level, step, text) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(run)
        .bind(id)
        .bind(at.0)
        .bind(word(level))
        .bind(step)
        .bind(text)
        .execute(&mut **tx)
        .await?;
        written.push(LogLine {
            id,
            at: at.rfc3339(),
            level: *level,
            step: step.clone(),
            text: text.clone(),
        });
    }
    Ok(written)
}

/// Step and weight of the line that the log of a run ends with.
pub async fn last_line(
    store: &Store,
    run: i64,
) -> Result<Option<(Option<String>, Level)>, StoreError> {
    let last: Option<(Option<String>, String)> =
        sql::query_as("SELECT step, level FROM run_log WHERE run = $1 ORDER BY id DESC LIMIT 1")
            .bind(run)
            .fetch_optional(store.read())
            .await?;
    last.map(|(step, level)| Ok((step, of_word("the weight of a log line", level)?)))
        .transpose()
}

/// Lines of the log of a run after an id, oldest first.
pub async fn log_page(
    store: &Store,
    run: i64,
    after: i64,
    level: Option<Level>,
    limit: u32,
) -> Result<LogPage, StoreError> {
    let level = level.map(|level| word(&level));
    let rows = sql::query(
        "SELECT id, at, level, step, text FROM run_log WHERE run = $1 AND id > $2 AND ($3 IS NULL OR level = $3) \
         ORDER BY id LIMIT $4",
    )
    .bind(run)
    .bind(after)
    .bind(level)
    .bind(limit)
    .fetch_all(store.read())
    .await?;
    let lines = rows
        .iter()
        .map(|row| {
            Ok(LogLine {
                id: row.try_get(0)?,
                at: Moment(row.try_get(1)?).rfc3339(),
                level: of_word("the level of a log line", row.try_get(2)?)?,
                step: row.try_get(3)?,
                text: row.try_get(4)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    let counts = sql::query(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE level = 'warning'), COUNT(*) FILTER (WHERE level = 'error') \
         FROM run_log WHERE run = $1",
    )
    .bind(run)
    .fetch_one(store.read())
    .await?;
    Ok(LogPage {
        lines,
        total: counts.try_get::<i64, _>(0)?.unsigned_abs(),
        warnings: counts.try_get::<i64, _>(1)?.unsigned_abs(),
        errors: counts.try_get::<i64, _>(2)?.unsigned_abs(),
    })
}

/// Appends a point to the speed curve of a run.
pub async fn append_speed(
    tx: &mut WriteTx,
    run: i64,
    at_ms: u64,
    rows_per_second: f64,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO run_speed (run, at_ms, rows_per_second) VALUES ($1, $2, $3) \
         ON CONFLICT (run, at_ms) DO UPDATE SET rows_per_second = excluded.rows_per_second",
    )
    .bind(run)
    .bind(whole(at_ms))
    .bind(rows_per_second)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The speed curve of a run, thinned to at most 500 points.
pub async fn speed(store: &Store, run: i64) -> Result<Vec<SpeedPoint>, StoreError> {
    let rows: Vec<(i64, f64)> = sql::query_as(
        "SELECT at_ms, rows_per_second FROM (SELECT at_ms, rows_per_second, ROW_NUMBER() OVER (ORDER BY at_ms) AS place, \
         COUNT(*) OVER () AS points FROM run_speed WHERE run = $1) AS curve \
         WHERE place % ((points + $2 - 1) / $2) = 0 ORDER BY at_ms",
    )
    .bind(run)
    .bind(POINTS)
    .fetch_all(store.read())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at_ms, rows_per_second)| SpeedPoint {
            at_ms: at_ms.unsigned_abs(),
            rows_per_second,
        })
        .collect())
}

/// Appends a point to the coverage curve of a system; a point like the one before only moves it on.
pub async fn append_coverage(
    tx: &mut WriteTx,
    system: &str,
    at: Moment,
    all: Coverage,
    run: Option<i64>,
) -> Result<(), StoreError> {
    let last: Option<(i64, i64)> = sql::query_as(
        "SELECT assigned, total FROM coverage_history WHERE system = $1 ORDER BY at DESC, id DESC LIMIT 1",
    )
    .bind(system)
    .fetch_optional(&mut **tx)
    .await?;
    if last == Some((whole(all.assigned), whole(all.total))) {
        return Ok(());
    }
    sql::query(
        "INSERT INTO coverage_history (system, at, assigned, total, run) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(system)
    .bind(at.0)
    .bind(whole(all.assigned))
    .bind(whole(all.total))
    .bind(run)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The coverage curve of a system, oldest first, thinned to at most 500 points.
pub async fn coverage(store: &Store, system: &str) -> Result<Vec<CoveragePoint>, StoreError> {
    let rows: Vec<(i64, i64, i64, Option<i64>)> = sql::query_as(
        "SELECT at, assigned, total, run FROM (SELECT at, assigned, total, run, \
         ROW_NUMBER() OVER (ORDER BY at DESC, id DESC) - 1 AS place, \
         COUNT(*) OVER () AS points FROM coverage_history WHERE system = $1) AS curve \
         WHERE place % ((points + $2 - 1) / $2) = 0 ORDER BY place DESC",
    )
    .bind(system)
    .bind(POINTS)
    .fetch_all(store.read())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at, assigned, total, run)| CoveragePoint {
            at: Moment(at).rfc3339(),
            all: Coverage {
                assigned: assigned.unsigned_abs(),
                total: total.unsigned_abs(),
            },
            run,
        })
        .collect())
}

/// Stores the last preflight of a system.
pub async fn save_preflight(
    tx: &mut WriteTx,
    system: &str,
    at: Moment,
    preflight: &Preflight,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO preflights (system, at, passed, content) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (system) DO UPDATE SET at = excluded.at, passed = excluded.passed, content = excluded.content",
    )
    .bind(system)
    .bind(at.0)
    .bind(preflight.passed)
    .bind(json("a preflight", preflight)?)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets the last preflight of a system: its target will not be what was looked at.
pub async fn forget_preflight(tx: &mut WriteTx, system: &str) -> Result<(), StoreError> {
    sql::query("DELETE FROM preflights WHERE system = $1")
        .bind(system)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The last preflight of a system.
pub async fn preflight(store: &Store, system: &str) -> Result<Option<Preflight>, StoreError> {
    let row: Option<(String,)> = sql::query_as("SELECT content FROM preflights WHERE system = $1")
        .bind(system)
        .fetch_optional(store.read())
        .await?;
    row.map(|(content,)| of_json("a preflight", &content))
        .transpose()
}
