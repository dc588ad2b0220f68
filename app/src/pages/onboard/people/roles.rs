//! Third step: everybody and what each may do.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationDetail, Person, PersonRole};
use shared::system::Tone;

use super::super::save::Saver;
use super::add::AddPerson;
use super::table::{Head, PeopleTable};
use super::{change_person, save_people};
use crate::components::{icon, state_badge};
use crate::format;
use crate::session;

/// Roles to choose from, with their words.
const ROLES: [(PersonRole, &str, &str); 4] = [
    (PersonRole::None, "none", "Choose a role"),
    (
        PersonRole::OrganizationAdministrator,
        "organization-administrator",
        "Organization administrator",
    ),
    (PersonRole::ProgramStaff, "program-staff", "Program staff"),
    (PersonRole::ReadOnly, "read-only", "Read only"),
];

fn role_of(key: &str) -> PersonRole {
    ROLES
        .into_iter()
        .find(|(_, name, _)| *name == key)
        .map_or(PersonRole::None, |(role, _, _)| role)
}

/// The step.
#[component]
pub fn People(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let open = RwSignal::new(false);
    let locked = move || !session.may(Role::Operator);
    let cells = move |person: Person| {
        let (email, removed) = (person.email.clone(), person.email.clone());
        view! {
                <td>
                    <select
                        class="in"
                        aria-label=format!("Role of {}", person.name)
                        disabled=locked
                        on:change=move |event| {
                            let role = role_of(&event_target_value(&event));
                            change_person(detail, saver, &email, |person| person.role = role);
                        }
                    >
                        {ROLES
                            .into_iter()
                            .map(|(role, key, words)| {
                                view! {
                                    <option value=key selected=role == person.role>
                                        {words}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                </td>
                <td>{training_badge(&person)}</td>
                <td class="r">
                    {move || {
                        let removed = removed.clone();
                        (!locked())
                            .then(|| {
                                view! {
                                    <button
                                        type="button"
                                        class="btn icon sm quiet"
                                        aria-label=format!("Remove {removed}")
                                        on:click=move |_| {
                                            let mut people = detail.with_untracked(|detail| detail.people.clone());
                                            people.retain(|one| one.email != removed);
                                            save_people(saver, people);
                                        }
                                    >
                                        {icon("x")}
                                    </button>
                                }
                            })
                    }}
                </td>
        }
        .into_any()
    };
    let told = move || {
        detail.with(|detail| {
            let without = detail
                .people
                .iter()
                .filter(|person| person.role == PersonRole::None)
                .count();
            match (detail.people.len(), without) {
                (0, _) => "Add the people who will work on the system.".to_owned(),
                (_, 0) => "Everybody has a role.".to_owned(),
                (_, 1) => "1 person needs a role.".to_owned(),
                (_, without) => format!("{without} people need a role."),
            }
        })
    };
    view! {
        <section class="panel clip" aria-labelledby="people-heading">
            <header>
                <h2 id="people-heading">"People and roles"</h2>
                <p>{move || detail.with(|detail| format!("They see records of {} only", detail.organization.code))}</p>
                {move || {
                    (!locked())
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm push" on:click=move |_| open.set(true)>
                                    {icon("plus")}
                                    "Add a person"
                                </button>
                            }
                        })
                }}
            </header>
            <PeopleTable
                detail=detail
                heading="people-heading"
                heads=&[Head::Seen("Role"), Head::Seen("Training"), Head::ReadOut("Remove")]
                cells=cells
            />
            <footer>{told}</footer>
            <AddPerson detail=detail saver=saver open=open role=PersonRole::None />
        </section>
    }
    .into_any()
}

fn training_badge(person: &Person) -> AnyView {
    match (&person.training, person.trained) {
        (Some(day), true) => {
            state_badge(Tone::Done, format!("Done {}", format::day(&at_noon(day))))
        }
        (None, true) => state_badge(Tone::Done, "Done"),
        (Some(day), false) => state_badge(Tone::Pending, format::day(&at_noon(day))),
        (None, false) => state_badge(Tone::Skipped, "Not planned"),
    }
}

/// A day as a moment in the middle of it, so that no time zone turns it into another day.
fn at_noon(day: &str) -> String {
    format!("{day}T12:00:00Z")
}
