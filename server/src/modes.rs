//! The mode of a system: one organization or many, what has to hold before it is switched, and the switch itself.

mod begin;
mod bound;
mod gates;
mod known;
mod probes;
mod refusal;
mod switching;
mod view;

use shared::mode::Mode;

use crate::state::AppState;
use crate::systems::SystemError;

pub use begin::{Asker, begin, switch};
pub use bound::fingerprint;
pub use gates::gates;
pub use known::{Known, badge, known, names, title, value};
pub use switching::drive_switch;
pub use view::view;

fn no_modes() -> SystemError {
    SystemError::conflict(
        "This system has no modes.",
        "Add [mode] to its playbook and start again.",
    )
}

/// Whether a second administrator has to approve a switch to this mode. Never the way back: it must not wait.
fn needs_approval(state: &AppState, to: Mode) -> bool {
    to == Mode::Multi && state.config.approvals.require_second_administrator
}
