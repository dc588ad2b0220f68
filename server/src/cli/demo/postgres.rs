//! The sample on PostgreSQL: in a database that was named, or in a private server beside the data.

use std::path::Path;

use serde_json::json;

use super::{Demo, Report, SLUG, human, options};
use crate::cli::console::{self, Started};
use crate::cli::target::of_database;
use crate::cli::{Failure, Output};
use crate::cluster::{Cluster, Keep};
use crate::config::{Config, DatabaseSource, SystemConfig};
use crate::db::{Access, Connection, DatabaseUrl};
use crate::engine::inspect;
use crate::sample::{self, Created, SampleError};

/// A table that only the sample has: whether a database that is not empty has it.
const OF_THE_SAMPLE: &str = "communities_community";

pub(super) async fn run(
    arguments: &Demo,
    mut config: Config,
    output: &Output,
) -> Result<(), Failure> {
    let (url, cluster) = match &arguments.database {
        Some(url @ DatabaseUrl::Postgres(_)) => (url.clone(), None),
        Some(DatabaseUrl::Sqlite(_)) => {
            return Err(
                Failure::new("the demo's --database is not PostgreSQL").remedy(
                    "Name postgres://USER@HOST/DATABASE, or leave it out: a SQLite file is made.",
                ),
            );
        }
        None => {
            let directory = config.data.join(format!("{SLUG}-postgres"));
            output.progress(&format!("PostgreSQL server in {}", directory.display()));
            let (url, cluster) = private(&directory).await?;
            (url, Some(cluster))
        }
    };
    output.progress(&format!("Sample system in {url}"));
    let report = Report {
        created: create(&url, arguments).await?,
        database: url.to_string(),
        environment_file: None,
    };
    if arguments.create_only {
        return output.result(&report, human);
    }
    output.progress(&human(&report));
    console::start_logs(&config.log)?;
    config.systems.retain(|system| system.slug.as_str() != SLUG);
    config.systems.push(system(&url)?);
    let server = Started::new(config).await?;
    let sample = (server.state.systems.get(SLUG)).map_err(|error| Failure::of(&error))?;
    crate::notices::announce_sample(&server.state, &sample).await?;
    let served = match server.announce().await {
        Ok(()) => server.until_stopped().await,
        Err(failure) => Err(failure),
    };
    // stopped after the console, which works with it
    drop(cluster);
    served
}

/// Starts the private server, and makes the sample's database in it.
async fn private(directory: &Path) -> Result<(DatabaseUrl, Cluster), Failure> {
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
    Ok((address(SLUG)?, cluster))
}

/// Creates the sample; nothing for a database that has it already.
async fn create(url: &DatabaseUrl, arguments: &Demo) -> Result<Option<Created>, Failure> {
    match sample::create_on(url, &options(arguments)).await {
        Ok(created) => Ok(Some(created)),
        Err(error @ SampleError::NotEmpty(_)) => {
            let mut db = Connection::open(url, Access::Read)
                .await
                .map_err(|error| of_database(&error))?;
            let has = inspect::has_table(&mut db, OF_THE_SAMPLE).await;
            db.close().await;
            match has.map_err(|error| of_database(&error))? {
                true => Ok(None),
                false => Err(Failure::of(&error)),
            }
        }
        Err(error) => Err(Failure::of(&error)),
    }
}

/// The sample as a configuration would declare it, without its application.
fn system(url: &DatabaseUrl) -> Result<SystemConfig, Failure> {
    let declared = json!({
        "slug": SLUG,
        "title": "OBCMS",
        "environment": "Sample",
        // replaced below: an address of PostgreSQL is not written into a configuration
        "database": "env:SWITCHYARD_DEMO",
        "playbook": "obcms-to-bmms",
        "timezone": "Asia/Manila",
        "status": {
            "visibility": "public",
            "summary": "Communities, projects and policies",
            "contact": "This is the sample system of Switchyard.",
        },
        "quiet_seconds": 3,
    });
    let mut system: SystemConfig = serde_json::from_value(declared)
        .map_err(|error| Failure::caused("the sample system cannot be declared", &error))?;
    system.database = DatabaseSource::Resolved(url.whole());
    Ok(system)
}
