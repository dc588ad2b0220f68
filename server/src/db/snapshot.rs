//! A SQLite target at one moment: one read transaction that all answers and the page copy share.
//! It blocks, so callers run it off the async threads; it never writes to the target.
//!
//! The asynchronous driver can neither copy pages within an open transaction nor keep two answers
//! open side by side. Both drivers are linked to the same SQLite, so locks and files are safe.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::{DbError, Row, Statement, Value};

/// How long a snapshot waits for a lock of a database that is not in WAL mode.
const PATIENCE: Duration = Duration::from_secs(5);

/// A target at one moment. The moment ends when it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    connection: Connection,
    path: PathBuf,
}

impl Snapshot {
    /// Opens an existing file read-only and fixes the moment.
    pub fn open(path: &Path) -> Result<Self, DbError> {
        super::existing_file(path)?;
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch("BEGIN")?;
            // the transaction starts with the first read, not with BEGIN
            connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        })
        .map_err(|error| refine(path, "open", error))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Prepares a statement whose rows are then read one by one.
    pub fn reader(&self, statement: &Statement) -> Result<Reader<'_>, DbError> {
        let prepared = self
            .connection
            .prepare(&statement.sql)
            .map_err(|error| refine(&self.path, &statement.sql, error))?;
        Ok(Reader {
            prepared,
            statement: statement.clone(),
            path: &self.path,
        })
    }

    /// All rows of an answer known to be small.
    pub fn rows(&self, statement: impl Into<Statement>) -> Result<Vec<Row>, DbError> {
        let mut reader = self.reader(&statement.into())?;
        let mut rows = reader.rows()?;
        let mut all = Vec::new();
        while let Some(fields) = rows.next_row()? {
            all.push(fields.to_row());
        }
        Ok(all)
    }

    /// The whole number in the first column of the first row; 0 when there is none.
    pub fn count(&self, statement: impl Into<Statement>) -> Result<i64, DbError> {
        Ok(self
            .rows(statement)?
            .first()
            .map_or(0, |row| row.integer(0)))
    }

    /// Copies every page of this moment into a new file, which must not exist. The copy is not
    /// in WAL mode, so that it is one file. `watch` hears pages copied and pages in all, and may
    /// break off; the answer is then `false` and the file is incomplete.
    pub fn copy_to(
        &self,
        file: &Path,
        watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<bool, DbError> {
        super::replace::copy_out(&self.connection, file, watch)
    }
}

/// A prepared statement of a snapshot.
#[derive(Debug)]
pub struct Reader<'s> {
    prepared: rusqlite::Statement<'s>,
    statement: Statement,
    path: &'s Path,
}

impl Reader<'_> {
    /// Starts reading from the first row.
    pub fn rows(&mut self) -> Result<Rows<'_>, DbError> {
        let values = self.statement.values.iter().map(bindable);
        let rows = self
            .prepared
            .query(params_from_iter(values))
            .map_err(|error| refine(self.path, &self.statement.sql, error))?;
        Ok(Rows {
            rows,
            sql: &self.statement.sql,
            path: self.path,
        })
    }
}

/// The rows of a reader.
pub struct Rows<'r> {
    rows: rusqlite::Rows<'r>,
    sql: &'r str,
    path: &'r Path,
}

impl Rows<'_> {
    /// The next row; none after the last.
    pub fn next_row(&mut self) -> Result<Option<Fields<'_>>, DbError> {
        match self.rows.next() {
            Ok(row) => Ok(row.map(Fields)),
            Err(error) => Err(refine(self.path, self.sql, error)),
        }
    }
}

/// The values of one row, borrowed from the database.
#[derive(Clone, Copy)]
pub struct Fields<'r>(&'r rusqlite::Row<'r>);

impl Fields<'_> {
    /// The value of a column by position; NULL when there is no such column.
    pub fn get(&self, column: usize) -> Field<'_> {
        match self.0.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Field::Integer(number),
            Ok(ValueRef::Real(number)) => Field::Real(number),
            Ok(ValueRef::Text(bytes)) => Field::Text(bytes),
            Ok(ValueRef::Blob(bytes)) => Field::Blob(bytes),
            Ok(ValueRef::Null) | Err(_) => Field::Null,
        }
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.0.as_ref().column_count()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as a row of their own.
    pub fn to_row(&self) -> Row {
        Row((0..self.len())
            .map(|column| self.get(column).to_value())
            .collect())
    }
}

/// A value as the database stores it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'r> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// The bytes of a text; not always UTF-8.
    Text(&'r [u8]),
    /// Bytes.
    Blob(&'r [u8]),
}

impl<'r> From<&'r Value> for Field<'r> {
    fn from(value: &'r Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(number) => Self::Integer(*number),
            Value::Real(number) => Self::Real(*number),
            Value::Text(text) => Self::Text(text.as_bytes()),
            Value::Blob { blob } => Self::Blob(blob),
        }
    }
}

impl Field<'_> {
    /// The value, owned.
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(number),
            Self::Real(number) => Value::Real(number),
            Self::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(_) => Value::Blob {
                    blob: bytes.to_owned(),
                },
            },
            Self::Blob(bytes) => Value::Blob {
                blob: bytes.to_owned(),
            },
        }
    }

    /// The order that `ORDER BY ... COLLATE BINARY` gives: NULL, numbers, texts, bytes.
    pub fn order(self, other: Field<'_>) -> Ordering {
        match (self, other) {
            (Field::Null, Field::Null) => Ordering::Equal,
            (Field::Integer(left), Field::Integer(right)) => left.cmp(&right),
            (Field::Real(left), Field::Real(right)) => left.total_cmp(&right),
            (Field::Integer(left), Field::Real(right)) => whole_and_real(left, right),
            (Field::Real(left), Field::Integer(right)) => whole_and_real(right, left).reverse(),
            (Field::Text(left), Field::Text(right)) | (Field::Blob(left), Field::Blob(right)) => {
                left.cmp(right)
            }
            (left, right) => left.class().cmp(&right.class()),
        }
    }

    fn class(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Blob(_) => 3,
        }
    }
}

/// Compares without the loss that turning a large whole number into a real one would bring.
fn whole_and_real(whole: i64, real: f64) -> Ordering {
    // 2^63 and beyond is out of reach of every i64
    if real >= 9_223_372_036_854_775_808.0 {
        return Ordering::Less;
    }
    if real < -9_223_372_036_854_775_808.0 {
        return Ordering::Greater;
    }
    let floor = real.floor();
    whole.cmp(&(floor as i64)).then(if real > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    })
}

fn bindable(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(number) => rusqlite::types::Value::Integer(*number),
        Value::Real(number) => rusqlite::types::Value::Real(*number),
        Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
        Value::Blob { blob } => rusqlite::types::Value::Blob(blob.clone()),
    }
}

pub(super) fn refine(path: &Path, sql: &str, error: rusqlite::Error) -> DbError {
    match &error {
        rusqlite::Error::SqliteFailure(code, message) => {
            let detail = message.clone().unwrap_or_else(|| code.to_string());
            DbError::from_sqlite(code.extended_code, path, sql, detail)
        }
        _ => DbError::Storage {
            path: path.display().to_string(),
            detail: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_ordered_as_the_database_orders_them() {
        let ordered = [
            Field::Null,
            Field::Integer(i64::MIN),
            Field::Real(-0.5),
            Field::Integer(0),
            Field::Real(0.5),
            Field::Integer(9_007_199_254_740_993),
            Field::Integer(i64::MAX),
            Field::Real(1e300),
            Field::Text(b"A"),
            Field::Text(b"a"),
            Field::Blob(b"A"),
        ];
        for (place, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(left.order(*right), place.cmp(&other), "{left:?} {right:?}");
            }
        }
    }
}
