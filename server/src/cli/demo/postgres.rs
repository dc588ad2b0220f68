//! Where the sample lies when it is on PostgreSQL: in a database that was named, or in a private server beside the data.

use std::path::{Path, PathBuf};

use super::{Demo, SLUG};
use crate::cli::target::of_database;
use crate::cli::{Failure, Output};
use crate::cluster::{Cluster, Keep};
use crate::config::Config;
use crate::db::{Access, Connection, DatabaseUrl};

/// The sample's database on a server.
pub(super) struct Server {
    pub(super) url: DatabaseUrl,
    /// The private server, which runs as long as this value lives.
    _cluster: Option<Cluster>,
}

/// Where the environment file lies, the application's state, and the private server.
pub(super) fn directory(config: &Config) -> PathBuf {
    config.data.join(format!("{SLUG}-postgres"))
}

/// The server that was asked for, started where it is private; nothing for a SQLite file.
pub(super) async fn wanted(
    arguments: &Demo,
    config: &Config,
    output: &Output,
) -> Result<Option<Server>, Failure> {
    match &arguments.database {
        Some(url @ DatabaseUrl::Postgres(_)) => Ok(Some(Server {
            url: url.clone(),
            _cluster: None,
        })),
        Some(DatabaseUrl::Sqlite(_)) => Err(Failure::new(
            "the demo's --database is not PostgreSQL",
        )
        .remedy("Name postgres://USER@HOST/DATABASE, or leave it out: a SQLite file is made.")),
        None if arguments.postgres => {
            let directory = directory(config);
            output.progress(&format!("PostgreSQL server in {}", directory.display()));
            private(&directory).await.map(Some)
        }
        None => Ok(None),
    }
}

/// Starts the private server, and makes the sample's database in it.
async fn private(directory: &Path) -> Result<Server, Failure> {
    let directory = directory.to_owned();
    let started = tokio::task::spawn_blocking(move || Cluster::start(&directory, Keep::Durable))
        .await
        .map_err(|error| Failure::caused("the PostgreSQL server could not be started", &error))?;
    let cluster = started.map_err(|error| Failure::of(&error))?;
    let address = |database: &str| cluster.url(database).map_err(|error| Failure::of(&error));
    let mut db = Connection::open(&address("postgres")?, Access::Write)
        .await
        .map_err(|error| of_database(&error))?;
    let there = format!("SELECT COUNT(*) FROM pg_database WHERE datname = '{SLUG}'");
    let made = match db.count(there).await {
        Ok(0) => db
            .execute(format!("CREATE DATABASE {SLUG}"))
            .await
            .map(drop),
        other => other.map(drop),
    };
    made.map_err(|error| of_database(&error))?;
    db.close().await;
    Ok(Server {
        url: address(SLUG)?,
        _cluster: Some(cluster),
    })
}
