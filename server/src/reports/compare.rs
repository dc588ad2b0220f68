//! Two reports side by side: which checks differ, and which got worse.

use std::collections::BTreeMap;

use shared::report::{CheckResult, Report, ReportCheck, ReportComparison, ReportDifference};

/// What stands for a check that one of the reports does not have.
const ABSENT: &str = "not in this report";

/// Compares an earlier report with a later one.
pub fn compare(before: &Report, after: &Report) -> ReportComparison {
    let (earlier, later) = (checks(before), checks(after));
    let mut differences = Vec::new();
    for (place, check) in &later {
        let known = earlier.get(place).copied();
        if known
            .is_none_or(|known| known.result != check.result || known.measured != check.measured)
        {
            differences.push(difference(place, known, Some(check)));
        }
    }
    for (place, check) in &earlier {
        if !later.contains_key(place) {
            differences.push(difference(place, Some(check), None));
        }
    }
    differences.sort_by_key(|difference| !difference.worse);
    ReportComparison {
        before: before.summary.clone(),
        after: after.summary.clone(),
        differences,
    }
}

/// Checks by section and title, in a stable order.
fn checks(report: &Report) -> BTreeMap<(String, String), &ReportCheck> {
    report
        .sections
        .iter()
        .flat_map(|section| {
            section
                .checks
                .iter()
                .map(|check| ((section.title.clone(), check.title.clone()), check))
        })
        .collect()
}

fn difference(
    (section, title): &(String, String),
    before: Option<&ReportCheck>,
    after: Option<&ReportCheck>,
) -> ReportDifference {
    let measured = |check: Option<&ReportCheck>| {
        check.map_or_else(|| ABSENT.to_owned(), |check| check.measured.clone())
    };
    ReportDifference {
        check: format!("{section}: {title}"),
        before: measured(before),
        after: measured(after),
        worse: rank(after) < rank(before),
    }
}

/// How good a result is; a check that is gone is worse than one that passed.
fn rank(check: Option<&ReportCheck>) -> u8 {
    match check.map(|check| check.result) {
        Some(CheckResult::Passed) => 2,
        Some(CheckResult::NotMeasured) | None => 1,
        Some(CheckResult::Failed) => 0,
    }
}

#[cfg(test)]
mod tests {
    use shared::report::{ReportSection, ReportSummary};

    use super::*;

    fn report(number: i64, checks: &[(&str, CheckResult, &str)]) -> Report {
        Report {
            summary: ReportSummary {
                number,
                at: "2026-11-20T02:31:04Z".into(),
                by: "amina".into(),
                passed: false,
                checks_passed: 0,
                checks: 0,
            },
            system: "OBCMS".into(),
            mode: None,
            playbook: "OBCMS to BMMS".into(),
            fingerprint: String::new(),
            sections: vec![ReportSection {
                name: "models".into(),
                title: "Models".into(),
                checks: checks
                    .iter()
                    .map(|(title, result, measured)| ReportCheck {
                        name: (*title).into(),
                        title: (*title).into(),
                        result: *result,
                        measured: (*measured).into(),
                        detail: None,
                        value: None,
                    })
                    .collect(),
            }],
            took_ms: 1,
        }
    }

    #[test]
    fn what_got_worse_comes_first_and_what_is_equal_is_left_out() {
        let before = report(
            1,
            &[
                ("Policies", CheckResult::Passed, "28/28"),
                ("PPAs", CheckResult::Failed, "319/342"),
                ("Communities", CheckResult::Passed, "234/234"),
            ],
        );
        let after = report(
            2,
            &[
                ("Policies", CheckResult::Passed, "28/28"),
                ("PPAs", CheckResult::Passed, "342/342"),
                ("Communities", CheckResult::Failed, "233/234"),
            ],
        );
        let differences = compare(&before, &after).differences;
        let told: Vec<_> = differences
            .iter()
            .map(|found| (found.check.as_str(), found.worse))
            .collect();
        assert_eq!(
            told,
            [("Models: Communities", true), ("Models: PPAs", false)]
        );
    }

    #[test]
    fn a_check_that_passed_and_is_gone_got_worse() {
        let before = report(1, &[("Policies", CheckResult::Passed, "28/28")]);
        let after = report(2, &[]);
        let differences = compare(&before, &after).differences;
        assert_eq!(differences[0].after, ABSENT);
        assert!(differences[0].worse);
    }
}
