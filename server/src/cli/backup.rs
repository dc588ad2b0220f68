//! `switchyard backup`: takes a backup and proves it, or proves one that is there.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use shared::size;

use super::target::of_backup;
use super::{Failure, Output};
use crate::db::DatabaseUrl;
use crate::engine::backup::{self, Backup as Taken, Scratch, Verification};

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    /// Address of the database: sqlite:PATH or postgres://….
    #[arg(long = "database", value_name = "URL", required = true)]
    url: Option<DatabaseUrl>,
    /// Directory that the backup is written into; it is made when it is missing.
    #[arg(long, value_name = "DIRECTORY", required = true)]
    out: Option<PathBuf>,
    /// Name of the backup. Default: the database's name and the time.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Restore a backup into a scratch database and compare every table with what the live one held.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    /// Directory of the backup.
    #[arg(value_name = "BACKUP")]
    path: PathBuf,
    /// Directory for the scratch database of a backup of a file. Default: beside the backup.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "url")]
    scratch: Option<PathBuf>,
    /// A database of the server on which a backup of a PostgreSQL database is restored.
    #[arg(long = "database", value_name = "URL")]
    url: Option<DatabaseUrl>,
}

#[derive(Serialize)]
struct Proved {
    path: PathBuf,
    taken: Timestamp,
    bytes: u64,
    verification: Verification,
}

/// Runs it.
///
/// # Errors
/// When there is no backup afterwards, or when it is not what the live database held.
pub async fn run(arguments: Backup, output: &Output) -> Result<(), Failure> {
    let (path, below, url) = match arguments {
        Backup {
            command: Some(Command::Verify(verify)),
            ..
        } => (verify.path, verify.scratch, verify.url),
        Backup {
            url: Some(url),
            out: Some(out),
            name,
            ..
        } => {
            let taken = written(&url, &out, name, output).await?;
            (taken.path, None, Some(url))
        }
        _ => {
            return Err(Failure::new("nothing to do")
                .remedy("Name a database and a directory, or: switchyard backup verify BACKUP."));
        }
    };
    output.progress("Restoring it into a scratch database and comparing every table.");
    let scratch = match (&below, &url) {
        (Some(directory), _) => Scratch::Below(directory),
        (None, Some(url)) => url.into(),
        (None, None) => Scratch::Beside,
    };
    let verification = backup::verify(&path, scratch, output.watch())
        .await
        .map_err(|error| of_backup(&error))?;
    let whole = backup::open(&path).map_err(|error| of_backup(&error))?;
    let proved = Proved {
        taken: whole.taken(),
        bytes: whole.manifest.bytes,
        path,
        verification,
    };
    output.result(&proved, |proved| {
        let found = &proved.verification;
        format!(
            "{}\nTaken {}, {}. {} rows of {} tables are what the live database held.\n\
             Restored in {} ms, compared in {} ms.",
            proved.path.display(),
            proved.taken,
            size::words(proved.bytes),
            found.rows,
            found.tables,
            found.restore_ms,
            found.compare_ms
        )
    })
}

async fn written(
    url: &DatabaseUrl,
    out: &Path,
    name: Option<String>,
    output: &Output,
) -> Result<Taken, Failure> {
    let name = name.unwrap_or_else(|| backup::default_name(url, Timestamp::now()));
    output.progress("Copying the database and hashing every table, both of one moment.");
    backup::take(url, out, &name, output.watch())
        .await
        .map_err(|error| of_backup(&error))
}
