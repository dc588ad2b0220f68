//! Statements of the control store, on SQLite and on PostgreSQL with the same text.
//!
//! The names and the chain of calls are those of sqlx: `query(sql).bind(value).fetch_one(connection)`. `sqlx::Any` would
//! give the same, but it neither reads the flags (0 or 1) that this schema keeps nor unsigned numbers, and it forgets
//! the options of SQLite (journal, durability) that are no part of an address. Text uses `$1`, which both understand.

mod connection;
mod row;
mod value;

pub(super) use connection::Begun;
pub use connection::{Connection, Driver, Reader, Readers, Session, Source};
pub use row::{Column, Row, Tuple};
pub use value::{Bind, Value};

use futures_util::stream::{BoxStream, StreamExt as _};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Postgres, Sqlite};

/// What a statement that answers no rows did.
#[derive(Debug, Clone, Copy)]
pub struct Done(u64);

impl Done {
    /// Rows that it inserted, changed or removed.
    pub fn rows_affected(self) -> u64 {
        self.0
    }
}

/// A statement with its values.
#[derive(Debug)]
#[must_use = "a statement does nothing until it is executed"]
pub struct Query {
    sql: &'static str,
    values: Vec<Value>,
}

/// A statement.
pub fn query(sql: &'static str) -> Query {
    Query {
        sql,
        values: Vec::new(),
    }
}

impl Query {
    /// The next value, `$1` first.
    pub fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.value());
        self
    }

    /// Carries it out.
    ///
    /// # Errors
    /// What the database says.
    pub async fn execute<'c>(self, on: impl Into<Source<'c>>) -> Result<Done, sqlx::Error> {
        Ok(Done(match on.into() {
            Source::Connection(connection) => match connection.driver() {
                Driver::Sqlite(on) => self.sqlite().execute(on).await?.rows_affected(),
                Driver::Postgres(on) => self.postgres().execute(on).await?.rows_affected(),
            },
            Source::Readers(Readers::Sqlite(on)) => {
                self.sqlite().execute(on).await?.rows_affected()
            }
            Source::Readers(Readers::Postgres(on)) => {
                self.postgres().execute(on).await?.rows_affected()
            }
        }))
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fetch_optional<'c>(
        self,
        on: impl Into<Source<'c>>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(match on.into() {
            Source::Connection(connection) => match connection.driver() {
                Driver::Sqlite(on) => self.sqlite().fetch_optional(on).await?.map(Row::Sqlite),
                Driver::Postgres(on) => {
                    self.postgres().fetch_optional(on).await?.map(Row::Postgres)
                }
            },
            Source::Readers(Readers::Sqlite(on)) => {
                self.sqlite().fetch_optional(on).await?.map(Row::Sqlite)
            }
            Source::Readers(Readers::Postgres(on)) => {
                self.postgres().fetch_optional(on).await?.map(Row::Postgres)
            }
        })
    }

    /// The first row.
    ///
    /// # Errors
    /// What the database says; [`sqlx::Error::RowNotFound`] when there is none.
    pub async fn fetch_one<'c>(self, on: impl Into<Source<'c>>) -> Result<Row, sqlx::Error> {
        self.fetch_optional(on)
            .await?
            .ok_or(sqlx::Error::RowNotFound)
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fetch_all<'c>(self, on: impl Into<Source<'c>>) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match on.into() {
            Source::Connection(connection) => match connection.driver() {
                Driver::Sqlite(on) => Row::sqlite(self.sqlite().fetch_all(on).await?),
                Driver::Postgres(on) => Row::postgres(self.postgres().fetch_all(on).await?),
            },
            Source::Readers(Readers::Sqlite(on)) => Row::sqlite(self.sqlite().fetch_all(on).await?),
            Source::Readers(Readers::Postgres(on)) => {
                Row::postgres(self.postgres().fetch_all(on).await?)
            }
        })
    }

    /// All rows, one after the other.
    pub fn fetch(self, on: &mut Connection) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        match on.driver() {
            Driver::Sqlite(on) => self
                .sqlite()
                .fetch(on)
                .map(|row| row.map(Row::Sqlite))
                .boxed(),
            Driver::Postgres(on) => self
                .postgres()
                .fetch(on)
                .map(|row| row.map(Row::Postgres))
                .boxed(),
        }
    }

    fn sqlite(self) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
        self.values
            .into_iter()
            .fold(sqlx::query(self.sql), |query, value| match value {
                Value::Whole(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            })
    }

    fn postgres(self) -> sqlx::query::Query<'static, Postgres, PgArguments> {
        self.values
            .into_iter()
            .fold(sqlx::query(self.sql), |query, value| match value {
                Value::Whole(number) => query.bind(number),
                Value::Real(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            })
    }
}

/// A statement whose rows are read as `T`.
#[derive(Debug)]
#[must_use = "a statement does nothing until it is executed"]
pub struct QueryOf<T> {
    query: Query,
    read: fn(&Row) -> Result<T, sqlx::Error>,
}

/// A statement whose rows are tuples.
pub fn query_as<T: Tuple>(sql: &'static str) -> QueryOf<T> {
    QueryOf {
        query: query(sql),
        read: T::of_row,
    }
}

/// A statement whose rows are one value.
pub fn query_scalar<T>(sql: &'static str) -> QueryOf<T>
where
    T: for<'r> Column<'r>,
{
    QueryOf {
        query: query(sql),
        read: |row| row.try_get(0),
    }
}

impl<T> QueryOf<T> {
    /// The next value, `$1` first.
    pub fn bind(mut self, value: impl Bind) -> Self {
        self.query = self.query.bind(value);
        self
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fetch_optional<'c>(
        self,
        on: impl Into<Source<'c>>,
    ) -> Result<Option<T>, sqlx::Error> {
        let row = self.query.fetch_optional(on).await?;
        row.as_ref().map(self.read).transpose()
    }

    /// The first row.
    ///
    /// # Errors
    /// What the database says; [`sqlx::Error::RowNotFound`] when there is none.
    pub async fn fetch_one<'c>(self, on: impl Into<Source<'c>>) -> Result<T, sqlx::Error> {
        (self.read)(&self.query.fetch_one(on).await?)
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn fetch_all<'c>(self, on: impl Into<Source<'c>>) -> Result<Vec<T>, sqlx::Error> {
        let rows = self.query.fetch_all(on).await?;
        rows.iter().map(self.read).collect()
    }
}
