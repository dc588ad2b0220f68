//! The SQLite arm: the driver's options, its rows and its error codes.

#![expect(
    clippy::disallowed_types,
    reason = "the one place where dynamic SQL is handed to the driver"
)]

use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, Executor, Row as _, SqlSafeStr,
    SqliteConnection, TypeInfo, ValueRef,
};

use super::{Access, DbError, Patience, Row, Statement, Value};

/// A connection to a SQLite file.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: SqliteConnection,
    path: PathBuf,
}

impl Sqlite {
    /// Opens an existing file. The journal mode and everything else that is stored in the file
    /// stay as the application has them.
    pub(super) async fn open(
        path: &Path,
        access: Access,
        patience: Patience,
    ) -> Result<Self, DbError> {
        super::existing_file(path)?;
        let connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .read_only(access == Access::Read)
            .busy_timeout(patience.0)
            .foreign_keys(true)
            .disable_statement_logging()
            .connect()
            .await
            .map_err(|error| refine(path, "open", error))?;
        let mut opened = Self {
            connection,
            path: path.to_owned(),
        };
        // SQLite reads nothing of the file until it is asked
        opened
            .for_each(&Statement::new("SELECT COUNT(*) FROM sqlite_schema"), drop)
            .await?;
        Ok(opened)
    }

    pub(super) async fn execute(&mut self, statement: &Statement) -> Result<u64, DbError> {
        let done = query(statement)
            .execute(&mut self.connection)
            .await
            .map_err(|error| refine(&self.path, &statement.sql, error))?;
        Ok(done.rows_affected())
    }

    pub(super) async fn for_each(
        &mut self,
        statement: &Statement,
        mut visit: impl FnMut(Row),
    ) -> Result<(), DbError> {
        let mut rows = query(statement).fetch(&mut self.connection);
        while let Some(row) = rows
            .try_next()
            .await
            .map_err(|error| refine(&self.path, &statement.sql, error))?
        {
            let row = read(&row).map_err(|error| refine(&self.path, &statement.sql, error))?;
            visit(row);
        }
        Ok(())
    }

    pub(super) async fn prepare(&mut self, sql: &str) -> Result<(), DbError> {
        let text = AssertSqlSafe(sql.to_owned()).into_sql_str();
        (&mut self.connection)
            .prepare(text)
            .await
            .map(drop)
            .map_err(|error| refine(&self.path, sql, error))
    }

    pub(super) async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// A statement for the driver. Not kept in its cache: the schema changes under it.
fn query(
    statement: &Statement,
) -> sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let mut query = sqlx::query(AssertSqlSafe(statement.sql.clone())).persistent(false);
    for value in &statement.values {
        query = match value {
            Value::Null => query.bind(None::<i64>),
            Value::Integer(number) => query.bind(*number),
            Value::Real(number) => query.bind(*number),
            Value::Text(text) => query.bind(text.clone()),
            Value::Blob { blob } => query.bind(blob.clone()),
        };
    }
    query
}

/// Reads a row by the storage class of each value, not by the declared type of its column:
/// SQLite lets any column hold any value, and what we copy or compare must be what is there.
fn read(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let mut values = Vec::with_capacity(row.len());
    for column in 0..row.len() {
        let raw = row.try_get_raw(column)?;
        if raw.is_null() {
            values.push(Value::Null);
            continue;
        }
        let class = raw.type_info();
        values.push(match class.name() {
            "INTEGER" => Value::Integer(row.try_get_unchecked(column)?),
            "REAL" => Value::Real(row.try_get_unchecked(column)?),
            "TEXT" => match row.try_get_unchecked::<String, _>(column) {
                Ok(text) => Value::Text(text),
                Err(_) => Value::Blob {
                    blob: row.try_get_unchecked(column)?,
                },
            },
            _ => Value::Blob {
                blob: row.try_get_unchecked(column)?,
            },
        });
    }
    Ok(Row(values))
}

/// Tells the driver's errors apart by SQLite's primary result code.
fn refine(path: &Path, sql: &str, error: sqlx::Error) -> DbError {
    let sqlx::Error::Database(database) = &error else {
        return DbError::Storage {
            path: path.display().to_string(),
            detail: error.to_string(),
        };
    };
    let code: i32 = database
        .code()
        .and_then(|code| code.parse().ok())
        .unwrap_or(1);
    DbError::from_sqlite(code, path, sql, database.message().to_owned())
}
