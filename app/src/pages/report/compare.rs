//! A report beside an earlier one: only what differs.

use leptos::prelude::*;
use shared::event::Topic;
use shared::report::{ReportComparison, ReportDifference};
use shared::system::Tone;

use crate::api;
use crate::components::{Empty, state_badge};
use crate::format;
use crate::loader::load;
use crate::route::location;

/// Chooses an earlier report and shows what differs; the choice is `with` in the address.
#[component]
pub fn Comparison(
    /// Slug of the system.
    system: Signal<String>,
    /// Number of the report on the page.
    report: i64,
) -> impl IntoView {
    let location = location::current();
    let with = location.query("with");
    let chosen = Memo::new(move |_| {
        with.get()
            .and_then(|number| number.parse::<i64>().ok())
            .filter(|number| *number != report)
    });
    let reports = load(&[Topic::Reports], move || {
        let system = system.get();
        async move { api::reports(&system).await }
    });
    let others = Memo::new(move |_| {
        reports.with(|reports| {
            reports
                .map(|reports| {
                    reports
                        .iter()
                        .filter(|one| one.number != report)
                        .map(|one| {
                            (
                                one.number,
                                format!("Report {}, {}", one.number, format::moment(&one.at)),
                            )
                        })
                        .collect::<Vec<_>>()
                })
                .unwrap_or_default()
        })
    });
    move || {
        if others.with(Vec::is_empty) {
            return None;
        }
        let options = others
            .get()
            .into_iter()
            .map(|(number, words)| {
                view! {
                    <option value=number.to_string() selected=chosen.get() == Some(number)>
                        {words}
                    </option>
                }
            })
            .collect_view();
        Some(view! {
            <div class="row noprint">
                <label class="row">
                    <span class="lbl">"Compare with"</span>
                    <select class="in fit" on:change=move |event| location.set_query(&[("with", &event_target_value(&event))])>
                        <option value="">"No other report"</option>
                        {options}
                    </select>
                </label>
            </div>
            {move || chosen.get().map(|other| view! { <Differences system=system report=report other=other /> })}
        })
    }
}

#[component]
fn Differences(system: Signal<String>, report: i64, other: i64) -> impl IntoView {
    const NEVER: &[Topic] = &[];
    let loaded = load(NEVER, move || {
        let system = system.get();
        async move { api::compare_reports(&system, report, other).await }
    });
    loaded.view("comparison", |comparison| {
        view! { <Table comparison=comparison /> }.into_any()
    })
}

#[component]
fn Table(comparison: Memo<ReportComparison>) -> impl IntoView {
    let line = |difference: ReportDifference| {
        let badge = if difference.worse {
            state_badge(Tone::Failed, "Worse")
        } else {
            state_badge(Tone::Done, "Not worse")
        };
        view! {
            <tr>
                <th scope="row">{difference.check}</th>
                <td>{difference.before}</td>
                <td class="strong">{difference.after}</td>
                <td>{badge}</td>
            </tr>
        }
    };
    move || {
        let found = comparison.get();
        let heading = format!(
            "Report {} beside report {}",
            found.after.number, found.before.number
        );
        let body = if found.differences.is_empty() {
            view! { <Empty picture="done" title="No difference" text="Every check measured the same in both reports." /> }.into_any()
        } else {
            view! {
                <div class="scroll" tabindex="0" role="group" aria-labelledby="compare-heading">
                    <table class="t mid tight">
                        <thead>
                            <tr>
                                <th scope="col">"Check"</th>
                                <th scope="col">{format!("Report {}", found.before.number)}</th>
                                <th scope="col">{format!("Report {}", found.after.number)}</th>
                                <th scope="col">"Change"</th>
                            </tr>
                        </thead>
                        <tbody>{found.differences.into_iter().map(line).collect_view()}</tbody>
                    </table>
                </div>
            }
            .into_any()
        };
        view! {
            <section class="panel clip noprint" aria-labelledby="compare-heading">
                <header>
                    <h2 id="compare-heading">{heading}</h2>
                </header>
                {body}
            </section>
        }
    }
}
