//! Whether the playbook's SQL prepares. It is prepared in an empty scratch database that has the
//! target's tables as they will be once the columns are there, so that a mistake is found before
//! the run and not in its middle.

use super::Check;
use crate::db::{Access, Connection, DatabaseUrl, DbError, quote};
use crate::engine::operation::rule;
use crate::engine::playbook::Playbook;
use crate::engine::schema::Schema;

/// SQL of a playbook that does not prepare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadExpression {
    /// The key that holds it, as a dotted path: `groups.0.models.1.candidates`.
    pub key: String,
    /// What the database says.
    pub detail: String,
}

pub(super) async fn check(url: &DatabaseUrl, playbook: &Playbook, schema: &Schema) -> Check {
    let (name, title) = ("expressions", "The playbook's SQL prepares");
    let bad = match url {
        DatabaseUrl::Sqlite(_) => bad_expressions(playbook, schema).await,
        DatabaseUrl::Postgres(_) => bad_on_postgres(url, playbook, schema).await,
    };
    match bad {
        Err(error) => Check::error(name, title, &error),
        Ok(bad) if bad.is_empty() => Check::passed(
            name,
            title,
            format!("{} statements prepare.", statements(playbook, schema).len()),
        ),
        Ok(bad) => {
            let places: Vec<String> = bad
                .iter()
                .map(|bad| match playbook.source.position(&bad.key) {
                    Some(at) => format!("line {}, {}: {}", at.line, bad.key, bad.detail),
                    None => format!("{}: {}", bad.key, bad.detail),
                })
                .collect();
            Check::failed(
                name,
                title,
                format!("{} do not prepare: {}.", bad.len(), places.join("; ")),
                "Correct them in the playbook.",
            )
        }
    }
}

/// All SQL of a playbook that does not prepare against the schema as it will be.
pub async fn bad_expressions(
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Vec<BadExpression>, DbError> {
    let scratch = tempfile::NamedTempFile::new().map_err(|error| DbError::Storage {
        path: std::env::temp_dir().display().to_string(),
        detail: error.to_string(),
    })?;
    let url = DatabaseUrl::Sqlite(scratch.path().to_owned());
    let mut db = Connection::open(&url, Access::Write).await?;
    build(&mut db, playbook, schema).await?;
    let mut bad = Vec::new();
    for (key, sql) in statements(playbook, schema) {
        match db.prepare(&sql).await {
            Ok(()) => {}
            Err(DbError::Statement { detail, .. }) => bad.push(BadExpression { key, detail }),
            Err(error) => return Err(error),
        }
    }
    db.close().await;
    Ok(bad)
}

/// The same on PostgreSQL: in a transaction that is rolled back, with temporary tables that hide
/// the real ones by their names. The real ones are only looked at.
async fn bad_on_postgres(
    url: &DatabaseUrl,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Vec<BadExpression>, DbError> {
    let mut db = Connection::open(url, Access::Write).await?;
    db.begin_write().await?;
    let bad = hidden(&mut db, playbook, schema).await;
    db.roll_back().await;
    db.close().await;
    bad
}

async fn hidden(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Vec<BadExpression>, DbError> {
    let organizations = &playbook.organizations;
    let kind = &playbook.tenant.column_type;
    if schema.table(&organizations.table).is_none() {
        let columns: Vec<String> = [
            Some(&organizations.code),
            Some(&organizations.name),
            organizations.type_column.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|name| format!("{} text", quote(name)))
        .collect();
        db.execute(format!(
            "CREATE TEMPORARY TABLE {} ({} {kind}, {})",
            quote(&organizations.table),
            quote(&organizations.key),
            columns.join(", ")
        ))
        .await?;
    }
    for (_, model) in playbook.models() {
        let column = playbook.column(model);
        let absent = schema
            .table(&model.table)
            .is_some_and(|table| table.column(column).is_none());
        // a table that is named with its schema cannot be hidden
        if absent && crate::db::parts(&model.table).len() == 1 {
            let relation = schema.dialect.relation(&model.table);
            db.execute(format!(
                "CREATE TEMPORARY TABLE {relation} (LIKE {relation})"
            ))
            .await?;
            db.execute(format!(
                "ALTER TABLE pg_temp.{relation} ADD COLUMN {} {kind}",
                quote(column)
            ))
            .await?;
        }
    }
    let mut bad = Vec::new();
    for (key, sql) in statements(playbook, schema) {
        db.execute("SAVEPOINT switchyard").await?;
        match db.prepare(&sql).await {
            Ok(()) => {}
            Err(DbError::Statement { detail, .. }) => bad.push(BadExpression { key, detail }),
            Err(error) => return Err(error),
        }
        db.execute("ROLLBACK TO SAVEPOINT switchyard").await?;
    }
    Ok(bad)
}

/// Makes the tables and views of the target, empty, with the columns that the run will add.
async fn build(db: &mut Connection, playbook: &Playbook, schema: &Schema) -> Result<(), DbError> {
    db.enforce_foreign_keys(false).await?;
    db.begin_write().await?;
    for table in schema.tables.values() {
        tolerate(db.execute(table.sql.as_str()).await)?;
    }
    let organizations = &playbook.organizations;
    if schema.table(&organizations.table).is_none() {
        let columns: Vec<String> = [
            Some(&organizations.code),
            Some(&organizations.name),
            organizations.type_column.as_ref(),
            organizations.active.as_ref(),
            organizations.metadata.as_ref(),
            organizations.created.as_ref(),
            organizations.updated.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|name| quote(name))
        .collect();
        db.execute(format!(
            "CREATE TABLE {} ({} INTEGER PRIMARY KEY, {})",
            quote(&organizations.table),
            quote(&organizations.key),
            columns.join(", ")
        ))
        .await?;
    }
    for (_, model) in playbook.models() {
        let column = playbook.column(model);
        let absent = schema
            .table(&model.table)
            .is_some_and(|table| table.column(column).is_none());
        if absent {
            tolerate(
                db.execute(format!(
                    "ALTER TABLE {} ADD COLUMN {}",
                    quote(&model.table),
                    quote(column)
                ))
                .await,
            )?;
        }
    }
    for view in &schema.views {
        tolerate(db.execute(view.sql.as_str()).await)?;
    }
    db.commit().await
}

/// A table that cannot be made here, because it uses what only the application has, is left out;
/// SQL that names it is then reported, which is better than checking nothing.
fn tolerate(done: Result<u64, DbError>) -> Result<(), DbError> {
    match done {
        Ok(_) | Err(DbError::Statement { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// All SQL of a playbook as whole statements, with the keys that hold it.
fn statements(playbook: &Playbook, schema: &Schema) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (group_place, group) in playbook.groups.iter().enumerate() {
        for (place, model) in group.models.iter().enumerate() {
            let key = |last: &str| format!("groups.{group_place}.models.{place}.{last}");
            if schema.table(&model.table).is_none() {
                continue;
            }
            let table = schema.dialect.relation(&model.table);
            let over = |sql: &str| format!("SELECT {sql} FROM {table} AS t");
            if let Some(rule) = rule(playbook, schema, model) {
                found.push((key("organization"), over(&rule.sql())));
            }
            let expressions = [("candidates", &model.candidates), ("reason", &model.reason)];
            for (name, sql) in expressions {
                if let Some(sql) = sql {
                    found.push((key(name), over(&format!("({sql})"))));
                }
            }
        }
    }
    for (place, invariant) in playbook.invariants.iter().enumerate() {
        found.push((format!("invariants.{place}.sql"), invariant.sql.clone()));
    }
    for (place, query) in playbook.checks.queries.iter().enumerate() {
        let sql = query.sql.replace(":organization", "?1");
        found.push((format!("checks.queries.{place}.sql"), sql));
    }
    found
}
