//! The table of the people: a line for each, who it is and then what a step asks of them.

use leptos::prelude::*;
use shared::organization::{OrganizationDetail, Person};

/// Everybody of the organization. A line is drawn anew when something of its person changes, and stays otherwise: what is
/// being filled in keeps the focus.
#[component]
pub fn PeopleTable(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Id of the heading that names the table.
    heading: &'static str,
    /// Heads of the columns after the person; those of buttons alone are only read out.
    heads: &'static [Head],
    /// The cells of a person after the name.
    cells: impl Fn(Person) -> AnyView + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let people = move || detail.with(|detail| detail.people.clone());
    let heads = heads
        .iter()
        .map(|head| match head {
            Head::Seen(words) => view! { <th scope="col">{*words}</th> }.into_any(),
            Head::ReadOut(words) => {
                view! { <th scope="col"><span class="vh">{*words}</span></th> }.into_any()
            }
        })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby=heading>
            <table class="t mid">
                <thead>
                    <tr>
                        <th scope="col">"Person"</th>
                        {heads}
                    </tr>
                </thead>
                <tbody>
                    <For each=people key=|person| (person.email.clone(), person.role, person.trained, person.training.clone()) let:person>
                        <tr>
                            <th scope="row">
                                {person.name.clone()} <small>{person.email.clone()}</small>
                            </th>
                            {cells(person)}
                        </tr>
                    </For>
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Head of a column.
#[derive(Debug, Clone, Copy)]
pub enum Head {
    /// To be seen.
    Seen(&'static str),
    /// For screen readers alone.
    ReadOut(&'static str),
}
