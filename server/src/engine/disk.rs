//! How much disk is left to a target, where that can be known from here.

use std::path::{Path, PathBuf};

use crate::db::{Connection, DatabaseUrl, DbError, Statement};

/// The fullest disk of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Free {
    /// A directory on it.
    pub place: PathBuf,
    /// What is left, in bytes.
    pub bytes: u64,
}

/// Measures the disks of a target and of one of its tables. A server says where it keeps its files
/// to whom it trusts (`pg_monitor`), and they can be looked at when it is reached by a socket of
/// this machine; otherwise nothing is known.
pub(super) async fn free(
    db: &mut Connection,
    table: Option<&str>,
) -> Result<Option<Free>, DbError> {
    let places = match db.url() {
        DatabaseUrl::Sqlite(path) => vec![match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => Path::new(".").to_owned(),
        }],
        DatabaseUrl::Postgres(_) => {
            let table = table.map(|table| db.dialect().relation(table));
            let places = Statement::new(PLACES).bind(table);
            let rows = db.rows(places).await?;
            rows.iter().map(|row| row.string(0).into()).collect()
        }
    };
    let measured = places.into_iter().filter_map(|place| {
        let bytes = fs4::available_space(&place).ok()?;
        Some(Free { place, bytes })
    });
    Ok(measured.min_by_key(|free| free.bytes))
}

/// The server's directory, and that of the table's tablespace.
const PLACES: &str = "SELECT setting FROM pg_settings \
     WHERE name = 'data_directory' AND inet_server_addr() IS NULL \
     UNION ALL SELECT pg_tablespace_location(reltablespace) FROM pg_class \
     WHERE oid = to_regclass(?) AND reltablespace <> 0 AND inet_server_addr() IS NULL";
