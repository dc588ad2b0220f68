//! Notices: updates and maintenance windows that operators publish, without writing HTML. Every version is kept; what the
//! public sees of them is put together elsewhere.

mod blank;
mod error;
mod first;
mod preview;
mod template;
mod text;
mod times;
mod update;
mod window;

use shared::notice::{Notices, Revision, Update, Window};

use crate::moment::Moment;
use crate::state::AppState;
use crate::store::notices::{self as table, Kind};
use crate::store::{StoreError, organizations};
use crate::systems::{System, SystemError};

pub use error::NoticeError;
pub use first::announce_sample;
pub use preview::preview;
pub use text::{to_html, to_plain};
pub use update::write as write_update;
pub use window::write as write_window;

/// Everything that operators see.
///
/// # Errors
/// When the control store cannot be read.
pub async fn view(state: &AppState, system: &System) -> Result<Notices, SystemError> {
    let slug = system.slug();
    let mut updates: Vec<Update> = table::updates(&state.store, slug)
        .await?
        .into_iter()
        .map(|row| row.update)
        .collect();
    for (id, revision) in table::revisions(&state.store, slug, Kind::Update).await? {
        file(
            updates.iter_mut().find(|update| update.id == id),
            revision,
            |update| &mut update.history,
        );
    }
    let mut windows: Vec<Window> = table::windows(&state.store, slug)
        .await?
        .into_iter()
        .map(|row| Window {
            starts_local: times::local(row.starts, &system.config.timezone),
            ends_local: times::local(row.ends, &system.config.timezone),
            ..row.window
        })
        .collect();
    for (id, revision) in table::revisions(&state.store, slug, Kind::Window).await? {
        file(
            windows.iter_mut().find(|window| window.id == id),
            revision,
            |window| &mut window.history,
        );
    }
    let mut known = known(state, system).await?;
    known.window = next_window(&windows, state.clock.now());
    Ok(Notices {
        updates,
        windows,
        templates: template::all(&known),
        zone: system.config.timezone.clone(),
        public_path: system
            .config
            .status
            .is_public()
            .then(|| format!("/status/{slug}")),
    })
}

/// What texts may say of a system without asking anybody.
async fn known(state: &AppState, system: &System) -> Result<blank::Known, StoreError> {
    let records = organizations::records(&state.store, system.slug()).await?;
    Ok(blank::Known {
        system: system.config.title.clone(),
        zone: system.config.timezone.clone(),
        organizations: records
            .into_iter()
            .map(|record| (record.code, record.name))
            .collect(),
        window: None,
    })
}

/// The open window that ends next.
fn next_window(windows: &[Window], now: Moment) -> Option<(String, String, Option<u32>)> {
    windows
        .iter()
        .filter(|window| window.stage.is_open())
        .filter_map(|window| {
            Some((
                Moment::parse(&window.ends).filter(|ends| *ends > now)?,
                window,
            ))
        })
        .min_by_key(|(ends, _)| *ends)
        .map(|(_, window)| {
            let (starts, ends) = (window.starts_local.clone(), window.ends_local.clone());
            (starts, ends, window.interruption_minutes)
        })
}

fn file<T>(
    notice: Option<&mut T>,
    revision: Revision,
    history: impl Fn(&mut T) -> &mut Vec<Revision>,
) {
    if let Some(notice) = notice {
        history(notice).push(revision);
    }
}
