//! `switchyard decisions export`: the rows as CSV, for people who decide in a spreadsheet.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Subject;
use crate::cli::{Failure, Output};
use crate::coverage::csv_cell;
use crate::db::Access;
use crate::wording::counted;

/// The columns of the file; `assign --file` reads the first, the third and the last.
pub(super) const COLUMNS: [&str; 6] = [
    "model",
    "title",
    "key",
    "reason",
    "candidates",
    "organization",
];

/// Arguments of `decisions export`.
#[derive(Debug, Args)]
#[command(
    after_help = "Fill in the column organization with a code, and carry it out: switchyard decisions assign --file FILE."
)]
pub struct Export {
    #[command(flatten)]
    subject: Subject,
    /// Only rows of this model, by its label or its table.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// File to write, which must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Exported {
    file: PathBuf,
    rows: u64,
}

/// Runs it.
///
/// # Errors
/// When the rows cannot be read or the file cannot be written.
pub async fn run(arguments: Export, output: &Output) -> Result<(), Failure> {
    let mut opened = arguments.subject.open(Access::Read).await?;
    let mut text = COLUMNS.join(",") + "\n";
    let mut rows = 0;
    for model in opened.begun(arguments.model.as_deref())? {
        for row in opened.rows(&model).await? {
            let cells = [
                csv_cell(&model.label),
                csv_cell(&row.title),
                csv_cell(&row.key),
                csv_cell(&row.reason),
                csv_cell(&row.candidates.join(" ")),
                String::new(),
            ];
            text.push_str(&cells.join(","));
            text.push('\n');
            rows += 1;
        }
    }
    opened.db.close().await;
    let file = arguments.out;
    File::create_new(&file)
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .map_err(|error| {
            Failure::caused(format!("{} cannot be written", file.display()), &error)
                .remedy("Name a file that does not exist yet.")
        })?;
    output.result(&Exported { file, rows }, |done| {
        let rows = counted(done.rows, "row", "rows");
        format!("{rows} written to {}.", done.file.display())
    })
}
