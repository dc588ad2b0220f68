//! Waves: which organizations go live together, the pilot of three first, and the days of rest between them.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationList, PlanWaves, PlannedWave, Stage, Wave};
use web_sys::SubmitEvent;

use crate::api;
use crate::components::{Dialog, RefusalNote, announce, icon, state_icon};
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
            async move { api::start_wave(&system, number).await },
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
        (None, Some(blocked)) => blocked,
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

/// A wave while it is being planned.
#[derive(Clone, Copy)]
struct Draft {
    key: u32,
    title: RwSignal<String>,
    soak_days: RwSignal<u32>,
}

/// Chooses a wave for each organization that is not live yet.
#[component]
fn PlanDialog(
    system: Signal<String>,
    list: Signal<OrganizationList>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let drafts = RwSignal::new(Vec::<Draft>::new());
    let places = RwSignal::new(Vec::<(String, Option<u32>)>::new());
    let command = Submission::new();
    let draft = |key: u32, title: String, soak_days: u32| Draft {
        key,
        title: RwSignal::new(title),
        soak_days: RwSignal::new(soak_days),
    };
    Effect::new(move |_| {
        if !open.get() {
            return;
        }
        command.clear();
        let list = list.get_untracked();
        let mut planned: Vec<Draft> = list
            .waves
            .iter()
            .map(|wave| draft(wave.number, wave.title.clone(), wave.soak_days))
            .collect();
        if planned.is_empty() {
            planned.push(draft(0, "Pilot".to_owned(), 14));
        }
        drafts.set(planned);
        places.set(
            list.organizations
                .iter()
                .filter(|one| !one.is_default && one.stage != Stage::Suspended)
                .map(|one| (one.code.clone(), one.wave))
                .collect(),
        );
    });
    let add = move |_| {
        drafts.update(|drafts| {
            let key = drafts.iter().map(|one| one.key + 1).max().unwrap_or(0);
            drafts.push(draft(key, format!("Wave {key}"), 7));
        });
    };
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let chosen = places.get_untracked();
        let waves = drafts
            .get_untracked()
            .into_iter()
            .map(|one| PlannedWave {
                title: one.title.get_untracked(),
                organizations: chosen
                    .iter()
                    .filter(|(_, wave)| *wave == Some(one.key))
                    .map(|(code, _)| code.clone())
                    .collect(),
                soak_days: one.soak_days.get_untracked(),
            })
            .collect();
        let system = system.get_untracked();
        command.run(
            async move { api::plan_waves(&system, &PlanWaves { waves }).await },
            move |_| {
                open.set(false);
                announce("The waves are planned");
            },
        );
    };
    let wave_options = move |chosen: Option<u32>| {
        let mut options = vec![
            view! { <option value="" selected=chosen.is_none()>"Not planned"</option> }.into_any(),
        ];
        options.extend(drafts.get().into_iter().map(|one| {
            view! {
                <option value=one.key.to_string() selected=chosen == Some(one.key)>
                    {move || one.title.get()}
                </option>
            }
            .into_any()
        }));
        options
    };
    view! {
        <Dialog open=open title="Plan the waves" class="dlg wide">
            <form class="dialog-form" on:submit=save>
                <div class="body">
                    <p>"The pilot needs at least three prepared organizations. A wave that has started is not changed."</p>
                    <div class="scroll" tabindex="0" role="group" aria-label="Waves">
                        <table class="t mid tight">
                            <thead>
                                <tr>
                                    <th scope="col">"Wave"</th>
                                    <th scope="col">"Title"</th>
                                    <th scope="col">"Days of rest after it"</th>
                                </tr>
                            </thead>
                            <tbody>
                                <For each=move || drafts.get() key=|one| one.key let:one>
                                    <tr>
                                        <th scope="row">{wave_name(one.key)}</th>
                                        <td>
                                            <input
                                                class="in"
                                                aria-label=format!("Title of {}", wave_name(one.key).to_lowercase())
                                                prop:value=move || one.title.get()
                                                on:input=move |event| one.title.set(event_target_value(&event))
                                            />
                                        </td>
                                        <td>
                                            <input
                                                class="in"
                                                type="number"
                                                min="0"
                                                max="365"
                                                aria-label=format!("Days of rest after {}", wave_name(one.key).to_lowercase())
                                                prop:value=move || one.soak_days.get().to_string()
                                                on:input=move |event| {
                                                    one.soak_days.set(event_target_value(&event).parse().unwrap_or(0));
                                                }
                                            />
                                        </td>
                                    </tr>
                                </For>
                            </tbody>
                        </table>
                    </div>
                    <div>
                        <button type="button" class="btn sm" on:click=add>
                            {icon("plus")}
                            "Add a wave"
                        </button>
                    </div>
                    <div class="scroll tall" tabindex="0" role="group" aria-label="Organizations and their waves">
                        <table class="t mid tight">
                            <thead>
                                <tr>
                                    <th scope="col">"Organization"</th>
                                    <th scope="col">"Wave"</th>
                                </tr>
                            </thead>
                            <tbody>
                                {move || {
                                    places
                                        .get_untracked()
                                        .into_iter()
                                        .enumerate()
                                        .map(|(place, (code, wave))| {
                                            view! {
                                                <tr>
                                                    <th scope="row">{code.clone()}</th>
                                                    <td>
                                                        <select
                                                            class="in"
                                                            aria-label=format!("Wave of {code}")
                                                            on:change=move |event| {
                                                                let chosen = event_target_value(&event).parse().ok();
                                                                places.update(|places| places[place].1 = chosen);
                                                            }
                                                        >
                                                            {wave_options(wave)}
                                                        </select>
                                                    </td>
                                                </tr>
                                            }
                                        })
                                        .collect_view()
                                }}
                            </tbody>
                        </table>
                    </div>
                    <RefusalNote submission=command/>
                </div>
                <footer>
                    <button type="button" class="btn lg" on:click=move |_| open.set(false)>
                        "Keep the present plan"
                    </button>
                    <button class="btn lg primary" aria-disabled=move || command.is_pending().then_some("true")>
                        "Save the plan"
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
