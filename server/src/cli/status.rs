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
    /// links. What was written there earlier and is no longer public is removed; other files stay. The console keeps such a directory up to date by itself when the configuration names one as
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
    removed: Vec<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// When no system is public, or something cannot be read or written.
pub async fn run(command: Status, output: &Output) -> Result<(), Failure> {
    let Status::Export(arguments) = command;
    let (config, store) = arguments.configured.store().await?;
    let nothing = !config
        .systems
        .iter()
        .any(|system| system.status.is_public());
    let state = AppState::new(config, store, Clock::system());
    let written = status::export(&state, &arguments.out).await;
    state.store.close().await;
    let written = written.map_err(|error| Failure::of(&error))?;
    if nothing {
        let taken_away = if written.removed.is_empty() {
            String::new()
        } else {
            format!("; {} files of earlier were removed", written.removed.len())
        };
        return Err(
            Failure::new(format!("no system publishes its status{taken_away}")).remedy(
                "Write `visibility = \"public\"` under [systems.status] of each system that shall.",
            ),
        );
    }
    let written = Written {
        directory: arguments.out,
        files: written.files,
        removed: written.removed,
    };
    output.result(&written, |written| {
        let removed = match written.removed.len() {
            0 => String::new(),
            count => format!(", {count} of earlier removed"),
        };
        format!(
            "{} files in {}{removed}",
            written.files.len(),
            written.directory.display()
        )
    })
}
