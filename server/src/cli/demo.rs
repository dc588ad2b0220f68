//! `switchyard demo`: the console with a sample OBCMS system, ready to be migrated.

mod postgres;

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use shared::size;

use postgres::Server;

use super::configured::Configured;
use super::console::{self, Started};
use super::target::of_database;
use super::{Failure, Output};
use crate::config::{Config, DatabaseSource, SystemConfig};
use crate::db::DatabaseUrl;
use crate::sample::app::process;
use crate::sample::{self, Created, Installed, Options, SampleError, Texts};

/// The sample system's name in addresses and directories.
const SLUG: &str = "obcms";

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "The sample system is created once, in `obcms` of the data directory, or in `obcms-postgres` when it is on \
        PostgreSQL; delete that directory to begin anew.\n\
        Its application listens on --app-listen and is stopped with the console."
)]
pub struct Demo {
    #[command(flatten)]
    configured: Configured,
    /// Address and port of the console, instead of the configured one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Address and port of the sample application; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    app_listen: SocketAddr,
    /// Multiplies the records, histories and audit entries of the sample.
    #[arg(long, value_name = "N", default_value = "1")]
    scale: NonZeroU32,
    /// Number of projects that no rule of the playbook can place.
    #[arg(long, value_name = "N", default_value_t = 23)]
    undecided: u32,
    /// The same seed gives the same database.
    #[arg(long, value_name = "N", default_value_t = 44)]
    seed: u64,
    /// Shorten long texts: the same rows in a file of about a tenth of 105 MiB.
    #[arg(long)]
    short_texts: bool,
    /// Create the sample in this PostgreSQL database, which is empty or has it already, instead of a SQLite file. Its
    /// password is read from PGPASSWORD or the password file.
    #[arg(long, value_name = "URL", conflicts_with = "postgres")]
    database: Option<DatabaseUrl>,
    /// Create the sample in a private PostgreSQL server, in `obcms-postgres` of the data directory, where PostgreSQL's
    /// server programs are installed.
    #[arg(long)]
    postgres: bool,
    /// Create the sample system and end.
    #[arg(long)]
    create_only: bool,
}

/// Creates the sample system where it is missing, starts its application, and serves the console.
///
/// # Errors
/// When the configuration is wrong, or the sample, its application or the console cannot start.
pub async fn run(arguments: Demo, output: &Output) -> Result<(), Failure> {
    let mut config = arguments.configured.read()?;
    if let Some(listen) = arguments.listen {
        config.listen = listen;
    }
    let server = postgres::wanted(&arguments, &config, output).await?;
    let installed = install(&arguments, &config, server.as_ref(), output).await?;
    if arguments.create_only {
        return Ok(());
    }
    console::start_logs(&config.log)?;
    // one that an interrupted demo left running would hold the port
    process::stop(&installed.state)
        .await
        .map_err(|error| Failure::of(&error))?;
    let listen = free_port(arguments.app_listen)?;
    config.systems.retain(|system| system.slug.as_str() != SLUG);
    config.systems.push(system(&installed, listen)?);
    let console = Started::new(config).await?;
    let sample = console
        .state
        .systems
        .get(SLUG)
        .map_err(|error| Failure::of(&error))?;
    crate::notices::announce_sample(&console.state, &sample).await?;
    let launch = installed
        .launch(listen)
        .map_err(|error| Failure::of(&error))?;
    process::start(&installed.state, &launch)
        .await
        .map_err(|error| Failure::of(&error))?;
    output.progress(&format!(
        "The sample application listens on http://{listen}"
    ));
    let served = match console.announce().await {
        Ok(()) => console.until_stopped().await,
        Err(failure) => Err(failure),
    };
    let stopped = process::stop(&installed.state).await;
    // stopped after those who work with it
    drop(server);
    served?;
    stopped.map(drop).map_err(|error| Failure::of(&error))
}

/// What `--create-only` answers.
#[derive(Debug, Serialize)]
struct Report {
    database: String,
    environment_file: PathBuf,
    /// Nothing when the database was there.
    created: Option<Created>,
}

async fn install(
    arguments: &Demo,
    config: &Config,
    server: Option<&Server>,
    output: &Output,
) -> Result<Installed, Failure> {
    let options = options(arguments);
    let done = match server {
        None => {
            let directory = config.data.join(SLUG);
            output.progress(&format!("Sample system in {}", directory.display()));
            sample::install(&directory, &options).await
        }
        Some(server) => {
            output.progress(&format!("Sample system in {}", server.url));
            sample::install_on(&postgres::directory(config), &server.url, &options).await
        }
    };
    let (installed, created) = done.map_err(|error| of_sample(&error))?;
    let report = Report {
        database: match installed.database.path() {
            Some(path) => path.display().to_string(),
            None => installed.database.to_string(),
        },
        environment_file: installed.environment_file.clone(),
        created,
    };
    if arguments.create_only {
        output.result(&report, human)?;
    } else {
        output.progress(&human(&report));
    }
    Ok(installed)
}

/// Why there is no sample: of a database that cannot be used what every command says of one.
fn of_sample(error: &SampleError) -> Failure {
    match error {
        SampleError::Database(error) => of_database(error),
        SampleError::NotEmpty(_) => Failure::of(error).remedy(
            "Make one with `createdb NAME`. Nothing was changed in the one that you named.",
        ),
        error => Failure::of(error),
    }
}

/// What the sample should be.
fn options(arguments: &Demo) -> Options {
    Options {
        scale: arguments.scale,
        seed: arguments.seed,
        undecided: arguments.undecided,
        texts: if arguments.short_texts {
            Texts::Short
        } else {
            Texts::Full
        },
    }
}

fn human(report: &Report) -> String {
    let database = &report.database;
    match &report.created {
        Some(created) => format!(
            "Created {database}: {} tables, {} indexes, {} foreign keys, {} rows, {} in {:.1} s",
            created.tables,
            created.indexes,
            created.foreign_keys,
            created.rows,
            size::words(created.bytes),
            created.took.as_secs_f64()
        ),
        None => format!("Kept {database} as it is"),
    }
}

/// The address with a port that is free now where any is wanted: a restarted application has to
/// listen where it did before.
fn free_port(wanted: SocketAddr) -> Result<SocketAddr, Failure> {
    let taken = TcpListener::bind(wanted).and_then(|listener| listener.local_addr());
    taken.map_err(|error| {
        Failure::caused(format!("{wanted} cannot be listened on"), &error).remedy(
            "Stop what listens there, or name another address with --app-listen ADDRESS:PORT.",
        )
    })
}

/// The sample as a configuration would declare it.
fn system(installed: &Installed, listen: SocketAddr) -> Result<SystemConfig, Failure> {
    let hook = |hook: std::io::Result<Vec<String>>| match hook {
        Ok(command) => Ok(json!({ "command": command })),
        Err(error) => Err(Failure::of(&error)),
    };
    let declared = json!({
        "slug": SLUG,
        "title": "OBCMS",
        "environment": "Sample",
        // replaced below: an address of PostgreSQL is not written into a configuration
        "database": "env:SWITCHYARD_DEMO",
        "playbook": "obcms-to-bmms",
        "environment_file": installed.environment_file,
        "health_url": format!("http://{listen}/health"),
        "application_url": format!("http://{listen}"),
        "timezone": "Asia/Manila",
        "probes": { "interval_seconds": 5 },
        "status": {
            "visibility": "public",
            "summary": "Communities, projects and policies",
            "contact": "This is the sample system of Switchyard.",
        },
        // the sample application writes every few seconds and has no old version that could come back
        "quiet_seconds": 3,
        "hooks": {
            "restart": hook(installed.restart_hook())?,
            "stop": hook(installed.stop_hook())?,
        },
    });
    let mut system: SystemConfig = serde_json::from_value(declared)
        .map_err(|error| Failure::caused("the sample system cannot be declared", &error))?;
    system.database = match installed.database.path() {
        Some(path) => DatabaseSource::Sqlite(path.to_owned()),
        None => DatabaseSource::Resolved(installed.database.whole()),
    };
    Ok(system)
}
