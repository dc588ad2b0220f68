//! `switchyard pace`: how much of the time the run of a target works.

use clap::Args;
use serde::Serialize;

use super::target::{Target, of_database};
use super::{Failure, Output};
use crate::db::Access;
use crate::engine::{journal, pace};

/// Arguments of `pace`.
#[derive(Debug, Args)]
#[command(
    after_help = "Whoever drives the run heeds it within a second: this program, another one, or a console."
)]
pub struct Pace {
    /// Of the time that batches take, how much is work, in percent: 100 is as fast as is polite, 5 the slowest.
    #[arg(value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(5..=100))]
    percent: u8,
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Set {
    run: String,
    percent: u8,
}

/// Runs it.
///
/// # Errors
/// When the target has no run, or cannot be written.
pub async fn run(arguments: Pace, output: &Output) -> Result<(), Failure> {
    let wanted = pace::Pace::percent(arguments.percent).map_err(|error| Failure::of(&error))?;
    let mut db = arguments.target.open(Access::Write).await?;
    let record = journal::read(&mut db)
        .await
        .map_err(|error| Failure::of(&error))?;
    let Some(record) = record else {
        return Err(Failure::new("the journal of this database has no run")
            .remedy("Start one with `switchyard run` or in the console."));
    };
    pace::set(&mut db, &record.run, wanted)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    let set = Set {
        run: record.run,
        percent: arguments.percent,
    };
    output.result(&set, |set| {
        format!("The run {} works {} % of the time.\n", set.run, set.percent)
    })
}
