//! After the switch: measured downtime, what was done, the way back, and earlier switches.

use leptos::prelude::*;
use shared::account::Role;
use shared::mode::ModeView;
use shared::system::Tone;

use super::before::trouble;
use super::strip::DowntimeStrip;
use super::switching::Legend;
use super::typed::SwitchDialog;
use super::{outcome, usual_downtime};
use crate::components::step_list::{StepLine, StepList};
use crate::components::{ActionButton, Approvals, PageHead, icon, mode_badge, state_badge};
use crate::format;
use crate::route::SystemPage;
use crate::session;

/// The page while the system serves many organizations.
#[component]
pub fn Switched(
    /// Slug of the system.
    system: Signal<String>,
    /// The mode now.
    view: Memo<ModeView>,
) -> impl IntoView {
    let session = session::current();
    let open = RwSignal::new(false);
    let switch = Memo::new(move |_| view.with(|view| view.switch.clone()));
    let measured = Memo::new(move |_| switch.get().filter(|switch| !switch.answers.is_empty()));
    let steps = Signal::derive(move || {
        switch.with(|switch| {
            switch
                .iter()
                .flat_map(|switch| switch.steps.clone())
                .map(StepLine::from)
                .collect::<Vec<_>>()
        })
    });
    let refusal = move || {
        session
            .refusal(Role::Administrator)
            .or_else(|| view.with(|view| view.refused.clone()))
    };
    let sub = move || match switch.get() {
        Some(switch) => format!(
            "Switched {} by {}. Nothing to do: onboarding goes on in Organizations.",
            format::moment(switch.finished.as_deref().unwrap_or(&switch.started)),
            switch.by
        ),
        None => "It was on before Switchyard looked.".to_owned(),
    };
    view! {
        <PageHead
            title=Signal::derive(move || format!("{} mode is on", view.with(|view| view.current.title.clone())))
            sub=Signal::derive(sub)
            badges=move || view.with(|view| mode_badge(&view.current, false))
        >
            <a class="btn" href=move || SystemPage::Organizations.of(&system.get())>
                {icon("org")}
                "Organizations"
            </a>
        </PageHead>
        {move || trouble(view)}
        {move || {
            measured
                .get()
                .map(|switch| {
                    let missed = switch.answers.iter().filter(|answered| !**answered).count();
                    let downtime = switch.downtime_ms.map_or_else(|| "Not measured".to_owned(), format::duration);
                    view! {
                        <section class="panel" aria-labelledby="downtime-heading">
                            <header>
                                <h2 id="downtime-heading">"Measured downtime"</h2>
                                <p>"One request a second, from outside"</p>
                                <Legend />
                            </header>
                            <div class="body">
                                <DowntimeStrip answers=switch.answers.clone() />
                            </div>
                            <dl class="stats flush">
                                <div>
                                    <dt>"Unavailable"</dt>
                                    <dd>{downtime}</dd>
                                    <dd class="sub">"Measured"</dd>
                                </div>
                                <div>
                                    <dt>"Without an answer"</dt>
                                    <dd>
                                        {missed} " " <small>{format!("of {}", switch.answers.len())}</small>
                                    </dd>
                                    <dd class="sub">"Requests, one a second"</dd>
                                </div>
                                <div>
                                    <dt>"Whole switch"</dt>
                                    <dd>
                                        {switch
                                            .finished
                                            .as_deref()
                                            .map_or_else(|| "Not ended".to_owned(), |end| format::duration(format::between_ms(&switch.started, end)))}
                                    </dd>
                                    <dd class="sub">"From first to last step"</dd>
                                </div>
                            </dl>
                        </section>
                    }
                })
        }}
        <div class="cols cols-7-5 stretch">
            <section class="panel clip" aria-labelledby="steps-heading">
                <header>
                    <h2 id="steps-heading">"What was done"</h2>
                </header>
                <StepList steps=steps />
            </section>
            <section class="panel" aria-labelledby="back-heading">
                <header>
                    <h2 id="back-heading">"Switch back"</h2>
                </header>
                <div class="body stack-sm">
                    <p>
                        {move || {
                            format!("If anything looks wrong, go back to {} mode. It needs no backup.", view.with(|view| view.other.title.clone()))
                        }}
                    </p>
                    <dl class="kv end rules">
                        <dt>"Unavailable"</dt>
                        <dd>{move || view.with(usual_downtime)}</dd>
                        <dt>"Data lost"</dt>
                        <dd>"None, assignments stay"</dd>
                        <dt>"Later"</dt>
                        <dd>"It can be switched again"</dd>
                    </dl>
                    <div class="row">
                        <ActionButton
                            class="danger"
                            picture="rolledback"
                            label=Signal::derive(move || format!("Switch back to {} mode", view.with(|view| view.other.title.clone())))
                            refused=Signal::derive(refusal)
                            on_press=move || open.set(true)
                        />
                    </div>
                </div>
            </section>
        </div>
        <Approvals system=system />
        <History view=view />
        <SwitchDialog system=system view=view open=open />
    }
    .into_any()
}

/// Earlier switches with their measured downtime.
#[component]
pub fn History(
    /// The mode now.
    view: Memo<ModeView>,
) -> impl IntoView {
    let history = Memo::new(move |_| view.with(|view| view.history.clone()));
    move || {
        let history = history.get();
        if history.is_empty() {
            return None;
        }
        let lines = history
            .into_iter()
            .map(|switch| {
                let tone = match switch.state {
                    shared::mode::SwitchState::Running => Tone::Running,
                    shared::mode::SwitchState::Done => Tone::Done,
                    shared::mode::SwitchState::WentBack => Tone::Rolledback,
                    shared::mode::SwitchState::Failed => Tone::Failed,
                };
                let title = view.with(|view| {
                    let badge = if view.current.mode == switch.to { &view.current } else { &view.other };
                    badge.title.clone()
                });
                view! {
                    <tr>
                        <th scope="row" class="nowrap">
                            {format::moment(&switch.started)}
                        </th>
                        <td>{format!("To {title} mode")}</td>
                        <td>
                            {state_badge(tone, outcome(&switch))}
                        </td>
                        <td class="r">{switch.downtime_ms.map_or_else(|| "Not measured".to_owned(), format::duration)}</td>
                        <td>{switch.by}</td>
                    </tr>
                }
            })
            .collect_view();
        Some(view! {
            <section class="panel clip" aria-labelledby="history-heading">
                <header>
                    <h2 id="history-heading">"Earlier switches"</h2>
                </header>
                <div class="scroll" tabindex="0" role="group" aria-labelledby="history-heading">
                    <table class="t tight">
                        <thead>
                            <tr>
                                <th scope="col">"Started"</th>
                                <th scope="col">"Switch"</th>
                                <th scope="col">"Outcome"</th>
                                <th scope="col" class="r">"Unavailable"</th>
                                <th scope="col">"By"</th>
                            </tr>
                        </thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
            </section>
        })
    }
}
