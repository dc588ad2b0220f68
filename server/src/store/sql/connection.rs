//! Where a statement is carried out: in a writing transaction, on a connection that reads, or on any of those.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Postgres, Sqlite, Transaction};

/// A connection to the control store, in a transaction or not.
pub type Connection = dyn Session;

/// What statements are carried out on.
pub trait Session: std::fmt::Debug + Send {
    /// The driver's connection.
    fn driver(&mut self) -> Driver<'_>;
}

/// The connection of one driver.
#[derive(Debug)]
pub enum Driver<'c> {
    /// To a file.
    Sqlite(&'c mut SqliteConnection),
    /// To a server.
    Postgres(&'c mut PgConnection),
}

/// A transaction of one of the drivers.
pub enum Begun {
    /// In a file.
    Sqlite(Transaction<'static, Sqlite>),
    /// On a server.
    Postgres(Transaction<'static, Postgres>),
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "Sqlite",
            Self::Postgres(_) => "Postgres",
        })
    }
}

impl Begun {
    pub(in crate::store) async fn script(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(it) => sqlx::raw_sql(sql).execute(&mut **it).await.map(|_| ()),
            Self::Postgres(it) => sqlx::raw_sql(sql).execute(&mut **it).await.map(|_| ()),
        }
    }

    pub(in crate::store) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

impl Session for Begun {
    fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::Sqlite(transaction) => Driver::Sqlite(transaction),
            Self::Postgres(transaction) => Driver::Postgres(transaction),
        }
    }
}

/// A connection to read with, given back when it is dropped; give `&mut *reader` to a statement.
#[derive(Debug)]
pub enum Reader {
    /// To a file.
    Sqlite(PoolConnection<Sqlite>),
    /// To a server.
    Postgres(PoolConnection<Postgres>),
}

impl Session for Reader {
    fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::Sqlite(connection) => Driver::Sqlite(connection),
            Self::Postgres(connection) => Driver::Postgres(connection),
        }
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        self
    }
}

/// The connections that read.
#[derive(Debug, Clone)]
pub enum Readers {
    /// Of a file.
    Sqlite(SqlitePool),
    /// Of a server.
    Postgres(PgPool),
}

impl Readers {
    pub(in crate::store) async fn acquire(&self) -> Result<Reader, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => Reader::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }
}

/// Where a statement is carried out.
#[derive(Debug)]
pub enum Source<'c> {
    /// On this connection.
    Connection(&'c mut Connection),
    /// On any that is free; for one statement that reads.
    Readers(&'c Readers),
}

impl<'c> From<&'c mut Connection> for Source<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl<'c> From<&'c Readers> for Source<'c> {
    fn from(readers: &'c Readers) -> Self {
        Self::Readers(readers)
    }
}
