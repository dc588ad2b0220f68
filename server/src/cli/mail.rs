//! `switchyard mail`: tries the mail server out.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::configured::Configured;
use super::{Failure, Output};
use crate::mail;
use crate::refusal::Refusal as _;

/// What to do with mail.
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// Send a mail that tells nothing, through the mail server of the configuration.
    Test(Test),
}

/// Arguments of `mail test`.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    configured: Configured,
    /// Whom to send it to.
    address: String,
}

#[derive(Serialize)]
struct Sent {
    address: String,
    server: String,
}

/// Runs it.
///
/// # Errors
/// When no mail server is configured, or it does not take the mail.
pub async fn run(command: Mail, output: &Output) -> Result<(), Failure> {
    let Mail::Test(arguments) = command;
    let config = arguments.configured.read()?;
    mail::try_out(&config, &arguments.address)
        .await
        .map_err(|error| match error.remedy() {
            Some(remedy) => Failure::of(&error).remedy(remedy),
            None => Failure::of(&error),
        })?;
    let sent = Sent {
        address: arguments.address,
        server: config.mail.map(|mail| mail.server).unwrap_or_default(),
    };
    output.result(&sent, |sent| {
        format!("{} took a mail to {}", sent.server, sent.address)
    })
}
