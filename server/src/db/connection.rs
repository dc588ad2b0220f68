//! One dedicated connection to a target: open, execute, read, transactions.

use std::time::Duration;

use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::{DatabaseUrl, DbError, Dialect, Row, Statement};

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only; a write is refused by the database.
    Read,
    /// Reads and writes, foreign keys enforced.
    Write,
}

/// How long to wait for another writer before a statement gives up with [`DbError::Locked`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience(pub Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_millis(500))
    }
}

/// A dedicated connection to a target. Dropping it closes it and rolls back what was open.
#[derive(Debug)]
pub struct Connection {
    inner: Inner,
    url: DatabaseUrl,
}

#[derive(Debug)]
enum Inner {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Connection {
    /// Opens a target. Never creates a missing file; reads its header, so that what is not a
    /// database is refused here and not at the first statement.
    pub async fn open(url: &DatabaseUrl, access: Access) -> Result<Self, DbError> {
        Self::open_patiently(url, access, Patience::default()).await
    }

    /// As [`Connection::open`], with a chosen patience toward other writers.
    pub async fn open_patiently(
        url: &DatabaseUrl,
        access: Access,
        patience: Patience,
    ) -> Result<Self, DbError> {
        let inner = match url {
            DatabaseUrl::Sqlite(path) => Inner::Sqlite(Sqlite::open(path, access, patience).await?),
            DatabaseUrl::Postgres(address) => {
                Inner::Postgres(Box::new(Postgres::open(address, access, patience).await?))
            }
        };
        Ok(Self {
            inner,
            url: url.clone(),
        })
    }

    /// The address it was opened with.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The language of its statements.
    pub fn dialect(&self) -> Dialect {
        self.url.dialect()
    }

    /// Carries out one statement and answers how many rows it changed.
    pub async fn execute(&mut self, statement: impl Into<Statement>) -> Result<u64, DbError> {
        let statement = statement.into();
        match &mut self.inner {
            Inner::Sqlite(sqlite) => sqlite.execute(&statement).await,
            Inner::Postgres(postgres) => postgres.execute(&statement).await,
        }
    }

    /// All rows of an answer. For answers known to be small; see [`Connection::for_each`].
    pub async fn rows(&mut self, statement: impl Into<Statement>) -> Result<Vec<Row>, DbError> {
        let mut rows = Vec::new();
        self.for_each(statement, |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// The first row of an answer, if there is one.
    pub async fn row(&mut self, statement: impl Into<Statement>) -> Result<Option<Row>, DbError> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    /// The whole number in the first column of the first row; 0 when there is none.
    pub async fn count(&mut self, statement: impl Into<Statement>) -> Result<i64, DbError> {
        Ok(self.row(statement).await?.map_or(0, |row| row.integer(0)))
    }

    /// Gives each row of an answer to `visit` as it is read, so that memory stays bounded.
    pub async fn for_each(
        &mut self,
        statement: impl Into<Statement>,
        visit: impl FnMut(Row),
    ) -> Result<(), DbError> {
        let statement = statement.into();
        match &mut self.inner {
            Inner::Sqlite(sqlite) => sqlite.for_each(&statement, visit).await,
            Inner::Postgres(postgres) => postgres.for_each(&statement, visit).await,
        }
    }

    /// Prepares a statement without carrying it out: whether it names things that exist.
    pub async fn prepare(&mut self, sql: &str) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Sqlite(sqlite) => sqlite.prepare(sql).await,
            Inner::Postgres(postgres) => postgres.prepare(sql).await,
        }
    }

    /// Begins a transaction that will write. SQLite takes its one write lock at once, so that it
    /// cannot fail later for having read first; PostgreSQL locks what the statements touch.
    pub async fn begin_write(&mut self) -> Result<(), DbError> {
        let begin = match self.dialect() {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        };
        self.execute(begin).await.map(drop)
    }

    /// Begins a transaction that only reads: all its answers are of one moment.
    pub async fn begin_read(&mut self) -> Result<(), DbError> {
        let begin = match self.dialect() {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        self.execute(begin).await.map(drop)
    }

    /// Commits the open transaction.
    pub async fn commit(&mut self) -> Result<(), DbError> {
        self.execute("COMMIT").await.map(drop)
    }

    /// Rolls back the open transaction. A failure is not reported: the database has then already
    /// rolled back by itself, or the connection is gone, which does the same.
    pub async fn roll_back(&mut self) {
        let _ = self.execute("ROLLBACK").await;
    }

    /// Whether the statements that follow outside of a transaction wait for transactions that began before them.
    /// An index built beside its writers has to, and nobody queues behind it meanwhile: given up after the
    /// polite time, it would begin its work again and again. SQLite has no such statements.
    pub async fn outlast_transactions(&mut self, on: bool) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Sqlite(_) => Ok(()),
            Inner::Postgres(postgres) => postgres.outlast_transactions(on).await,
        }
    }

    /// Takes, in the open transaction, the lock on a table (its name quoted) under which it is read and written on, but not
    /// vacuumed nor altered. Nobody else queues behind it, so it is waited for until an autovacuum gives way: the server
    /// asks one to after its `deadlock_timeout`. SQLite has no such thing.
    pub async fn displace_vacuum(&mut self, relation: &str) -> Result<(), DbError> {
        match &mut self.inner {
            Inner::Sqlite(_) => Ok(()),
            Inner::Postgres(postgres) => postgres.displace_vacuum(relation).await,
        }
    }

    /// Switches the enforcement of foreign keys and reads the setting back. Inside a transaction
    /// SQLite ignores the switch silently; the answer is then an error rather than a cascade.
    /// PostgreSQL needs no such switch, and always enforces them.
    pub async fn enforce_foreign_keys(&mut self, on: bool) -> Result<(), DbError> {
        if self.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let wanted = i64::from(on);
        self.execute(format!("PRAGMA foreign_keys = {wanted}"))
            .await?;
        if self.count("PRAGMA foreign_keys").await? == wanted {
            return Ok(());
        }
        Err(DbError::Statement {
            detail: "enforcement of foreign keys could not be switched inside a transaction".into(),
            sql: "PRAGMA foreign_keys".into(),
        })
    }

    /// Closes the connection and waits until it is closed.
    pub async fn close(self) {
        match self.inner {
            Inner::Sqlite(sqlite) => sqlite.close().await,
            Inner::Postgres(postgres) => postgres.close().await,
        }
    }
}
