//! `switchyard status`: the public status as files for any static host.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::configured::Configured;
use super::{Failure, Output};
use crate::moment::Clock;
use crate::state::AppState;
use crate::status;

/// What to do with the public status.
#[derive(Debug, Subcommand)]
pub enum Status {
    /// Write every public status page, with its feeds, calendar and badge, into a directory: complete pages with relative
    /// links. The console keeps such a directory up to date by itself when the configuration names one as
    /// `status.mirror`.
    Export(Export),
}

/// Arguments of `status export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    configured: Configured,
    /// Directory to write into; made when it is not there.
    #[arg(long, value_name = "DIRECTORY")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Written {
    directory: PathBuf,
    files: Vec<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When no system is public, or something cannot be read or written.
pub async fn run(command: Status, output: &Output) -> Result<(), Failure> {
    let Status::Export(arguments) = command;
    let (config, store) = arguments.configured.store().await?;
    if !config
        .systems
        .iter()
        .any(|system| system.status.is_public())
    {
        return Err(Failure::new("no system publishes its status").remedy(
            "Write `visibility = \"public\"` under [systems.status] of each system that shall.",
        ));
    }
    let state = AppState::new(config, store, Clock::system());
    let written = status::export(&state, &arguments.out).await;
    state.store.close().await;
    let written = Written {
        directory: arguments.out,
        files: written.map_err(|error| Failure::of(&error))?,
    };
    output.result(&written, |written| {
        format!(
            "{} files in {}",
            written.files.len(),
            written.directory.display()
        )
    })
}
