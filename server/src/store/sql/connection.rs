//! Where a statement is carried out: one connection, or any of those that read.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{Database, Postgres, Sqlite, Transaction};

/// A connection to the control store, in a transaction or not.
#[derive(Debug)]
pub enum Connection {
    /// To a file.
    Sqlite(Held<Sqlite>),
    /// To a server.
    Postgres(Held<Postgres>),
}

impl Connection {
    /// Carries out several statements without values, such as those of a new schema version.
    ///
    /// # Errors
    /// What the database says.
    pub async fn script(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(held) => sqlx::raw_sql(sql).execute(&mut **held).await.map(|_| ()),
            Self::Postgres(held) => sqlx::raw_sql(sql).execute(&mut **held).await.map(|_| ()),
        }
    }
}

/// How a connection is held.
pub enum Held<D: Database> {
    /// Inside a transaction, which ends with it.
    Transaction(Transaction<'static, D>),
    /// For single statements.
    Pooled(PoolConnection<D>),
}

impl<D: Database> std::fmt::Debug for Held<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Transaction(_) => "Transaction",
            Self::Pooled(_) => "Pooled",
        })
    }
}

impl<D: Database> Deref for Held<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Pooled(connection) => connection,
        }
    }
}

impl<D: Database> DerefMut for Held<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Pooled(connection) => connection,
        }
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
