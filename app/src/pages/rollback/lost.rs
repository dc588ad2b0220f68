//! What the chosen way back would lose, table by table, with the export of it.

use leptos::prelude::*;
use shared::account::Role;
use shared::rollback::{RollbackKind, RollbackOptions};

use super::cost::takes_from;
use super::{Choice, Way};
use crate::api;
use crate::components::{DownloadLink, Empty, state_badge};
use crate::format;
use crate::session;
use shared::system::Tone;

/// The table of rows that would be lost.
#[component]
pub fn LostTable(
    /// Slug of the system.
    system: Signal<String>,
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let cost = Memo::new(move |_| options.with(|options| choice.cost(options)));
    let lost = Memo::new(move |_| {
        cost.get()
            .map(|cost| cost.lost)
            .unwrap_or_default()
            .into_iter()
            .filter(|rows| rows.created + rows.changed + rows.deleted + rows.assignments > 0)
            .collect::<Vec<_>>()
    });
    let measuring = move || cost.with(|cost| cost.as_ref().is_some_and(|cost| cost.measuring));
    let rows_lost = move || cost.with(|cost| cost.as_ref().map_or(0, |cost| cost.rows_lost));
    let file = Signal::derive(move || {
        options.with(|options| match choice.kind(options) {
            Some(RollbackKind::Restore { backup }) => {
                Some(api::lost_rows_file(&system.get(), Some(backup), None))
            }
            Some(RollbackKind::Partial { groups }) => Some(api::lost_rows_file(
                &system.get(),
                None,
                Some(groups.join(",")),
            )),
            Some(RollbackKind::UndoAll) => {
                let all: Vec<&str> = options
                    .groups
                    .iter()
                    .map(|group| group.name.as_str())
                    .collect();
                Some(api::lost_rows_file(
                    &system.get(),
                    None,
                    Some(all.join(",")),
                ))
            }
            Some(RollbackKind::Mode) | None => None,
        })
    });
    let session = session::current();
    let number = |count: u64| {
        let class = if count > 0 { "r neg strong" } else { "r muted" };
        view! { <td class=class>{format::count(count)}</td> }
    };
    let sum = move |of: fn(&shared::rollback::LostRows) -> u64| {
        lost.with(|lost| format::count(lost.iter().map(of).sum()))
    };
    view! {
        <section class="panel clip" aria-labelledby="lost-heading">
            <header>
                <h2 id="lost-heading">"What would be lost"</h2>
                {move || {
                    let rows = rows_lost();
                    if cost.with(Option::is_none) {
                        None
                    } else if measuring() {
                        Some(state_badge(Tone::Running, "Being measured"))
                    } else if rows > 0 {
                        Some(state_badge(Tone::Failed, format::counted(rows, "row", "rows")))
                    } else {
                        Some(state_badge(Tone::Done, "No row"))
                    }
                }}
                {move || {
                    (session.may(Role::Administrator) && !lost.with(Vec::is_empty))
                        .then(|| file.get())
                        .flatten()
                        .map(|href| {
                            view! {
                                <span class="push">
                                    <DownloadLink label="Export these rows" href=Signal::stored(href) class="sm" />
                                </span>
                            }
                        })
                }}
            </header>
            {move || {
                if lost.with(Vec::is_empty) {
                    let (picture, title, text) = match (cost.get(), choice.way.get()) {
                        (None, Way::Partial) => ("layers", "Nothing chosen yet", "Choose the apps to undo to see what that would lose."),
                        (None, _) => ("archive", "No backup to go back to", "There is no verified backup yet. Back up now, or choose another way."),
                        (Some(cost), _) if cost.measuring => {
                            ("clock", "Being measured", "The backup is compared with the present rows, row by row. This page follows; nothing can be restored before.")
                        }
                        (Some(_), _) => ("done", "Nothing is lost", "No row was made or changed that this way back would take away."),
                    };
                    view! { <Empty picture title text/> }.into_any()
                } else {
                    view! {
                        <div class="scroll" tabindex="0" role="group" aria-labelledby="lost-heading">
                            <table class="t tight">
                                <thead>
                                    <tr>
                                        <th scope="col">"Table"</th>
                                        <th scope="col" class="r">"New"</th>
                                        <th scope="col" class="r">"Changed"</th>
                                        <th scope="col" class="r">"Come back"</th>
                                        <th scope="col" class="r">"Assigned"</th>
                                    </tr>
                                </thead>
                                <tbody>
                                    {lost
                                        .get()
                                        .into_iter()
                                        .map(|rows| {
                                            let label = rows.model.clone().unwrap_or_else(|| rows.table.clone());
                                            view! {
                                                <tr>
                                                    <th scope="row">
                                                        {label} {rows.model.is_some().then(|| view! { <small class="mono">{rows.table.clone()}</small> })}
                                                    </th>
                                                    {number(rows.created)}
                                                    {number(rows.changed)}
                                                    <td class="r">{format::count(rows.deleted)}</td>
                                                    {number(rows.assignments)}
                                                </tr>
                                            }
                                        })
                                        .collect_view()}
                                </tbody>
                                <tfoot>
                                    <tr>
                                        <th scope="row">{move || format!("{} in all", format::counted(lost.with(Vec::len) as u64, "table", "tables"))}</th>
                                        <td class="r">{sum(|rows| rows.created)}</td>
                                        <td class="r">{sum(|rows| rows.changed)}</td>
                                        <td class="r">{sum(|rows| rows.deleted)}</td>
                                        <td class="r">{sum(|rows| rows.assignments)}</td>
                                    </tr>
                                </tfoot>
                            </table>
                        </div>
                    }
                        .into_any()
                }
            }}
            <div class="body stack-sm gap-2 notes">
                {move || cost.get().map(|cost| cost.notes.into_iter().map(|note| view! { <p class="sm">{format::told(&note)}</p> }).collect_view())}
                {move || cost.get().map(|cost| view! { <p class="sm">{format!("{}.", takes_from(&cost))}</p> })}
            </div>
        </section>
    }
    .into_any()
}
