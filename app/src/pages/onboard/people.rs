//! The people of an organization: its administrator, everybody's role, and training.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationDetail, Person, PersonRole};
use shared::system::Tone;
use web_sys::SubmitEvent;

use super::save::Saver;
use crate::components::{Dialog, Empty, TextField, icon, state_badge};
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

fn save_people(saver: Saver, people: Vec<Person>) {
    let mut change = saver.change();
    change.people = Some(people);
    saver.save(change);
}

/// Changes one person and saves all.
fn change_person(
    detail: Memo<OrganizationDetail>,
    saver: Saver,
    email: &str,
    change: impl FnOnce(&mut Person),
) {
    let mut people = detail.with_untracked(|detail| detail.people.clone());
    if let Some(person) = people.iter_mut().find(|person| person.email == email) {
        change(person);
        save_people(saver, people);
    }
}

/// Adds a person, with the role that the step is about.
#[component]
fn AddPerson(
    detail: Memo<OrganizationDetail>,
    saver: Saver,
    open: RwSignal<bool>,
    role: PersonRole,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let email = RwSignal::new(String::new());
    let wrong = RwSignal::new((None::<String>, None::<String>));
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        let person = Person {
            name: name.get_untracked().trim().to_owned(),
            email: email.get_untracked().trim().to_owned(),
            role,
            training: None,
            trained: false,
        };
        let mut people = detail.with_untracked(|detail| detail.people.clone());
        let name_problem = person.name.is_empty().then(|| "Write the name.".to_owned());
        let email_problem = if person.email.is_empty() {
            Some("Write the address, such as name@agency.example.".to_owned())
        } else if people
            .iter()
            .any(|one| one.email.eq_ignore_ascii_case(&person.email))
        {
            Some("This address is already in the list.".to_owned())
        } else {
            None
        };
        let fine = name_problem.is_none() && email_problem.is_none();
        wrong.set((name_problem, email_problem));
        if fine {
            people.push(person);
            save_people(saver, people);
            name.set(String::new());
            email.set(String::new());
            open.set(false);
        }
    };
    view! {
        <Dialog open=open title="Add a person">
            <form class="dialog-form" on:submit=add novalidate>
                <div class="body">
                    <TextField label="Name" name="person-name" value=name autofocus=true error=Signal::derive(move || wrong.get().0) />
                    <TextField label="Address" name="person-email" kind="email" value=email error=Signal::derive(move || wrong.get().1) />
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>
                        "Not now"
                    </button>
                    <button class="btn primary">"Add the person"</button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// Second step: who runs the organization's accounts.
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
                            <div class="body">
                                <div class="field">
                                    <label for="make-administrator">"Make one of the people administrator"</label>
                                    <select
                                        class="in"
                                        id="make-administrator"
                                        on:change=move |event| {
                                            change_person(
                                                detail,
                                                saver,
                                                &event_target_value(&event),
                                                |person| person.role = PersonRole::OrganizationAdministrator,
                                            );
                                        }
                                    >
                                        <option value="">"Choose a person"</option>
                                        {others
                                            .into_iter()
                                            .map(|person| view! { <option value=person.email.clone()>{person.name}</option> })
                                            .collect_view()}
                                    </select>
                                </div>
                            </div>
                        }
                    })
            }}
            <AddPerson detail=detail saver=saver open=open role=PersonRole::OrganizationAdministrator />
        </section>
    }
    .into_any()
}

/// Third step: everybody and what each may do.
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
    let line = move |person: Person| {
        let (email, removed) = (person.email.clone(), person.email.clone());
        view! {
            <tr>
                <th scope="row">
                    {person.name.clone()} <small>{person.email.clone()}</small>
                </th>
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
            </tr>
        }
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
            <div class="scroll" tabindex="0" role="group" aria-labelledby="people-heading">
                <table class="t mid">
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Training"</th>
                            <th scope="col">
                                <span class="vh">"Remove"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || detail.with(|detail| detail.people.clone()) key=|person| (person.email.clone(), person.role, person.trained, person.training.clone()) let:person>
                            {line(person)}
                        </For>
                    </tbody>
                </table>
            </div>
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

/// Fourth step: when each person is trained, and who was.
#[component]
pub fn Training(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let locked = move || !session.may(Role::Operator);
    let line = move |person: Person| {
        let (planned, done) = (person.email.clone(), person.email.clone());
        view! {
            <tr>
                <th scope="row">
                    {person.name.clone()} <small>{person.email.clone()}</small>
                </th>
                <td>
                    <input
                        class="in"
                        type="date"
                        aria-label=format!("Day of training of {}", person.name)
                        readonly=locked
                        prop:value=person.training.clone().unwrap_or_default()
                        on:change=move |event| {
                            let day = event_target_value(&event);
                            change_person(detail, saver, &planned, |person| person.training = (!day.is_empty()).then_some(day));
                        }
                    />
                </td>
                <td>
                    <label class="check">
                        <input
                            type="checkbox"
                            disabled=locked
                            prop:checked=person.trained
                            on:change=move |event| {
                                let trained = event_target_checked(&event);
                                change_person(detail, saver, &done, |person| person.trained = trained);
                            }
                        />
                        <span>{format!("{} is trained", person.name)}</span>
                    </label>
                </td>
            </tr>
        }
    };
    let plan_all = move |event| {
        let day = event_target_value(&event);
        if day.is_empty() {
            return;
        }
        let mut people = detail.with_untracked(|detail| detail.people.clone());
        for person in people.iter_mut().filter(|person| !person.trained) {
            person.training = Some(day.clone());
        }
        save_people(saver, people);
    };
    view! {
        <section class="panel clip" aria-labelledby="training-heading">
            <header>
                <h2 id="training-heading">"Training"</h2>
                <p>
                    {move || {
                        detail
                            .with(|detail| {
                                let trained = detail.people.iter().filter(|person| person.trained).count();
                                format!("{trained} of {} trained", detail.people.len())
                            })
                    }}
                </p>
            </header>
            {move || {
                if detail.with(|detail| detail.people.is_empty()) {
                    view! { <Empty picture="users" title="Nobody to train yet" text="Add the people of the organization first; each of them is listed here then." /> }
                        .into_any()
                } else {
                    view! {
                        <div class="body">
                            <div class="field fit">
                                <label for="training-all">"One day for all who are not trained"</label>
                                <input class="in" type="date" id="training-all" readonly=locked on:change=plan_all />
                            </div>
                        </div>
                        <div class="scroll" tabindex="0" role="group" aria-labelledby="training-heading">
                            <table class="t mid">
                                <thead>
                                    <tr>
                                        <th scope="col">"Person"</th>
                                        <th scope="col">"Day of training"</th>
                                        <th scope="col">"Done"</th>
                                    </tr>
                                </thead>
                                <tbody>
                                    <For each=move || detail.with(|detail| detail.people.clone()) key=|person| (person.email.clone(), person.trained, person.training.clone()) let:person>
                                        {line(person)}
                                    </For>
                                </tbody>
                            </table>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}
