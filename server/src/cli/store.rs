//! `switchyard store`: where the control store is.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::configured::Configured;
use super::{Failure, Output};
use crate::audit;
use crate::db::DatabaseUrl;
use crate::store::copy::{self, CopiedTable};
use crate::store::{Opener, Store as ControlStore};
use crate::wording::counted;

/// What to do with the control store.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Copy the control store from its file into an empty PostgreSQL database, in one transaction; every row is read back and
    /// compared, and the audit log is verified there. Stop the console first. The file keeps what it holds; when it is of an
    /// older version, its tables are brought up to date first.
    Copy(CopyTo),
}

/// Arguments of `store copy`.
#[derive(Debug, Args)]
pub struct CopyTo {
    #[command(flatten)]
    configured: Configured,
    /// Where to: postgres://USER@HOST/DATABASE, of a database that holds nothing. The password from PGPASSFILE.
    #[arg(long, value_name = "URL")]
    to: DatabaseUrl,
}

#[derive(Serialize)]
struct Copied {
    from: String,
    to: String,
    rows: u64,
    tables: Vec<CopiedTable>,
    audit_entries: u64,
    audit_head: Option<String>,
}

/// Runs it.
///
/// # Errors
/// When it is refused or breaks off: the database is then as empty as before. When the audit log is broken, in the file too.
pub async fn run(command: Store, output: &Output) -> Result<(), Failure> {
    let Store::Copy(arguments) = command;
    let from = arguments.configured.place()?;
    let DatabaseUrl::Sqlite(file) = &from else {
        return Err(
            Failure::new("the configured control store is on a server already")
                .remedy("To copy from the file, leave control_store out of the configuration until it is copied."),
        );
    };
    let DatabaseUrl::Postgres(address) = &arguments.to else {
        return Err(Failure::new("a control store is copied to a PostgreSQL server only")
            .remedy("To move a control store in a file, stop the console and move the file with its directory."));
    };
    let tables = copy::copy(file, address).await?;
    let store = ControlStore::open_at(&arguments.to, Opener::Command).await?;
    let mut reader = store.reader().await?;
    let log = audit::verify(&mut reader).await;
    drop(reader);
    store.close().await;
    let log = log?;
    let copied = Copied {
        from: from.to_string(),
        to: arguments.to.to_string(),
        rows: tables.iter().map(|table| table.rows).sum(),
        tables,
        audit_entries: log.entries,
        audit_head: log.head,
    };
    output.result(&copied, |copied| {
        format!(
            "Copied {} of {}; every row was read back. The audit log has {}.\n\
             Now name the new place (control_store) in the configuration and start the console. Keep the file: nothing \
             reads it any more.",
            counted(copied.rows, "row", "rows"),
            counted(copied.tables.len() as u64, "table", "tables"),
            counted(copied.audit_entries, "entry", "entries"),
        )
    })?;
    match log.broken_at {
        None => Ok(()),
        Some(id) => Err(Failure::new(format!(
            "the audit log is broken at entry {id}, in the file as in its copy"
        ))
        .remedy("Everything was copied as it is. Compare the log with an earlier copy of the control store.")),
    }
}
