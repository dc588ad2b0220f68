//! What is said to somebody whose change comes after that of another.

use crate::audit;
use crate::state::AppState;
use crate::systems::{System, SystemError};

/// What the audit log calls an organization.
pub(super) fn object(code: &str) -> String {
    format!("organization {code}")
}

/// The refusal of a change to an organization that is not as the person saw it, with what was done to it last.
pub(super) async fn changed_meanwhile(
    state: &AppState,
    system: &System,
    code: &str,
) -> SystemError {
    let last = audit::newest_of(&state.store, system.slug(), &object(code)).await;
    let what = match last {
        Ok(Some(entry)) => format!(
            "{code} was changed meanwhile. Last by {}, {}: {}",
            entry.actor, entry.at, entry.text
        ),
        // the refusal stands, whether or not the log can be read
        Ok(None) | Err(_) => format!("{code} was changed by somebody else meanwhile."),
    };
    SystemError::changed_meanwhile(
        what,
        "Look at it as it is now, then make your change again.",
    )
}
