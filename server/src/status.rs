//! Public status: pages that the run itself writes. Everything public is made from [`shared::status::PublicStatus`] and
//! kept ready in memory, so that readers cost neither the control store nor a target anything, and are answered with the
//! last known state when both are down. It must not be asked for anything by name that a configuration keeps private.

mod badge;
mod calendar;
mod compose;
mod export;
mod feeds;
pub mod links;
mod page;
mod publish;
mod style;
mod text;
mod timeline;
mod zoned;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use shared::status::{PublicIndex, PublicStatus};

use crate::state::AppState;
use crate::systems::{System, SystemError};

pub use export::{ExportError, export, write_mirror};
pub use links::KeptKey;
pub(crate) use page::notice;
pub use page::{Place, nothing_here};
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
}

impl File {
    fn new(name: &'static str, kind: &'static str, text: String) -> Self {
        Self {
            name,
            kind,
            etag: format!("\"{}\"", &hex::encode(Sha256::digest(&text))[..20]),
            bytes: Bytes::from(text),
        }
    }
}

/// Everything public about one system, ready to be sent.
#[derive(Debug)]
pub struct Snapshot {
    /// What it was made from.
    pub status: PublicStatus,
    /// The files.
    pub files: Vec<File>,
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

/// A snapshot that is older than this is made anew by the reader who asks for it. The publisher is quicker; this is for
/// when it is stuck.
const OLDEST: Duration = Duration::from_secs(60);

/// The files that a private link opens, and when they were made.
type Opened = (Instant, Arc<Vec<File>>);

/// Snapshots of all public systems.
#[derive(Debug, Default)]
pub struct Board {
    systems: RwLock<HashMap<String, (Instant, Arc<Snapshot>)>>,
    index: RwLock<Option<(Instant, Arc<IndexSnapshot>)>>,
    /// What is costly to know, and when it was found out.
    measured: RwLock<HashMap<String, (Instant, compose::Measured)>>,
    /// What links open, by their identifier; for two seconds.
    private: RwLock<HashMap<String, Opened>>,
    /// Held while snapshots are made: readers who find none do not all make the same one.
    making: tokio::sync::Mutex<()>,
}

impl Board {
    /// What is ready for the public system with exactly this slug, and not old. Nothing is ever made ready for a private one.
    pub fn kept(&self, slug: &str) -> Option<Arc<Snapshot>> {
        let systems = self.systems.read().unwrap_or_else(PoisonError::into_inner);
        let (made, snapshot) = systems.get(slug)?;
        (made.elapsed() < OLDEST).then(|| snapshot.clone())
    }

    fn last(&self, slug: &str) -> Option<Arc<Snapshot>> {
        let systems = self.systems.read().unwrap_or_else(PoisonError::into_inner);
        systems.get(slug).map(|(_, snapshot)| snapshot.clone())
    }

    fn kept_index(&self) -> Option<Arc<IndexSnapshot>> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let (made, snapshot) = index.as_ref()?;
        (made.elapsed() < OLDEST).then(|| snapshot.clone())
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

/// What is ready for this public system; made now when nothing is.
///
/// # Errors
/// When nothing was ever made, and the control store cannot be read.
pub async fn snapshot(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Arc<Snapshot>, SystemError> {
    let slug = system.slug();
    if let Some(kept) = state.board.kept(slug) {
        return Ok(kept);
    }
    let _making = state.board.making.lock().await;
    if let Some(kept) = state.board.kept(slug) {
        return Ok(kept);
    }
    match remake(state, system).await {
        Ok(snapshot) => Ok(snapshot),
        // a page that says when it was checked is worth more than none
        Err(error) => state.board.last(slug).ok_or(error),
    }
}

/// Makes the snapshot of a system anew.
async fn remake(state: &AppState, system: &Arc<System>) -> Result<Arc<Snapshot>, SystemError> {
    let scope = compose::Scope {
        show: &system.config.status.show,
        organization: None,
    };
    let status = compose::compose(state, system, scope).await?;
    let address = public_address(state, system.slug());
    let snapshot = Arc::new(Snapshot {
        files: files(
            state,
            &status,
            &Place::live().with_form(&state.config),
            &address,
        ),
        status,
    });
    state
        .board
        .systems
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(system.slug().to_owned(), (Instant::now(), snapshot.clone()));
    Ok(snapshot)
}

/// Makes the snapshot of a system, and the list, anew. For whoever just changed something.
///
/// # Errors
/// When the control store cannot be read.
pub async fn refresh(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    if system.config.status.is_public() {
        let _making = state.board.making.lock().await;
        remake(state, system).await?;
        remake_index(state).await?;
    }
    Ok(())
}

/// The list of public systems, ready to be sent.
///
/// # Errors
/// When a snapshot was never made, and the control store cannot be read.
pub async fn index(state: &AppState) -> Result<Arc<IndexSnapshot>, SystemError> {
    if let Some(kept) = state.board.kept_index() {
        return Ok(kept);
    }
    remake_index(state).await
}

async fn remake_index(state: &AppState) -> Result<Arc<IndexSnapshot>, SystemError> {
    let mut systems = Vec::new();
    for system in public_systems(state) {
        let kept = state.board.kept(system.slug());
        let snapshot = match kept {
            Some(snapshot) => snapshot,
            None => remake(state, system).await?,
        };
        systems.push(snapshot.status.clone());
    }
    let index = PublicIndex {
        title: state.config.status.title.clone(),
        organization: state.config.status.organization.clone(),
        systems,
        checked: state.clock.now().rfc3339(),
    };
    let snapshot = Arc::new(IndexSnapshot {
        files: index_files(state, &index, &Place::live()),
        index,
    });
    *state
        .board
        .index
        .write()
        .unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), snapshot.clone()));
    Ok(snapshot)
}

/// Where everybody reads about a system.
fn public_address(state: &AppState, slug: &str) -> String {
    format!("{}/status/{slug}", state.config.origin())
}

/// A run as the public is told of it, in a sentence.
pub fn run_in_words(state: shared::state::RunState) -> String {
    text::work(state, None).1
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
        ),
        File::new(
            "feed.json",
            "application/feed+json",
            feeds::json(status, address),
        ),
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
