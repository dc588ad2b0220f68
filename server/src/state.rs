//! What every request and every background task is given: configuration, control store, live events, clock, shutdown.
//! Holds no rule of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::events::Hub;
use crate::evidence::KeptSigningKey;
use crate::metrics::Metrics;
use crate::moment::Clock;
use crate::probes::Probes;
use crate::status::{Board, KeptKey};
use crate::store::Store;
use crate::systems::Systems;

/// Shared by all requests and tasks of one server. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// Configuration, read once at start.
    pub config: Arc<Config>,
    /// The systems under management.
    pub systems: Arc<Systems>,
    /// The control store.
    pub store: Store,
    /// Live events.
    pub hub: Hub,
    /// The time.
    pub clock: Clock,
    /// Cancelled when the server is asked to stop: streams end, loops stop at their next safe point.
    pub shutdown: CancellationToken,
    /// Background tasks that a stop waits for; spawn with `tasks.spawn(future)`.
    pub tasks: TaskTracker,
    /// Numbers for `/metrics`.
    pub metrics: Arc<Metrics>,
    /// What the health probes found last.
    pub probes: Arc<Probes>,
    /// What the public may read, ready to be sent.
    pub board: Arc<Board>,
    /// What links to status pages are signed with.
    pub link_key: Arc<KeptKey>,
    /// Whether this console does what goes on without a request; see [`crate::leading`].
    pub leads: Arc<AtomicBool>,
    /// What evidence is signed with.
    pub evidence_key: Arc<KeptSigningKey>,
}

impl AppState {
    /// Puts together the state of one server.
    pub fn new(config: Config, store: Store, clock: Clock) -> Self {
        Self {
            evidence_key: Arc::new(KeptSigningKey::in_directory(&config.data)),
            link_key: Arc::new(KeptKey::in_directory(&config.data)),
            systems: Arc::new(Systems::of(&config)),
            config: Arc::new(config),
            leads: Arc::new(AtomicBool::new(!store.is_shared())),
            store,
            board: Arc::new(Board::new(clock.clone())),
            hub: Hub::new(),
            clock,
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
            metrics: Arc::new(Metrics::new()),
            probes: Arc::new(Probes::default()),
        }
    }
}
