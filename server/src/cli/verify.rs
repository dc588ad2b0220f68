//! `switchyard verify`: measures a migrated target against its playbook.

use std::fmt::Write as _;

use clap::Args;

use super::target::{Target, of_database, read_playbook};
use super::{Failure, Output};
use crate::db::Access;
use crate::engine::verification::{self, CheckResult, Verification};
use crate::wording::counted;

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
}

/// Runs it.
///
/// # Errors
/// When a check does not pass, or the playbook or the target cannot be read.
pub async fn run(arguments: Verify, output: &Output) -> Result<(), Failure> {
    let playbook = read_playbook(&arguments.playbook)?;
    let mut db = arguments.target.open(Access::Read).await?;
    let measured = verification::measure(&mut db, &playbook)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    output.result(&measured, human)?;
    let all = measured.checks().count() as u64;
    let open = measured
        .checks()
        .filter(|check| check.result != CheckResult::Passed)
        .count();
    if open == 0 {
        return Ok(());
    }
    let checks = counted(all, "check", "checks");
    Err(Failure::new(format!("{open} of {checks} did not pass"))
        .remedy("What to do stands with each."))
}

fn human(measured: &Verification) -> String {
    let mut text = String::new();
    for section in &measured.sections {
        let _ = writeln!(text, "{}", section.title);
        for check in &section.checks {
            let word = match check.result {
                CheckResult::Passed => "passed      ",
                CheckResult::Failed => "failed      ",
                CheckResult::NotMeasured => "not measured",
            };
            let _ = writeln!(text, "  {word}  {}: {}", check.title, check.measured);
            if let Some(detail) = &check.detail {
                let _ = writeln!(text, "                {detail}");
            }
        }
    }
    let _ = writeln!(text, "Measured in {} ms.", measured.took_ms);
    text
}
