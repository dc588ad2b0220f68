//! `switchyard restore`: brings a target back to what a backup holds.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use shared::duration;

use super::approval::Approval;
use super::target::{Target, of_backup};
use super::{Failure, Output};
use crate::db::Dialect;
use crate::engine::backup::{self, Acceptance};
use crate::engine::loss;
use crate::engine::restore::{self, Kept, Way};
use crate::wording::counted;

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Where the configuration asks for a second administrator, it uses up the approval that was\n\
        given in the console for restoring exactly this backup of its list."
)]
pub struct Restore {
    /// Directory of the backup.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    target: Target,
    /// The database was moved since: accept a backup of another path.
    #[arg(long)]
    moved: bool,
    /// Write the rows that are lost into this new JSON file first.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    #[command(flatten)]
    approval: Approval,
}

#[derive(Serialize)]
struct Done {
    kept: Option<Kept>,
    swapped: bool,
    rows_lost: Option<u64>,
    took_ms: u64,
    locked_ms: u64,
}

/// Runs it.
///
/// # Errors
/// When the backup is not to be used, the rows cannot be exported, or the target cannot be written.
pub async fn run(arguments: Restore, output: &Output) -> Result<(), Failure> {
    let url = &arguments.target.url;
    let rules = Acceptance {
        target: Some(url.clone()),
        moved: arguments.moved,
        not_before: None,
    };
    let mut rows_lost = None;
    if let Some(file) = &arguments.export {
        output.progress("Writing the rows that are lost.");
        let whole = backup::open(&arguments.backup).map_err(|error| of_backup(&error))?;
        let exported = loss::export(url, &whole, None, file, output.watch())
            .await
            .map_err(|error| of_backup(&error))?;
        rows_lost = Some(exported.loss.rows());
    }
    if let Some(asked) = arguments.approval.asked_for(url).await? {
        asked.restore(&arguments.backup, output).await?;
    }
    output.progress("Proving the backup, keeping what is there, and replacing it.");
    if url.dialect() == Dialect::Postgres {
        output.progress(
            "The application's sessions are ended when it is proved; it connects again by itself.",
        );
    }
    let restored = restore::restore(&arguments.backup, url, &rules, output.watch())
        .await
        .map_err(|error| of_backup(&error))?;
    let done = Done {
        swapped: restored.way == Way::Swapped,
        kept: restored.kept,
        rows_lost,
        took_ms: restored.took_ms,
        locked_ms: restored.locked_ms,
    };
    output.result(&done, |done| {
        let mut text = format!(
            "Restored in {}; other writers waited {}.",
            duration::words(done.took_ms),
            duration::words(done.locked_ms)
        );
        if let Some(rows) = done.rows_lost {
            text.push_str(&format!(
                " {} lost and exported.",
                counted(rows, "row", "rows")
            ));
        }
        if let Some(kept) = &done.kept {
            text.push_str(&format!("\nWhat was there is kept as {kept}"));
        }
        text
    })
}
