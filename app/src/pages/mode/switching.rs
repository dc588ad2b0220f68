//! While the mode is being switched: time without an answer, one bar a second, and the steps.

use leptos::prelude::*;
use shared::mode::{ModeSwitch, ModeView};
use shared::state::StepState;
use shared::system::{Standing, Tone};

use super::strip::DowntimeStrip;
use crate::components::step_list::{StepLine, StepList};
use crate::components::{PageHead, standing};

/// The page while a switch goes on.
#[component]
pub fn Switching(
    /// The mode now.
    view: Memo<ModeView>,
) -> impl IntoView {
    let switch = Memo::new(move |_| view.with(|view| view.switch.clone()));
    let title = move || {
        view.with(|view| {
            let to = view.switch.as_ref().map(|switch| switch.to);
            let badge = if to == Some(view.current.mode) {
                &view.current
            } else {
                &view.other
            };
            format!("Switching to {} mode", badge.title)
        })
    };
    let steps = Signal::derive(move || {
        switch.with(|switch| {
            switch
                .iter()
                .flat_map(|switch| switch.steps.clone())
                .map(StepLine::from)
                .collect::<Vec<_>>()
        })
    });
    let now = move || {
        switch
            .with(|switch| {
                switch.as_ref().and_then(|switch| {
                    switch
                        .steps
                        .iter()
                        .find(|step| matches!(step.state, StepState::Running | StepState::Undoing))
                        .map(|step| step.title.clone())
                })
            })
            .unwrap_or_else(|| "Starting".to_owned())
    };
    view! {
        <PageHead
            title=Signal::derive(title)
            sub="The application may be unavailable for a moment, on purpose. You can close this page; the switch goes on without it."
            badges=move || standing(&Standing { tone: Tone::Running, word: now() })
        />
        <section class="panel" aria-labelledby="downtime-heading">
            <header>
                <h2 id="downtime-heading">"No answer for"</h2>
                <span class="big" role="timer" aria-live="off">
                    {move || switch.with(|switch| switch.as_ref().map(seconds_missed))}
                    " s"
                </span>
                <p>
                    {move || {
                        view.with(|view| match view.usual_downtime_ms {
                            Some(usual) => format!("{} is usual", crate::format::duration(usual)),
                            None => "Measured for the first time on this system".to_owned(),
                        })
                    }}
                </p>
                <Legend />
            </header>
            <div class="body">
                {move || view! { <DowntimeStrip answers=switch.with(|switch| switch.as_ref().map(|switch| switch.answers.clone()).unwrap_or_default()) /> }}
            </div>
        </section>
        <section class="panel clip" aria-labelledby="steps-heading">
            <header>
                <h2 id="steps-heading">"Steps"</h2>
                <p>"If the application does not come up, Switchyard goes back by itself"</p>
            </header>
            <StepList steps=steps />
        </section>
        <p class="vh" role="status" aria-live="assertive">
            {move || {
                switch
                    .with(|switch| switch.as_ref().map(|switch| switch.answers.contains(&false)))
                    .unwrap_or(false)
                    .then_some("The application does not answer at the moment. The switch goes on.")
            }}
        </p>
    }
    .into_any()
}

fn seconds_missed(switch: &ModeSwitch) -> usize {
    switch.answers.iter().filter(|answered| !**answered).count()
}

/// What the colours of the strip mean.
#[component]
pub fn Legend() -> impl IntoView {
    view! {
        <ul class="legend push">
            <li>
                <svg class="chart" viewBox="0 0 12 12" aria-hidden="true">
                    <rect class="s1" width="12" height="12" />
                </svg>
                "Answered"
            </li>
            <li>
                <svg class="chart" viewBox="0 0 12 12" aria-hidden="true">
                    <rect class="off" width="12" height="12" />
                </svg>
                "No answer"
            </li>
        </ul>
    }
}
