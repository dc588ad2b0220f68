//! Whether two addresses lead to the same database: an address has many forms.

use std::path::{Path, PathBuf};

use super::{Access, Connection, DatabaseUrl, DbError};

/// Whether both lead to one database. Servers are asked only when the name of the database is the same.
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
            Ok(server_of(one).await? == server_of(other).await?)
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

/// The number that a server was given when its cluster was made.
async fn server_of(url: &DatabaseUrl) -> Result<String, DbError> {
    let mut db = Connection::open(url, Access::Read).await?;
    let row = db
        .row("SELECT system_identifier::text FROM pg_control_system()")
        .await;
    db.close().await;
    Ok(row?.map(|row| row.string(0)).unwrap_or_default())
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
