//! What a link opens: the same page as the public one, with what its audience may see. When the control store is gone, the
//! last page of a link that was open then, marked as old.

use std::sync::Arc;
use std::time::Duration;

use shared::status::PublicStatus;
use shared::status_link::Audience;

use super::LinkError;
use crate::config::Show;
use crate::state::AppState;
use crate::status::board::Opened;
use crate::status::compose::{Scope, compose};
use crate::status::{FIRST, File, Place};
use crate::store::status_links::{self as table, LinkRow};
use crate::systems::SystemError;

/// Readers of one link within this time get the same answer.
const KEPT: Duration = Duration::from_secs(2);

/// The files behind the link with this token; none when it opens nothing. `path` is where they are.
///
/// # Errors
/// When it cannot be looked at, and what it opened last is not known.
pub async fn files(
    state: &AppState,
    token: &str,
    path: &str,
) -> Result<Option<Arc<Vec<File>>>, LinkError> {
    let Some((id, expires)) = super::unexpired(state, token)? else {
        return Ok(None);
    };
    let look = async {
        let row = table::get(&state.store, &id).await?;
        let Some(row) = row.filter(|row| super::is_open(row, expires)) else {
            state.board.keep_opened(&id, None, KEPT);
            return Ok(None);
        };
        Ok(made(state, &row, path).await?)
    };
    let failed = match tokio::time::timeout(FIRST, look).await {
        Ok(Ok(files)) => return Ok(files),
        Ok(Err(error)) => error,
        Err(_) => LinkError::NotReady,
    };
    // another console may have revoked it without a word to this one
    if state.store.is_shared() {
        return Err(failed);
    }
    match state.board.opened(&id) {
        Some(Some(last)) => {
            let status = PublicStatus {
                stale: true,
                ..last.status
            };
            Ok(Some(Arc::new(written(state, &status, path))))
        }
        Some(None) => Ok(None),
        None => Err(failed),
    }
}

/// Lets nobody through a link any more, whatever becomes of the control store.
pub(super) fn close(state: &AppState, link: &str) {
    state.board.keep_opened(link, None, KEPT);
}

/// The page of a link that is open, now; none when its system is not configured any more.
async fn made(
    state: &AppState,
    row: &LinkRow,
    path: &str,
) -> Result<Option<Arc<Vec<File>>>, SystemError> {
    let Ok(system) = state.systems.get(&row.system) else {
        return Ok(None);
    };
    let link = row.link.id.as_str();
    if let Some(Some(last)) = state.board.opened(link)
        && let Some(files) = last.young(KEPT)
    {
        return Ok(Some(files));
    }
    let composed = compose(state, &system, scope(&row.link.audience)).await?;
    let files = Arc::new(written(state, &composed.status, path));
    let opened = Opened::now(composed.status, files.clone());
    state.board.keep_opened(link, Some(opened), KEPT);
    Ok(Some(files))
}

fn written(state: &AppState, status: &PublicStatus, path: &str) -> Vec<File> {
    let place = Place::link(path).with_form(&state.config);
    let address = format!("{}{path}", state.config.origin());
    crate::status::files(state, status, &place, &address)
}

fn scope(audience: &Audience) -> Scope<'_> {
    match audience {
        Audience::Executive => Scope {
            show: &[Show::Mode, Show::Progress, Show::Availability],
            organization: None,
        },
        Audience::Engineer => Scope {
            show: &[
                Show::Mode,
                Show::Progress,
                Show::Coverage,
                Show::Availability,
            ],
            organization: None,
        },
        Audience::Organization { code } => Scope {
            show: &[Show::Mode],
            organization: Some(code),
        },
    }
}
