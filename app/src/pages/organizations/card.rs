//! The parts that table, board and other pages share: readiness pips, stage badge, and the sentence about what is next.

use leptos::prelude::*;
use shared::organization::{Organization, Stage};
use shared::system::Tone;

use crate::components::{icon, tone_name};

/// The tone that a stage is drawn in.
pub fn stage_tone(stage: Stage) -> Tone {
    match stage {
        Stage::Invited => Tone::Pending,
        Stage::Prepared | Stage::Pilot => Tone::Running,
        Stage::Active => Tone::Done,
        Stage::Suspended => Tone::Paused,
    }
}

/// The icon of a stage.
pub fn stage_icon(stage: Stage) -> &'static str {
    match stage {
        Stage::Invited => "mail",
        Stage::Prepared => "check",
        Stage::Pilot => "eye",
        Stage::Active => "done",
        Stage::Suspended => "paused",
    }
}

/// The state badge of a stage.
pub fn stage_badge(stage: Stage) -> AnyView {
    view! {
        <span class="state" data-state=tone_name(stage_tone(stage))>
            {icon(stage_icon(stage))}
            {stage.word()}
        </span>
    }
    .into_any()
}

/// What comes next for an organization, in one sentence.
pub fn next(organization: &Organization) -> String {
    if let Some(blocked) = &organization.blocked {
        return blocked.clone();
    }
    match organization.stage {
        Stage::Invited => "Ready to be marked prepared".to_owned(),
        Stage::Prepared => "Ready for the pilot".to_owned(),
        Stage::Pilot => "Ready to become active".to_owned(),
        Stage::Active if organization.is_default => "Owner of the existing records".to_owned(),
        Stage::Active => "Works on the system".to_owned(),
        Stage::Suspended => "Taken off; its records stay".to_owned(),
    }
}

/// Readiness items as small bars, with their count as the accessible name.
pub fn pips(done: u32, total: u32) -> AnyView {
    let pitch = 68.0 / f64::from(total.max(1));
    let bars = (0..total)
        .map(|item| {
            view! {
                <rect
                    class=if item < done { "on" } else { "" }
                    x=format!("{:.1}", f64::from(item) * pitch)
                    width=format!("{:.1}", pitch - 2.0)
                    height="8"
                    rx="1.5"
                ></rect>
            }
        })
        .collect_view();
    view! {
        <span class="pips">
            <svg viewBox="0 0 68 8" role="img" aria-label=format!("{done} of {total} preparations done")>
                {bars}
            </svg>
        </span>
    }
    .into_any()
}
