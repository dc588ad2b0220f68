//! What to do with the selected rows: one organization for all of them, or each what was chosen for it.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use shared::coverage::{AssignRows, Assignment, UnassignedRow};

use super::unassigned::{Decisions, organization_select};
use crate::api;
use crate::components::{ActionButton, Confirm};
use crate::format;
use crate::submission::Submission;

/// The bar over the table while rows are selected.
pub(super) fn selection_bar(decisions: Decisions) -> AnyView {
    let count = Memo::new(move |_| decisions.selected.with(BTreeSet::len) as u64);
    let organization = RwSignal::new(String::new());
    let open = RwSignal::new(false);
    let submission = Submission::new();
    let fits = Memo::new(move |_| common_candidate(&decisions.rows(), &decisions.selected.get()));
    let ready = Memo::new(move |_| {
        let for_all = Some(organization.get()).filter(|code| !code.is_empty());
        let (selected, chosen) = (decisions.selected, decisions.chosen);
        selected.with(|selected| {
            chosen.with(|chosen| {
                assignments(selected, chosen, for_all.as_deref(), fits.get().as_deref())
            })
        })
    });
    let refused = Signal::derive(move || {
        decisions.refusal().or_else(|| {
            ready
                .with(Vec::is_empty)
                .then(|| "Choose an organization".to_string())
        })
    });
    let label = Signal::derive(move || {
        ready.with(|ready| {
            let count = format::count(ready.len() as u64);
            match ready.split_first() {
                Some((first, others))
                    if others
                        .iter()
                        .all(|one| one.organization == first.organization) =>
                {
                    format!("Assign {count} to {}", first.organization)
                }
                _ => format!("Assign {count} as chosen"),
            }
        })
    });
    let title = Signal::derive(move || format!("{}?", label.get()));
    let act = move |_typed: String| {
        let system = decisions.slug.get_value();
        let body = AssignRows {
            model: decisions.model.get_untracked(),
            assignments: ready.get_untracked(),
        };
        submission.run(
            async move { api::assign_rows(&system, &body, submission.press()).await },
            move |_| {
                open.set(false);
                organization.set(String::new());
                decisions.settled();
            },
        );
    };
    let suggestion = move || match fits.get() {
        Some(code) => format!("The suggestion fits all: {code}"),
        None => "No suggestion fits all of them".to_string(),
    };
    let after = move || {
        decisions.coverage.with(|coverage| {
            coverage.map(|coverage| {
                let now = coverage.all;
                format!(
                    "Coverage goes from {} to {}.",
                    format::of(now.assigned, now.total),
                    format::of(
                        (now.assigned + ready.with(Vec::len) as u64).min(now.total),
                        now.total
                    )
                )
            })
        })
    };
    view! {
        {move || (count.get() > 0).then(|| view! {
            <div class="toolbar sel">
                <b role="status">{move || format!("{} selected", format::count(count.get()))}</b>
                <span>{suggestion}</span>
                <div class="push row">
                    {organization_select(decisions, "Organization for the selected records".into(), organization)}
                    <ActionButton label class="sm" refused on_press=move || open.set(true)/>
                    <button type="button" class="btn sm quiet" on:click=move |_| decisions.selected.set(BTreeSet::new())>"Select none"</button>
                </div>
            </div>
        })}
        <Confirm open title label quiet="Not now" submission action=act>
            <p>{after} " It can be changed again until the field is made required."</p>
        </Confirm>
    }
    .into_any()
}

/// What each selected row gets: what was chosen for all of them, or for that row, or else the suggestion that fits all.
fn assignments(
    selected: &BTreeSet<String>,
    chosen: &BTreeMap<String, String>,
    for_all: Option<&str>,
    fits: Option<&str>,
) -> Vec<Assignment> {
    let of_row = |key: &String| chosen.get(key).filter(|code| !code.is_empty());
    (selected.iter())
        .filter_map(|key| {
            let organization = for_all.or(of_row(key).map(String::as_str)).or(fits)?;
            Some(Assignment {
                key: key.clone(),
                organization: organization.to_owned(),
            })
        })
        .collect()
}

/// The organization that every selected row suggests first.
fn common_candidate(rows: &[UnassignedRow], selected: &BTreeSet<String>) -> Option<String> {
    let mut candidates = rows
        .iter()
        .filter(|row| selected.contains(&row.key))
        .map(|row| row.candidates.first());
    let first = candidates.next()??.clone();
    candidates
        .all(|candidate| candidate == Some(&first))
        .then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, candidates: &[&str]) -> UnassignedRow {
        UnassignedRow {
            key: key.into(),
            title: String::new(),
            reason: String::new(),
            candidates: candidates.iter().map(|code| (*code).to_string()).collect(),
        }
    }

    #[test]
    fn a_suggestion_fits_only_when_every_selected_row_has_it_first() {
        let rows = [
            row("1", &["OOBC", "MOH"]),
            row("2", &["OOBC"]),
            row("3", &["MOH"]),
            row("4", &[]),
        ];
        let keys = |keys: &[&str]| {
            keys.iter()
                .map(|key| (*key).to_string())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(
            common_candidate(&rows, &keys(&["1", "2"])),
            Some("OOBC".into())
        );
        assert_eq!(common_candidate(&rows, &keys(&["1", "3"])), None);
        assert_eq!(common_candidate(&rows, &keys(&["2", "4"])), None);
        assert_eq!(common_candidate(&rows, &keys(&["4", "2"])), None);
        assert_eq!(common_candidate(&rows, &keys(&[])), None);
    }

    #[test]
    fn what_was_chosen_for_a_row_is_never_replaced_by_a_suggestion() {
        let selected: BTreeSet<String> = ["1", "2"].map(str::to_owned).into();
        let chosen = BTreeMap::from([("1".to_owned(), "MOH".to_owned())]);
        let given = |for_all, fits| {
            assignments(&selected, &chosen, for_all, fits)
                .into_iter()
                .map(|one| format!("{} {}", one.key, one.organization))
                .collect::<Vec<_>>()
        };
        assert_eq!(given(None, Some("OOBC")), ["1 MOH", "2 OOBC"]);
        assert_eq!(given(None, None), ["1 MOH"]);
        assert_eq!(given(Some("MAFAR"), Some("OOBC")), ["1 MAFAR", "2 MAFAR"]);
    }
}
