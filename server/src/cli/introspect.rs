//! `switchyard introspect`: drafts a playbook from a database.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::target::{Target, of_database};
use super::{Failure, Output};
use crate::db::{Access, DatabaseUrl};
use crate::engine::analyse::{Analysis, analyse, draft};

/// Arguments of `introspect`.
#[derive(Debug, Args)]
pub struct Introspect {
    #[command(flatten)]
    target: Target,
    /// Short name of the playbook: lower-case letters, digits and hyphens. Default: the file's name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// File to write the playbook to, which must not exist. Default: standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Drafted {
    analysis: Analysis,
    playbook: String,
}

/// Runs it.
///
/// # Errors
/// When the target cannot be read or the file cannot be written.
pub async fn run(arguments: Introspect, output: &Output) -> Result<(), Failure> {
    let mut db = arguments.target.open(Access::Read).await?;
    let (schema, analysis) = analyse(&mut db)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    let stem = arguments
        .target
        .url
        .path()
        .and_then(|path| path.file_stem());
    let name = arguments
        .name
        .or_else(|| stem.map(|stem| stem.to_string_lossy().into_owned()))
        .or_else(|| match &arguments.target.url {
            DatabaseUrl::Postgres(address) => address.database(),
            DatabaseUrl::Sqlite(_) => None,
        })
        .unwrap_or_else(|| "draft".to_owned());
    let playbook = draft(&name, &schema, &analysis);
    let Some(file) = &arguments.out else {
        return output.result(&Drafted { analysis, playbook }, |drafted| {
            drafted.playbook.clone()
        });
    };
    std::fs::File::create_new(file)
        .and_then(|mut open| open.write_all(playbook.as_bytes()))
        .map_err(|error| {
            Failure::caused(format!("{} cannot be written", file.display()), &error)
                .remedy("Name a file that does not exist yet.")
        })?;
    let tables = analysis.tables.len();
    output.result(&Drafted { analysis, playbook }, |_| {
        format!(
            "{} written from {tables} tables. Read it, then: switchyard check {} --database {}",
            file.display(),
            file.display(),
            arguments.target.url
        )
    })
}
