//! Second step: who runs the organization's accounts.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationDetail, PersonRole};
use web_sys::SubmitEvent;

use super::super::save::Saver;
use super::add::AddPerson;
use super::change_person;
use crate::components::{Empty, icon};
use crate::session;

/// The step.
#[component]
pub fn Administrator(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let open = RwSignal::new(false);
    let administrators = Memo::new(move |_| {
        detail.with(|detail| {
            detail
                .people
                .iter()
                .filter(|person| person.role == PersonRole::OrganizationAdministrator)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let chosen = RwSignal::new(String::new());
    let make = move |event: SubmitEvent| {
        event.prevent_default();
        change_person(detail, saver, &chosen.get_untracked(), |person| {
            person.role = PersonRole::OrganizationAdministrator;
        });
        chosen.set(String::new());
    };
    let others = Memo::new(move |_| {
        detail.with(|detail| {
            detail
                .people
                .iter()
                .filter(|person| person.role != PersonRole::OrganizationAdministrator)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    view! {
        <section class="panel" aria-labelledby="administrator-heading">
            <header>
                <h2 id="administrator-heading">"Administrator"</h2>
                <p>"At least one person who runs the organization's accounts"</p>
                {move || {
                    session
                        .may(Role::Operator)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm push" on:click=move |_| open.set(true)>
                                    {icon("plus")}
                                    "Add an administrator"
                                </button>
                            }
                        })
                }}
            </header>
            {move || {
                let administrators = administrators.get();
                if administrators.is_empty() {
                    view! {
                        <Empty
                            picture="user"
                            title="No administrator yet"
                            text="Add one, or choose one of the people below. The organization cannot be handed over without."
                        />
                    }
                        .into_any()
                } else {
                    view! {
                        <ul class="gates">
                            {administrators
                                .into_iter()
                                .map(|person| {
                                    view! {
                                        <li>
                                            <span class="ico" data-state="done">
                                                {icon("done")}
                                            </span>
                                            <b>{person.name}</b>
                                            <p class="mono">{person.email}</p>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                        .into_any()
                }
            }}
            {move || {
                let others = others.get();
                (!others.is_empty() && session.may(Role::Operator))
                    .then(|| {
                        view! {
                            <form class="body" on:submit=make>
                                <div class="field">
                                    <label for="make-administrator">"Make one of the people administrator"</label>
                                    // an arrow key chooses at once: nobody is made administrator on the way to another
                                    <div class="row">
                                    <select
                                        class="in fit"
                                        id="make-administrator"
                                        prop:value=move || chosen.get()
                                        on:change=move |event| chosen.set(event_target_value(&event))
                                    >
                                        <option value="">"Choose a person"</option>
                                        {others
                                            .into_iter()
                                            .map(|person| view! { <option value=person.email.clone()>{person.name}</option> })
                                            .collect_view()}
                                    </select>
                                    <button class="btn" aria-disabled=move || chosen.with(String::is_empty).then_some("true")>
                                        "Make administrator"
                                    </button>
                                    </div>
                                </div>
                            </form>
                        }
                    })
            }}
            <AddPerson detail=detail saver=saver open=open role=PersonRole::OrganizationAdministrator />
        </section>
    }
    .into_any()
}
