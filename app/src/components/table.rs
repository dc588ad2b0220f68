//! Tables: plain ones, sortable heads, and filters.

use std::cmp::Ordering;

use leptos::prelude::*;

use super::icon::icon;

/// A table whose rows say in themselves what they are: its heads are only read out. It scrolls inside its panel, by
/// keyboard too.
#[component]
pub fn PlainTable(
    /// Id of the heading that names it.
    heading: &'static str,
    /// Classes beside those of every such table.
    #[prop(optional)]
    class: &'static str,
    /// Heads of the columns.
    heads: &'static [&'static str],
    /// Rows.
    children: Children,
) -> impl IntoView {
    let heads = heads
        .iter()
        .map(|head| view! { <th scope="col">{*head}</th> })
        .collect_view();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby=heading>
            <table class=format!("t mid tight {class}")>
                <thead class="vh">
                    <tr>{heads}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Which column a table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Name of the column.
    pub by: &'static str,
    /// Largest first.
    pub descending: bool,
}

/// A comparison in the wanted direction.
pub fn ordered(sort: Sort, comparison: Ordering) -> Ordering {
    if sort.descending {
        comparison.reverse()
    } else {
        comparison
    }
}

/// A table head that sorts: pressing again turns the order round.
#[component]
pub fn SortHead(
    /// Words.
    label: &'static str,
    /// Name of the column.
    by: &'static str,
    /// The table's sort.
    sort: RwSignal<Sort>,
    /// Whether the column holds numbers.
    #[prop(optional)]
    numeric: bool,
) -> impl IntoView {
    let mine = move || Some(sort.get()).filter(|sort| sort.by == by);
    view! {
        <th
            scope="col"
            class=if numeric { "r" } else { "" }
            aria-sort=move || mine().map(|sort| if sort.descending { "descending" } else { "ascending" })
        >
            <button
                type="button"
                on:click=move |_| sort.update(|sort| {
                    *sort = if sort.by == by { Sort { by, descending: !sort.descending } } else { Sort { by, descending: numeric } };
                })
            >
                {label}
                {move || mine().map(|sort| icon(if sort.descending { "down" } else { "up" }))}
            </button>
        </th>
    }
    .into_any()
}

/// A filter: one of several, each with its count.
#[component]
pub fn Segment(
    /// Name of the filter.
    label: &'static str,
    /// Value, words and count of each; the count may be absent.
    #[prop(into)]
    options: Signal<Vec<(String, String, Option<u64>)>>,
    /// The value chosen.
    #[prop(into)]
    chosen: Signal<String>,
    /// Gets the value that was pressed.
    on_choose: impl Fn(String) + Clone + Send + 'static,
) -> impl IntoView {
    view! {
        <div class="seg" role="group" aria-label=label>
            {move || options.get().into_iter().map(|(value, words, count)| {
                let on_choose = on_choose.clone();
                let mine = value.clone();
                view! {
                    <button
                        type="button"
                        aria-pressed=move || if chosen.with(|chosen| *chosen == mine) { "true" } else { "false" }
                        on:click=move |_| on_choose(value.clone())
                    >
                        {words} {count.map(|count| view! { " " <span class="n">{crate::format::count(count)}</span> })}
                    </button>
                }
            }).collect_view()}
        </div>
    }
    .into_any()
}
