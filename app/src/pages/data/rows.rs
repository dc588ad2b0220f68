//! Rows of one model, with search and pages.

use leptos::prelude::*;
use shared::browse::RowPage;
use shared::event::Topic;

use crate::api;
use crate::components::{Empty, RefusalNote, SearchBox, icon};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::submission::Submission;

/// The rows; further pages are added below on request.
#[component]
pub fn Rows(
    /// Slug of the system.
    system: Signal<String>,
    /// Label of the model.
    model: String,
    /// Code of the organization; none: all.
    organization: Memo<Option<String>>,
) -> impl IntoView {
    let location = location::current();
    let search = location.query("q");
    let model = Signal::stored(model);
    let first = load(&[Topic::Coverage], move || {
        let (system, model) = (system.get(), model.get());
        let (organization, words) = (organization.get(), search.get());
        async move { api::browse_rows(&system, &model, organization, None, words).await }
    });
    view! {
        <section class="panel clip" aria-labelledby="rows-heading">
            <div class="toolbar">
                <h2 id="rows-heading">{move || model.get()}</h2>
                <SearchBox
                    label="Search these rows"
                    value=Signal::derive(move || search.get().unwrap_or_default())
                    on_change=move |words: String| location.set_query(&[("q", words.as_str())])
                />
                <span class="push sm">
                    {move || first.with(|page| page.map(|page| format!("{}, table ", format::counted(page.total, "row", "rows"))))}
                    <span class="mono">{move || first.with(|page| page.map(|page| page.table.clone()))}</span>
                </span>
            </div>
            {first
                .view(
                    "rows",
                    move |page| {
                        view! { <Pages system=system model=model organization=organization search=search first=page /> }.into_any()
                    },
                )}
        </section>
    }
    .into_any()
}

#[component]
fn Pages(
    system: Signal<String>,
    model: Signal<String>,
    organization: Memo<Option<String>>,
    search: Memo<Option<String>>,
    first: Memo<RowPage>,
) -> impl IntoView {
    let further = RwSignal::new(Vec::<Vec<Option<String>>>::new());
    let next = RwSignal::new(None::<String>);
    let more = Submission::new();
    // Another first page is another question: what was added below belongs to the old one.
    Effect::new(move |_| {
        next.set(first.with(|page| page.next.clone()));
        further.set(Vec::new());
    });
    let show_more = move |_| {
        let Some(after) = next.get_untracked() else {
            return;
        };
        let (system, model) = (system.get_untracked(), model.get_untracked());
        let (organization, words) = (organization.get_untracked(), search.get_untracked());
        more.run(
            async move { api::browse_rows(&system, &model, organization, Some(after), words).await },
            move |page: RowPage| {
                further.update(|rows| rows.extend(page.rows));
                next.set(page.next);
            },
        );
    };
    let row = |cells: Vec<Option<String>>| {
        let cells = cells
            .into_iter()
            .map(|cell| match cell {
                Some(text) => view! { <td class="cell">{text}</td> }.into_any(),
                None => view! { <td class="muted">"NULL"</td> }.into_any(),
            })
            .collect_view();
        view! { <tr>{cells}</tr> }
    };
    let shown = move || first.with(|page| page.rows.len()) + further.with(Vec::len);
    move || {
        if first.with(|page| page.rows.is_empty()) {
            return match search.get() {
                Some(_) => view! { <Empty picture="search" title="No row fits" text="Search for other words, or choose another organization." /> }.into_any(),
                None => view! { <Empty picture="table" title="No row" text="This organization has no row of this model." /> }.into_any(),
            };
        }
        let columns = first.with(|page| page.columns.clone());
        view! {
            <div class="scroll" tabindex="0" role="group" aria-labelledby="rows-heading">
                <table class="t rows tight">
                    <thead>
                        <tr>
                            {columns.into_iter().map(|column| view! { <th scope="col" class="mono">{column}</th> }).collect_view()}
                        </tr>
                    </thead>
                    <tbody>
                        {move || first.with(|page| page.rows.clone()).into_iter().map(row).collect_view()}
                        {move || further.get().into_iter().map(row).collect_view()}
                    </tbody>
                </table>
            </div>
            <footer>
                <span>{move || format!("{} of {} shown", format::count(shown() as u64), format::count(first.with(|page| page.total)))}</span>
                {move || {
                    next.with(Option::is_some)
                        .then(|| {
                            view! {
                                <button type="button" class="btn sm" on:click=show_more aria-disabled=move || more.is_pending().then_some("true")>
                                    {icon("down")}
                                    "Show more"
                                </button>
                            }
                        })
                }}
            </footer>
            <RefusalNote submission=more/>
        }
        .into_any()
    }
}
