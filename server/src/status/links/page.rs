//! What a link opens: the same page as the public one, with what its audience may see.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use shared::status_link::Audience;

use crate::config::Show;
use crate::state::AppState;
use crate::status::compose::{Scope, compose};
use crate::status::{File, Place};
use crate::store::status_links::LinkRow;
use crate::systems::SystemError;

/// Readers of one link within this time get the same answer.
const KEPT: Duration = Duration::from_secs(2);

/// The files behind a link that is open; none when its system is not configured any more.
///
/// # Errors
/// When the control store cannot be read.
pub async fn files(
    state: &AppState,
    row: &LinkRow,
    path: &str,
) -> Result<Option<Arc<Vec<File>>>, SystemError> {
    let Ok(system) = state.systems.get(&row.system) else {
        return Ok(None);
    };
    let private = &state.board.private;
    {
        let kept = private.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, files)) = kept.get(&row.link.id)
            && made.elapsed() < KEPT
        {
            return Ok(Some(files.clone()));
        }
    }
    let status = compose(state, &system, scope(&row.link.audience))
        .await?
        .status;
    let place = Place::link(path).with_form(&state.config);
    let address = format!("{}{path}", state.config.origin());
    let files = Arc::new(crate::status::files(state, &status, &place, &address));
    let mut kept = private.write().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|_, (made, _)| made.elapsed() < KEPT);
    kept.insert(row.link.id.clone(), (Instant::now(), files.clone()));
    Ok(Some(files))
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
