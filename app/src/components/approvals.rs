//! Approvals of a system: what waits for a second administrator, and deciding it.

use leptos::prelude::*;
use shared::account::Role;
use shared::approval::{Approval, ApprovalAction, ApprovalState, DecideApproval};
use shared::event::Topic;
use shared::system::Tone;

use super::{Confirm, announce, state_badge};
use crate::api;
use crate::format;
use crate::loader::load;
use crate::route::{Route, SystemPage, location};
use crate::session;
use crate::submission::Submission;

/// The approvals of a system; nothing while there is none.
#[component]
pub fn Approvals(
    /// Slug of the system.
    system: Signal<String>,
) -> impl IntoView {
    // what changes any of these can make an approval void
    const TOPICS: &[Topic] = &[
        Topic::Approvals,
        Topic::Run,
        Topic::Mode,
        Topic::Rollback,
        Topic::Backups,
        Topic::Checklist,
    ];
    let loaded = load(TOPICS, move || {
        let system = system.get();
        async move { api::approvals(&system).await }
    });
    let asked = RwSignal::new(None::<(Approval, bool)>);
    // the dialog stands outside of the list, which is drawn anew when an approval changes
    let list = move || {
        let approvals = loaded.get().unwrap_or_default();
        (!approvals.is_empty()).then(|| {
            let lines = approvals
                .into_iter()
                .map(|approval| line(&system.get(), approval, asked))
                .collect_view();
            view! {
                <section class="panel clip" aria-labelledby="approvals-heading">
                    <header>
                        <h2 id="approvals-heading">"Approvals"</h2>
                        <p>"Bound to exactly what was seen; void after any change"</p>
                    </header>
                    <ul class="gates">{lines}</ul>
                </section>
            }
        })
    };
    view! {
        {list}
        <Decide system=system asked=asked />
    }
    .into_any()
}

fn drawn(state: ApprovalState) -> (Tone, &'static str) {
    match state {
        ApprovalState::Waiting => (Tone::Gate, "Waiting"),
        ApprovalState::Approved => (Tone::Done, "Approved"),
        ApprovalState::Refused => (Tone::Failed, "Refused"),
        ApprovalState::Used => (Tone::Done, "Used"),
        ApprovalState::Expired => (Tone::Skipped, "Expired"),
        ApprovalState::Void => (Tone::Skipped, "Void"),
    }
}

/// What the one who decided did, whatever has become of it.
fn verdict(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Refused => "Refused",
        _ => "Approved",
    }
}

/// The page that shows what an approval is about, and the words of the link to it.
fn seen_at(action: ApprovalAction) -> (SystemPage, &'static str) {
    match action {
        ApprovalAction::Run => (SystemPage::Plan, "Look at the plan"),
        ApprovalAction::Mode => (SystemPage::Mode, "Look at the gates"),
        ApprovalAction::Rollback => (SystemPage::Rollback, "Look at what it costs"),
        ApprovalAction::Release => (SystemPage::Rollback, "Look at what was kept"),
    }
}

fn line(system: &str, approval: Approval, asked: RwSignal<Option<(Approval, bool)>>) -> AnyView {
    let session = session::current();
    // nobody has to agree to what they have not seen
    let (page, words) = seen_at(approval.action);
    let route = Route::System {
        system: system.to_owned(),
        page: page.clone(),
    };
    let elsewhere = approval.state == ApprovalState::Waiting
        && location::current().route().get_untracked() != route;
    let look = elsewhere.then(|| view! { <a href=page.of(system)>{words}</a> <br /> });
    let (tone, word) = drawn(approval.state);
    let may = approval.may_decide
        && approval.state == ApprovalState::Waiting
        && session.may(Role::Administrator);
    let decided = approval.decided_by.clone().map(|by| {
        match approval.note.clone().filter(|note| !note.is_empty()) {
            Some(note) => format!("{} by {by}: {note}", verdict(approval.state)),
            None => format!("{} by {by}", verdict(approval.state)),
        }
    });
    let (agree, refuse) = (approval.clone(), approval.clone());
    view! {
        <li data-state=super::tone_name(tone)>
            {super::state_icon(tone, word)}
            <b>{approval.text}</b>
            <span class="ev">
                {if may {
                    view! {
                        <span class="row">
                            <button type="button" class="btn sm" on:click=move |_| asked.set(Some((refuse.clone(), false)))>
                                "Refuse"
                            </button>
                            <button type="button" class="btn sm" on:click=move |_| asked.set(Some((agree.clone(), true)))>
                                "Approve"
                            </button>
                        </span>
                    }
                        .into_any()
                } else {
                    state_badge(tone, word)
                }}
            </span>
            <p>
                {look}
                {format!("Asked by {}, {}", approval.requested_by, format::moment(&approval.requested))}
                {(approval.state == ApprovalState::Waiting).then(|| format!(", ends {}", format::moment(&approval.expires)))}
                {decided.map(|decided| view! { <br /> {decided} })}
                {approval.void.map(|why| view! { <br /> <strong>"Does not count any more. "</strong> {why} })}
                <br />
                "Fingerprint "
                <span class="mono">{approval.fingerprint.chars().take(16).collect::<String>()}</span>
            </p>
        </li>
    }
    .into_any()
}

#[component]
fn Decide(system: Signal<String>, asked: RwSignal<Option<(Approval, bool)>>) -> impl IntoView {
    let submission = Submission::new();
    let note = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    Effect::new(move |_| {
        if asked.with(Option::is_some) {
            note.set(String::new());
            open.set(true);
        }
    });
    let approve = move || asked.with(|asked| asked.as_ref().is_some_and(|(_, approve)| *approve));
    let text = move || {
        asked.with(|asked| {
            asked
                .as_ref()
                .map(|(approval, _)| approval.text.clone())
                .unwrap_or_default()
        })
    };
    let decide = move |_: String| {
        let Some((approval, approve)) = asked.get_untracked() else {
            return;
        };
        let system = system.get_untracked();
        let body = DecideApproval {
            approve,
            note: note.get_untracked(),
        };
        submission.run(
            async move { api::decide_approval(&system, approval.id, &body, submission.press()).await },
            move |_| {
                open.set(false);
                asked.set(None);
                announce(if approve { "Approved" } else { "Refused" });
            },
        );
    };
    view! {
        <Confirm
            open=open
            title=Signal::derive(move || if approve() { "Approve this?".to_owned() } else { "Refuse this?".to_owned() })
            label=Signal::derive(move || if approve() { "Approve".to_owned() } else { "Refuse".to_owned() })
            quiet="Decide later"
            submission=submission
            action=decide
        >
            <p>{text}</p>
            <div class="field">
                <label for="approval-note">"Note"</label>
                <input class="in" id="approval-note" prop:value=move || note.get() on:input=move |event| note.set(event_target_value(&event)) />
                <p class="hint">"Kept in the audit log with your name."</p>
            </div>
        </Confirm>
    }
    .into_any()
}
