//! What an approval of a switch is bound to.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use shared::mode::Mode;
use shared::plan::Gate;
use shared::state::GateState;

use super::known::{known, names, value};
use super::{gates, no_modes};
use crate::engine::playbook;
use crate::state::AppState;
use crate::systems::{System, SystemError};

/// What an approval of a switch to many organizations is bound to now.
pub async fn fingerprint(state: &AppState, system: &Arc<System>) -> Result<String, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    let gates = gates(state, system, Mode::Multi).await?;
    Ok(bound_to(system, &names, Mode::Multi, &gates))
}

/// The same of gates that were measured already: the mode wanted, the file as it is, and which gates are open.
pub(super) fn bound_to(
    system: &System,
    names: &playbook::Mode,
    to: Mode,
    gates: &[Gate],
) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(system.slug());
    add(value(names, to));
    add(&known(system, None).file.unwrap_or_default());
    for gate in gates {
        add(&gate.name);
        add(if gate.state == GateState::Open {
            "open"
        } else {
            "closed"
        });
    }
    hex::encode(hasher.finalize())
}
