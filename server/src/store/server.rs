//! The control store in a database of a PostgreSQL server.
//!
//! Writing transactions follow each other there as they do in a file: each one first takes the advisory lock
//! [`WRITE_LOCK`]. So what is read and then written in one transaction (the end of the audit chain, the next number of
//! a run, an open run) cannot change in between, whoever else writes, and the rule is the same for both databases.
//! A control store is written a few times a second; serializable transactions would buy nothing and would have to be
//! repeated by every caller.
//!
//! One console serves from a store at a time: what it keeps in memory and the loops that it runs are not shared. Each
//! of its writing transactions makes sure of it with the lock [`CONSOLE_LOCK`], which belongs to the connection that
//! writes: a console whose connection was lost cannot write once another one has begun.

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use super::sql::{Begun, Readers};
use super::{BUSY_TIMEOUT, READERS, Store, StoreError, WriteTx, Writer, migrate};
use crate::db::{self, Access, DatabaseUrl, PostgresAddress};

/// Held by a transaction that writes: "switchyd" as a number.
const WRITE_LOCK: i64 = 0x7377_6974_6368_7964;
/// Held by the console that serves: "switchyc" as a number.
const CONSOLE_LOCK: i64 = 0x7377_6974_6368_7963;

/// Who opens a control store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// The console that serves from it.
    Console,
    /// A command beside it.
    Command,
}

/// The one connection that writes, and for whom.
#[derive(Debug, Clone)]
pub(super) struct ServerWriter {
    pool: PgPool,
    opener: Opener,
    place: String,
}

impl ServerWriter {
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        if self.opener == Opener::Console {
            // a lock of the session: taking it again costs nothing and tells that it is still ours
            let ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(CONSOLE_LOCK)
                .fetch_one(&mut *transaction)
                .await?;
            if !ours {
                return Err(StoreError::Served {
                    place: self.place.clone(),
                });
            }
        }
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(WRITE_LOCK)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Opens it, makes its tables when there are none, and brings its schema up to date.
pub(super) async fn open(address: &PostgresAddress, opener: Opener) -> Result<Store, StoreError> {
    let place = address.to_string();
    // tells a wrong password, an unknown host, a standby and an old server apart
    db::Connection::open(&DatabaseUrl::Postgres(address.clone()), Access::Write)
        .await?
        .close()
        .await;
    let options = address.options()?.application_name("switchyard console");
    let pool = |connections: u32, read_only: &'static str| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(BUSY_TIMEOUT)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(read_only).execute(&mut *connection).await?;
                    // what a role or a database sets must not decide about it
                    sqlx::raw_sql(
                        "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                         SET idle_in_transaction_session_timeout = '30s'; \
                         SET synchronous_commit = on; SET client_min_messages = warning",
                    )
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
    };
    let writer = ServerWriter {
        // kept for good: the right to serve belongs to this connection
        pool: pool(1, "SET default_transaction_read_only = off")
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?,
        opener,
        place: place.clone(),
    };
    migrate::bring_up_to_date(WriteTx(Begun::Postgres(writer.begin().await?)), &place).await?;
    let readers = pool(READERS, "SET default_transaction_read_only = on")
        .connect_with(options)
        .await?;
    Ok(Store {
        writer: Writer::Postgres(writer),
        readers: Readers::Postgres(readers),
    })
}
