//! A table made again with another definition and the rows it had.

use std::collections::BTreeMap;

use super::{Edit, definition, write_edits};
use crate::db::{Row, Statement, quote};
use crate::engine::ddl::{self, DdlError};
use crate::engine::executor::session::{Halt, Session};
use crate::engine::inspect;
use crate::engine::schema::{Schema, Table};

/// The name of the table while it is made.
pub(super) fn scratch_name(table: &str) -> String {
    format!("switchyard_new_{table}")
}

/// The columns that are stored: generated ones are computed again.
pub(super) fn column_list(table: &Table) -> String {
    let stored: Vec<String> = (table.columns.iter())
        .filter(|column| !column.generated)
        .map(|column| quote(&column.name))
        .collect();
    stored.join(", ")
}

/// Makes a table again. The caller has switched the enforcement of foreign keys off before it
/// began the transaction; this is read back here.
pub(in crate::engine) async fn rebuild(
    session: &mut Session<'_>,
    table: &str,
    change: impl FnOnce(&str) -> Result<String, DdlError>,
) -> Result<(), Halt> {
    if session.count("PRAGMA foreign_keys").await? != 0 {
        return Err(Halt::Step(
            "The enforcement of foreign keys is on, and would delete child rows. Nothing was done."
                .into(),
        ));
    }
    let schema = inspect::inspect(session.db()).await?;
    let old = schema.table(table).ok_or_else(|| {
        Halt::Step(format!(
            "The table {table} is gone. Compile the plan again."
        ))
    })?;
    let before = definition(session, table).await?;
    let after = change(&before).map_err(|error| Halt::step(table, &error))?;
    let family = family(&schema, table);
    let counted = counts(session, &family).await?;
    let violations = violations(session, &family).await?;
    let dependents = dependents(session, old).await?;
    let sequence = sequence(session, old).await?;

    for dependent in dependents.iter().rev() {
        session.execute(dependent.drop()).await?;
    }
    copy(session, old, &after).await?;
    if let Some(sequence) = sequence {
        keep_sequence(session, table, sequence).await?;
    }
    // the rename quotes the name; the text shall be the application's own, changed in one place
    let renamed = definition(session, table).await?;
    let edit = Edit {
        table: table.to_owned(),
        before: renamed,
        after,
    };
    write_edits(session, &[edit]).await?;
    for index in &old.indexes {
        if let Some(sql) = &index.sql {
            session.execute(sql.as_str()).await?;
        }
    }
    for dependent in &dependents {
        session.execute(dependent.sql.as_str()).await?;
    }

    let kept = counts(session, &family).await?;
    if let Some((name, count)) = counted
        .iter()
        .find(|(name, count)| kept.get(*name) != Some(count))
    {
        let kept = kept.get(name).copied().unwrap_or(0);
        return Err(Halt::Step(format!(
            "{name} had {count} rows before and {kept} after. Everything was taken back."
        )));
    }
    let new: Vec<Violation> = (self::violations(session, &family).await?.into_iter())
        .filter(|violation| !violations.contains(violation))
        .collect();
    if let Some(violation) = new.first() {
        return Err(Halt::Step(format!(
            "A row of {} would reference nothing in {}. Everything was taken back.",
            violation.table, violation.parent
        )));
    }
    let answer = session
        .row(format!("PRAGMA integrity_check({})", quote(table)))
        .await?;
    match answer.as_ref().and_then(|row| row.text(0)) {
        Some("ok") => Ok(()),
        other => Err(Halt::Step(format!(
            "The new table does not pass the database's own check: {}. Everything was taken back.",
            other.unwrap_or("no answer")
        ))),
    }
}

async fn copy(session: &mut Session<'_>, old: &Table, after: &str) -> Result<(), Halt> {
    let made = scratch_name(&old.name);
    let create = ddl::rename(after, &made).map_err(|error| Halt::step(&old.name, &error))?;
    session.execute(create).await?;
    let mut columns = column_list(old);
    if needs_rowid(old) {
        columns = format!("rowid, {columns}");
    }
    session
        .execute(format!(
            "INSERT INTO {} ({columns}) SELECT {columns} FROM {}",
            quote(&made),
            quote(&old.name)
        ))
        .await?;
    session
        .execute(format!("DROP TABLE {}", quote(&old.name)))
        .await?;
    session
        .execute(format!(
            "ALTER TABLE {} RENAME TO {}",
            quote(&made),
            quote(&old.name)
        ))
        .await?;
    Ok(())
}

/// Whether the row ids must be copied on their own: the table has them, no column is their alias,
/// and no column hides the name.
fn needs_rowid(table: &Table) -> bool {
    let alias = table.key().len() == 1
        && table
            .column(&table.key()[0])
            .is_some_and(|column| column.declared_type.eq_ignore_ascii_case("integer"));
    table.rowid && !alias && table.column("rowid").is_none()
}

/// The table and every table that references it.
fn family(schema: &Schema, table: &str) -> Vec<String> {
    let mut family = vec![table.to_owned()];
    for (child, _) in schema.children(table) {
        if !family.contains(&child.name) {
            family.push(child.name.clone());
        }
    }
    family
}

async fn counts(
    session: &mut Session<'_>,
    tables: &[String],
) -> Result<BTreeMap<String, i64>, Halt> {
    let mut counts = BTreeMap::new();
    for table in tables {
        let count = session
            .count(format!("SELECT COUNT(*) FROM {}", quote(table)))
            .await?;
        counts.insert(table.clone(), count);
    }
    Ok(counts)
}

#[derive(Debug, Clone, PartialEq)]
struct Violation {
    table: String,
    row: Row,
    parent: String,
}

async fn violations(session: &mut Session<'_>, tables: &[String]) -> Result<Vec<Violation>, Halt> {
    let mut violations = Vec::new();
    for table in tables {
        let statement = format!("PRAGMA foreign_key_check({})", quote(table));
        for row in session.rows(statement).await? {
            violations.push(Violation {
                table: row.string(0),
                parent: row.string(2),
                row: Row(row.0),
            });
        }
    }
    Ok(violations)
}

/// A view or trigger that has to go while the table is made again.
struct Dependent {
    kind: String,
    name: String,
    sql: String,
}

impl Dependent {
    fn drop(&self) -> Statement {
        Statement::new(format!(
            "DROP {} IF EXISTS {}",
            self.kind.to_uppercase(),
            quote(&self.name)
        ))
    }
}

/// The views and triggers that mention the table, or mention one of those views, in the order
/// in which they were made.
async fn dependents(session: &mut Session<'_>, table: &Table) -> Result<Vec<Dependent>, Halt> {
    let statement = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
                     WHERE type IN ('view', 'trigger') ORDER BY rowid";
    let all = session.rows(statement).await?;
    let mut names = vec![table.name.clone()];
    let mut chosen = vec![false; all.len()];
    loop {
        let mut grew = false;
        for (at, row) in all.iter().enumerate() {
            let (sql, on) = (row.string(3), row.string(2));
            let touches = (names.iter())
                .any(|name| on.eq_ignore_ascii_case(name) || ddl::mentions(&sql, name));
            if !chosen[at] && touches {
                chosen[at] = true;
                grew = true;
                if row.text(0) == Some("view") {
                    names.push(row.string(1));
                }
            }
        }
        if !grew {
            break;
        }
    }
    Ok(all
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| *chosen)
        .map(|(row, _)| Dependent {
            kind: row.string(0),
            name: row.string(1),
            sql: row.string(3),
        })
        .collect())
}

/// The highest id that an `AUTOINCREMENT` key has ever given out.
async fn sequence(session: &mut Session<'_>, table: &Table) -> Result<Option<i64>, Halt> {
    if !table.autoincrement {
        return Ok(None);
    }
    let statement =
        Statement::new("SELECT seq FROM sqlite_sequence WHERE name = ?").bind(table.name.as_str());
    Ok(session.row(statement).await?.map(|row| row.integer(0)))
}

/// Puts it back: dropping the old table forgot it, and an id must never be given out twice.
async fn keep_sequence(session: &mut Session<'_>, table: &str, sequence: i64) -> Result<(), Halt> {
    session
        .execute(Statement::new("DELETE FROM sqlite_sequence WHERE name = ?").bind(table))
        .await?;
    session
        .execute(
            Statement::new("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)")
                .bind(table)
                .bind(sequence),
        )
        .await?;
    Ok(())
}
