//! Planning the waves: their titles and days of rest, and who is in which.

use leptos::prelude::*;
use shared::organization::{OrganizationList, PlanWaves, PlannedWave, Stage};
use web_sys::SubmitEvent;

use super::wave_name;
use crate::api;
use crate::components::{Dialog, RefusalNote, announce, icon};
use crate::submission::Submission;

/// Code of an organization, and the number of the wave chosen for it.
type Place = (String, Option<u32>);

/// A wave while it is being planned.
#[derive(Clone, Copy)]
struct Draft {
    key: u32,
    title: RwSignal<String>,
    soak_days: RwSignal<u32>,
}

/// Chooses a wave for each organization that is not live yet.
#[component]
pub fn PlanDialog(
    /// Slug of the system.
    system: Signal<String>,
    /// The organizations.
    list: Signal<OrganizationList>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let drafts = RwSignal::new(Vec::<Draft>::new());
    let places = RwSignal::new(Vec::<Place>::new());
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
                                <For each=move || places.get() key=|(code, _)| code.clone() let((code, _))>
                                    {place_line(code, places, drafts)}
                                </For>
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

fn place_line(code: String, places: RwSignal<Vec<Place>>, drafts: RwSignal<Vec<Draft>>) -> AnyView {
    let chosen = {
        let code = code.clone();
        move || {
            places.with_untracked(|places| {
                places
                    .iter()
                    .find(|(one, _)| *one == code)
                    .and_then(|(_, wave)| *wave)
            })
        }
    };
    let choose = {
        let code = code.clone();
        move |event| {
            let wave = event_target_value(&event).parse().ok();
            places.update(|places| {
                for place in places.iter_mut().filter(|(one, _)| *one == code) {
                    place.1 = wave;
                }
            });
        }
    };
    let options = move || {
        let chosen = chosen();
        drafts
            .get()
            .into_iter()
            .map(|one| {
                view! {
                    <option value=one.key.to_string() selected=chosen == Some(one.key)>
                        {move || one.title.get()}
                    </option>
                }
            })
            .collect_view()
    };
    view! {
        <tr>
            <th scope="row">{code.clone()}</th>
            <td>
                <select class="in" aria-label=format!("Wave of {code}") on:change=choose>
                    <option value="">"Not planned"</option>
                    {options}
                </select>
            </td>
        </tr>
    }
    .into_any()
}
