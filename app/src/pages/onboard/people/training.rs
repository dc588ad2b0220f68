//! Fourth step: when each person is trained, and who was.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationDetail, Person};

use super::super::save::Saver;
use super::table::{Head, PeopleTable};
use super::{change_person, save_people};
use crate::components::Empty;
use crate::session;

/// The step.
#[component]
pub fn Training(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let locked = move || !session.may(Role::Operator);
    let cells = move |person: Person| {
        let (planned, done) = (person.email.clone(), person.email.clone());
        view! {
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
        }
        .into_any()
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
                        <PeopleTable
                            detail=detail
                            heading="training-heading"
                            heads=&[Head::Seen("Day of training"), Head::Seen("Done")]
                            cells=cells
                        />
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}
