//! The control store in a database of a PostgreSQL server, which several consoles may share.
//!
//! Writing transactions follow each other there as they do in a file: each one first takes the advisory lock
//! [`WRITE_LOCK`]. So what is read and then written in one transaction (the end of the audit chain, the next number of
//! a run, an open run) cannot change in between, whoever else writes, and the rule is the same for both databases.
//! A control store is written a few times a second; serializable transactions would buy nothing and would have to be
//! repeated by every caller.
//!
//! Each console holds [`PRESENT_LOCK`] together with the others for as long as its writing connection lives. A console
//! that starts can tell by it whether it is alone: only then the schema may change, and only a console with the same
//! data directory may join others, because keys and backups lie there.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use super::shared::Shared;
use super::sql::{self, Begun, Readers};
use super::{BUSY_TIMEOUT, READERS, Store, StoreError, WriteTx, Writer, migrate};
use crate::db::{self, Access, DatabaseUrl, PostgresAddress};
use crate::key_file;

/// Held by a transaction that writes: "switchyd" as a number.
pub(super) const WRITE_LOCK: i64 = 0x7377_6974_6368_7964;
/// Held by every console that serves, shared: "switchyc" as a number.
pub(super) const PRESENT_LOCK: i64 = 0x7377_6974_6368_7963;
/// Connections for work that excludes other consoles, and one that listens to them.
const SHARED: u32 = 16;

/// Who opens a control store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opener {
    /// A console that serves from it.
    Console {
        /// Its data directory.
        data: PathBuf,
    },
    /// A command beside it.
    Command,
}

/// The one connection that writes.
#[derive(Debug, Clone)]
pub(super) struct ServerWriter {
    pool: PgPool,
}

impl ServerWriter {
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await?;
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

/// What every connection is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Write { present: bool },
    Read,
    Share,
}

async fn pool(options: &PgConnectOptions, it: Use) -> Result<PgPool, sqlx::Error> {
    let (connections, access) = match it {
        Use::Write { .. } => (1, "SET default_transaction_read_only = off"),
        Use::Read => (READERS, "SET default_transaction_read_only = on"),
        Use::Share => (SHARED, "SET default_transaction_read_only = on"),
    };
    let mut pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(access).execute(&mut *connection).await?;
                // what a role or a database sets must not decide about it; and locks of a console whose machine is
                // gone without a word end with its connection, soon
                sqlx::raw_sql(
                    "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                     SET idle_in_transaction_session_timeout = '30s'; \
                     SET synchronous_commit = on; SET client_min_messages = warning; \
                     SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3",
                )
                .execute(&mut *connection)
                .await?;
                if it == (Use::Write { present: true }) {
                    sqlx::query("SELECT pg_advisory_lock_shared($1)")
                        .bind(PRESENT_LOCK)
                        .execute(connection)
                        .await?;
                }
                Ok(())
            })
        });
    if matches!(it, Use::Write { .. }) {
        // kept for good: that this console is present is known by this connection
        pool = pool.idle_timeout(None).max_lifetime(None);
    }
    pool.connect_with(options.clone()).await
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
    let present = matches!(opener, Opener::Console { .. });
    let writer = ServerWriter {
        pool: pool(&options, Use::Write { present }).await?,
    };
    let mut tx = WriteTx(Begun::Postgres(writer.begin().await?));
    let others = !is_alone(&mut tx).await?;
    migrate::bring_up_to_date(&mut tx, &place, others).await?;
    if let Opener::Console { data } = &opener {
        join(&mut tx, &identity(data)?, others, &place).await?;
    }
    tx.commit().await?;
    let readers = pool(&options, Use::Read).await?;
    let shared = Shared::new(pool(&options, Use::Share).await?);
    Ok(Store {
        writer: Writer::Postgres(writer),
        readers: Readers::Postgres(readers),
        shared: Some(shared),
        _alone: None,
        fence: None,
    })
}

/// What tells one data directory from another.
fn identity(data: &Path) -> Result<String, StoreError> {
    std::fs::create_dir_all(data).map_err(|source| StoreError::Directory {
        path: data.to_owned(),
        source,
    })?;
    let bytes = key_file::read_or_make(&data.join("directory.id"))?;
    Ok(hex::encode(Sha256::digest(bytes.expose())))
}

/// Whether no other console serves now. One that starts at the same moment counts as another.
async fn is_alone(tx: &mut WriteTx) -> Result<bool, StoreError> {
    Ok(sql::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(PRESENT_LOCK)
        .fetch_one(&mut **tx)
        .await?)
}

/// Lets a console in beside others only when it has the same data directory.
async fn join(tx: &mut WriteTx, data: &str, others: bool, place: &str) -> Result<(), StoreError> {
    let known: Option<String> =
        sql::query_scalar("SELECT value FROM settings WHERE name = 'data-directory'")
            .fetch_optional(&mut **tx)
            .await?;
    if others && known.is_some_and(|known| known != data) {
        return Err(StoreError::OtherData {
            place: place.to_owned(),
        });
    }
    sql::query(
        "INSERT INTO settings (name, value) VALUES ('data-directory', $1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(data)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
