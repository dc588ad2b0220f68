//! The control store: Switchyard's own database. One file a family of tables in `store/`; this one opens it.
//!
//! One connection writes, a few read. In a file every writing transaction begins with `BEGIN IMMEDIATE`, because a
//! transaction that reads first and writes later fails at once when another one committed between; `server` says how
//! a PostgreSQL server gives the same. It must not hold secrets.

pub mod accounts;
mod alone;
pub mod approvals;
pub mod backups;
pub mod checklist;
pub mod copy;
pub mod evidence;
pub mod health;
pub mod idempotency;
pub mod invitations;
pub mod leases;
mod migrate;
pub mod modes;
pub mod notices;
pub mod organizations;
pub mod outbox;
pub mod reports;
pub mod rollbacks;
pub mod run_details;
pub mod runs;
mod server;
pub mod sessions;
mod shared;
pub mod sign_in_tries;
pub mod sql;
pub mod status_links;
pub mod subscribers;
pub mod webhooks;
pub(crate) mod words;

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::db::{DatabaseUrl, DbError};
use crate::key_file::KeyError;
use crate::refusal::{Kind, Refusal};
use alone::Alone;
use leases::Fence;
pub use server::Opener;
use server::ServerWriter;
use shared::Shared;
pub use shared::{Exclusive, Heard, Listener};
pub use sql::Reader;
use sql::{Begun, Connection, Driver, Readers, Session};

/// Readers beside the one writer.
const READERS: u32 = 4;
/// How long a transaction waits for another process that writes, such as `switchyard audit verify`'s host.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What can go wrong with the control store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its directory or file cannot be made or opened.
    #[error("the control store {path} cannot be opened")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its directory cannot be made.
    #[error("the directory of the control store {path} cannot be made")]
    Directory {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A newer Switchyard made it.
    #[error(
        "the control store {place} was made by a newer version of Switchyard (schema {found}, this version knows {known})"
    )]
    Newer {
        /// The file or the address.
        place: String,
        /// Schema version found.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// The server that holds it cannot be used.
    #[error("the control store cannot be opened: {0}")]
    Server(#[from] DbError),
    /// Consoles of an older version serve from it.
    #[error(
        "the control store {place} has schema {found} and other consoles serve from it: it cannot be brought to {known}"
    )]
    Served {
        /// The address.
        place: String,
        /// Schema version found.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// Consoles with another data directory serve from it.
    #[error("consoles with another data directory serve from the control store {place}")]
    OtherData {
        /// The address.
        place: String,
    },
    /// The data directory cannot be told from others.
    #[error("the data directory cannot be told from those of other consoles: {0}")]
    Data(#[from] KeyError),
    /// Another console serves from this file.
    #[error("another console{} serves from the control store {path}", .process.map(|process| format!(" (process {process})")).unwrap_or_default(), path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// Its process, where it wrote it down.
        process: Option<u32>,
    },
    /// Another console does this work by now.
    #[error("another console has taken over what this one was doing")]
    TakenOver,
    /// A statement failed.
    #[error("the control store could not do what was asked")]
    Statement(#[from] sqlx::Error),
    /// What was read is not what was written, such as unreadable JSON.
    #[error("the control store holds {what} that cannot be read")]
    Content {
        /// Which value.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether a unique constraint refused the row: the caller knows which one it could have been.
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Statement(sqlx::Error::Database(error)) => error.is_unique_violation(),
            _ => false,
        }
    }

    /// Whether the database itself cannot be reached now.
    fn is_outage(&self) -> bool {
        match self {
            Self::Statement(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
            // stopping, starting, or this connection was ended
            Self::Statement(sqlx::Error::Database(error)) => {
                error.code().is_some_and(|code| code.starts_with("57P"))
            }
            _ => false,
        }
    }

    /// For content that cannot be read.
    pub fn content(
        what: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Content {
            what,
            source: Box::new(source),
        }
    }
}

impl Refusal for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Server(_)
            | Self::Served { .. }
            | Self::OtherData { .. }
            | Self::InUse { .. }
            | Self::TakenOver => Kind::Unavailable,
            _ if self.is_outage() => Kind::Unavailable,
            _ => Kind::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Open { .. } | Self::Directory { .. } | Self::Data(_) => {
                Some("Make the directory writable for the user that runs Switchyard, or set `data` to another one.".into())
            }
            Self::Newer { .. } => Some("Start the newer version of Switchyard.".into()),
            Self::Server(error) => Some(error.remedy().into()),
            Self::Served { .. } => {
                Some("Stop the other consoles, start this one, then start the others in the same version.".into())
            }
            Self::OtherData { .. } => Some(
                "Keys and backups lie in the data directory: let all consoles use the same one, on a shared file system."
                    .into(),
            ),
            Self::InUse { .. } => Some(
                "A control store in a file belongs to one console: stop that one first, or give this one another `data` \
                 directory. Several consoles share a control store on PostgreSQL."
                    .into(),
            ),
            Self::TakenOver => Some("Nothing needs to be done: the other console goes on.".into()),
            _ if self.is_outage() => {
                Some("Check that the database of the control store runs, then try again.".into())
            }
            Self::Statement(_) | Self::Content { .. } => None,
        }
    }
}

/// The control store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    /// How consoles that share it reach each other; none in a file.
    shared: Option<Shared>,
    /// Keeps other consoles from a file for as long as this one has it.
    _alone: Option<Arc<Alone>>,
    /// What a writing transaction makes sure of first.
    fence: Option<Fence>,
}

/// The one connection that writes.
#[derive(Debug, Clone)]
enum Writer {
    Sqlite(SqlitePool),
    Postgres(ServerWriter),
}

impl Store {
    /// Opens the control store, wherever it is.
    ///
    /// # Errors
    /// As [`Store::open`]; when the server cannot be used; when consoles that this one cannot join serve already, which
    /// of a file is any.
    pub async fn open_at(place: &DatabaseUrl, opener: Opener) -> Result<Self, StoreError> {
        match place {
            DatabaseUrl::Sqlite(path) => {
                let alone = match opener {
                    Opener::Console { .. } => Some(Arc::new(Alone::with(path)?)),
                    Opener::Command => None,
                };
                let store = Self::open(path).await?;
                Ok(Self {
                    _alone: alone,
                    ..store
                })
            }
            DatabaseUrl::Postgres(address) => server::open(address, opener).await,
        }
    }

    /// Opens the control store in a file, makes it when it is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be made, opened or migrated, or belongs to a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        make_directory(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // full: an audit entry or a wanted state that was answered for must survive a power cut
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let open = |source| StoreError::Open {
            path: path.to_owned(),
            source,
        };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(open)?;
        let exclusive = writer.begin_with("BEGIN EXCLUSIVE").await?;
        let mut tx = WriteTx(Begun::Sqlite(exclusive));
        migrate::bring_up_to_date(&mut tx, &path.display().to_string(), false).await?;
        tx.commit().await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false).pragma("query_only", "ON"))
            .await
            .map_err(open)?;
        Ok(Self {
            writer: Writer::Sqlite(writer),
            readers: Readers::Sqlite(readers),
            shared: None,
            _alone: None,
            fence: None,
        })
    }

    /// Begins a transaction that writes. Nothing is kept unless [`WriteTx::commit`] is called.
    ///
    /// # Errors
    /// When another process holds the write lock too long; when it is fenced and another console has taken over.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let mut tx = WriteTx(match &self.writer {
            Writer::Sqlite(pool) => Begun::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Writer::Postgres(writer) => Begun::Postgres(writer.begin().await?),
        });
        if let Some(fence) = self.fence {
            leases::check(&mut tx, fence).await?;
        }
        Ok(tx)
    }

    /// The same store for work under a lease: it writes only as long as no other console has taken that over.
    pub fn fenced(&self, fence: Fence) -> Self {
        Self {
            fence: Some(fence),
            ..self.clone()
        }
    }

    /// Writes something that changes nothing and waits until the disk has it.
    ///
    /// # Errors
    /// When the control store cannot be written.
    pub async fn prove_writable(&self) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        // the value itself stands for nothing
        sql::query(
            "INSERT INTO settings (name, value) VALUES ('written', '1') \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// The connections to read with, for one statement: `fetch_one(store.read())`.
    pub fn read(&self) -> &Readers {
        &self.readers
    }

    /// One connection to read with, for functions that take a connection.
    ///
    /// # Errors
    /// When none becomes free in time.
    pub async fn reader(&self) -> Result<Reader, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// Closes all connections after what they are doing.
    pub async fn close(&self) {
        if let Some(shared) = &self.shared {
            shared.close().await;
        }
        match &self.readers {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
        match &self.writer {
            Writer::Sqlite(pool) => pool.close().await,
            Writer::Postgres(writer) => writer.close().await,
        }
    }
}

/// Makes the directory of a file.
fn make_directory(path: &Path) -> Result<(), StoreError> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|source| StoreError::Directory {
        path: path.to_owned(),
        source,
    })
}

/// A writing transaction of the control store; give `&mut *tx` to a statement. Dropped without commit it leaves nothing.
#[derive(Debug)]
pub struct WriteTx(Begun);

impl WriteTx {
    /// Carries out several statements without values, such as those of a new schema version.
    ///
    /// # Errors
    /// What the database says.
    pub async fn script(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.0.script(sql).await
    }

    /// Milliseconds by the clock of the database: those of consoles that share it may differ.
    async fn clock(&mut self) -> Result<i64, sqlx::Error> {
        let now = match &self.0 {
            Begun::Sqlite(_) => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Begun::Postgres(_) => {
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
            }
        };
        sql::query_scalar(now).fetch_one(&mut **self).await
    }

    /// Keeps everything that was written.
    ///
    /// # Errors
    /// When the database could not write it; then nothing is kept.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

impl Session for WriteTx {
    fn driver(&mut self) -> Driver<'_> {
        self.0.driver()
    }
}

impl Deref for WriteTx {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
