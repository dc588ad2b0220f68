//! `switchyard coverage`: how many rows of each model have an organization.

use std::fmt::Write as _;

use clap::Args;

use super::target::{Target, of_database, read_playbook};
use super::{Failure, Output};
use crate::db::Access;
use crate::engine::coverage::{self, Coverage as Measured};

/// Arguments of `coverage`.
#[derive(Debug, Args)]
pub struct Coverage {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
}

/// Runs it.
///
/// # Errors
/// When the playbook or the target cannot be read.
pub async fn run(arguments: Coverage, output: &Output) -> Result<(), Failure> {
    let playbook = read_playbook(&arguments.playbook)?;
    let mut db = arguments.target.open(Access::Read).await?;
    let measured = coverage::measure(&mut db, &playbook)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    output.result(&measured, human)
}

fn human(measured: &Measured) -> String {
    let mut text = String::new();
    for model in &measured.models {
        let found = match (model.counts, model.rows) {
            (Some(counts), _) => format!("{}/{}", counts.assigned, counts.total),
            (None, Some(rows)) => format!("no column yet, {rows} rows"),
            (None, None) => "no such table".to_owned(),
        };
        let required = if model.required { ", required" } else { "" };
        let _ = writeln!(text, "{:<32} {found}{required}", model.plural);
    }
    let _ = writeln!(
        text,
        "{:<32} {}/{}",
        "Counted models together", measured.all.assigned, measured.all.total
    );
    text
}
