//! Mode: what changes when the system opens to many organizations, the gates before it, the switch itself, and the way back.

mod before;
mod strip;
mod switched;
mod switching;
mod typed;

use leptos::prelude::*;
use shared::event::Topic;
use shared::mode::{Mode, ModeSwitch, ModeView, SwitchState};

use self::before::Before;
use self::switched::Switched;
use self::switching::Switching;
use crate::api;
use crate::loader::load;

/// Which of the three faces the page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Before,
    Switching,
    Switched,
}

fn face(view: &ModeView) -> Face {
    let going_on = view
        .switch
        .as_ref()
        .is_some_and(|switch| switch.state == SwitchState::Running);
    match (going_on, view.current.mode) {
        (true, _) => Face::Switching,
        (false, Mode::Single) => Face::Before,
        (false, Mode::Multi) => Face::Switched,
    }
}

/// The page.
#[component]
pub fn ModePage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let loaded = load(
        &[
            Topic::Mode,
            Topic::Checklist,
            Topic::Organizations,
            Topic::Coverage,
        ],
        move || {
            let system = system.get();
            async move { api::mode(&system).await }
        },
    );
    loaded.page("Mode", "mode", move |view: Memo<ModeView>| {
        let face = Memo::new(move |_| view.with(face));
        (move || match face.get() {
            Face::Before => view! { <Before system=system view=view /> }.into_any(),
            Face::Switching => view! { <Switching view=view /> }.into_any(),
            Face::Switched => view! { <Switched system=system view=view /> }.into_any(),
        })
        .into_any()
    })
}

/// The median of measured downtimes in words, or that none was measured.
fn usual_downtime(view: &ModeView) -> String {
    match view.usual_downtime_ms {
        Some(usual) => format!(
            "About {}, the median of measured switches",
            crate::format::duration(usual)
        ),
        None => {
            "Not measured yet on this system. The first switch measures it, one request a second."
                .to_owned()
        }
    }
}

/// What became of a switch that is over, in a few words.
fn outcome(switch: &ModeSwitch) -> &'static str {
    match switch.state {
        SwitchState::Running => "Going on",
        SwitchState::Done => "Switched",
        SwitchState::WentBack => "Went back by itself",
        SwitchState::Failed => "Failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::mode::ModeBadge;

    fn view(mode: Mode, switch: Option<SwitchState>) -> ModeView {
        let badge = |mode| ModeBadge {
            mode,
            title: "OBCMS".to_owned(),
            reach: "one organization".to_owned(),
        };
        ModeView {
            current: badge(mode),
            other: badge(mode.other()),
            variable: "BMMS_MODE".to_owned(),
            file_value: None,
            application_value: None,
            trouble: None,
            changes: Vec::new(),
            gates: Vec::new(),
            fingerprint: String::new(),
            needs_approval: false,
            usual_downtime_ms: None,
            switch: switch.map(|state| ModeSwitch {
                id: 1,
                from: Mode::Single,
                to: Mode::Multi,
                state,
                by: String::new(),
                started: String::new(),
                finished: None,
                steps: Vec::new(),
                answers: Vec::new(),
                downtime_ms: None,
                error: None,
            }),
            history: Vec::new(),
            refused: None,
        }
    }

    #[test]
    fn a_switch_that_goes_on_is_shown_whatever_the_mode_says_meanwhile() {
        assert_eq!(
            face(&view(Mode::Single, Some(SwitchState::Running))),
            Face::Switching
        );
        assert_eq!(
            face(&view(Mode::Multi, Some(SwitchState::Running))),
            Face::Switching
        );
    }

    #[test]
    fn a_switch_that_went_back_shows_the_way_to_try_again() {
        assert_eq!(
            face(&view(Mode::Single, Some(SwitchState::WentBack))),
            Face::Before
        );
        assert_eq!(
            face(&view(Mode::Multi, Some(SwitchState::Done))),
            Face::Switched
        );
    }

    #[test]
    fn no_downtime_is_promised_that_was_never_measured() {
        assert!(usual_downtime(&view(Mode::Single, None)).starts_with("Not measured yet"));
    }
}
