//! Waves: which organizations go live together, the pilot of three first, and the days of rest between them.

mod plan;

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationList, Wave};

use self::plan::PlanDialog;
use crate::api;
use crate::components::{RefusalNote, announce, icon, state_icon};
use crate::format;
use crate::session;
use crate::submission::Submission;
use shared::system::Tone;

/// The waves of a system, with starting one and planning all.
#[component]
pub fn Waves(
    /// Slug of the system.
    system: Signal<String>,
    /// The organizations.
    list: Signal<OrganizationList>,
) -> impl IntoView {
    let session = session::current();
    let open = RwSignal::new(false);
    let command = Submission::new();
    let start = move |number: u32| {
        let system = system.get_untracked();
        command.run(
            async move { api::start_wave(&system, number, command.press()).await },
            move |_| announce(&format!("{} started", wave_name(number))),
        );
    };
    let lines = move || {
        list.get()
            .waves
            .into_iter()
            .map(|wave| line(wave, session.may(Role::Administrator), start))
            .collect_view()
    };
    view! {
        <section class="panel clip" aria-labelledby="waves-heading">
            <header>
                <h2 id="waves-heading">"Waves"</h2>
                <p>"Organizations that go live together; the pilot goes first"</p>
                {move || {
                    session
                        .may(Role::Operator)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm push" on:click=move |_| open.set(true)>
                                    {icon("edit")}
                                    "Plan the waves"
                                </button>
                            }
                        })
                }}
            </header>
            {move || {
                list.with(|list| list.waves.is_empty())
                    .then(|| {
                        view! {
                            <div class="body">
                                <p class="muted">"No wave is planned. Choose at least three organizations for the pilot."</p>
                            </div>
                        }
                    })
            }}
            <ul class="gates">{lines}</ul>
            <div class="body">
                <RefusalNote submission=command/>
            </div>
            <PlanDialog system=system list=list open=open />
        </section>
    }
    .into_any()
}

fn wave_name(number: u32) -> String {
    if number == 0 {
        "The pilot".to_owned()
    } else {
        format!("Wave {number}")
    }
}

fn line(wave: Wave, may_start: bool, start: impl Fn(u32) + Copy + 'static) -> AnyView {
    let number = wave.number;
    let (tone, word) = match (&wave.started, &wave.blocked) {
        (Some(_), _) => (Tone::Done, "Started"),
        (None, Some(_)) => (Tone::Gate, "Waiting at gate"),
        (None, None) => (Tone::Pending, "Ready to start"),
    };
    let codes = if wave.organizations.is_empty() {
        "No organization chosen".to_owned()
    } else {
        wave.organizations.join(", ")
    };
    let rest = format::counted(u64::from(wave.soak_days), "day", "days");
    let detail = match (&wave.started, wave.blocked.clone()) {
        (Some(started), _) => format!(
            "Live since {}. {rest} of rest before the next.",
            format::moment(started)
        ),
        (None, Some(blocked)) => format::told(&blocked),
        (None, None) => format!("Can start now. {rest} of rest after it."),
    };
    let startable = wave.started.is_none() && wave.blocked.is_none() && may_start;
    view! {
        <li>
            {state_icon(tone, word)}
            <b>{wave.title.clone()}</b>
            <span class="ev">
                {if startable {
                    view! {
                        <button type="button" class="btn sm" on:click=move |_| start(number)>
                            {format!("Start {}", wave_name(number).to_lowercase())}
                        </button>
                    }
                        .into_any()
                } else {
                    view! { <span>{format::counted(wave.organizations.len() as u64, "organization", "organizations")}</span> }.into_any()
                }}
            </span>
            <p>
                <span class="mono">{codes}</span>
                <br />
                {detail}
            </p>
        </li>
    }
    .into_any()
}
