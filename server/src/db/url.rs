//! The address of a target: `sqlite:PATH` or `postgres://…`. It opens nothing.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::address::PostgresAddress;
use super::{DbError, Dialect};
use crate::secret::Secret;

/// Where a target is. Parsed once, at the edge; what cannot be connected to cannot be represented.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DatabaseUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(PostgresAddress),
}

impl DatabaseUrl {
    /// The dialect that statements for this target are written in.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The whole address, its password included: for the place that connects with it later.
    pub fn whole(&self) -> Secret<String> {
        match self {
            Self::Sqlite(_) => Secret::new(self.to_string()),
            Self::Postgres(address) => address.whole(),
        }
    }

    /// The file of the target, when it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// The file of the target, for work that is done on files: an error when it is not one.
    pub fn file(&self) -> Result<PathBuf, DbError> {
        match self {
            Self::Sqlite(path) => Ok(path.clone()),
            Self::Postgres(address) => Err(DbError::NotAFile {
                place: address.to_string(),
            }),
        }
    }
}

/// As it may be shown: never with a password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Self::Postgres(address) => write!(formatter, "{address}"),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        let refused = |why: &str| DbError::Url {
            why: why.to_owned(),
        };
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(refused(
                "a database is given as a URL: write sqlite: before the path of the file",
            ));
        };
        match scheme {
            "sqlite" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if path.is_empty() {
                    return Err(refused("sqlite: needs the path of a file behind it"));
                }
                if path == ":memory:" {
                    return Err(refused(
                        "a database in memory has nothing to migrate: name a file",
                    ));
                }
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            "postgres" | "postgresql" => Ok(Self::Postgres(text.parse()?)),
            _ => Err(refused(
                "this kind of database is not supported: sqlite:PATH and postgres://… are",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_written_with_and_without_slashes() {
        for (text, path) in [
            ("sqlite:data/db.sqlite3", "data/db.sqlite3"),
            ("sqlite://data/db.sqlite3", "data/db.sqlite3"),
            ("sqlite:///srv/db 1.sqlite3", "/srv/db 1.sqlite3"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.path(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn what_names_no_database_is_refused() {
        for text in ["db.sqlite3", "sqlite:", "sqlite::memory:", "mysql://x"] {
            assert!(text.parse::<DatabaseUrl>().is_err(), "{text}");
        }
    }
}
