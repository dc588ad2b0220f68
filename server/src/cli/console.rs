//! One running console: opens the control store, binds the address, answers, and stops gracefully. Holds no routes.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::Failure;
use crate::accounts::links;
use crate::config::{Config, LogConfig, LogFormat};
use crate::evidence;
use crate::moment::Clock;
use crate::state::AppState;
use crate::store::{Opener, Store};

/// Time that requests and tasks get to end after a stop is asked for.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// What is logged at a level, or by such a filter as `info,server::engine=debug`.
///
/// # Errors
/// When it cannot be read.
pub fn log_filter(level: &str) -> Result<EnvFilter, Failure> {
    let wrong = |error: &dyn std::error::Error| {
        Failure::caused(format!("the log level `{level}` cannot be read"), error)
            .remedy("Write a level such as `info`, or such as `info,server::engine=debug`.")
    };
    let filter = EnvFilter::try_new(level).map_err(|error| wrong(&error))?;
    // at `trace` it writes whole addresses down, and with them the tokens of links
    let quiet = "tower_http::csrf=info"
        .parse()
        .map_err(|error| wrong(&error))?;
    Ok(filter.add_directive(quiet))
}

/// Starts the log as configured.
///
/// # Errors
/// When the level cannot be read.
pub fn start_logs(config: &LogConfig) -> Result<(), Failure> {
    let filter = log_filter(&config.level)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    match config.format {
        LogFormat::Human => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    }
    .map_err(|error| Failure::caused("the log could not be started", &error))
}

/// A console that listens.
pub struct Started {
    /// What its requests and tasks share.
    pub state: AppState,
    listener: TcpListener,
    address: SocketAddr,
    interrupt: Signal,
    terminate: Signal,
}

impl Started {
    /// Opens the control store and listens; answers nothing yet. A signal to stop that comes from now on is kept.
    ///
    /// # Errors
    /// When the address is in use, the control store cannot be opened, or signals cannot be listened to.
    pub async fn new(mut config: Config) -> Result<Self, Failure> {
        let wanted = config.listen;
        let listener = TcpListener::bind(wanted).await.map_err(|error| {
            Failure::caused(format!("{wanted} cannot be listened on"), &error).remedy(
                "Stop what listens there, or name another address with --listen ADDRESS:PORT.",
            )
        })?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::caused("the address is not known", &error))?;
        config.listen = address;
        let place = config
            .control_store_url()
            .map_err(|error| Failure::of(&error))?;
        let store = Store::open_at(
            &place,
            Opener::Console {
                data: config.data.clone(),
            },
        )
        .await?;
        let state = AppState::new(config, store, Clock::system());
        // made now and not at the end of the first run, so that it can be written down before there is anything to sign
        let key = state.evidence_key.get().map_err(|error| {
            Failure::of(&error).remedy("Make the data directory writable, or bring the key back.")
        })?;
        tracing::info!(public_key = %evidence::hexadecimal(&key.verifying_key()), "evidence is signed with this key");
        Ok(Self {
            state,
            listener,
            address,
            interrupt: listen_for(SignalKind::interrupt())?,
            terminate: listen_for(SignalKind::terminate())?,
        })
    }

    /// Says where the console is, and prints the link for the first account while there is none. On stdout and not in
    /// the log, which is kept.
    ///
    /// # Errors
    /// When the control store fails.
    pub async fn announce(&self) -> Result<(), Failure> {
        let origin = self.state.config.origin();
        let link = links::first_run(&self.state.store, &self.state.clock).await?;
        let mut stdout = std::io::stdout().lock();
        // whoever started us may have closed it
        let _ = match link {
            Some(link) => writeln!(
                stdout,
                "Switchyard listens on {origin}\nNo account exists yet. This link makes the first, works once, within an hour:\n\
                 {origin}{}",
                link.path.expose()
            ),
            None => writeln!(stdout, "Switchyard listens on {origin}"),
        };
        let _ = stdout.flush();
        Ok(())
    }

    /// Answers until SIGINT or SIGTERM, then stops: live events end, background tasks end at their next safe point,
    /// connections close. A second signal stops at once.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn until_stopped(self) -> Result<(), Failure> {
        let Self {
            state,
            listener,
            address,
            mut interrupt,
            mut terminate,
        } = self;
        let leading = crate::leading::begin(&state);
        crate::status::begin(&state);
        let shutdown = state.shutdown.clone();
        let on_signal = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            on_signal.cancel();
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(1);
        });
        let app =
            crate::http::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tracing::info!(%address, "listening");
        let listener = listener.tap_io(|stream| {
            // small answers must not wait for the next one
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let serving = axum::serve(listener, app)
            .with_graceful_shutdown(shutdown.clone().cancelled_owned())
            .into_future();
        let deadline = async {
            shutdown.cancelled().await;
            tokio::time::sleep(STOP_WITHIN).await;
        };
        tokio::select! {
            served = serving => served.map_err(|error| Failure::caused("the listener failed", &error))?,
            () = deadline => tracing::warn!("some requests did not end in time"),
        }
        state.tasks.close();
        let ended = async {
            state.tasks.wait().await;
            leading.ended().await;
        };
        if tokio::time::timeout(STOP_WITHIN, ended).await.is_err() {
            tracing::warn!(
                "some background tasks did not end in time; their journals say where they were"
            );
        }
        state.store.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

fn listen_for(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::caused("signals cannot be listened to", &error))
}
