//! One verification report: on screen, on A4, as Markdown and JSON, and beside an earlier one.

mod compare;

use leptos::prelude::*;
use shared::event::Topic;
use shared::report::{CheckResult, Report, ReportCheck, ReportSection};
use shared::system::{Standing, Tone};

use self::compare::Comparison;
use super::reports::passed_words;
use crate::api;
use crate::components::{DownloadLink, PageHead, icon, standing, state_icon};
use crate::format;
use crate::loader::load;

/// The page.
#[component]
pub fn ReportPage(
    /// Slug of the system.
    system: String,
    /// Its number.
    report: i64,
) -> impl IntoView {
    let system = Signal::stored(system);
    // A report is never changed, so no topic is listened to.
    const NEVER: &[Topic] = &[];
    let loaded = load(NEVER, move || {
        let system = system.get();
        async move { api::report(&system, report).await }
    });
    let print = move |_| {
        window().print().ok();
    };
    let badge = move || {
        loaded.with(|report| {
            report.map(|report| {
                let (tone, word) = passed_words(&report.summary);
                standing(&Standing { tone, word })
            })
        })
    };
    view! {
        <PageHead title="Verification report" tab=Signal::stored(format!("Report {report}")) badges=move || badge().into_any()>
            {move || loaded.with(|report| report.is_some()).then(|| view! {
                <DownloadLink label="Markdown" href=Signal::derive(move || api::report_file(&system.get(), report, "md")) />
                <DownloadLink label="JSON" href=Signal::derive(move || api::report_file(&system.get(), report, "json")) />
                <button type="button" class="btn primary" on:click=print>
                    {icon("print")}
                    "Print or save as PDF"
                </button>
            })}
        </PageHead>
        <Comparison system=system report=report />
        {loaded.view("report", |report| view! { <Sheet report=report /> }.into_any())}
    }
    .into_any()
}

#[component]
fn Sheet(report: Memo<Report>) -> impl IntoView {
    let facts = move || {
        let report = report.get();
        let mut facts = vec![
            ("System".to_owned(), report.system),
            (
                "Measured".to_owned(),
                format!(
                    "{} {}, took {}",
                    format::moment(&report.summary.at),
                    format::zone(),
                    format::duration(report.took_ms)
                ),
            ),
            ("Playbook".to_owned(), report.playbook),
            ("Asked for by".to_owned(), report.summary.by),
        ];
        if let Some(mode) = report.mode {
            facts.push(("Mode".to_owned(), mode));
        }
        facts.push((
            "Checks passed".to_owned(),
            format!(
                "{} of {}",
                report.summary.checks_passed, report.summary.checks
            ),
        ));
        facts
            .into_iter()
            .map(|(name, value)| {
                view! {
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                }
            })
            .collect_view()
    };
    view! {
        <article class="report" aria-labelledby="report-heading">
            <header>
                <h2 id="report-heading">{move || report.with(|report| format!("{}: report {}", report.system, report.summary.number))}</h2>
                <dl class="kv two">{facts}</dl>
            </header>
            <div class="cols cols-2 rule sections">{move || report.with(|report| report.sections.clone()).into_iter().map(section).collect_view()}</div>
            <div class="sign rule">
                <div>
                    <span class="muted">"Reviewed by"</span>
                    <b class="blank"></b>
                    <span class="muted">"Name, date"</span>
                </div>
                <div>
                    <span class="muted">"Approved by"</span>
                    <b class="blank"></b>
                    <span class="muted">"Name, date"</span>
                </div>
            </div>
            <p class="sm">
                {move || report.with(|report| format!("Report {}. Fingerprint ", report.summary.number))}
                <span class="mono">{move || report.with(|report| report.fingerprint.clone())}</span>
                ". Compare it with the one in the audit log to see that nothing was changed."
            </p>
        </article>
    }
    .into_any()
}

fn section(section: ReportSection) -> AnyView {
    let result = worst(&section.checks);
    let (tone, word) = drawn(result);
    let id = format!("section-{}", section.name);
    let checks = section.checks.into_iter().map(check).collect_view();
    view! {
        <section aria-labelledby=id.clone()>
            <h2 id=id.clone()>
                {state_icon(tone, word)}
                {section.title}
            </h2>
            <ul class="checks">{checks}</ul>
        </section>
    }
    .into_any()
}

fn check(check: ReportCheck) -> AnyView {
    let (tone, word) = drawn(check.result);
    view! {
        <li>
            {state_icon(tone, word)}
            <span>
                {breakable(&check.title)} {check.detail.map(|detail| view! { <small class="detail">{detail}</small> })}
            </span>
            <span>{breakable(&check.measured)}</span>
        </li>
    }
    .into_any()
}

/// Names of a database are long and without a space: they may go on in the next line behind an underscore or a full stop.
fn breakable(text: &str) -> AnyView {
    parts(text)
        .into_iter()
        .map(|part| view! { {part.to_owned()} <wbr/> })
        .collect_view()
        .into_any()
}

fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, pair) in text.as_bytes().windows(2).enumerate() {
        // both are of one byte, so that what follows them begins a character
        if pair[0] == b'_' || (pair[0] == b'.' && pair[1].is_ascii_alphabetic()) {
            parts.push(&text[from..=at]);
            from = at + 1;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// A section is as good as its worst check.
fn worst(checks: &[ReportCheck]) -> CheckResult {
    if checks
        .iter()
        .any(|check| check.result == CheckResult::Failed)
    {
        CheckResult::Failed
    } else if checks
        .iter()
        .any(|check| check.result == CheckResult::NotMeasured)
    {
        CheckResult::NotMeasured
    } else {
        CheckResult::Passed
    }
}

fn drawn(result: CheckResult) -> (Tone, &'static str) {
    match result {
        CheckResult::Passed => (Tone::Done, "Passed"),
        CheckResult::Failed => (Tone::Failed, "Failed"),
        CheckResult::NotMeasured => (Tone::Skipped, "Not measured"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(result: CheckResult) -> ReportCheck {
        ReportCheck {
            name: "x".to_owned(),
            title: "X".to_owned(),
            result,
            measured: String::new(),
            detail: None,
            value: None,
        }
    }

    #[test]
    fn one_check_that_failed_makes_its_section_fail() {
        let checks = [
            checked(CheckResult::Passed),
            checked(CheckResult::NotMeasured),
            checked(CheckResult::Failed),
        ];
        assert_eq!(worst(&checks), CheckResult::Failed);
        assert_eq!(worst(&checks[..2]), CheckResult::NotMeasured);
        assert_eq!(worst(&checks[..1]), CheckResult::Passed);
    }
}
