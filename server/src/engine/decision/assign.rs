//! Gives rows their organizations, each time in one transaction with the record of it.

use std::collections::BTreeMap;

use super::followers::follow;
use super::question::{candidate, reason};
use super::recorded::{ready, record};
use super::{Assigned, Assignment, BulkRule, DecisionError, Subject, by_key, finish};
use crate::db::{Connection, Statement, Value, quote};
use crate::engine::playbook::{Model, Playbook};
use crate::engine::schema::Schema;

/// Gives chosen rows of a model their organizations. Rows that have one already, or that are gone,
/// are passed over. An unknown code or key refuses the whole.
pub async fn assign(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    assignments: &[Assignment],
    by: &str,
) -> Result<Assigned, DecisionError> {
    let subject = Subject::new(playbook, schema, model)?;
    db.begin_write().await?;
    let done = assign_rows(db, &subject, assignments, by).await;
    finish(db, done).await
}

/// Gives an organization to all rows of a model that a rule takes. `preview` counts and changes
/// nothing.
pub async fn assign_by_rule(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    rule: &BulkRule,
    by: &str,
    preview: bool,
) -> Result<Assigned, DecisionError> {
    let subject = Subject::new(playbook, schema, model)?;
    db.begin_write().await?;
    let done = assign_all(db, &subject, rule, by).await;
    if preview {
        db.roll_back().await;
        return done;
    }
    finish(db, done).await
}

async fn assign_rows(
    db: &mut Connection,
    subject: &Subject<'_>,
    assignments: &[Assignment],
    by: &str,
) -> Result<Assigned, DecisionError> {
    ready(db, subject).await?;
    let organizations = ids(db, subject).await?;
    let mut done = nothing();
    for assignment in assignments {
        let id = organizations.get(&assignment.organization).ok_or_else(|| {
            DecisionError::UnknownOrganization {
                code: assignment.organization.clone(),
            }
        })?;
        let key = subject.parse_key(&assignment.key)?;
        let given = give(db, subject, &key, id).await?;
        if given == 0 {
            done.passed_over += 1;
            continue;
        }
        done.assigned += given;
        record(db, subject, &assignment.key, id, by, None).await?;
    }
    done.followed = follow(db, subject).await?;
    done.left = left(db, subject).await?;
    Ok(done)
}

async fn assign_all(
    db: &mut Connection,
    subject: &Subject<'_>,
    rule: &BulkRule,
    by: &str,
) -> Result<Assigned, DecisionError> {
    ready(db, subject).await?;
    let organizations = ids(db, subject).await?;
    let keys: Vec<String> = subject
        .key
        .iter()
        .map(|column| format!("t.{}", quote(column)))
        .collect();
    let (code, condition, value) = match rule {
        BulkRule::BestCandidate => match candidate(subject) {
            Some(sql) => (sql, "1 = 1".to_owned(), None),
            None => ("NULL".to_owned(), "1 = 0".to_owned(), None),
        },
        BulkRule::Reason {
            reason: wanted,
            organization,
        } => (
            subject.schema.dialect.literal(organization),
            format!("{} = ?", reason(subject)),
            Some(wanted),
        ),
        BulkRule::All { organization } => (
            subject.schema.dialect.literal(organization),
            "1 = 1".to_owned(),
            None,
        ),
    };
    if let BulkRule::Reason { organization, .. } | BulkRule::All { organization } = rule
        && !organizations.contains_key(organization)
    {
        return Err(DecisionError::UnknownOrganization {
            code: organization.clone(),
        });
    }
    let mut statement = Statement::new(format!(
        "SELECT {code}, {} FROM {} AS t WHERE t.{} IS NULL AND {condition}",
        keys.join(", "),
        subject.relation(),
        quote(subject.column)
    ));
    if let Some(value) = value {
        statement = statement.bind(value.as_str());
    }
    let words = rule.words();
    let mut done = nothing();
    for row in db.rows(statement).await? {
        let Some(id) = row.text(0).and_then(|code| organizations.get(code)) else {
            continue;
        };
        let key = &row.0[1..];
        done.assigned += give(db, subject, key, id).await?;
        record(db, subject, &subject.key_text(key), id, by, Some(&words)).await?;
    }
    done.followed = follow(db, subject).await?;
    done.left = left(db, subject).await?;
    Ok(done)
}

fn nothing() -> Assigned {
    Assigned {
        assigned: 0,
        passed_over: 0,
        followed: 0,
        left: 0,
    }
}

/// The id of each organization, by code.
async fn ids(
    db: &mut Connection,
    subject: &Subject<'_>,
) -> Result<BTreeMap<String, Value>, DecisionError> {
    let organizations = &subject.playbook.organizations;
    let statement = format!(
        "SELECT {}, {} FROM {}",
        quote(&organizations.code),
        quote(&organizations.key),
        db.dialect().relation(&organizations.table)
    );
    Ok(db
        .rows(statement)
        .await?
        .iter()
        .map(|row| (row.string(0), row.value(1).clone()))
        .collect())
}

async fn give(
    db: &mut Connection,
    subject: &Subject<'_>,
    key: &[Value],
    id: &Value,
) -> Result<u64, DecisionError> {
    let statement = Statement::new(format!(
        "UPDATE {} SET {column} = ? WHERE {column} IS NULL",
        subject.relation(),
        column = quote(subject.column)
    ))
    .bind(id.clone());
    Ok(db.execute(by_key(subject, statement, key)).await?)
}

async fn left(db: &mut Connection, subject: &Subject<'_>) -> Result<u64, DecisionError> {
    let statement = format!(
        "SELECT COUNT(*) FROM {} WHERE {} IS NULL",
        subject.relation(),
        quote(subject.column)
    );
    Ok(db.count(statement).await?.unsigned_abs())
}
