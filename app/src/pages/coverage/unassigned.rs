//! Rows that no rule could place: chosen one by one or by range, given an organization.

use std::collections::{BTreeMap, BTreeSet};

use leptos::ev;
use leptos::prelude::*;
use shared::account::Role;
use shared::coverage::{CoverageView, OrganizationChoice, UnassignedPage, UnassignedRow};
use shared::event::Topic;

use super::rule::RuleDialog;
use super::selection::selection_bar;
use crate::api;
use crate::components::{ActionButton, Empty, SearchBox, Segment};
use crate::format;
use crate::loader::{Loaded, load};
use crate::route::location;
use crate::session;
use crate::submission::Submission;

/// What the panel keeps while it is asked again and again.
#[derive(Clone, Copy)]
pub(super) struct Decisions {
    pub(super) slug: StoredValue<String>,
    pub(super) model: Memo<String>,
    pub(super) organizations: Signal<Vec<OrganizationChoice>>,
    pub(super) coverage: Loaded<CoverageView>,
    page: Loaded<UnassignedPage>,
    more: RwSignal<Vec<UnassignedRow>>,
    next: RwSignal<Option<Option<String>>>,
    pub(super) selected: RwSignal<BTreeSet<String>>,
    pub(super) chosen: RwSignal<BTreeMap<String, String>>,
    anchor: StoredValue<Option<String>>,
}

impl Decisions {
    /// The rows shown: the first page as it is now, and the pages asked for since.
    pub(super) fn rows(&self) -> Vec<UnassignedRow> {
        let mut rows = self
            .page
            .with(|page| page.map(|page| page.rows.clone()).unwrap_or_default());
        let known: BTreeSet<String> = rows.iter().map(|row| row.key.clone()).collect();
        self.more
            .with(|more| rows.extend(more.iter().filter(|row| !known.contains(&row.key)).cloned()));
        rows
    }

    /// What the newest page says is next.
    fn next_page(&self) -> Option<String> {
        self.next.get().unwrap_or_else(|| {
            self.page
                .with(|page| page.and_then(|page| page.next.clone()))
        })
    }

    pub(super) fn total(&self) -> u64 {
        self.page.with(|page| page.map_or(0, |page| page.total))
    }

    pub(super) fn reasons(&self) -> Vec<(String, u64)> {
        self.page.with(|page| {
            page.map(|page| {
                page.reasons
                    .iter()
                    .map(|reason| (reason.reason.clone(), reason.count))
                    .collect()
            })
            .unwrap_or_default()
        })
    }

    /// After rows got their organization: nothing is selected, everything is asked anew.
    pub(super) fn settled(&self) {
        self.selected.set(BTreeSet::new());
        self.chosen.set(BTreeMap::new());
        self.more.set(Vec::new());
        self.next.set(None);
        self.page.reload();
        self.coverage.reload();
    }

    pub(super) fn refusal(&self) -> Option<String> {
        session::current().refusal(Role::Administrator).or_else(|| {
            self.coverage
                .with(|coverage| coverage.and_then(|coverage| coverage.assign_refused.clone()))
        })
    }

    /// Selects or leaves one row; with Shift everything from the row pressed before to this one.
    fn press(&self, key: &str, checked: bool, range: bool) {
        let keys: Vec<String> = self.rows().into_iter().map(|row| row.key).collect();
        let place = |key: &str| keys.iter().position(|other| other == key);
        let from = self
            .anchor
            .get_value()
            .filter(|_| range)
            .and_then(|anchor| place(&anchor));
        let to = place(key);
        self.selected.update(|selected| {
            let affected = match (from, to) {
                (Some(from), Some(to)) => keys[from.min(to)..=from.max(to)].to_vec(),
                _ => vec![key.to_string()],
            };
            for key in affected {
                if checked {
                    selected.insert(key);
                } else {
                    selected.remove(&key);
                }
            }
        });
        self.anchor.set_value(Some(key.to_string()));
    }
}

/// The panel: which model, why, search, table, and what to do with the selection.
pub(super) fn unassigned_panel(
    slug: StoredValue<String>,
    coverage: Loaded<CoverageView>,
    view: Memo<CoverageView>,
) -> AnyView {
    let left = Memo::new(move |_| {
        view.with(|view| {
            view.groups
                .iter()
                .flat_map(|group| &group.models)
                .filter_map(|model| Some((model.label.clone(), model.coverage?.missing())))
                .filter(|(_, missing)| *missing > 0)
                .collect::<Vec<_>>()
        })
    });
    let some = Memo::new(move |_| !left.with(Vec::is_empty));
    let exists = move || view.with(super::measured);
    let complete = move || view.with(|view| view.all.is_complete());
    view! {
        <section class="panel clip" aria-labelledby="left">
            {move || if some.get() {
                list(slug, coverage, view, left)
            } else {
                let (picture, title, text) = if exists() && !complete() {
                    ("layers", "No record waits for a decision".to_string(), "Some models have no organization column yet. A run adds it and assigns their records; those that no rule can place are then listed here.")
                } else if exists() {
                    ("done", format!("All {} have an organization", format::counted(view.with(|view| view.all.total), "record", "records")), "Nothing has to be decided. Records that the application adds from now on get their organization too.")
                } else {
                    ("layers", "No record has been looked at yet".to_string(), "Records that no rule can place are listed here once the organization column exists and existing records were assigned.")
                };
                view! { <h2 id="left" class="vh">"Records without an organization"</h2> <Empty picture title text=text.to_string()/> }.into_any()
            }}
        </section>
    }
    .into_any()
}

fn list(
    slug: StoredValue<String>,
    coverage: Loaded<CoverageView>,
    view: Memo<CoverageView>,
    left: Memo<Vec<(String, u64)>>,
) -> AnyView {
    let place = location::current();
    let (asked, reason, words) = (
        place.query("model"),
        place.query("reason"),
        place.query("q"),
    );
    let model = Memo::new(move |_| {
        left.with(|left| {
            let first = left
                .first()
                .map(|(label, _)| label.clone())
                .unwrap_or_default();
            asked
                .get()
                .filter(|asked| left.iter().any(|(label, _)| label == asked))
                .unwrap_or(first)
        })
    });
    let page = load(&[Topic::Coverage], move || {
        let (system, model, reason, words) =
            (slug.get_value(), model.get(), reason.get(), words.get());
        async move { api::unassigned(&system, &model, None, reason, words).await }
    });
    let decisions = Decisions {
        slug,
        model,
        organizations: Signal::derive(move || view.with(|view| view.organizations.clone())),
        coverage,
        page,
        more: RwSignal::new(Vec::new()),
        next: RwSignal::new(None),
        selected: RwSignal::new(BTreeSet::new()),
        chosen: RwSignal::new(BTreeMap::new()),
        anchor: StoredValue::new(None),
    };
    // another model or filter is another list
    Effect::new(move |before: Option<()>| {
        model.track();
        reason.track();
        words.track();
        if before.is_some() {
            decisions.selected.set(BTreeSet::new());
            decisions.more.set(Vec::new());
            decisions.next.set(None);
        }
    });
    let models = Signal::derive(move || {
        left.get()
            .into_iter()
            .map(|(label, missing)| (label.clone(), label, Some(missing)))
            .collect::<Vec<_>>()
    });
    let reasons = Signal::derive(move || {
        let mut options = vec![(
            String::new(),
            "All reasons".to_string(),
            Some(decisions.total()),
        )];
        options.extend(
            decisions
                .reasons()
                .into_iter()
                .map(|(reason, count)| (reason.clone(), reason, Some(count))),
        );
        options
    });
    let several = Memo::new(move |_| left.with(|left| left.len() > 1));
    let rule_open = RwSignal::new(false);
    let refused = Signal::derive(move || decisions.refusal());
    view! {
        <div class="toolbar">
            <h2 id="left">"Records without an organization"</h2>
            {move || several.get().then(|| view! {
                <Segment label="Model" options=models chosen=model on_choose=move |value| place.set_query(&[("model", value.as_str()), ("reason", "")])/>
            })}
            <Segment label="Reason" options=reasons chosen=Signal::derive(move || reason.get().unwrap_or_default()) on_choose=move |value| place.set_query(&[("reason", value.as_str())])/>
            <div class="push"><SearchBox label="Search by title or ID" value=Signal::derive(move || words.get().unwrap_or_default()) on_change=move |text| place.set_query(&[("q", text.as_str())])/></div>
            <ActionButton label="Assign by rule" refused on_press=move || rule_open.set(true)/>
        </div>
        {selection_bar(decisions)}
        {table(decisions)}
        <RuleDialog open=rule_open decisions/>
    }
    .into_any()
}

pub(super) fn organization_select(
    decisions: Decisions,
    label: String,
    value: RwSignal<String>,
) -> AnyView {
    view! {
        <select class="in orgs" aria-label=label prop:value=move || value.get() on:change=move |event| value.set(event_target_value(&event))>
            <option value="">"Choose"</option>
            {move || decisions.organizations.get().into_iter().map(|choice| view! { <option value=choice.code.clone()>{format!("{} {}", choice.code, choice.name)}</option> }).collect_view()}
        </select>
    }
    .into_any()
}

fn table(decisions: Decisions) -> AnyView {
    let reading = Submission::new();
    let rows = move || decisions.rows();
    let shown = Memo::new(move |_| decisions.rows().len() as u64);
    let all_selected = Memo::new(move |_| {
        let rows = decisions.rows();
        !rows.is_empty()
            && decisions
                .selected
                .with(|selected| rows.iter().all(|row| selected.contains(&row.key)))
    });
    let all = move |event: ev::Event| {
        let checked = event_target_checked(&event);
        decisions.selected.set(if checked {
            decisions.rows().into_iter().map(|row| row.key).collect()
        } else {
            BTreeSet::new()
        });
    };
    let place = location::current();
    let show_more = move || {
        let Some(after) = decisions.next_page() else {
            return;
        };
        let (system, model) = (decisions.slug.get_value(), decisions.model.get_untracked());
        let (reason, words) = (place.query_now("reason"), place.query_now("q"));
        reading.run(
            async move { api::unassigned(&system, &model, Some(after), reason, words).await },
            move |page| {
                decisions.next.set(Some(page.next));
                decisions.more.update(|more| more.extend(page.rows));
            },
        );
    };
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby="left">
            <table class="t rows mid tight">
                <thead><tr>
                    <th scope="col"><input type="checkbox" aria-label="Select all records shown" prop:checked=move || all_selected.get() on:change=all/></th>
                    <th scope="col">"ID"</th> <th scope="col">"Title"</th> <th scope="col">"Why it is left"</th>
                    <th scope="col">"Suggestion"</th> <th scope="col">"Organization"</th>
                </tr></thead>
                <tbody><For each=rows key=|row| row.key.clone() children=move |row| table_row(decisions, row)/></tbody>
            </table>
        </div>
        <footer>
            <span>{move || format!("{} shown", format::of(shown.get(), decisions.total().max(shown.get())))}</span>
            {move || decisions.next_page().is_some().then(|| view! {
                <ActionButton label="Show more" class="sm quiet" pending=Signal::derive(move || reading.is_pending()) on_press=show_more/>
            })}
        </footer>
    }
    .into_any()
}

fn table_row(decisions: Decisions, row: UnassignedRow) -> AnyView {
    let key = StoredValue::new(row.key.clone());
    let selected = Memo::new(move |_| {
        decisions
            .selected
            .with(|selected| key.with_value(|key| selected.contains(key)))
    });
    let name = format!("{} {}", decisions.model.get_untracked(), row.key);
    let own = RwSignal::new(
        decisions
            .chosen
            .with_untracked(|chosen| chosen.get(&row.key).cloned())
            .unwrap_or_default(),
    );
    // choosing an organization for a row also selects the row: the choice is there to be applied
    Effect::new(move |before: Option<()>| {
        let code = own.get();
        if before.is_some() {
            decisions.chosen.update(|chosen| {
                chosen.insert(key.get_value(), code.clone());
            });
            if !code.is_empty() {
                decisions.selected.update(|selected| {
                    selected.insert(key.get_value());
                });
            }
        }
    });
    let suggestion = match row.candidates.split_first() {
        Some((best, others)) => view! { <b>{best.clone()}</b> {(!others.is_empty()).then(|| view! { " " <span class="muted">"or " {others.join(", ")}</span> })} }.into_any(),
        None => view! { <span class="muted">"None"</span> }.into_any(),
    };
    let press = move |event: ev::MouseEvent| {
        let checked = event_target_checked(&event.clone().into());
        key.with_value(|key| decisions.press(key, checked, event.shift_key()));
    };
    view! {
        <tr aria-selected=move || if selected.get() { "true" } else { "false" }>
            <td><input type="checkbox" aria-label=format!("Select {name}") prop:checked=move || selected.get() on:click=press/></td>
            <td class="mono">{row.key}</td>
            <th scope="row">{row.title}</th>
            <td>{row.reason}</td>
            <td>{suggestion}</td>
            <td>{organization_select(decisions, format!("Organization of {name}"), own)}</td>
        </tr>
    }
    .into_any()
}
