//! The dialog before a rollback: its cost in full, the name of the system to type, and the request for an approval.

use leptos::prelude::*;
use shared::approval::ApprovalAction;
use shared::rollback::{RollbackOptions, StartRollback};

use super::cost::{downtime, loss, takes_from};
use super::{Choice, Way};
use crate::api;
use crate::components::{Agreement, Confirm, Note, Systems, announce};
use crate::format;
use crate::submission::Submission;

/// Confirms the chosen way back.
#[component]
pub fn ConfirmRollback(
    /// Slug of the system.
    system: Signal<String>,
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
    /// Words for what it does.
    words: Memo<String>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let submission = Submission::new();
    let cost = Memo::new(move |_| options.with(|options| choice.cost(options)));
    let systems = expect_context::<Systems>();
    let name = Signal::derive(move || {
        let slug = system.get();
        systems.find(&slug).map_or(slug, |summary| summary.title)
    });
    let agreement = Agreement::new(system, ApprovalAction::Rollback, move || {
        let needed =
            choice.way.get() != Way::Mode && options.with(|options| options.needs_approval);
        needed.then(|| {
            let bound = cost.with(|cost| cost.as_ref().map(|cost| cost.fingerprint.clone()));
            bound.unwrap_or_default()
        })
    });
    let label = move || {
        if agreement.consent().must_ask() {
            "Ask for approval".to_owned()
        } else {
            words.get()
        }
    };
    let go = move |typed: String| {
        let Some((way, fingerprint)) = options.with_untracked(|options| {
            untrack(|| {
                choice
                    .kind(options)
                    .zip(choice.cost(options).map(|cost| cost.fingerprint))
            })
        }) else {
            return;
        };
        let asked = move || {
            open.set(false);
            announce(
                "Approval asked for. The rollback starts only when you confirm it again after that.",
            );
        };
        if agreement.ask(submission, asked) {
            return;
        }
        let system = system.get_untracked();
        let body = StartRollback {
            way,
            fingerprint,
            confirm: typed,
        };
        submission.run(
            async move { api::start_rollback(&system, &body, submission.press()).await },
            move |_| {
                open.set(false);
                announce("The rollback started");
            },
        );
    };
    view! {
        <Confirm
            open=open
            title=Signal::derive(move || format!("{}?", words.get()))
            label=Signal::derive(label)
            quiet="Keep everything"
            danger=Signal::derive(move || !agreement.consent().must_ask())
            typed=name
            submission=submission
            action=go
        >
            {move || {
                cost
                    .get()
                    .map(|cost| {
                        let rows = cost.rows_lost;
                        let told = format!("Lost: {}. {}", loss(&cost), format::told(&cost.notes.join(" ")));
                        let state = if rows > 0 { "failed" } else { "done" };
                        let title = if rows > 0 {
                            format!("{} will be gone", format::counted(rows, "row", "rows"))
                        } else {
                            "No row is lost".to_owned()
                        };
                        view! {
                            <Note state=state title=title>
                                {told}
                            </Note>
                            <dl class="kv rules">
                                <dt>"Takes"</dt>
                                <dd>{takes_from(&cost)}</dd>
                                <dt>"Unavailable"</dt>
                                <dd>{downtime(&cost)}</dd>
                                <dt>"Way back from it"</dt>
                                <dd>
                                    {match choice.way.get() {
                                        Way::Mode => "Switch the mode again",
                                        Way::Partial | Way::UndoAll => "Run the plan again",
                                        Way::Restore => "None. Rows that would be lost are written to an export first",
                                    }}
                                </dd>
                            </dl>
                        }
                    })
            }}
            {move || agreement.consent().note()}
        </Confirm>
    }
    .into_any()
}
