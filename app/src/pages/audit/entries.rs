//! The entries of the audit log as a table by day, with its filters and older pages.

use leptos::prelude::*;
use shared::audit::{AuditEntry, AuditPage};

use crate::api::{self, AuditFilter};
use crate::components::{Empty, RefusalNote, SearchBox, icon};
use crate::format;
use crate::route::location;
use crate::submission::Submission;

/// Entries with their filters; older ones are added below on request.
#[component]
pub fn Entries(
    /// The newest page.
    page: Memo<AuditPage>,
    /// The present filter.
    filter: Memo<AuditFilter>,
) -> impl IntoView {
    let location = location::current();
    let older = RwSignal::new(Vec::<AuditEntry>::new());
    let next = RwSignal::new(None::<i64>);
    let asked_older = RwSignal::new(false);
    let asking = Submission::new();
    Effect::new(move |_| {
        filter.track();
        older.set(Vec::new());
        asked_older.set(false);
    });
    let next_page = move || {
        if asked_older.get() {
            next.get()
        } else {
            page.with(|page| page.next)
        }
    };
    let more = move |_| {
        let Some(before) = untrack(next_page) else {
            return;
        };
        let filter = AuditFilter {
            before: Some(before),
            ..filter.get_untracked()
        };
        asking.run(
            async move { api::audit(&filter).await },
            move |found: AuditPage| {
                older.update(|older| older.extend(found.entries));
                next.set(found.next);
                asked_older.set(true);
            },
        );
    };
    // The newest page moves on while older ones stay, so an entry can be in both.
    let all = Memo::new(move |_| {
        let mut entries = page.with(|page| page.entries.clone());
        let last = entries.last().map_or(i64::MAX, |entry| entry.id);
        entries.extend(older.get().into_iter().filter(|entry| entry.id < last));
        entries
    });
    let chooser = move |label: &'static str,
                        name: &'static str,
                        choices: fn(&AuditPage) -> &Vec<String>,
                        now: fn(&AuditFilter) -> &Option<String>| {
        view! {
            <select
                class="in fit"
                aria-label=label
                on:change=move |event| location.set_query(&[(name, &event_target_value(&event))])
                prop:value=move || filter.with(|filter| now(filter).clone().unwrap_or_default())
            >
                <option value="">{label}</option>
                {move || {
                    let chosen = filter.with(|filter| now(filter).clone());
                    page.with(|page| choices(page).clone())
                        .into_iter()
                        .map(|choice| {
                            let selected = chosen.as_ref() == Some(&choice);
                            view! {
                                <option value=choice.clone() selected=selected>
                                    {choice.clone()}
                                </option>
                            }
                        })
                        .collect_view()
                }}
            </select>
        }
    };
    view! {
        <section class="panel clip" aria-labelledby="entries-heading">
            <div class="toolbar">
                <h2 id="entries-heading" class="vh">
                    "Entries"
                </h2>
                <SearchBox
                    label="Search the audit log"
                    value=Signal::derive(move || filter.with(|filter| filter.words.clone().unwrap_or_default()))
                    on_change=move |words: String| location.set_query(&[("q", words.as_str())])
                />
                {chooser("Anyone", "actor", |page| &page.actors, |filter| &filter.actor)}
                {chooser("Any action", "action", |page| &page.actions, |filter| &filter.action)}
                <span class="push sm">{move || format::counted(page.with(|page| page.total), "entry", "entries")}</span>
            </div>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="entries-heading">
                <table class="t rows stackable entries">
                    <thead>
                        <tr>
                            <th scope="col">"Time"</th>
                            <th scope="col" class="icol">
                                <span class="vh">"Refused"</span>
                            </th>
                            <th scope="col">"What happened"</th>
                            <th scope="col">"Where"</th>
                            <th scope="col">"Who"</th>
                            <th scope="col">"From"</th>
                        </tr>
                    </thead>
                    <tbody>{move || all.with(|entries| lines(entries))}</tbody>
                </table>
            </div>
            {move || {
                all.with(Vec::is_empty)
                    .then(|| {
                        view! {
                            <Empty picture="list" title="No entry fits" text="Take a filter away to see more of the log." />
                        }
                    })
            }}
            <footer>
                <span>{move || format!("{} of {} shown", all.with(Vec::len), format::count(page.with(|page| page.total)))}</span>
                {move || {
                    next_page()
                        .map(|_| {
                            view! {
                                <button type="button" class="btn sm" on:click=more>
                                    "Show older"
                                </button>
                            }
                        })
                }}
            </footer>
            <RefusalNote submission=asking/>
        </section>
    }
    .into_any()
}

fn lines(entries: &[AuditEntry]) -> Vec<AnyView> {
    let mut day = String::new();
    let mut views = Vec::with_capacity(entries.len() + 8);
    for entry in entries {
        let of_entry = format::day(&entry.at);
        if of_entry != day {
            views.push(
                view! {
                    <tr class="group">
                        <th colspan="6" scope="colgroup">
                            {of_entry.clone()}
                        </th>
                    </tr>
                }
                .into_any(),
            );
            day = of_entry;
        }
        views.push(line(entry.clone()));
    }
    views
}

fn line(entry: AuditEntry) -> AnyView {
    let mark = entry.refused.then(|| {
        view! {
            <span class="ico" data-state="failed">
                {icon("failed")}
                <span class="vh">"Refused"</span>
            </span>
        }
    });
    let place = match entry.system {
        Some(system) => format!("{system}, {}", entry.object),
        None => entry.object,
    };
    view! {
        <tr id=format!("entry-{}", entry.id)>
            <td class="nowrap">
                <time datetime=entry.at.clone() title=format!("Entry {}", entry.id)>
                    {format::clock(&entry.at)}
                </time>
            </td>
            <td class="icol">{mark}</td>
            <th scope="row">
                {entry.text} <small class="mono">{entry.action} " " {entry.hash.chars().take(12).collect::<String>()}</small>
            </th>
            <td>{place}</td>
            <td class="nowrap">{entry.actor}</td>
            <td class="nowrap muted">{entry.address.unwrap_or_else(|| "Switchyard".to_owned())}</td>
        </tr>
    }
    .into_any()
}
