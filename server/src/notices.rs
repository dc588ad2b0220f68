//! Notices: updates and maintenance windows that operators publish, without writing HTML. Every version is kept; what the
//! public sees of them is put together elsewhere.

mod error;
mod first;
mod template;
mod text;
mod times;
mod update;
mod window;

use shared::notice::{Notices, Revision, Update, Window};

use crate::state::AppState;
use crate::store::notices::{self as table, Kind};
use crate::systems::{System, SystemError};

pub use error::NoticeError;
pub use first::announce_sample;
pub use template::preview;
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
    Ok(Notices {
        updates,
        windows,
        templates: template::all(),
        zone: system.config.timezone.clone(),
        public_path: system
            .config
            .status
            .is_public()
            .then(|| format!("/status/{slug}")),
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
