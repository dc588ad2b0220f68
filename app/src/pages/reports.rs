//! Verification reports: the list, and measuring a new one.

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::report::{Report, ReportSummary};
use shared::system::Tone;

use crate::api;
use crate::components::{ActionButton, Empty, PageHead, RefusalNote, announce, state_badge};
use crate::format;
use crate::loader::load;
use crate::route::{SystemPage, location};
use crate::session;
use crate::submission::Submission;

/// The page.
#[component]
pub fn ReportsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let session = session::current();
    let location = location::current();
    let make = Submission::new();
    let reports = load(&[Topic::Reports], move || {
        let system = system.get();
        async move { api::reports(&system).await }
    });
    let measure = move || {
        let asked = system.get_untracked();
        make.run(
            async move { api::make_report(&asked, make.press()).await },
            move |report: Report| {
                announce(&format!("Report {} is written", report.summary.number));
                location.go(&SystemPage::Report {
                    report: report.summary.number,
                }
                .of(&system.get_untracked()));
            },
        );
    };
    view! {
        <PageHead
            title="Verification reports"
            sub="Each is measured against the live system at one moment and is not changed afterwards."
        >
            <ActionButton
                class="primary"
                label=Signal::derive(move || if make.is_pending() { "Measuring".to_owned() } else { "Measure now".to_owned() })
                refused=Signal::derive(move || session.refusal(Role::Operator))
                pending=Signal::derive(move || make.is_pending())
                on_press=measure
            />
        </PageHead>
        <RefusalNote submission=make/>
        {reports.view("reports", move |reports| view! { <List system=system reports=reports /> }.into_any())}
    }
    .into_any()
}

#[component]
fn List(system: Signal<String>, reports: Memo<Vec<ReportSummary>>) -> impl IntoView {
    let line = move |report: ReportSummary| {
        let href = SystemPage::Report {
            report: report.number,
        }
        .of(&system.get_untracked());
        let compare = report.number > 1;
        view! {
            <tr>
                <th scope="row">
                    <a class="name" href=href.clone()>
                        {format!("Report {}", report.number)}
                    </a>
                </th>
                <td class="nowrap">{format::moment(&report.at)}</td>
                <td>{passed_badge(&report)}</td>
                <td>{report.by.clone()}</td>
                <td class="r">
                    {compare
                        .then(|| {
                            view! { <a href=format!("{href}?with={}", report.number - 1)>{format!("Compare with {}", report.number - 1)}</a> }
                        })}
                </td>
            </tr>
        }
    };
    view! {
        <section class="panel clip" aria-labelledby="reports-heading">
            <header class="vh">
                <h2 id="reports-heading">"Reports"</h2>
            </header>
            {move || {
                if reports.with(Vec::is_empty) {
                    view! {
                        <Empty
                            picture="file"
                            title="No report yet"
                            text="Measure one after the run: each model, the indexes, the list queries, the pages and the isolation of organizations."
                        />
                    }
                        .into_any()
                } else {
                    view! {
                        <div class="scroll" tabindex="0" role="group" aria-labelledby="reports-heading">
                            <table class="t rows mid">
                                <thead>
                                    <tr>
                                        <th scope="col">"Report"</th>
                                        <th scope="col">"Measured"</th>
                                        <th scope="col">"Result"</th>
                                        <th scope="col">"By"</th>
                                        <th scope="col" class="r">"Compare"</th>
                                    </tr>
                                </thead>
                                <tbody>{move || reports.get().into_iter().map(line).collect_view()}</tbody>
                            </table>
                        </div>
                    }
                        .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// The result of a report as a badge.
pub fn passed_badge(report: &ReportSummary) -> AnyView {
    let (tone, words) = passed_words(report);
    state_badge(tone, words)
}

/// The result of a report in words.
pub fn passed_words(report: &ReportSummary) -> (Tone, String) {
    if report.passed {
        (Tone::Done, format!("All {} checks passed", report.checks))
    } else {
        let left = report.checks.saturating_sub(report.checks_passed);
        (
            Tone::Failed,
            format!("{left} of {} checks did not pass", report.checks),
        )
    }
}
