//! `switchyard sample-app`: the sample application as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Failure, Output, console};
use crate::config::LogConfig;
use crate::sample::app::{self, Start, process};

/// Arguments of `switchyard sample-app`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SampleApp {
    /// Environment file with BMMS_MODE, DATABASE_URL and SECRET_KEY, read once at the start.
    #[arg(long, value_name = "FILE", required = true)]
    env_file: Option<PathBuf>,
    /// Address and port it listens on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Directory in which it can be found by `restart` and `stop`.
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
    /// File that gets the number of its process.
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Enter or change a record after each so many milliseconds. Default: only when a user does.
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    write_every_ms: Option<u64>,
    /// Write as the version before the migration does: without the organization.
    #[arg(long)]
    old_writer: bool,
    #[command(subcommand)]
    command: Option<SampleAppCommand>,
}

#[derive(Debug, Subcommand)]
enum SampleAppCommand {
    /// Stop the running application and start it again as it was started.
    Restart(Found),
    /// Stop the running application.
    Stop(Found),
}

#[derive(Debug, Args)]
struct Found {
    /// Directory that the running application was given as --state-dir.
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: PathBuf,
}

/// Runs it until a signal asks it to stop, or acts on the one that runs.
pub(super) async fn run(arguments: SampleApp, output: &Output) -> Result<(), Failure> {
    match arguments.command {
        Some(SampleAppCommand::Restart(found)) => {
            let child = process::restart(&found.state_dir)
                .await
                .map_err(|error| Failure::of(&error))?;
            output.progress(&match child.id() {
                Some(id) => format!("restarted as process {id}"),
                None => "restarted".to_owned(),
            });
            Ok(())
        }
        Some(SampleAppCommand::Stop(found)) => {
            let stopped = process::stop(&found.state_dir)
                .await
                .map_err(|error| Failure::of(&error))?;
            output.progress(match stopped {
                Some(_) => "stopped",
                None => "it was not running",
            });
            Ok(())
        }
        None => serve(arguments).await,
    }
}

async fn serve(arguments: SampleApp) -> Result<(), Failure> {
    let failed = |error: app::AppError| Failure::of(&error);
    console::start_logs(&LogConfig::default())?;
    // the argument parser has required it
    let environment_file = arguments.env_file.unwrap_or_default();
    let presence = match &arguments.state_dir {
        Some(state) => Some(process::Presence::announce(state).await.map_err(failed)?),
        None => None,
    };
    if let Some(path) = &arguments.pid_file {
        process::write_pid_file(path).map_err(failed)?;
    }
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let mut terminated = signal(SignalKind::terminate())
        .map_err(|error| Failure::caused("signals cannot be received", &error))?;
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        asked.cancel();
    });
    let start = Start {
        environment_file,
        listen: arguments.listen,
        write_every: arguments.write_every_ms.map(Duration::from_millis),
        old_writer: arguments.old_writer,
    };
    let listening = |_| {
        if let Some(Err(error)) = presence.as_ref().map(process::Presence::listens) {
            tracing::error!(%error, "nobody can be told that the application listens");
        }
    };
    app::serve(&start, stop, listening).await.map_err(failed)
}
