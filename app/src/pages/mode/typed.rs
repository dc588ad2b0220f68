//! The dialog that confirms a switch of the mode: its cost, and the name of the mode to type.

use leptos::prelude::*;
use shared::approval::ApprovalAction;
use shared::mode::{Mode, ModeView, SwitchMode};

use super::usual_downtime;
use crate::api;
use crate::components::{Agreement, Confirm, announce};
use crate::submission::Submission;

/// Confirms the switch to the mode that is not on.
#[component]
pub fn SwitchDialog(
    /// Slug of the system.
    system: Signal<String>,
    /// The mode now.
    view: Memo<ModeView>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let submission = Submission::new();
    let other = Memo::new(move |_| view.with(|view| view.other.clone()));
    let back = Memo::new(move |_| other.with(|other| other.mode == Mode::Single));
    let agreement = Agreement::new(system, ApprovalAction::Mode, move || {
        view.with(|view| view.needs_approval.then(|| view.fingerprint.clone()))
    });
    let go = move |typed: String| {
        let asked = move || {
            open.set(false);
            announce(
                "Approval asked for. The mode is switched only when you confirm it again after that.",
            );
        };
        if agreement.ask(submission, asked) {
            return;
        }
        let system = system.get_untracked();
        let (to, title) = other.with_untracked(|other| (other.mode, other.title.clone()));
        let body = SwitchMode { to, confirm: typed };
        submission.run(
            async move { api::switch_mode(&system, &body, submission.press()).await },
            move |_| {
                open.set(false);
                announce(&format!("Switching to {title} mode"));
            },
        );
    };
    let title = move || {
        other.with(|other| {
            if back.get() {
                format!("Switch back to {} mode?", other.title)
            } else {
                format!("Switch to {} mode?", other.title)
            }
        })
    };
    let first = move || {
        if back.get() {
            format!(
                "The application restarts and serves {} again. Organizations keep their records.",
                other.with(|other| other.reach.clone())
            )
        } else {
            "The application restarts now and then serves many organizations.".to_owned()
        }
    };
    let action = move || {
        other.with(|other| {
            if agreement.consent().must_ask() {
                "Ask for approval".to_owned()
            } else if back.get() {
                "Switch back".to_owned()
            } else {
                format!("Switch to {} mode", other.title)
            }
        })
    };
    view! {
        <Confirm
            open=open
            title=Signal::derive(title)
            label=Signal::derive(action)
            quiet="Stay in this mode"
            danger=untrack(|| back.get())
            typed=Signal::derive(move || other.with(|other| other.title.clone()))
            submission=submission
            action=go
        >
            <p>{first}</p>
            <dl class="kv rules">
                <dt>"Unavailable"</dt>
                <dd>{move || view.with(usual_downtime)}</dd>
                <dt>"Data changed"</dt>
                <dd>"None"</dd>
                <dt>"If it does not come up"</dt>
                <dd>"Switchyard writes the old value back and restarts again by itself"</dd>
                <dt>"Way back"</dt>
                <dd>"Switch again, at any time"</dd>
            </dl>
            {move || agreement.consent().note()}
        </Confirm>
    }
    .into_any()
}
