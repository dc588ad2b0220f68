//! States as icon, word and colour: never one without the others.

use leptos::prelude::*;
use shared::mode::{Mode, ModeBadge};
use shared::state::{GateState, RunState, StepState};
use shared::system::{Standing, Tone};

use super::icon::icon;

/// Value of `data-state` for a tone.
pub fn tone_name(tone: Tone) -> &'static str {
    match tone {
        Tone::Pending => "pending",
        Tone::Running => "running",
        Tone::Gate => "gate",
        Tone::Done => "done",
        Tone::Failed => "failed",
        Tone::Rolledback => "rolledback",
        Tone::Paused => "paused",
        Tone::Skipped => "skipped",
    }
}

/// Name of the icon for a tone: each has its own silhouette.
pub fn tone_icon(tone: Tone) -> &'static str {
    tone_name(tone)
}

/// Icon of a state, with the state's word for screen readers.
pub fn state_icon(tone: Tone, word: &str) -> AnyView {
    view! {
        <span class="ico" data-state=tone_name(tone)>
            {icon(tone_icon(tone))} <span class="vh">{word.to_string()}</span>
        </span>
    }
    .into_any()
}

/// A state badge: icon and word.
pub fn state_badge(tone: Tone, word: impl Into<String>) -> AnyView {
    badge("state", tone, word.into())
}

/// The large badge beside a page's title.
pub fn standing(standing: &Standing) -> AnyView {
    badge("state lg", standing.tone, standing.word.clone())
}

fn badge(class: &'static str, tone: Tone, word: String) -> AnyView {
    view! { <span class=class data-state=tone_name(tone)>{icon(tone_icon(tone))} {word}</span> }
        .into_any()
}

/// The mode and its reach; `small` leaves the reach out.
pub fn mode_badge(badge: &ModeBadge, small: bool) -> AnyView {
    let (name, picture) = match badge.mode {
        Mode::Single => ("single", "single"),
        Mode::Multi => ("multi", "multi"),
    };
    let title = badge.title.clone();
    if small {
        view! { <span class="mode sm" data-mode=name>{icon(picture)} {title}</span> }.into_any()
    } else {
        let reach = badge.reach.clone();
        view! { <span class="mode" data-mode=name>{icon(picture)} {title} " mode " <span>{reach}</span></span> }
            .into_any()
    }
}

/// Tone and word of a run.
pub fn run_standing(state: RunState) -> Standing {
    let (tone, word) = match state {
        RunState::Queued => (Tone::Running, "Starting"),
        RunState::Running => (Tone::Running, "Running"),
        RunState::Paused => (Tone::Paused, "Paused"),
        RunState::WaitingAtGate => (Tone::Gate, "Waiting at gate"),
        RunState::WaitingForApproval => (Tone::Gate, "Waiting for approval"),
        RunState::Done => (Tone::Done, "Done"),
        RunState::Failed => (Tone::Failed, "Failed"),
        RunState::Aborted => (Tone::Skipped, "Aborted"),
        RunState::RollingBack => (Tone::Running, "Rolling back"),
        RunState::RolledBack => (Tone::Rolledback, "Rolled back"),
        RunState::Stuck => (Tone::Failed, "Undo failed"),
    };
    Standing {
        tone,
        word: word.into(),
    }
}

/// Tone and word of a step.
pub fn step_standing(state: StepState) -> Standing {
    let (tone, word) = match state {
        StepState::Pending => (Tone::Pending, "Pending"),
        StepState::Running => (Tone::Running, "Running"),
        StepState::Done => (Tone::Done, "Done"),
        StepState::Skipped => (Tone::Skipped, "Nothing to do"),
        StepState::Failed => (Tone::Failed, "Failed"),
        StepState::Undoing => (Tone::Running, "Undoing"),
        StepState::Undone => (Tone::Rolledback, "Undone"),
        StepState::Stuck => (Tone::Failed, "Undo failed"),
    };
    Standing {
        tone,
        word: word.into(),
    }
}

/// Tone, icon and word of a gate: closed is a diamond, open a diamond with a tick.
pub fn gate_word(state: GateState) -> (Tone, &'static str, &'static str) {
    match state {
        GateState::Open => (Tone::Done, "gate-open", "Open"),
        GateState::Closed => (Tone::Gate, "gate", "Closed"),
        GateState::NotReached => (Tone::Pending, "gate", "Not reached"),
        GateState::Overridden => (Tone::Done, "gate-open", "Overridden"),
    }
}
