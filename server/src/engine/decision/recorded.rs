//! The record of decisions, `switchyard_decision` in the target: who gave which row to whom, and when.

use jiff::Timestamp;

use super::{Decision, DecisionError, Subject};
use crate::db::{Connection, Statement, Value, quote};
use crate::engine::inspect::has_table;
use crate::engine::playbook::{Model, Playbook};

/// The decisions about a model's rows, newest first, at most so many.
pub async fn decisions(
    db: &mut Connection,
    playbook: &Playbook,
    model: &Model,
    limit: u32,
) -> Result<Vec<Decision>, DecisionError> {
    if !has_record(db).await? {
        return Ok(Vec::new());
    }
    let organizations = &playbook.organizations;
    let statement = Statement::new(format!(
        "SELECT d.table_name, d.key, COALESCE(o.{}, CAST(d.organization AS TEXT)), d.decided_by, \
         d.decided_at_ms, d.rule FROM switchyard_decision AS d \
         LEFT JOIN {} AS o ON CAST(o.{} AS TEXT) = CAST(d.organization AS TEXT) \
         WHERE d.table_name = ? ORDER BY d.decided_at_ms DESC, d.key LIMIT {limit}",
        quote(&organizations.code),
        db.dialect().relation(&organizations.table),
        quote(&organizations.key),
    ))
    .bind(model.table.as_str());
    Ok(db
        .rows(statement)
        .await?
        .iter()
        .map(|row| Decision {
            table: row.string(0),
            key: row.string(1),
            organization: row.value(2).display(),
            by: row.string(3),
            at_ms: row.integer(4),
            rule: row.text(5).map(str::to_owned),
        })
        .collect())
}

async fn has_record(db: &mut Connection) -> Result<bool, DecisionError> {
    Ok(has_table(db, "switchyard_decision").await?)
}

/// Refuses before the record of decisions exists, which the run makes first of all.
pub(super) async fn ready(db: &mut Connection, subject: &Subject<'_>) -> Result<(), DecisionError> {
    if has_record(db).await? {
        return Ok(());
    }
    Err(DecisionError::NotBegun {
        table: subject.model.table.clone(),
        column: subject.column.to_owned(),
    })
}

/// Whom a row was given to; none when nobody decided about it.
pub(super) async fn organization(
    db: &mut Connection,
    table: &str,
    key: &str,
) -> Result<Option<Value>, DecisionError> {
    let statement = Statement::new(
        "SELECT organization FROM switchyard_decision WHERE table_name = ? AND key = ?",
    )
    .bind(table)
    .bind(key);
    Ok(db.row(statement).await?.map(|row| row.value(0).clone()))
}

/// Writes down that a row was given to an organization, in place of what was decided about it before.
pub(super) async fn record(
    db: &mut Connection,
    subject: &Subject<'_>,
    key: &str,
    id: &Value,
    by: &str,
    rule: Option<&str>,
) -> Result<(), DecisionError> {
    let statement = Statement::new(
        "INSERT INTO switchyard_decision \
         (table_name, key, organization, decided_by, decided_at_ms, rule) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (table_name, key) DO UPDATE SET \
         organization = excluded.organization, decided_by = excluded.decided_by, \
         decided_at_ms = excluded.decided_at_ms, rule = excluded.rule",
    )
    .bind(subject.model.table.as_str())
    .bind(key)
    .bind(id.clone())
    .bind(by)
    .bind(Timestamp::now().as_millisecond())
    .bind(rule);
    db.execute(statement).await?;
    Ok(())
}

/// Takes the record about a row away.
pub(super) async fn forget(
    db: &mut Connection,
    table: &str,
    key: &str,
) -> Result<(), DecisionError> {
    let statement =
        Statement::new("DELETE FROM switchyard_decision WHERE table_name = ? AND key = ?")
            .bind(table)
            .bind(key);
    db.execute(statement).await?;
    Ok(())
}
