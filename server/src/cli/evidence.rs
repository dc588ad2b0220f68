//! `switchyard evidence`: bundles of runs, taken from the console's store or checked without it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use shared::evidence::EvidenceVerification;

use super::configured::Configured;
use super::{Failure, Output};
use crate::audit::Entry;
use crate::evidence;
use crate::moment::Clock;
use crate::state::AppState;

/// What to do with evidence.
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// Write the bundle of a run that has ended: plan, approvals, gates, counts, hashes, incidents and audit log, signed.
    Export(Export),
    /// Check a bundle, without console and network. Fails when any byte is not as it was signed, and names it.
    Verify(Verify),
    /// Print the public key that this console signs with. The secret one is made at the first start.
    Key(Key),
}

/// Arguments of `evidence export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    configured: Configured,
    /// Slug of the system.
    system: String,
    /// Number of the run.
    #[arg(long, value_name = "NUMBER")]
    run: i64,
    /// File to write; one that is there is not overwritten.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `evidence verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The bundle.
    file: PathBuf,
    /// Public key that it has to be signed with: 64 hexadecimal digits, or a PEM file. Without it, only that the bundle
    /// agrees with the key that it names is checked.
    #[arg(long, value_name = "PUBLIC")]
    key: Option<String>,
}

/// Arguments of `evidence key`.
#[derive(Debug, Args)]
pub struct Key {
    #[command(flatten)]
    configured: Configured,
    /// As PEM, for other programs.
    #[arg(long)]
    pem: bool,
}

#[derive(Serialize)]
struct Written {
    file: PathBuf,
    sealed: String,
    sha256: String,
}

#[derive(Serialize)]
struct PublicKey {
    public_key: String,
}

/// Runs it.
///
/// # Errors
/// When there is no evidence, it is not whole, or a file cannot be read or written.
pub async fn run(command: Evidence, output: &Output) -> Result<(), Failure> {
    match command {
        Evidence::Export(arguments) => export(arguments, output).await,
        Evidence::Verify(arguments) => verify(&arguments, output),
        Evidence::Key(arguments) => key(&arguments, output),
    }
}

async fn export(arguments: Export, output: &Output) -> Result<(), Failure> {
    let (config, store) = arguments.configured.store().await?;
    let state = AppState::new(config, store, Clock::system());
    let taken = take(&state, &arguments).await;
    state.store.close().await;
    output.result(&taken?, |written| {
        format!("{}\nSHA-256 {}", written.file.display(), written.sha256)
    })
}

async fn take(state: &AppState, arguments: &Export) -> Result<Written, Failure> {
    let system = state.systems.get(&arguments.system)?;
    // a console that was stopped at the end of the run has not sealed it yet
    evidence::seal_due(state, &system).await?;
    let bundle = evidence::export(state, &system, arguments.run, |action, object, text| {
        Entry::of("command line", action, object, text)
    })
    .await?;
    let file = &arguments.out;
    write_new(file, &bundle.bytes).map_err(|error| {
        Failure::caused(format!("{} cannot be written", file.display()), &error)
            .remedy("Name a file that does not exist, in a directory that can be written to.")
    })?;
    Ok(Written {
        file: file.clone(),
        sealed: bundle.known.sealed,
        sha256: bundle.known.sha256,
    })
}

fn write_new(file: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn verify(arguments: &Verify, output: &Output) -> Result<(), Failure> {
    let file = &arguments.file;
    let archive = std::fs::read(file).map_err(|error| {
        Failure::caused(format!("{} cannot be read", file.display()), &error)
            .remedy("Name the bundle: a file such as obcms-run-3-evidence.zip.")
    })?;
    let key = match &arguments.key {
        Some(text) => {
            let written = std::fs::read_to_string(text).unwrap_or_else(|_| text.clone());
            Some(evidence::parse_key(&written).ok_or_else(|| {
                Failure::new(format!("{text} is no public key"))
                    .remedy("Write 64 hexadecimal digits, as `switchyard evidence key` prints them, or name a PEM file.")
            })?)
        }
        None => None,
    };
    let checked = evidence::verify(&archive, key.as_ref());
    output.result(&checked, said)?;
    if checked.whole {
        return Ok(());
    }
    Err(
        Failure::new(format!("{} is not as it was signed", file.display())).remedy(
            "Ask for the bundle again from the console; its hash stands in the audit log under evidence.sealed.",
        ),
    )
}

fn said(checked: &EvidenceVerification) -> String {
    let mut lines = Vec::new();
    if let (true, Some(system), Some(run)) = (checked.whole, &checked.system, checked.run) {
        lines.push(format!(
            "Whole: evidence of run {run} on {system}, {} files, sealed {}.",
            checked.files,
            checked.sealed.as_deref().unwrap_or("at no known time")
        ));
    }
    if let Some(key) = &checked.key {
        lines.push(match checked.key_compared {
            true => format!("Signed with {key}, as expected."),
            false => format!(
                "Signed with {key}. Compare it with the key that the console shows, or name it with --key."
            ),
        });
    }
    for fault in &checked.faults {
        lines.push(format!(
            "bytes {}..{}: {}",
            fault.from, fault.to, fault.text
        ));
    }
    lines.join("\n")
}

fn key(arguments: &Key, output: &Output) -> Result<(), Failure> {
    let config = arguments.configured.read()?;
    let kept = evidence::KeptSigningKey::in_directory(&config.data);
    let key = kept
        .get()
        .map_err(|error| {
            Failure::of(&error).remedy(
                "Name the configuration that the console runs with, as its user: --config FILE, or --data DIRECTORY.",
            )
        })?
        .verifying_key();
    let public = PublicKey {
        public_key: evidence::hexadecimal(&key),
    };
    output.result(&public, |public| match arguments.pem {
        true => evidence::pem(&key),
        false => public.public_key.clone(),
    })
}
