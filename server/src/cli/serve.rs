//! `switchyard serve`: starts the console.

use std::net::SocketAddr;

use clap::Args;

use super::Failure;
use super::configured::Configured;
use super::console::{self, Started};

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Environment variables win over the configuration file, arguments over both:\n  \
        SWITCHYARD_CONFIG, SWITCHYARD_LISTEN, SWITCHYARD_DATA, SWITCHYARD_PUBLIC_ADDRESS,\n  \
        SWITCHYARD_CONTROL_STORE, SWITCHYARD_LOG_FORMAT (human or json), SWITCHYARD_LOG_LEVEL.\n\
        Stop it with SIGINT or SIGTERM: a running batch ends, runs pause, nothing is lost."
)]
pub struct Serve {
    #[command(flatten)]
    configured: Configured,
    /// Address and port to listen on, instead of the configured one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

/// Runs it until it is told to stop.
///
/// # Errors
/// When the configuration is wrong, or address or control store cannot be used.
pub async fn run(arguments: Serve) -> Result<(), Failure> {
    let mut config = arguments.configured.read()?;
    if let Some(listen) = arguments.listen {
        config.listen = listen;
    }
    console::start_logs(&config.log)?;
    let server = Started::new(config).await?;
    server.announce().await?;
    server.until_stopped().await
}
