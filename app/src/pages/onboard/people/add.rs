//! The dialog that adds a person to an organization.

use leptos::prelude::*;
use shared::organization::{OrganizationDetail, Person, PersonRole};
use web_sys::SubmitEvent;

use super::super::save::Saver;
use super::save_people;
use crate::components::{Dialog, TextField};

/// Adds a person, with the role that the step is about.
#[component]
pub(super) fn AddPerson(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
    /// Whether it is open.
    open: RwSignal<bool>,
    /// What the new person is.
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
