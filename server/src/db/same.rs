//! Whether two addresses lead to the same database: an address has many forms.

use std::path::{Path, PathBuf};

use super::{Access, Connection, DatabaseUrl, DbError};

/// Whether both lead to one database. Servers are asked only when the name of the database is the same.
///
/// A standby that follows is the same as its primary server. A copy of a server's files that works for itself (a base
/// backup that was restored, a standby that was promoted) is another: what is changed in one is not changed in the other.
///
/// # Errors
/// When a server that has to be asked does not answer.
pub async fn is_same(one: &DatabaseUrl, other: &DatabaseUrl) -> Result<bool, DbError> {
    match (one, other) {
        (one, other) if one == other => Ok(true),
        (DatabaseUrl::Sqlite(one), DatabaseUrl::Sqlite(other)) => {
            Ok(located(one) == located(other))
        }
        (DatabaseUrl::Postgres(here), DatabaseUrl::Postgres(there))
            if here.database() == there.database() =>
        {
            is_same_server(one, other).await
        }
        _ => Ok(false),
    }
}

/// The one place of a file, as far as it can be told.
pub fn located(file: &Path) -> PathBuf {
    std::fs::canonicalize(file)
        .or_else(|_| std::path::absolute(file))
        .unwrap_or_else(|_| file.to_owned())
}

/// Whether both lead to one server, or to one and a standby of it.
async fn is_same_server(one: &DatabaseUrl, other: &DatabaseUrl) -> Result<bool, DbError> {
    let mut here = Connection::open(one, Access::Read).await?;
    let there = asked(other).await;
    // asked last, in a session that was there before: a server that was started anew in between does not answer
    let here_too = Server::of(&mut here).await;
    here.close().await;
    let (here, there) = (here_too?, there?);
    Ok(here.number == there.number
        && (here.started == there.started || here.follows || there.follows))
}

async fn asked(url: &DatabaseUrl) -> Result<Server, DbError> {
    let mut db = Connection::open(url, Access::Read).await?;
    let server = Server::of(&mut db).await;
    db.close().await;
    server
}

/// What a server says of itself to everybody.
struct Server {
    /// The number that it was given when its cluster was made; copies of its files keep it.
    number: String,
    /// When it was started, to the microsecond: no two that run have both this and the number in common.
    started: String,
    /// Whether it follows another one.
    follows: bool,
}

impl Server {
    async fn of(db: &mut Connection) -> Result<Self, DbError> {
        let row = db
            .row(
                "SELECT system_identifier::text, pg_postmaster_start_time()::text, pg_is_in_recovery() \
                 FROM pg_control_system()",
            )
            .await?;
        let row = row.ok_or_else(|| DbError::Statement {
            detail: "the server does not say which one it is".into(),
            sql: "SELECT ... FROM pg_control_system()".into(),
        })?;
        Ok(Self {
            number: row.string(0),
            started: row.string(1),
            follows: row.integer(2) == 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_known_by_whatever_path_and_another_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("obcms.sqlite3");
        let (link, other) = (
            directory.path().join("link"),
            directory.path().join("other"),
        );
        std::fs::write(&file, "").unwrap();
        std::fs::write(&other, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let url = |path: &Path| DatabaseUrl::Sqlite(path.to_owned());
        let around = directory.path().join(".").join("obcms.sqlite3");
        for path in [&link, &around] {
            assert!(is_same(&url(&file), &url(path)).await.unwrap(), "{path:?}");
        }
        assert!(!is_same(&url(&file), &url(&other)).await.unwrap());
        let server: DatabaseUrl = "postgres://switchyard@localhost/obcms".parse().unwrap();
        assert!(!is_same(&url(&file), &server).await.unwrap());
    }
}
