//! Measures a system for a report: what the engine reads from the target, and what the running application answers.

use std::time::Instant;

use sha2::{Digest as _, Sha256};
use shared::report::{CheckResult, Report, ReportCheck, ReportSection, ReportSummary};

use super::application;
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::checklist::catalogue::Section;
use crate::engine::verification::{self, Check};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::reports as table;
use crate::systems::{System, SystemError};

/// Measures a system now and keeps what was found.
///
/// # Errors
/// When the target cannot be read or the report cannot be kept; what is wrong with either shows in the report.
pub async fn measure(
    state: &AppState,
    system: &System,
    operator: &Operator,
) -> Result<Report, SystemError> {
    let began = Instant::now();
    let sections = sections(system).await?;
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let number = table::next_number(&mut tx, system.slug()).await?;
    let report = report(system, number, operator.username(), now, sections, took_ms)?;
    table::add(&mut tx, system.slug(), now, &report).await?;
    let entry = Entry::by(
        operator,
        "report.measured",
        format!("report {number}"),
        super::verdict(&report),
    );
    audit::append(&mut tx, now, entry.on(system.slug())).await?;
    tx.commit().await?;
    Ok(report)
}

/// Every section, in the order of the administrators' own report.
async fn sections(system: &System) -> Result<Vec<ReportSection>, SystemError> {
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let measured = verification::measure(&mut db, &playbook).await?;
    let mut sections: Vec<ReportSection> = measured
        .sections
        .into_iter()
        .map(|section| ReportSection {
            name: section.name,
            title: section.title,
            checks: section.checks.into_iter().map(shown).collect(),
        })
        .collect();
    let application = [
        (Section::Middleware, application::middleware(system).await),
        (Section::Views, application::views(system).await),
    ];
    let place = sections
        .iter()
        .position(|section| section.name == Section::Performance.name())
        .unwrap_or(sections.len());
    for (section, checks) in application.into_iter().rev() {
        sections.insert(
            place,
            ReportSection {
                name: section.name().into(),
                title: section.title().into(),
                checks,
            },
        );
    }
    Ok(sections)
}

fn shown(check: Check) -> ReportCheck {
    ReportCheck {
        name: check.name,
        title: check.title,
        result: match check.result {
            verification::CheckResult::Passed => CheckResult::Passed,
            verification::CheckResult::Failed => CheckResult::Failed,
            verification::CheckResult::NotMeasured => CheckResult::NotMeasured,
        },
        measured: check.measured,
        detail: check.detail,
        value: check.value,
    }
}

fn report(
    system: &System,
    number: i64,
    by: &str,
    at: Moment,
    sections: Vec<ReportSection>,
    took_ms: u64,
) -> Result<Report, SystemError> {
    let checks = || sections.iter().flat_map(|section| &section.checks);
    let passed = checks()
        .filter(|check| check.result == CheckResult::Passed)
        .count();
    let all = checks().count();
    Ok(Report {
        summary: ReportSummary {
            number,
            at: at.rfc3339(),
            by: by.to_owned(),
            passed: passed == all,
            checks_passed: passed as u32,
            checks: all as u32,
        },
        system: system.config.title.clone(),
        mode: application::mode_title(system),
        playbook: system.playbook()?.title.clone(),
        fingerprint: fingerprint(number, at, &sections),
        sections,
        took_ms,
    })
}

/// SHA-256, in hex, over number, moment and every check.
fn fingerprint(number: i64, at: Moment, sections: &[ReportSection]) -> String {
    let mut hash = Sha256::new();
    hash.update(number.to_be_bytes());
    hash.update(at.0.to_be_bytes());
    for section in sections {
        for check in &section.checks {
            for text in [&section.name, &check.name, &check.measured] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
            hash.update([check.result as u8]);
        }
    }
    hex::encode(hash.finalize())
}
