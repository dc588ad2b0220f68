//! Carries decisions out and takes them back, each in one transaction with its record.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::question::{candidate, reason};
use super::{Assigned, Assignment, BulkRule, Decision, DecisionError, Subject};
use crate::db::{Connection, Statement, Value, quote};
use crate::engine::playbook::{Model, Placement, Playbook};
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

/// Takes decisions about rows of a model back: these rows, and those that followed them, have no
/// organization again. Rows that were given another one since stay as they are. Answers how many
/// were taken back.
pub async fn undo(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    keys: &[String],
) -> Result<u64, DecisionError> {
    let subject = Subject::new(playbook, schema, model)?;
    let table = schema.table(&model.table);
    if table
        .and_then(|table| table.column(subject.column))
        .is_some_and(|column| column.not_null)
    {
        return Err(DecisionError::Required {
            table: model.table.clone(),
            column: subject.column.to_owned(),
        });
    }
    db.begin_write().await?;
    let done = take_back(db, &subject, keys).await;
    finish(db, done).await
}

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

/// Commits what was done, or takes everything back.
async fn finish<T>(
    db: &mut Connection,
    done: Result<T, DecisionError>,
) -> Result<T, DecisionError> {
    if done.is_ok() {
        db.commit().await?;
    } else {
        db.roll_back().await;
    }
    done
}

async fn has_record(db: &mut Connection) -> Result<bool, DecisionError> {
    Ok(crate::engine::inspect::has_table(db, "switchyard_decision").await?)
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

async fn take_back(
    db: &mut Connection,
    subject: &Subject<'_>,
    keys: &[String],
) -> Result<u64, DecisionError> {
    ready(db, subject).await?;
    let table = &subject.model.table;
    let mut taken = 0;
    for key in keys {
        let values = subject.parse_key(key)?;
        let decided = Statement::new(
            "SELECT organization FROM switchyard_decision WHERE table_name = ? AND key = ?",
        )
        .bind(table.as_str())
        .bind(key.as_str());
        let Some(row) = db.row(decided).await? else {
            continue;
        };
        let statement = by_key(
            subject,
            Statement::new(format!(
                "UPDATE {} SET {column} = NULL WHERE {column} = ?",
                subject.relation(),
                column = quote(subject.column)
            ))
            .bind(row.value(0).clone()),
            &values,
        );
        let changed = db.execute(statement).await?;
        taken += changed;
        if changed == 0 {
            continue;
        }
        leave(db, subject, &values).await?;
        let forget =
            Statement::new("DELETE FROM switchyard_decision WHERE table_name = ? AND key = ?")
                .bind(table.as_str())
                .bind(key.as_str());
        db.execute(forget).await?;
    }
    Ok(taken)
}

/// Refuses before the record of decisions exists, which the run makes first of all.
async fn ready(db: &mut Connection, subject: &Subject<'_>) -> Result<(), DecisionError> {
    if has_record(db).await? {
        return Ok(());
    }
    Err(DecisionError::NotBegun {
        table: subject.model.table.clone(),
        column: subject.column.to_owned(),
    })
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

fn by_key(subject: &Subject<'_>, mut statement: Statement, key: &[Value]) -> Statement {
    for (column, value) in subject.key.iter().zip(key) {
        statement
            .sql
            .push_str(&format!(" AND {} = ?", quote(column)));
        statement = statement.bind(value.clone());
    }
    statement
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

async fn record(
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

async fn left(db: &mut Connection, subject: &Subject<'_>) -> Result<u64, DecisionError> {
    let statement = format!(
        "SELECT COUNT(*) FROM {} WHERE {} IS NULL",
        subject.relation(),
        quote(subject.column)
    );
    Ok(db.count(statement).await?.unsigned_abs())
}

/// A model whose rows find their organization along a foreign key to another model's table.
struct Follower<'a> {
    table: &'a str,
    column: &'a str,
    along: &'a str,
    parent: &'a str,
    parent_key: &'a str,
    parent_column: &'a str,
}

/// All models that follow the subject, directly or through one another, parents first.
fn followers<'a>(subject: &Subject<'a>) -> Vec<Follower<'a>> {
    let mut found: Vec<Follower<'a>> = Vec::new();
    let mut known = BTreeSet::from([subject.model.table.to_ascii_lowercase()]);
    let mut parents = vec![(subject.model.table.as_str(), subject.column)];
    while let Some((parent, parent_column)) = parents.pop() {
        for (_, model) in subject.playbook.models() {
            let Placement::Through(along) = &model.organization else {
                continue;
            };
            let column = subject.playbook.column(model);
            let reference = subject
                .schema
                .table(&model.table)
                .filter(|table| table.column(column).is_some())
                .and_then(|table| table.foreign_key(&along.through))
                .filter(|key| key.table.eq_ignore_ascii_case(parent));
            let referenced = reference.and_then(|key| {
                let parent_key = subject.schema.table(parent)?.key().first();
                key.referenced.first().or(parent_key)
            });
            if let Some(parent_key) = referenced
                && known.insert(model.table.to_ascii_lowercase())
            {
                found.push(Follower {
                    table: &model.table,
                    column,
                    along: &along.through,
                    parent,
                    parent_key,
                    parent_column,
                });
                parents.push((&model.table, column));
            }
        }
    }
    found
}

/// Gives rows that hang on decided ones, and have no organization yet, the same one.
async fn follow(db: &mut Connection, subject: &Subject<'_>) -> Result<u64, DecisionError> {
    let mut followed = 0;
    let dialect = subject.schema.dialect;
    for follower in followers(subject) {
        let parent_row = format!(
            "FROM {} AS p WHERE p.{} = {}.{}",
            dialect.relation(follower.parent),
            quote(follower.parent_key),
            dialect.relation(follower.table),
            quote(follower.along)
        );
        followed += db
            .execute(format!(
                "UPDATE {table} SET {column} = (SELECT p.{theirs} {parent_row}) \
                 WHERE {column} IS NULL \
                 AND EXISTS (SELECT 1 {parent_row} AND p.{theirs} IS NOT NULL)",
                table = dialect.relation(follower.table),
                column = quote(follower.column),
                theirs = quote(follower.parent_column),
            ))
            .await?;
    }
    Ok(followed)
}

/// Takes the organization from rows that hang on one whose decision was taken back.
async fn leave(
    db: &mut Connection,
    subject: &Subject<'_>,
    key: &[Value],
) -> Result<(), DecisionError> {
    // a foreign key of one column can only refer to a key of one column
    let [value] = key else {
        return Ok(());
    };
    let mut rows: BTreeMap<String, String> = BTreeMap::from([(
        subject.model.table.clone(),
        format!("{} = ?", quote(&subject.key[0])),
    )]);
    let dialect = subject.schema.dialect;
    for follower in followers(subject) {
        let Some(parents) = rows.get(follower.parent) else {
            continue;
        };
        let condition = format!(
            "{} IN (SELECT {} FROM {} WHERE {parents})",
            quote(follower.along),
            quote(follower.parent_key),
            dialect.relation(follower.parent)
        );
        let statement = Statement::new(format!(
            "UPDATE {} SET {} = NULL WHERE {condition}",
            dialect.relation(follower.table),
            quote(follower.column)
        ))
        .bind(value.clone());
        db.execute(statement).await?;
        rows.insert(follower.table.to_owned(), condition);
    }
    Ok(())
}
