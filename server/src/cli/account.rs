//! `switchyard account`: the way back in when nobody can sign in.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::configured::Configured;
use super::{Failure, Output};
use crate::accounts::links;
use crate::moment::Clock;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Print a link that works once, within an hour: for a new administrator, or for a new password of an account.
    /// Written into the audit log.
    Link(MakeLink),
}

/// Arguments of `account link`.
#[derive(Debug, Args)]
pub struct MakeLink {
    #[command(flatten)]
    configured: Configured,
    /// Account that gets a new password. Without it the link makes a new administrator.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
}

#[derive(Serialize)]
struct Made {
    link: String,
    expires: String,
}

/// Runs it.
///
/// # Errors
/// When there is no such account, or the control store cannot be written.
pub async fn run(command: AccountCommand, output: &Output) -> Result<(), Failure> {
    let AccountCommand::Link(arguments) = command;
    let (config, store) = arguments.configured.store().await?;
    let link = links::recovery(&store, &Clock::system(), arguments.username.as_deref()).await?;
    store.close().await;
    let made = Made {
        link: format!("{}{}", config.origin(), link.path.expose()),
        expires: link.expires.rfc3339(),
    };
    output.result(&made, |made| {
        format!("{}\nWorks once, until {}.", made.link, made.expires)
    })
}
