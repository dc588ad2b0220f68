//! Work that goes on without a request is done by one console at a time: runs and rollbacks, probes, outbox, mirror,
//! sweeping. Where several consoles share a control store, the one that holds the lease leads; what it writes is fenced,
//! so one that was taken over without noticing (its machine stood still, say) changes nothing any more. When it is
//! killed, another one leads as soon as the lease has run out, and drives its runs on from their journals. Where there
//! is one console, in a file, it leads always.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::sessions;
use crate::events::relay;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::leases::{self, Fence};

/// How long the lease lasts unless it is renewed. With [`LOOK`] it bounds how long runs stand still after a crash.
const LASTS: Duration = Duration::from_secs(6);
/// The lease is renewed this often.
const RENEW: Duration = Duration::from_millis(1_500);
/// The leader stops this long before others may begin.
const MARGIN: Duration = Duration::from_secs(1);
/// Others ask for the lease this often.
const LOOK: Duration = Duration::from_secs(1);
/// Time between two looks for expired sessions.
const SWEEP: Duration = Duration::from_secs(3600);

/// The task that leads, or waits for it.
#[derive(Debug)]
pub struct Leading(Option<JoinHandle<()>>);

/// Begins to lead, or to wait for it.
pub fn begin(state: &AppState) -> Leading {
    if !state.store.is_shared() {
        begin_work(state);
        return Leading(None);
    }
    relay::begin(state);
    let state = state.clone();
    Leading(Some(tokio::spawn(async move { take_turns(state).await })))
}

impl Leading {
    /// Waits until work has ended after the server was asked to stop, and another console may lead.
    pub async fn ended(self) {
        if let Some(task) = self.0 {
            let _ = task.await;
        }
    }
}

/// Everything that goes on without a request.
fn begin_work(state: &AppState) {
    crate::reconcile::begin(state);
    crate::probes::begin(state);
    crate::outbox::begin(state);
    crate::webhooks::begin(state);
    crate::mail::begin(state);
    crate::subscribers::begin(state);
    state.tasks.spawn(sweep(state.clone()));
}

async fn take_turns(state: AppState) {
    let owner = format!("{} (process {})", state.config.listen, std::process::id());
    loop {
        let asked = Instant::now();
        let taken = tokio::select! {
            () = state.shutdown.cancelled() => return,
            taken = leases::take(&state.store, &owner, LASTS) => taken,
        };
        match taken {
            Ok(Some(fence)) => lead(&state, fence, asked).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "it is not known which console leads; asked again")
            }
        }
        tokio::select! {
            () = state.shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Leads until the server stops or the lease is lost, and until what was begun has ended.
async fn lead(state: &AppState, fence: Fence, asked: Instant) {
    tracing::info!("this console leads now: runs, probes and deliveries are its work");
    let term = AppState {
        store: state.store.fenced(fence),
        shutdown: state.shutdown.child_token(),
        tasks: TaskTracker::new(),
        ..state.clone()
    };
    state.leads.store(true, Ordering::SeqCst);
    begin_work(&term);
    let stopped = async {
        state.shutdown.cancelled().await;
        term.tasks.close();
        term.tasks.wait().await;
    };
    let lost = tokio::select! {
        () = stopped => false,
        () = keep(state, fence, asked) => true,
    };
    state.leads.store(false, Ordering::SeqCst);
    if lost {
        tracing::warn!("this console leads no longer: what it does ends at its next safe point");
        end(&term.shutdown, &term.tasks).await;
        // another one measures now: what was found here is old
        state.probes.forget();
    } else if let Err(error) = leases::release(&state.store, fence).await {
        tracing::warn!(%error, "another console leads only after the lease has run out");
    }
}

async fn end(shutdown: &CancellationToken, tasks: &TaskTracker) {
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
}

/// Renews the lease until it is lost.
async fn keep(state: &AppState, fence: Fence, mut renewed: Instant) {
    loop {
        tokio::time::sleep(RENEW).await;
        let began = Instant::now();
        let left = (renewed + LASTS - MARGIN).saturating_duration_since(began);
        if left.is_zero() {
            return;
        }
        match tokio::time::timeout(left, leases::renew(&state.store, fence, LASTS)).await {
            Ok(Ok(true)) => renewed = began,
            Ok(Ok(false)) | Err(_) => return,
            Ok(Err(error)) => tracing::warn!(%error, "the lease could not be renewed; tried again"),
        }
    }
}

/// Removes sessions that have expired, now and then, until the server stops.
async fn sweep(state: AppState) {
    loop {
        let swept: Result<(), StoreError> = sessions::sweep(&state).await;
        if let Err(error) = swept {
            tracing::warn!(%error, "expired sessions could not be removed");
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            () = state.shutdown.cancelled() => return,
        }
    }
}
