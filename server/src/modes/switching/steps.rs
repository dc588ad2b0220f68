//! The steps of a switch, and the place of each.

use shared::mode::{Mode, SwitchStep};
use shared::state::StepState;

use crate::engine::playbook;
use crate::modes::known::value;

pub(super) const MEASURE: usize = 0;
pub(super) const CHANGE: usize = 1;
pub(super) const RESTART: usize = 2;
pub(super) const ANSWER: usize = 3;
pub(super) const ASK: usize = 4;
/// Steps from here on go back.
pub(super) const CHANGE_BACK: usize = 5;
pub(super) const RESTART_BACK: usize = 6;
pub(super) const ANSWER_BACK: usize = 7;

/// The steps of a switch before it begins.
pub(in crate::modes) fn planned(names: &playbook::Mode, to: Mode) -> Vec<SwitchStep> {
    [
        "Measure the conditions again".to_owned(),
        format!("Set {} to {}", names.variable, value(names, to)),
        "Restart the application".into(),
        "Wait until it answers".into(),
        "Ask which mode it runs in".into(),
    ]
    .into_iter()
    .map(step)
    .collect()
}

/// The steps by which it goes back, after those.
pub(super) fn going_back(names: &playbook::Mode, before: Mode) -> Vec<SwitchStep> {
    [
        format!("Set {} back to {}", names.variable, value(names, before)),
        "Restart the application again".into(),
        "Wait until it answers again".into(),
    ]
    .into_iter()
    .map(step)
    .collect()
}

fn step(title: String) -> SwitchStep {
    SwitchStep {
        title,
        state: StepState::Pending,
        detail: String::new(),
        took_ms: None,
    }
}
