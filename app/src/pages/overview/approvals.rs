//! Requests for approval that wait for a second administrator.

use leptos::prelude::*;
use shared::approval::{Approval, ApprovalState, DecideApproval};
use shared::event::Topic;

use crate::api;
use crate::components::{ActionButton, Confirm, Panel, TextField, icon};
use crate::format;
use crate::loader::load;
use crate::submission::Submission;

/// The open requests; nothing when there is none.
#[component]
pub fn ApprovalsPanel(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let approvals = load(&[Topic::Approvals], move || {
        let system = slug.get_value();
        async move { api::approvals(&system).await }
    });
    let waiting = Memo::new(move |_| {
        approvals.with(|approvals| {
            approvals.map_or_else(Vec::new, |approvals| {
                approvals
                    .iter()
                    .filter(|approval| approval.state == ApprovalState::Waiting)
                    .cloned()
                    .collect()
            })
        })
    });
    // the dialogs stand outside of the list, which is drawn anew when it changes
    let chosen = RwSignal::new(None::<(Approval, bool)>);
    let open = RwSignal::new(false);
    let note = RwSignal::new(String::new());
    let submission = Submission::new();
    let decide = move |_typed: String| {
        let Some((approval, approve)) = chosen.get_untracked() else {
            return;
        };
        let system = slug.get_value();
        let body = DecideApproval {
            approve,
            note: note.get_untracked(),
        };
        submission.run(
            async move { api::decide_approval(&system, approval.id, &body).await },
            move |_| {
                open.set(false);
                approvals.reload();
            },
        );
    };
    let approving =
        move || chosen.with(|chosen| chosen.as_ref().is_some_and(|(_, approve)| *approve));
    let title = Signal::derive(move || {
        if approving() {
            "Approve this?"
        } else {
            "Refuse this?"
        }
        .to_string()
    });
    let label = Signal::derive(move || if approving() { "Approve" } else { "Refuse" }.to_string());
    let line = move |approval: Approval| {
        let ask = move |approval: &Approval, approve: bool| {
            let approval = approval.clone();
            move || {
                note.set(String::new());
                chosen.set(Some((approval.clone(), approve)));
                open.set(true);
            }
        };
        let decide = if approval.may_decide {
            view! {
                <div class="row">
                    <ActionButton label="Refuse" class="sm" on_press=ask(&approval, false)/>
                    <ActionButton label="Approve" class="sm" on_press=ask(&approval, true)/>
                </div>
            }
            .into_any()
        } else {
            view! { <span class="sm">"A second administrator decides"</span> }.into_any()
        };
        view! {
            <li>
                <span class="ico" data-state="gate">{icon("gate")}</span>
                <b>{approval.text}</b>
                <span class="ev">{decide}</span>
                <p>{format!("Asked by {}, {}. Ends {}.", approval.requested_by, format::moment(&approval.requested), format::moment(&approval.expires))}</p>
            </li>
        }
    };
    view! {
        {move || (!waiting.with(Vec::is_empty)).then(|| view! {
            <Panel title="Waiting for approval">
                <ul class="gates">{move || waiting.get().into_iter().map(line).collect_view()}</ul>
            </Panel>
        })}
        <Confirm open title label quiet="Decide later" submission action=decide>
            <p>{move || chosen.with(|chosen| chosen.as_ref().map(|(approval, _)| approval.text.clone()))}</p>
            <p>"The approval is bound to exactly this, ends by itself, and is void after any change."</p>
            <TextField label="Note" name="approval-note" value=note hint="Goes into the audit log"/>
        </Confirm>
    }
    .into_any()
}
