//! How much disk is left to a target, where that can be known from here, and how much it takes.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::db::{Connection, DatabaseUrl, DbError, Dialect, Statement};

/// The fullest disk of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Free {
    /// Which one it is.
    pub disk: Disk,
    /// What is left, in bytes.
    pub bytes: u64,
    /// What it holds in all, in bytes.
    pub total: u64,
}

/// A disk by what the target keeps on it: people read of it who must not learn where that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disk {
    /// That of the database.
    Database,
    /// That of a tablespace of the server, by its name.
    Tablespace(String),
}

impl fmt::Display for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => formatter.write_str("the disk of the database"),
            Self::Tablespace(name) => write!(formatter, "the disk of the tablespace {name}"),
        }
    }
}

/// Measures the disks of a target and of one of its tables, whose partitions and indexes may each
/// lie on another. A server says where it keeps its files to whom it trusts (`pg_monitor`), and they
/// can be looked at when it is reached by a socket of this machine; otherwise nothing is known.
pub async fn free(db: &mut Connection, table: Option<&str>) -> Result<Option<Free>, DbError> {
    let places: Vec<(PathBuf, Disk)> = match db.url() {
        DatabaseUrl::Sqlite(path) => {
            let directory = match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            };
            vec![(directory.to_owned(), Disk::Database)]
        }
        DatabaseUrl::Postgres(_) => {
            let table = table.map(|table| db.dialect().relation(table));
            let places = Statement::new(PLACES).bind(table.clone()).bind(table);
            let rows = db.rows(places).await?;
            let disk = |name: Option<&str>| match name {
                Some(name) => Disk::Tablespace(name.to_owned()),
                None => Disk::Database,
            };
            (rows.iter())
                .map(|row| (row.string(0).into(), disk(row.text(1))))
                .collect()
        }
    };
    let measured = places.into_iter().filter_map(|(place, disk)| {
        let about = fs4::statvfs(&place).ok()?;
        Some(Free {
            disk,
            bytes: about.available_space(),
            total: about.total_space(),
        })
    });
    Ok(measured.min_by_key(|free| free.bytes))
}

/// The server's directory, and those of the tablespaces in which the database, the table's files (those of its partitions
/// where it has some) and their indexes lie, with their names. The built-in tablespaces lie in the server's directory.
const PLACES: &str = "WITH files AS (SELECT relid::oid AS file FROM pg_partition_tree(to_regclass(?)) \
     WHERE isleaf UNION SELECT oid FROM pg_class WHERE oid = to_regclass(?) AND relkind <> 'p') \
     SELECT setting, NULL::text FROM pg_settings \
     WHERE name = 'data_directory' AND inet_server_addr() IS NULL \
     UNION ALL SELECT pg_tablespace_location(t.oid), t.spcname::text FROM pg_tablespace AS t \
     WHERE inet_server_addr() IS NULL AND pg_tablespace_location(t.oid) <> '' AND t.oid IN \
     (SELECT dattablespace FROM pg_database WHERE datname = current_database() \
     UNION SELECT c.reltablespace FROM files JOIN pg_class AS c ON c.oid = files.file \
     UNION SELECT c.reltablespace FROM files JOIN pg_index AS i ON i.indrelid = files.file \
     JOIN pg_class AS c ON c.oid = i.indexrelid)";

/// Whether the server is reached over the network, so that its disk is another machine's.
pub async fn is_elsewhere(db: &mut Connection) -> Result<bool, DbError> {
    match db.dialect() {
        Dialect::Sqlite => Ok(false),
        Dialect::Postgres => Ok(db.count(ELSEWHERE).await? > 0),
    }
}

const ELSEWHERE: &str =
    "SELECT COUNT(*) FROM (SELECT 1) AS one WHERE inet_server_addr() IS NOT NULL";

/// What a database takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The database itself.
    pub database: u64,
    /// Its write-ahead log, where the role may see it; of a server that of all its databases.
    pub log: Option<u64>,
}

/// Measures what a target takes.
pub async fn taken(db: &mut Connection) -> Result<Taken, DbError> {
    if let Some(path) = db.url().path() {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        return Ok(Taken {
            database: size(path),
            log: Some(size(Path::new(&log))),
        });
    }
    let database = db.count(DATABASE).await?.unsigned_abs();
    let log = match db.count(MAY_LIST).await? {
        0 => None,
        _ => Some(db.count(LOG).await?.unsigned_abs()),
    };
    Ok(Taken { database, log })
}

const DATABASE: &str = "SELECT pg_database_size(current_database())";
/// Asked for by itself: a statement that names the function is refused whether it calls it or not.
const MAY_LIST: &str = "SELECT COUNT(*) FROM (SELECT 1) AS one \
     WHERE has_function_privilege('pg_ls_waldir()', 'EXECUTE')";
const LOG: &str = "SELECT COALESCE(sum(size), 0)::int8 FROM pg_ls_waldir()";
