//! Verification reports in the control store: whole, as JSON, with what the list shows in columns.

use shared::report::{Report, ReportSummary};

use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// The number that the next report of a system gets, from 1.
///
/// # Errors
/// When the control store cannot be read.
pub async fn next_number(tx: &mut WriteTx, system: &str) -> Result<i64, StoreError> {
    let number =
        sql::query_scalar("SELECT COALESCE(MAX(number), 0) + 1 FROM reports WHERE system = $1")
            .bind(system)
            .fetch_one(&mut **tx)
            .await?;
    Ok(number)
}

/// Keeps a report.
///
/// # Errors
/// When the control store cannot write it.
pub async fn add(
    tx: &mut WriteTx,
    system: &str,
    at: Moment,
    report: &Report,
) -> Result<(), StoreError> {
    let content =
        serde_json::to_string(report).map_err(|error| StoreError::content("a report", error))?;
    let summary = &report.summary;
    sql::query(
        "INSERT INTO reports (system, number, at, by, passed, checks_passed, checks, content) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(system)
    .bind(summary.number)
    .bind(at.0)
    .bind(&summary.by)
    .bind(summary.passed)
    .bind(summary.checks_passed)
    .bind(summary.checks)
    .bind(content)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The reports of a system, newest first.
///
/// # Errors
/// When the control store cannot be read.
pub async fn list(store: &Store, system: &str) -> Result<Vec<ReportSummary>, StoreError> {
    let rows = sql::query(
        "SELECT number, at, by, passed, checks_passed, checks FROM reports \
         WHERE system = $1 ORDER BY number DESC",
    )
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(summary).collect()
}

/// One report, if there is one with this number.
///
/// # Errors
/// When the control store cannot be read.
pub async fn get(store: &Store, system: &str, number: i64) -> Result<Option<Report>, StoreError> {
    let content: Option<String> =
        sql::query_scalar("SELECT content FROM reports WHERE system = $1 AND number = $2")
            .bind(system)
            .bind(number)
            .fetch_optional(store.read())
            .await?;
    content.as_deref().map(read).transpose()
}

/// The newest report of a system, if there is one.
///
/// # Errors
/// When the control store cannot be read.
pub async fn newest(store: &Store, system: &str) -> Result<Option<Report>, StoreError> {
    let content: Option<String> = sql::query_scalar(
        "SELECT content FROM reports WHERE system = $1 ORDER BY number DESC LIMIT 1",
    )
    .bind(system)
    .fetch_optional(store.read())
    .await?;
    content.as_deref().map(read).transpose()
}

fn read(content: &str) -> Result<Report, StoreError> {
    serde_json::from_str(content).map_err(|error| StoreError::content("a report", error))
}

fn summary(row: &sql::Row) -> Result<ReportSummary, StoreError> {
    Ok(ReportSummary {
        number: row.try_get("number")?,
        at: Moment(row.try_get("at")?).rfc3339(),
        by: row.try_get("by")?,
        passed: row.try_get("passed")?,
        checks_passed: row.try_get("checks_passed")?,
        checks: row.try_get("checks")?,
    })
}
