//! `switchyard check`: whether a playbook fits a target. Nothing is changed.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::target::{Target, of_database, read_playbook};
use super::{Failure, Output};
use crate::db::Access;
use crate::engine::inspect::count_rows;
use crate::engine::lint::{Finding, lint};
use crate::engine::preflight::{self, Check as Preflight, Surroundings, Verdict};
use crate::engine::{Options, Refusal, compile, inspect};
use crate::wording::counted;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Checked {
    passed: bool,
    steps: usize,
    fingerprint: Option<String>,
    refusals: Vec<Refusal>,
    preflight: Vec<Preflight>,
    findings: Vec<Finding>,
}

/// Runs it.
///
/// # Errors
/// When the playbook cannot be compiled, a check before a run fails, or the target cannot be read.
pub async fn run(arguments: Check, output: &Output) -> Result<(), Failure> {
    let playbook = read_playbook(&arguments.playbook)?;
    let mut db = arguments.target.open(Access::Read).await?;
    let mut schema = inspect(&mut db)
        .await
        .map_err(|error| of_database(&error))?;
    let tables: Vec<&str> = playbook
        .models()
        .map(|(_, model)| model.table.as_str())
        .collect();
    count_rows(&mut db, &mut schema, tables)
        .await
        .map_err(|error| of_database(&error))?;
    let plan = compile(&playbook, &schema, &Options::default());
    let findings = lint(&mut db, &playbook, &schema)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    let checks = preflight::run(&arguments.target.url, &playbook, &Surroundings::default()).await;
    let checked = Checked {
        passed: plan.is_ok() && preflight::passed(&checks),
        steps: plan.as_ref().map_or(0, |plan| plan.steps.len()),
        fingerprint: plan.as_ref().ok().map(|plan| plan.fingerprint.clone()),
        refusals: plan.err().unwrap_or_default(),
        preflight: checks,
        findings,
    };
    output.result(&checked, human)?;
    if checked.passed {
        return Ok(());
    }
    let failed = checked
        .preflight
        .iter()
        .filter(|check| check.verdict == Verdict::Failed)
        .count();
    Err(Failure::new(format!(
        "{} does not fit: {}, {}",
        arguments.playbook,
        counted(checked.refusals.len() as u64, "refusal", "refusals"),
        counted(failed as u64, "failed check", "failed checks"),
    ))
    .remedy("What to do stands with each."))
}

fn human(checked: &Checked) -> String {
    let mut text = String::new();
    for refusal in &checked.refusals {
        let _ = writeln!(text, "refused  {refusal}");
    }
    for check in &checked.preflight {
        let word = match check.verdict {
            Verdict::Passed => "passed ",
            Verdict::Warning => "warning",
            Verdict::Failed => "failed ",
        };
        let _ = writeln!(text, "{word}  {}: {}", check.title, check.evidence);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "         {remedy}");
        }
    }
    for finding in &checked.findings {
        let line = finding
            .line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "note     {line}{}\n         {}",
            finding.message, finding.remedy
        );
    }
    if let Some(fingerprint) = &checked.fingerprint {
        let steps = counted(checked.steps as u64, "step", "steps");
        let _ = writeln!(text, "plan     {steps}, fingerprint {fingerprint}");
    }
    text
}
