//! The two ways to change a table that SQLite cannot alter: its definition edited in place, or
//! the table made again with its rows copied. Both work inside the step's transaction.
//!
//! Making a table again drops the old one, and with foreign keys enforced that deletes its rows
//! first: child rows vanish by `ON DELETE CASCADE`, and no check afterwards can tell. So the
//! enforcement is off before the transaction begins, and the rows of every child table are
//! counted before and after.

mod copy;

use super::ddl::{self, DdlError};
use super::executor::session::{Halt, Session};
use super::schema::Table;
use crate::db::{Statement, quote};

pub(super) use copy::rebuild;

/// The statements of an edit in place, for people.
pub(super) fn shown_in_place(table: &str, before: &str, after: &str) -> Vec<Statement> {
    vec![
        Statement::new("PRAGMA writable_schema = ON"),
        replacing(table, before, after),
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

/// An edit of a table's definition in place. Nothing but its text changes: no row is touched.
pub(super) struct Edit {
    table: String,
    before: String,
    after: String,
}

/// The edit of a table's definition, as it is now. It counts when it is written, which is due in the same transaction.
pub(super) async fn edit(
    session: &mut Session<'_>,
    table: &str,
    change: impl FnOnce(&str) -> Result<String, DdlError>,
) -> Result<Edit, Halt> {
    let before = definition(session, table).await?;
    let after = change(&before).map_err(|error| Halt::step(table, &error))?;
    let table = table.to_owned();
    Ok(Edit {
        table,
        before,
        after,
    })
}

/// Writes edits and makes every connection read the definitions again. Reading all of them takes milliseconds on a large
/// schema, so it is done once for the edits of a transaction.
pub(super) async fn write_edits(session: &mut Session<'_>, edits: Vec<Edit>) -> Result<(), Halt> {
    if edits.is_empty() {
        return Ok(());
    }
    set_definitions(session, &edits).await?;
    read_again(session).await
}

/// Makes every connection read the definitions again.
async fn read_again(session: &mut Session<'_>) -> Result<(), Halt> {
    let version = session.count("PRAGMA schema_version").await?;
    let next = format!("PRAGMA schema_version = {}", version + 1);
    session.execute(next).await.map(drop)
}

/// Replaces the text of definitions.
async fn set_definitions(session: &mut Session<'_>, edits: &[Edit]) -> Result<(), Halt> {
    session.execute("PRAGMA writable_schema = ON").await?;
    let edited = replace_texts(session, edits).await;
    // the setting is the connection's, not the transaction's
    session.execute("PRAGMA writable_schema = OFF").await?;
    edited
}

async fn replace_texts(session: &mut Session<'_>, edits: &[Edit]) -> Result<(), Halt> {
    for edit in edits.iter().filter(|edit| edit.before != edit.after) {
        if session.execute(edit.statement()).await? != 1 {
            return Err(Halt::Step(format!(
                "The definition of {} is not where it was expected. Check that no other program \
                 changes the schema, and try again.",
                edit.table
            )));
        }
    }
    Ok(())
}

impl Edit {
    fn statement(&self) -> Statement {
        replacing(&self.table, &self.before, &self.after)
    }
}

fn replacing(table: &str, before: &str, after: &str) -> Statement {
    Statement::new("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ? AND sql = ?")
        .bind(after)
        .bind(table)
        .bind(before)
}

/// The text of a table's definition as it is now.
pub(super) async fn definition(session: &mut Session<'_>, table: &str) -> Result<String, Halt> {
    let statement =
        Statement::new("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?")
            .bind(table);
    let row = session.row(statement).await?;
    row.map(|row| row.string(0)).ok_or_else(|| {
        Halt::Step(format!(
            "The table {table} is gone. Restore it, or compile the plan again."
        ))
    })
}
