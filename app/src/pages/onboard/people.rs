//! The people of an organization: three steps of the wizard, each of which saves the list as a whole.

mod add;
mod administrator;
mod roles;
mod table;
mod training;

use leptos::prelude::*;
use shared::organization::{OrganizationDetail, Person};

use super::save::Saver;

pub use administrator::Administrator;
pub use roles::People;
pub use training::Training;

/// Saves the people as they are to be.
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
