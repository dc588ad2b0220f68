//! The two ways to change a table that SQLite cannot alter: its definition edited in place, or
//! the table made again with its rows copied. Both work inside the step's transaction.
//!
//! Making a table again drops the old one, and with foreign keys enforced that deletes its rows
//! first: child rows vanish by `ON DELETE CASCADE`, and no check afterwards can tell. So the
//! enforcement is off before the transaction begins, and the rows of every child table are
//! counted before and after.

mod copy;

use std::collections::HashMap;

use super::ddl::{self, DdlError};
use super::executor::session::{Halt, Session};
use super::schema::Table;
use crate::db::{Statement, quote};

pub(super) use copy::rebuild;

/// How many definitions one statement is about.
const TOGETHER: usize = 100;

/// The statements of an edit in place, for people.
pub(super) fn shown_in_place(table: &str, before: &str, after: &str) -> Vec<Statement> {
    vec![
        Statement::new("PRAGMA writable_schema = ON"),
        Statement::new(
            "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ? AND sql = ?",
        )
        .bind(after)
        .bind(table)
        .bind(before),
        Statement::new("PRAGMA schema_version = (the next number)"),
        Statement::new("PRAGMA writable_schema = OFF"),
    ]
}

/// The main statements of a rebuild, for people.
pub(super) fn shown(table: &Table, after: &str) -> Vec<Statement> {
    let made = copy::scratch_name(&table.name);
    let columns = copy::column_list(table);
    vec![
        Statement::new("PRAGMA foreign_keys = OFF"),
        Statement::new(ddl::rename(after, &made).unwrap_or_default()),
        Statement::new(format!(
            "INSERT INTO {} ({columns}) SELECT {columns} FROM {}",
            quote(&made),
            quote(&table.name)
        )),
        Statement::new(format!("DROP TABLE {}", quote(&table.name))),
        Statement::new(format!(
            "ALTER TABLE {} RENAME TO {}",
            quote(&made),
            quote(&table.name)
        )),
        Statement::new("PRAGMA foreign_keys = ON"),
    ]
}

/// A change of a table's definition that is made by an edit of its text: no row is touched.
pub(super) struct Change {
    pub table: String,
    pub column: String,
    /// Whether the column is required afterwards, or may be empty.
    pub required: bool,
}

impl Change {
    fn made_in(&self, sql: &str) -> Result<String, DdlError> {
        match self.required {
            true => ddl::set_not_null(sql, &self.column),
            false => ddl::set_nullable(sql, &self.column),
        }
    }
}

/// The text of a table's definition, before and after.
struct Edit {
    table: String,
    before: String,
    after: String,
}

/// Makes changes and has every connection read the definitions again. Each statement looks through a large schema, and
/// reading it again takes milliseconds, so all changes of a transaction are made together.
pub(super) async fn make_changes(
    session: &mut Session<'_>,
    changes: Vec<Change>,
) -> Result<(), Halt> {
    for changes in changes.chunks(TOGETHER) {
        let edits = edits(session, changes).await?;
        write_edits(session, &edits).await?;
    }
    Ok(())
}

/// What changes come to, by the definitions as they are now.
async fn edits(session: &mut Session<'_>, changes: &[Change]) -> Result<Vec<Edit>, Halt> {
    let mut texts = definitions(session, changes).await?;
    let mut edits: Vec<Edit> = Vec::new();
    for change in changes {
        let table = change.table.as_str();
        let Some(before) = texts.get(table) else {
            return Err(gone(table));
        };
        let after = change
            .made_in(before)
            .map_err(|error| Halt::step(table, &error))?;
        match edits.iter_mut().find(|edit| edit.table == table) {
            Some(edit) => edit.after.clone_from(&after),
            None => edits.push(Edit {
                table: table.to_owned(),
                before: before.clone(),
                after: after.clone(),
            }),
        }
        texts.insert(table.to_owned(), after);
    }
    Ok(edits)
}

async fn definitions(
    session: &mut Session<'_>,
    changes: &[Change],
) -> Result<HashMap<String, String>, Halt> {
    let mut statement = Statement::new(format!(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name IN ({})",
        vec!["?"; changes.len()].join(", ")
    ));
    for change in changes {
        statement = statement.bind(change.table.as_str());
    }
    let rows = session.rows(statement).await?;
    Ok((rows.iter())
        .map(|row| (row.string(0), row.string(1)))
        .collect())
}

/// Writes edits and makes every connection read the definitions again.
async fn write_edits(session: &mut Session<'_>, edits: &[Edit]) -> Result<(), Halt> {
    session.execute("PRAGMA writable_schema = ON").await?;
    let edited = replace_texts(session, edits).await;
    // the setting is the connection's, not the transaction's
    session.execute("PRAGMA writable_schema = OFF").await?;
    edited?;
    let version = session.count("PRAGMA schema_version").await?;
    let next = format!("PRAGMA schema_version = {}", version + 1);
    session.execute(next).await.map(drop)
}

async fn replace_texts(session: &mut Session<'_>, edits: &[Edit]) -> Result<(), Halt> {
    let changed: Vec<&Edit> = (edits.iter())
        .filter(|edit| edit.before != edit.after)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let written = session.execute(replacing(&changed)).await?;
    if usize::try_from(written) != Ok(changed.len()) {
        let tables: Vec<&str> = changed.iter().map(|edit| edit.table.as_str()).collect();
        return Err(Halt::Step(format!(
            "The definition of {} is not where it was expected. Check that no other program \
             changes the schema, and try again.",
            tables.join(" or ")
        )));
    }
    Ok(())
}

/// One statement for all edits, each of which only takes the text that it was made from.
fn replacing(edits: &[&Edit]) -> Statement {
    let texts = vec!["WHEN ? THEN ?"; edits.len()].join(" ");
    let places = vec!["(?, ?)"; edits.len()].join(", ");
    let mut statement = Statement::new(format!(
        "UPDATE sqlite_schema SET sql = CASE name {texts} END \
         WHERE type = 'table' AND (name, sql) IN (VALUES {places})"
    ));
    for edit in edits {
        statement = statement
            .bind(edit.table.as_str())
            .bind(edit.after.as_str());
    }
    for edit in edits {
        statement = statement
            .bind(edit.table.as_str())
            .bind(edit.before.as_str());
    }
    statement
}

/// The text of a table's definition as it is now.
pub(super) async fn definition(session: &mut Session<'_>, table: &str) -> Result<String, Halt> {
    let statement =
        Statement::new("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
            .bind(table);
    let row = session.row(statement).await?;
    row.map(|row| row.string(0)).ok_or_else(|| gone(table))
}

fn gone(table: &str) -> Halt {
    Halt::Step(format!(
        "The table {table} is gone. Restore it, or compile the plan again."
    ))
}
