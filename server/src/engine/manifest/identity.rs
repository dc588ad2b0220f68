//! What tells a database from another, and what belongs to it beside its content.

use serde::{Deserialize, Serialize};

use super::Digest;

/// What tells a database from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Identity {
    /// A SQLite file.
    File(FileIdentity),
    /// A database of a PostgreSQL server.
    Server(Box<ServerIdentity>),
}

impl Identity {
    /// Hash over the schema.
    pub fn schema(&self) -> Digest {
        match self {
            Self::File(file) => file.schema,
            Self::Server(server) => server.schema,
        }
    }

    /// Where the database was, as people read it.
    pub fn place(&self) -> &str {
        match self {
            Self::File(file) => &file.path,
            Self::Server(server) => &server.place,
        }
    }
}

/// What tells a SQLite file from another, as far as its content goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Absolute path of the file, symbolic links resolved.
    pub path: String,
    /// `PRAGMA application_id`.
    pub application_id: i64,
    /// `PRAGMA user_version`.
    pub user_version: i64,
    /// `PRAGMA encoding`.
    pub encoding: String,
    /// `PRAGMA journal_mode` of the live database.
    pub journal_mode: String,
    /// Bytes of a page.
    pub page_size: u64,
    /// Pages of the file.
    pub page_count: u64,
    /// Hash over the text of every object of the schema.
    pub schema: Digest,
}

/// What tells a database of a PostgreSQL server from another, as far as its content goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerIdentity {
    /// Its address without the password.
    pub place: String,
    /// The number that the server gave itself when it was made; it stays when its address changes.
    pub server: String,
    /// Name of the database.
    pub database: String,
    /// Major version of the server.
    pub major: u32,
    /// Version of the server, as it says it.
    pub version: String,
    /// Version of the program that wrote the dump.
    pub client: String,
    /// Bytes of the database with its indexes.
    pub size: u64,
    /// What a new database has to be given to become this one.
    pub properties: Properties,
    /// Hash over the names and kinds of every object of the schema.
    pub schema: Digest,
}

/// What belongs to a PostgreSQL database and is in none of its tables, so in no dump of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// The role that owns it.
    pub owner: String,
    /// Its encoding.
    pub encoding: String,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// Its ICU locale, where it has one.
    pub icu_locale: Option<String>,
    /// The locale of the server's own provider (PostgreSQL 17), where the database uses it. Left out where it does not: manifests
    /// that were written without it keep their checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin_locale: Option<String>,
    /// Connections that it allows; -1 for any number.
    pub connection_limit: i64,
    /// Its settings, each as `name=value`, with the role that it is for when it is for one.
    pub settings: Vec<(Option<String>, String)>,
    /// What was granted on it: the role (none for everybody) and the privilege. None when nothing
    /// was granted or revoked, so that the server's own rule holds.
    pub grants: Option<Vec<(Option<String>, String)>>,
}
