//! The sample application: what OBCMS looks like to its users, small enough to read.
//!
//! It is a process of its own and knows nothing of Switchyard: it reads its `.env` when it starts,
//! serves pages from its database and now and then writes to it. It works before, during and after
//! the migration, because it looks whether the organization column exists and names every column.
//! In `obcms` mode everything belongs to the default organization; in `bmms` mode each request
//! belongs to one organization and sees nothing of another's. It has no sign-in.

mod data;
mod health;
mod pages;
pub mod process;
mod settings;
mod tenancy;
mod web;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use settings::{Mode, Settings};

/// How the application is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its environment file, read once.
    pub environment_file: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Time between two writes of its own; none when it only writes for its users.
    pub write_every: Option<Duration>,
    /// Whether its own writes know the organization column: an application version from before
    /// the migration does not.
    pub old_writer: bool,
}

/// Why the application cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The environment file cannot be used.
    #[error("{path}: {why}")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It was told to fail in this mode.
    #[error("SAMPLE_FAIL_IN_MODE tells the sample application to fail in {0} mode")]
    ToldToFail(Mode),
    /// The database cannot be opened or answered with an error.
    #[error("the database of the sample application: {0}")]
    Database(#[from] sqlx::Error),
    /// The address is taken, or may not be used.
    #[error("the sample application cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file or process of a running application is not what it should be.
    #[error("{what}: {source}")]
    Process {
        /// What was tried.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The application was started and ended at once.
    #[error("the sample application ended right after its start, {status}: {log}")]
    EndedAtOnce {
        /// Its exit status.
        status: String,
        /// The last line it wrote.
        log: String,
    },
}

/// What all requests share.
#[derive(Debug)]
struct App {
    settings: Settings,
    database: data::Database,
    started: jiff::Timestamp,
    /// Requests that ended in an error of the server.
    errors: AtomicU64,
    written: AtomicU64,
    failed_writes: AtomicU64,
    /// Why the last write of its own failed.
    last_failure: tokio::sync::Mutex<Option<String>>,
}

/// Runs the application until `stop` is cancelled; requests that have begun are answered first.
/// Tells `listening` its address once requests are answered.
pub async fn serve(
    start: &Start,
    stop: CancellationToken,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), AppError> {
    let settings = Settings::read(&start.environment_file)?;
    tokio::time::sleep(settings.start_delay).await;
    if settings.fail_in_mode == Some(settings.mode) {
        return Err(AppError::ToldToFail(settings.mode));
    }
    let database = data::Database::open(&settings.database).await?;
    let app = Arc::new(App {
        settings,
        database,
        started: jiff::Timestamp::now(),
        errors: AtomicU64::new(0),
        written: AtomicU64::new(0),
        failed_writes: AtomicU64::new(0),
        last_failure: tokio::sync::Mutex::new(None),
    });
    let refused = |source| AppError::Listen {
        address: start.listen,
        source,
    };
    let listener = TcpListener::bind(start.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let writer = start.write_every.map(|every| {
        let (app, stop, old) = (app.clone(), stop.clone(), start.old_writer);
        tokio::spawn(async move { writer::run(&app, every, old, stop).await })
    });
    tracing::info!(%address, mode = %app.settings.mode, "the sample application listens");
    // the socket is open: a request made from now on waits for its answer
    listening(address);
    axum::serve(listener, web::router(app.clone()))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .map_err(refused)?;
    if let Some(writer) = writer {
        // it ends by the same token; a panic in it was logged by the runtime
        let _ = writer.await;
    }
    app.database.close().await;
    Ok(())
}
