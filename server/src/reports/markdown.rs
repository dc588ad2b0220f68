//! A report as Markdown, in the order of the administrators' own verification report.

use std::fmt::Write as _;

use shared::report::{CheckResult, Report, ReportCheck};

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let summary = &report.summary;
    // writing to a String cannot fail
    let _ = writeln!(
        text,
        "# {} verification report {}\n",
        report.system, summary.number
    );
    let _ = writeln!(text, "| | |\n| --- | --- |");
    let _ = writeln!(
        text,
        "| Measured | {} by {} |",
        summary.at,
        cell(&summary.by)
    );
    let _ = writeln!(text, "| Playbook | {} |", cell(&report.playbook));
    if let Some(mode) = &report.mode {
        let _ = writeln!(text, "| Mode | {} |", cell(mode));
    }
    let _ = writeln!(text, "| Took | {} ms |", report.took_ms);
    let _ = writeln!(text, "| Result | {} |", verdict(report));
    let _ = writeln!(text, "| Fingerprint | `{}` |", report.fingerprint);
    for section in &report.sections {
        let _ = writeln!(text, "\n## {}\n", section.title);
        for check in &section.checks {
            let _ = writeln!(text, "- {}", line(check));
        }
    }
    text
}

/// The result of the whole report, in words.
pub fn verdict(report: &Report) -> String {
    let summary = &report.summary;
    if summary.passed {
        format!("All {} checks passed", summary.checks)
    } else {
        format!(
            "{} of {} checks passed",
            summary.checks_passed, summary.checks
        )
    }
}

fn line(check: &ReportCheck) -> String {
    let mark = match check.result {
        CheckResult::Passed => "✅",
        CheckResult::Failed => "❌",
        CheckResult::NotMeasured => "⚪",
    };
    let mut line = format!(
        "{mark} {}: {}",
        one_line(&check.title),
        one_line(&check.measured)
    );
    if let Some(detail) = &check.detail {
        let _ = write!(line, " ({})", one_line(detail));
    }
    line
}

/// A text in a table cell: no line ends, no bars.
pub(crate) fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

/// A text on one line in which Markdown finds no marks.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => line.push(' '),
            '<' => line.push_str("&lt;"),
            '*' | '`' | '[' | ']' | '\\' => {
                line.push('\\');
                line.push(letter);
            }
            _ => line.push(letter),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use shared::report::{ReportSection, ReportSummary};

    use super::*;

    #[test]
    fn a_report_says_each_measurement_and_keeps_the_marks_of_names_apart() {
        let report = Report {
            summary: ReportSummary {
                number: 3,
                at: "2026-11-20T02:31:04Z".into(),
                by: "amina".into(),
                passed: false,
                checks_passed: 1,
                checks: 2,
            },
            system: "OBCMS".into(),
            mode: Some("OBCMS".into()),
            playbook: "OBCMS to BMMS".into(),
            fingerprint: "ab12".into(),
            sections: vec![ReportSection {
                name: "models".into(),
                title: "Model migrations".into(),
                checks: vec![
                    ReportCheck {
                        name: "Community".into(),
                        title: "Communities".into(),
                        result: CheckResult::Passed,
                        measured: "234/234 (100%)".into(),
                        detail: None,
                        value: Some(100.0),
                    },
                    ReportCheck {
                        name: "PPA".into(),
                        title: "PPAs [all]".into(),
                        result: CheckResult::Failed,
                        measured: "319/342 (93.3%)".into(),
                        detail: Some("23 have none.\nAssign them.".into()),
                        value: Some(93.3),
                    },
                ],
            }],
            took_ms: 120,
        };
        let text = markdown(&report);
        assert!(text.contains("| Result | 1 of 2 checks passed |"), "{text}");
        assert!(
            text.contains("- ✅ Communities: 234/234 (100%)\n"),
            "{text}"
        );
        assert!(
            text.contains("- ❌ PPAs \\[all\\]: 319/342 (93.3%) (23 have none. Assign them.)\n"),
            "{text}"
        );
    }
}
