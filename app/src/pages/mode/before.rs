//! Before the switch: what changes, the gates, and the button.

use leptos::prelude::*;
use shared::account::Role;
use shared::mode::{ModeView, SwitchState};
use shared::state::GateState;
use shared::system::{Standing, Tone};

use super::switched::History;
use super::typed::SwitchDialog;
use super::usual_downtime;
use crate::components::{ActionButton, Approvals, GateList, Note, PageHead, mode_badge, standing};
use crate::format;
use crate::session;

/// The page while the system serves one organization.
#[component]
pub fn Before(
    /// Slug of the system.
    system: Signal<String>,
    /// The mode now.
    view: Memo<ModeView>,
) -> impl IntoView {
    let session = session::current();
    let open = RwSignal::new(false);
    let other = move || view.with(|view| view.other.title.clone());
    let gates = Memo::new(move |_| view.with(|view| view.gates.clone()));
    let passed = move || {
        gates.with(|gates| {
            gates
                .iter()
                .filter(|gate| matches!(gate.state, GateState::Open | GateState::Overridden))
                .count()
        })
    };
    let refusal = move || {
        session
            .refusal(Role::Administrator)
            .or_else(|| view.with(|view| view.refused.clone()))
            .or_else(|| {
                let closed = gates.with(Vec::len) - passed();
                (closed > 0).then(|| {
                    format!(
                        "{} closed",
                        format::counted(closed as u64, "gate is", "gates are")
                    )
                })
            })
    };
    let badge = move || {
        let (passed, all) = (passed(), gates.with(Vec::len));
        if passed == all {
            standing(&Standing {
                tone: Tone::Done,
                word: format!("{passed} of {all} gates open"),
            })
        } else {
            standing(&Standing {
                tone: Tone::Gate,
                word: format!("{passed} of {all} gates open"),
            })
        }
    };
    let sub = move || {
        view.with(|view| {
            format!(
                "The application serves {} today. {} mode opens it to many organizations, each with its own data. No record is changed, and you can switch back.",
                view.current.reach, view.other.title
            )
        })
    };
    view! {
        <PageHead title=Signal::derive(move || format!("Switch to {} mode", other())) sub=Signal::derive(sub) badges=badge>
            <ActionButton
                class="primary"
                label=Signal::derive(move || format!("Switch to {} mode", other()))
                refused=Signal::derive(refusal)
                on_press=move || open.set(true)
            />
        </PageHead>
        {move || trouble(view)}
        {move || last_try(view)}
        <div class="cols cols-7-5 stretch">
            <section class="panel clip" aria-labelledby="changes-heading">
                <header class="vh">
                    <h2 id="changes-heading">"Before and after"</h2>
                </header>
                <div class="scroll" tabindex="0" role="group" aria-labelledby="changes-heading">
                    <table class="t mid ba">
                        <thead>
                            <tr>
                                <th scope="col">"What changes"</th>
                                <th scope="col">
                                    "Now " {move || view.with(|view| mode_badge(&view.current, true))}
                                </th>
                                <th scope="col">
                                    "After " {move || view.with(|view| mode_badge(&view.other, true))}
                                </th>
                            </tr>
                        </thead>
                        <tbody>
                            {move || {
                                view.with(|view| view.changes.clone())
                                    .into_iter()
                                    .map(|change| {
                                        view! {
                                            <tr>
                                                <th scope="row">{change.what}</th>
                                                <td>{change.now}</td>
                                                <td class="strong">{change.after}</td>
                                            </tr>
                                        }
                                    })
                                    .collect_view()
                            }}
                        </tbody>
                    </table>
                </div>
            </section>
            <section class="panel" aria-labelledby="gates-heading">
                <header>
                    <h2 id="gates-heading">"Gates"</h2>
                    <p>"All must be open"</p>
                </header>
                <GateList gates=gates />
                <footer>"Measured again at the moment of the switch"</footer>
            </section>
        </div>
        <section class="panel" aria-labelledby="happens-heading">
            <header>
                <h2 id="happens-heading">"What will happen"</h2>
            </header>
            <div class="body">
                <dl class="kv rules">
                    <dt>"Setting"</dt>
                    <dd>
                        "Only " <code>{move || view.with(|view| view.variable.clone())}</code>
                        " in the environment file is changed. Comments, order and permission stay."
                    </dd>
                    <dt>"Unavailable"</dt>
                    <dd>{move || view.with(usual_downtime)}</dd>
                    <dt>"If it does not come up"</dt>
                    <dd>"Switchyard writes the old value back, restarts again and says which check failed."</dd>
                    <dt>"After it"</dt>
                    <dd>"Switching back loses nothing, at any time."</dd>
                </dl>
            </div>
        </section>
        <Approvals system=system />
        <History view=view />
        <SwitchDialog system=system view=view open=open />
    }
    .into_any()
}

/// Why file and application disagree, if they do.
pub fn trouble(view: Memo<ModeView>) -> Option<AnyView> {
    let trouble = view.with(|view| view.trouble.clone())?;
    let values = view.with(|view| {
        format!(
            "The environment file says {}, the application says {}.",
            view.file_value.as_deref().unwrap_or("nothing"),
            view.application_value.as_deref().unwrap_or("nothing")
        )
    });
    Some(view! { <Note state="failed" title=trouble>{values}</Note> }.into_any())
}

/// What became of the last switch, when it did not end in the mode that was wanted.
fn last_try(view: Memo<ModeView>) -> Option<AnyView> {
    let last = view.with(|view| view.switch.clone())?;
    let at = format::moment(last.finished.as_deref().unwrap_or(&last.started));
    let why = last.error.unwrap_or_default();
    match last.state {
        SwitchState::WentBack => Some(
            view! {
                <Note state="rolledback" title=format!("The switch at {at} went back by itself")>
                    {why}
                    " The application answers in the mode it had before."
                </Note>
            }
            .into_any(),
        ),
        SwitchState::Failed => Some(
            view! { <Note state="failed" title=format!("The switch at {at} failed")>{why}</Note> }
                .into_any(),
        ),
        SwitchState::Running | SwitchState::Done => None,
    }
}
