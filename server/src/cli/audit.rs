//! `switchyard audit`: whether the audit log is whole.

use clap::{Args, Subcommand};

use super::configured::Configured;
use super::{Failure, Output};
use crate::audit;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Compute every hash of the audit log again. Fails when an entry was changed, added in the middle or taken away.
    Verify(Verify),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    configured: Configured,
}

/// Runs it.
///
/// # Errors
/// When the chain is broken or cannot be read.
pub async fn run(command: Audit, output: &Output) -> Result<(), Failure> {
    let Audit::Verify(arguments) = command;
    let (_, store) = arguments.configured.store().await?;
    let mut reader = store.reader().await?;
    let found = audit::verify(&mut reader).await?;
    drop(reader);
    store.close().await;
    output.result(&found, |found| match &found.head {
        Some(head) if found.whole => format!("{} entries, whole. Head {head}", found.entries),
        Some(_) => format!("{} entries, not whole.", found.entries),
        None => "0 entries.".into(),
    })?;
    match found.broken_at {
        None => Ok(()),
        Some(id) => Err(
            Failure::new(format!("the audit log is broken at entry {id}")).remedy(
                "Entries before it are as they were written. Compare with a copy of the control store.",
            ),
        ),
    }
}
