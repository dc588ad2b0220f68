//! Public status: pages that the run itself writes. Everything public is made from [`shared::status::PublicStatus`] and
//! kept ready in memory, so that readers cost neither the control store nor a target anything. When both are down they
//! are answered at once with the last known state, which then says that it is old. Only who reads before anything was
//! made waits, and not for long. It must not be asked for anything by name that a configuration keeps private.

mod badge;
mod board;
mod calendar;
mod compose;
#[cfg(test)]
mod example;
mod export;
mod feeds;
pub mod links;
mod manifest;
mod measured;
mod page;
mod publish;
mod style;
mod text;
mod timeline;
mod zoned;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use shared::status::{PublicIndex, PublicStatus};

use crate::moment::Moment;
use crate::refusal::{Kind, Refusal};
use crate::state::AppState;
use crate::systems::{System, SystemError};

pub use board::Board;
pub use export::{ExportError, Written, export, write_mirror};
pub use links::KeptKey;
pub use page::{Place, nothing_here};
pub(crate) use page::{nothing_now, notice};
pub use publish::begin;
pub use style::{Asset, ICON, SCRIPT, STYLE};
pub(crate) use zoned::Zone;

/// One file of the public: a page, a feed, a calendar, a badge.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name below the address of its system.
    pub name: &'static str,
    /// Media type.
    pub kind: &'static str,
    /// Content.
    pub bytes: Bytes,
    /// Entity tag, with its quotes.
    pub etag: String,
    /// When it changed last, where that is known.
    pub changed: Option<Moment>,
}

impl File {
    fn new(name: &'static str, kind: &'static str, text: String) -> Self {
        Self {
            name,
            kind,
            etag: format!("\"{}\"", &hex::encode(Sha256::digest(&text))[..20]),
            bytes: Bytes::from(text),
            changed: None,
        }
    }

    fn changed(self, changed: Option<Moment>) -> Self {
        Self { changed, ..self }
    }
}

/// Everything public about one system, ready to be sent.
#[derive(Debug)]
pub struct Snapshot {
    /// What it was made from.
    pub status: PublicStatus,
    /// The files.
    pub files: Vec<File>,
    /// When it becomes another by time alone.
    next: Option<Moment>,
}

impl Snapshot {
    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// The list of systems, ready to be sent.
#[derive(Debug)]
pub struct IndexSnapshot {
    /// What it was made from.
    pub index: PublicIndex,
    /// The page and its JSON.
    pub files: Vec<File>,
}

/// Longest wait of a reader who comes before anything was made.
const FIRST: Duration = Duration::from_secs(3);

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Nothing was made yet, and making it takes too long.
    #[error("The status was not put together yet.")]
    NotReady,
    /// What it is made from cannot be read.
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Refusal for StatusError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotReady => Kind::Unavailable,
            Self::System(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::NotReady => Some("Look again in a few seconds.".into()),
            Self::System(error) => error.remedy(),
        }
    }
}

/// The systems that anybody may read about.
fn public_systems(state: &AppState) -> impl Iterator<Item = &Arc<System>> {
    state
        .systems
        .all()
        .iter()
        .filter(|system| system.config.status.is_public())
}

/// The public system with exactly this slug; none for unknown and private ones alike.
pub fn public_system<'a>(state: &'a AppState, slug: &str) -> Option<&'a Arc<System>> {
    public_systems(state).find(|system| system.slug() == slug)
}

/// What is to be sent of this public system: what is ready, at once; made now only when nothing ever was. What could not
/// be made anew for long is sent as stale, while one task tries again.
///
/// # Errors
/// When nothing was ever made, and cannot be made in time.
pub async fn snapshot(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Arc<Snapshot>, StatusError> {
    if let Some(kept) = state.board.kept(system.slug()) {
        return Ok(kept);
    }
    if let Some(old) = last(state, system) {
        remake_behind(state, system);
        return Ok(old);
    }
    let first = async {
        let making = state.board.making.of(system.slug());
        let _making = making.lock().await;
        match state.board.kept(system.slug()) {
            Some(kept) => Ok(kept),
            None => remake(state, system).await,
        }
    };
    // readers wait side by side, not one after the other
    let made = tokio::time::timeout(FIRST, first).await;
    Ok(made.map_err(|_| StatusError::NotReady)??)
}

/// The newest of a system, as stale when it is old.
fn last(state: &AppState, system: &System) -> Option<Arc<Snapshot>> {
    let (last, fresh) = state.board.last(system.slug())?;
    if fresh {
        return Some(last);
    }
    let stale = if last.status.stale {
        last
    } else {
        let status = PublicStatus {
            stale: true,
            ..last.status.clone()
        };
        Arc::new(public(state, status, None))
    };
    state.board.keep_stale(stale.clone());
    Some(stale)
}

/// Has a system made anew, by one task at a time.
fn remake_behind(state: &AppState, system: &Arc<System>) {
    let Ok(making) = state.board.making.of(system.slug()).try_lock_owned() else {
        return;
    };
    let (state, system) = (state.clone(), system.clone());
    state.tasks.clone().spawn(async move {
        let _making = making;
        tokio::select! {
            () = state.shutdown.cancelled() => {}
            remade = remake(&state, &system) => match remade {
                Ok(_) => {
                    list_known(&state);
                }
                Err(error) => {
                    tracing::warn!(system = system.slug(), %error, "the public status cannot be made anew; the last one is sent as stale");
                }
            },
        }
    });
}

/// Makes the snapshot of a system anew.
async fn remake(state: &AppState, system: &Arc<System>) -> Result<Arc<Snapshot>, SystemError> {
    let scope = compose::Scope {
        show: &system.config.status.show,
        organization: None,
    };
    let composed = compose::compose(state, system, scope).await?;
    let snapshot = Arc::new(public(state, composed.status, composed.next));
    state.board.keep(snapshot.clone());
    Ok(snapshot)
}

/// The files that everybody may read.
fn public(state: &AppState, status: PublicStatus, next: Option<Moment>) -> Snapshot {
    let address = public_address(state, &status.slug);
    let place = Place::live().with_form(&state.config);
    Snapshot {
        files: files(state, &status, &place, &address),
        status,
        next,
    }
}

/// Makes the snapshot of a system, and the list, anew. For whoever just changed something.
///
/// # Errors
/// When the control store cannot be read.
pub async fn refresh(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    if system.config.status.is_public() {
        let making = state.board.making.of(system.slug());
        let _making = making.lock().await;
        remake(state, system).await?;
        remake_index(state).await?;
    }
    Ok(())
}

/// The list of public systems, ready to be sent; as with [`snapshot`], readers never wait for a new one.
///
/// # Errors
/// When a system was never looked at, and cannot be in time.
pub async fn index(state: &AppState) -> Result<Arc<IndexSnapshot>, StatusError> {
    if let Some(kept) = state.board.kept_index() {
        return Ok(kept);
    }
    if let Some(listed) = list_known(state) {
        let stale = listed.index.systems.iter().filter(|status| status.stale);
        for system in stale.filter_map(|status| public_system(state, &status.slug)) {
            remake_behind(state, system);
        }
        return Ok(listed);
    }
    let first = async {
        let _listing = state.board.listing.lock().await;
        match state.board.kept_index() {
            Some(kept) => Ok(kept),
            None => remake_index(state).await,
        }
    };
    let made = tokio::time::timeout(FIRST, first).await;
    Ok(made.map_err(|_| StatusError::NotReady)??)
}

/// Puts the list together from what is known; none as long as a system was never looked at.
fn list_known(state: &AppState) -> Option<Arc<IndexSnapshot>> {
    let known: Option<Vec<_>> = public_systems(state)
        .map(|system| last(state, system))
        .collect();
    Some(keep_index(state, known?))
}

/// Puts the list together from what is known; only a system that was never looked at is looked at now.
async fn remake_index(state: &AppState) -> Result<Arc<IndexSnapshot>, SystemError> {
    let mut systems = Vec::new();
    for system in public_systems(state) {
        systems.push(match last(state, system) {
            Some(snapshot) => snapshot,
            None => remake(state, system).await?,
        });
    }
    Ok(keep_index(state, systems))
}

fn keep_index(state: &AppState, snapshots: Vec<Arc<Snapshot>>) -> Arc<IndexSnapshot> {
    let systems: Vec<PublicStatus> = snapshots
        .iter()
        .map(|snapshot| snapshot.status.clone())
        .collect();
    let checked = systems
        .iter()
        .filter_map(|status| Moment::parse(&status.checked))
        .min();
    let index = PublicIndex {
        title: state.config.status.title.clone(),
        organization: state.config.status.organization.clone(),
        checked: checked.unwrap_or_else(|| state.clock.now()).rfc3339(),
        stale: systems.iter().any(|status| status.stale),
        systems,
    };
    let snapshot = Arc::new(IndexSnapshot {
        files: index_files(state, &index, &Place::live()),
        index,
    });
    state.board.keep_index(snapshot.clone());
    snapshot
}

/// Where everybody reads about a system.
fn public_address(state: &AppState, slug: &str) -> String {
    format!("{}/status/{slug}", state.config.origin())
}

/// A run as the public is told of it, in a sentence.
pub fn run_in_words(state: shared::state::RunState) -> String {
    text::work(state, false, None).1
}

/// The files of one system, with links as they are right at this place; `address` is where its page is.
fn files(state: &AppState, status: &PublicStatus, place: &Place, address: &str) -> Vec<File> {
    vec![
        File::new(
            "index.html",
            "text/html; charset=utf-8",
            page::system(&state.config.status, status, place, address),
        ),
        File::new("status.json", "application/json", json(status)),
        File::new(
            "feed.atom",
            "application/atom+xml; charset=utf-8",
            feeds::atom(status, address),
        )
        .changed(feeds::last_change(status)),
        File::new(
            "feed.json",
            "application/feed+json",
            feeds::json(status, address),
        )
        .changed(feeds::last_change(status)),
        File::new(
            "maintenance.ics",
            "text/calendar; charset=utf-8",
            calendar::of(status, address),
        ),
        File::new("badge.svg", "image/svg+xml", badge::of(status)),
    ]
}

fn index_files(state: &AppState, index: &PublicIndex, place: &Place) -> Vec<File> {
    vec![
        File::new(
            "index.html",
            "text/html; charset=utf-8",
            page::index(index, place, &state.config.origin()),
        ),
        File::new("status.json", "application/json", json(index)),
    ]
}

fn json<T: serde::Serialize>(value: &T) -> String {
    // strings, numbers and lists cannot fail to be written
    serde_json::to_string(value).unwrap_or_default()
}
