//! Isolation in the database, where the playbook promises it: proven anew.

use super::{Check, Section, section};
use crate::db::Connection;
use crate::engine::isolation::{IsolationProof, Proven, TableProof, prove};
use crate::engine::playbook::Playbook;

/// Tries to cross between two organizations. A proof that cannot be made is not measured, and
/// keeps the verification from passing.
pub(super) async fn check(db: &Connection, playbook: &Playbook) -> Section {
    let mut checks = Vec::new();
    if let Some(proof) = IsolationProof::of(playbook) {
        checks = match prove(db, &proof).await {
            Ok(proven) => of(&proven),
            Err(error) => vec![Check::not_measured(
                "roles",
                "Organizations are kept apart by the database",
                format!("The proof failed: {error}. {}", error.remedy()),
            )],
        };
    }
    section("row-security", "Isolation in the database", checks)
}

fn of(proven: &Proven) -> Vec<Check> {
    let fails = (!proven.findings.is_empty()).then(|| proven.findings.join(" "));
    let measured = match proven.bypassing.is_empty() {
        true => "no role passes row security".to_owned(),
        false => format!("{} see all rows", proven.bypassing.join(", ")),
    };
    let mut checks = vec![Check::of(
        "roles",
        "Policies hold for the application, and every table is declared",
        measured,
        fails,
    )];
    checks.extend(proven.tables.iter().map(of_table));
    checks
}

fn of_table(found: &TableProof) -> Check {
    let title = format!("Rows of {} are kept apart", found.table);
    if !found.unproven.is_empty() && found.findings.is_empty() {
        let why = format!("Not proved: {}", found.unproven.join(" "));
        return Check::not_measured(&found.table, &title, why);
    }
    let fails = (!found.findings.is_empty()).then(|| {
        format!(
            "{} Carry out the isolation again.",
            found.findings.join(" ")
        )
    });
    let measured = format!("{} attempts to cross refused", found.refused);
    Check::of(&found.table, &title, measured, fails).with_value(f64::from(found.refused))
}
