//! The sample system: OBCMS as it was before it served more than one organization.
//!
//! [`create`] writes its database, as Django would have made it: 161 tables, 774 indexes (every
//! index that `sqlite_schema` lists, those of UNIQUE and PRIMARY KEY clauses included), 361 foreign
//! keys and 38,217 rows. The same seed gives the same database. [`app`] is the application on top
//! of it; it knows nothing of Switchyard.

pub mod app;
mod catalogue;
mod ddl;
mod geography;
mod history;
mod install;
mod load;
mod offices;
mod people;
mod random;
mod records;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use install::{Installed, install, install_on};
pub use offices::{Office, offices};

use crate::db::{Access, Connection, DatabaseUrl, DbError, Dialect};
use catalogue::Catalogue;
use load::Loader;

/// The playbook that takes the sample from one organization to many.
pub const PLAYBOOK: &str = include_str!("../playbooks/obcms-to-bmms.toml");

/// How long the texts of histories, audit entries and boundaries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Texts {
    /// As in a real database: the file has about 105 MiB.
    #[default]
    Full,
    /// Shortened, for tests: the same rows in a file of about a tenth.
    Short,
}

/// What the sample should be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Multiplies the five models, what follows them, the histories and the audit log.
    pub scale: NonZeroU32,
    /// The same seed gives the same database.
    pub seed: u64,
    /// PPAs that no rule can place, at any scale.
    pub undecided: u32,
    /// How long the texts are.
    pub texts: Texts,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scale: NonZeroU32::MIN,
            seed: 44,
            undecided: 23,
            texts: Texts::Full,
        }
    }
}

/// What was created, counted in the finished database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Created {
    /// Tables of the application.
    pub tables: u64,
    /// Indexes, those that SQLite makes for constraints included.
    pub indexes: u64,
    /// Foreign keys.
    pub foreign_keys: u64,
    /// Rows in all tables.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// How long it took; seconds in JSON.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub took: Duration,
}

fn seconds<S: serde::Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}

/// Why the sample could not be created.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Something is there already; nothing was changed.
    #[error("{0} exists already: remove it or name another path")]
    Exists(PathBuf),
    /// The database has tables already; nothing was changed.
    #[error("{0} has tables already: name an empty database")]
    NotEmpty(String),
    /// The file could not be made or moved to its place.
    #[error("the sample cannot be written to {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The database refused a statement.
    #[error("the sample database refused a statement: {0}")]
    Database(#[from] DbError),
    /// An embedded list cannot be read.
    #[error("the sample's list {file}, line {line}: {what}")]
    Catalogue {
        /// The list.
        file: &'static str,
        /// Its line.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A generator names a table or column that the catalogue does not have.
    #[error("the sample has no table or column {0}")]
    UnknownTable(String),
}

/// Creates the sample database at `path`, which must not exist. It is written next to it and moved
/// there when complete, so that an interrupted run leaves no half database behind.
pub async fn create(path: &Path, options: &Options) -> Result<Created, SampleError> {
    let started = Instant::now();
    if path.exists() {
        return Err(SampleError::Exists(path.to_owned()));
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let failed = |source| SampleError::File {
        path: path.to_owned(),
        source,
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    std::fs::File::create(&unfinished).map_err(failed)?;
    let written = write(&unfinished, options).await;
    let mut created = match written {
        Ok(created) => created,
        Err(error) => {
            // the first failure is the one to report
            let _ = std::fs::remove_file(&unfinished);
            return Err(error);
        }
    };
    std::fs::rename(&unfinished, path).map_err(failed)?;
    created.bytes = std::fs::metadata(path).map_err(failed)?.len();
    created.took = started.elapsed();
    Ok(created)
}

async fn write(path: &Path, options: &Options) -> Result<Created, SampleError> {
    let catalogue = Catalogue::read()?;
    let url = DatabaseUrl::Sqlite(path.to_owned());
    let mut connection = Connection::open(&url, Access::Write).await?;
    // nobody else knows the file yet: an interrupted run starts over, so nothing need be durable
    for pragma in [
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        "PRAGMA cache_size = -65536",
        "PRAGMA locking_mode = EXCLUSIVE",
    ] {
        connection.execute(pragma).await?;
    }
    connection.enforce_foreign_keys(false).await?;
    let rows = fill(&mut connection, &catalogue, options).await?;
    let created = Created {
        tables: count(&mut connection, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'").await?,
        indexes: count(&mut connection, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index'").await?,
        foreign_keys: count(&mut connection, "SELECT COUNT(*) FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) WHERE t.type = 'table'").await?,
        rows,
        bytes: 0,
        took: Duration::ZERO,
    };
    connection.execute("PRAGMA locking_mode = NORMAL").await?;
    // as a Django application with a write-ahead log leaves it
    connection.execute("PRAGMA journal_mode = WAL").await?;
    connection.close().await;
    Ok(created)
}

/// Fills a PostgreSQL database that is empty, in one transaction: an interrupted run leaves nothing.
pub async fn create_on(url: &DatabaseUrl, options: &Options) -> Result<Created, SampleError> {
    let started = Instant::now();
    let catalogue = Catalogue::read()?;
    let mut connection = Connection::open(url, Access::Write).await?;
    let there = "SELECT COUNT(*) FROM pg_class WHERE relkind = 'r' \
                 AND relnamespace = current_schema()::regnamespace";
    if count(&mut connection, there).await? > 0 {
        return Err(SampleError::NotEmpty(url.to_string()));
    }
    let rows = fill(&mut connection, &catalogue, options).await?;
    // table by table: the server shares its own catalogues, and a neighbour's lock on them would be waited for
    for model in &catalogue.models {
        connection.execute(ddl::analyze(model)).await?;
    }
    let created = Created {
        tables: count(&mut connection, there).await?,
        indexes: count(
            &mut connection,
            "SELECT COUNT(*) FROM pg_indexes WHERE schemaname = current_schema()",
        )
        .await?,
        foreign_keys: count(
            &mut connection,
            "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f'",
        )
        .await?,
        rows,
        bytes: count(
            &mut connection,
            "SELECT pg_database_size(current_database())",
        )
        .await?,
        took: started.elapsed(),
    };
    connection.close().await;
    Ok(created)
}

/// Makes every table and writes its rows, in one transaction; answers how many rows.
async fn fill(
    connection: &mut Connection,
    catalogue: &Catalogue,
    options: &Options,
) -> Result<u64, SampleError> {
    let dialect = connection.dialect();
    connection.begin_write().await?;
    for model in &catalogue.models {
        let table = ddl::create_table(dialect, catalogue, model)?;
        connection.execute(table).await?;
    }
    let mut loader = Loader::new(connection, catalogue);
    let geography = geography::write(&mut loader, options).await?;
    people::write(&mut loader, options.seed).await?;
    offices::write(&mut loader, options.seed, &geography).await?;
    records::write(&mut loader, options, &geography).await?;
    history::write(&mut loader, options, &geography).await?;
    let rows = loader.written();
    for model in &catalogue.models {
        for statement in ddl::create_indexes(dialect, model) {
            connection.execute(statement).await?;
        }
    }
    if dialect == Dialect::Postgres {
        for model in &catalogue.models {
            for statement in ddl::complete(catalogue, model)? {
                connection.execute(statement).await?;
            }
        }
    }
    connection.commit().await?;
    Ok(rows)
}

async fn count(connection: &mut Connection, sql: &str) -> Result<u64, SampleError> {
    Ok(u64::try_from(connection.count(sql).await?).unwrap_or_default())
}
