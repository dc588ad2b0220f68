//! `switchyard rollback`: undoes groups or every step from the journal, or goes back to a backup. Tells first what would
//! be lost, and does it only when that is accepted.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use shared::duration;
use shared::rollback::RollbackKind;

use super::approval::Approval;
use super::driving::{Driving, of_drive, of_journal, stopped_by_signals};
use super::target::{Target, of_backup, of_database, read_playbook};
use super::{Failure, Output};
use crate::db::Access;
use crate::engine::backup::{self, Acceptance};
use crate::engine::journal::{self, RunRecord, StepState};
use crate::engine::loss::{self, AssignmentLoss, Loss};
use crate::engine::plan::{Reverse, Step};
use crate::engine::restore::{self, Kept};
use crate::engine::{Goal, Outcome, Playbook, drive, inspect};
use crate::wording::counted;

/// Arguments of `rollback`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --yes it tells what would be lost and changes nothing. Without --group and --full every step is undone.\n\
        A rollback that was stopped goes on with the same command.\n\
        Where the configuration asks for a second administrator, it uses up the approval that was\n\
        given in the console for exactly this; to go on with a stopped one takes another."
)]
pub struct Rollback {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
    /// Undo the steps of this group only; may be given several times.
    #[arg(long = "group", value_name = "NAME", conflicts_with = "full")]
    groups: Vec<String>,
    /// Restore this verified backup instead of undoing steps.
    #[arg(long, value_name = "BACKUP")]
    full: Option<PathBuf>,
    /// Write the rows that restoring the backup loses into this new JSON file first.
    #[arg(long, value_name = "FILE", requires = "full")]
    export: Option<PathBuf>,
    /// Accept what is lost.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    approval: Approval,
}

/// What undoing would do and lose.
#[derive(Serialize)]
struct Undo {
    run: String,
    /// Steps that would be undone, last first.
    steps: Vec<String>,
    /// What they would lose, in words.
    losses: Vec<String>,
    /// Assignments that would be lost.
    assignments: Vec<AssignmentLoss>,
}

/// What restoring would lose.
#[derive(Serialize)]
struct Full {
    backup: PathBuf,
    rows: u64,
    #[serde(flatten)]
    loss: Loss,
}

/// What was done.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Done {
    Undone {
        run: String,
        steps: usize,
    },
    Restored {
        kept: Option<Kept>,
        rows_lost: u64,
        took_ms: u64,
    },
}

/// Runs it.
///
/// # Errors
/// When what is lost is not accepted, there is nothing to undo, a step cannot be undone, or the backup is not to be used.
pub async fn run(arguments: Rollback, output: &Output) -> Result<(), Failure> {
    let playbook = read_playbook(&arguments.playbook)?;
    match &arguments.full {
        Some(path) => full(&arguments, &playbook, path, output).await,
        None => undo(&arguments, &playbook, output).await,
    }
}

async fn undo(arguments: &Rollback, playbook: &Playbook, output: &Output) -> Result<(), Failure> {
    let mut db = arguments.target.open(Access::Read).await?;
    let record = journal::read(&mut db).await.map_err(of_journal)?;
    let Some(record) = record.filter(|record| record.plan.playbook == playbook.name) else {
        return Err(
            Failure::new(format!("the target has no run of {}", playbook.name))
                .remedy("There is nothing to undo. To go back to a backup: --full BACKUP."),
        );
    };
    let groups = chosen(&record, &arguments.groups)?;
    let steps: Vec<&Step> = (record.steps.iter().rev())
        .filter(|entry| is_there(entry.state) && is_of(&entry.step, groups.as_ref()))
        .map(|entry| &entry.step)
        .collect();
    let schema = inspect(&mut db)
        .await
        .map_err(|error| of_database(&error))?;
    let only = (!arguments.groups.is_empty()).then_some(arguments.groups.as_slice());
    let assignments = loss::assignments(&mut db, playbook, &schema, only)
        .await
        .map_err(|error| of_database(&error))?;
    db.close().await;
    let cost = Undo {
        run: record.run.clone(),
        steps: steps.iter().map(|step| step.key.clone()).collect(),
        losses: (steps.iter())
            .filter(|step| !matches!(step.reverse, Reverse::Nothing))
            .filter_map(|step| Some(format!("{}: {}", step.key, step.loss.as_ref()?)))
            .collect(),
        assignments,
    };
    if !arguments.yes {
        output.result(&cost, undo_told)?;
        return Err(not_accepted());
    }
    output.progress(&undo_told(&cost));
    if let Some(asked) = arguments.approval.asked_for(&arguments.target.url).await? {
        let way = match arguments.groups.as_slice() {
            [] => RollbackKind::UndoAll,
            groups => RollbackKind::Partial {
                groups: groups.to_vec(),
            },
        };
        asked.roll_back(&way, output).await?;
    }
    let stop = stopped_by_signals(*output)?;
    let driving = Driving::new(*output, stop, None);
    let mut db = arguments.target.open(Access::Write).await?;
    let goal = Goal::Undone { groups };
    let driven = drive(&mut db, &record.run, &record.plan, &goal, &driving).await;
    db.close().await;
    ended(driven.map_err(of_drive)?)?;
    let done = Done::Undone {
        run: cost.run,
        steps: cost.steps.len(),
    };
    output.result(&done, done_told)
}

/// The groups to undo; everything when `None`.
fn chosen(record: &RunRecord, groups: &[String]) -> Result<Option<BTreeSet<String>>, Failure> {
    let known = record.plan.groups();
    for group in groups {
        if !known.contains(&group.as_str()) {
            return Err(
                Failure::new(format!("the run {} has no group {group}", record.run))
                    .remedy(format!("Its groups are {}.", known.join(", "))),
            );
        }
    }
    Ok((!groups.is_empty()).then(|| groups.iter().cloned().collect()))
}

/// Whether an undo has something to take back.
fn is_there(state: StepState) -> bool {
    !matches!(
        state,
        StepState::Pending | StepState::Undone | StepState::Skipped
    )
}

fn is_of(step: &Step, groups: Option<&BTreeSet<String>>) -> bool {
    let group = step.group.as_ref();
    groups.is_none_or(|groups| group.is_some_and(|group| groups.contains(group)))
}

fn ended(outcome: Outcome) -> Result<(), Failure> {
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Paused | Outcome::Aborted => Err(Failure::new(
            "the rollback was stopped half-way by a signal; what was undone stays undone",
        )
        .remedy("The same command finishes it.")),
        Outcome::WaitingAtGate(gate) => Err(Failure::new(gate.evidence).remedy(gate.remedy)),
        Outcome::Failed { step, error } => {
            Err(Failure::new(format!("{step} could not be undone. {error}"))
                .remedy("The same command tries it again."))
        }
    }
}

async fn full(
    arguments: &Rollback,
    playbook: &Playbook,
    path: &Path,
    output: &Output,
) -> Result<(), Failure> {
    let url = &arguments.target.url;
    let rules = Acceptance {
        target: Some(url.clone()),
        ..Acceptance::default()
    };
    let whole = backup::open(path).map_err(|error| of_backup(&error))?;
    backup::accept(&whole, &rules)
        .await
        .map_err(|rejection| of_backup(&rejection.into()))?;
    if whole.verification.is_none() {
        return Err(
            Failure::new(format!("{} was not proved yet", path.display())).remedy(format!(
                "Prove it first: switchyard backup verify {}",
                path.display()
            )),
        );
    }
    let loss = match &arguments.export {
        None => loss::since(url, &whole, Some(playbook), output.watch()).await,
        Some(file) => loss::export(url, &whole, Some(playbook), file, output.watch())
            .await
            .map(|exported| exported.loss),
    }
    .map_err(|error| of_backup(&error))?;
    let cost = Full {
        backup: path.to_owned(),
        rows: loss.rows(),
        loss,
    };
    if !arguments.yes {
        output.result(&cost, full_told)?;
        return Err(not_accepted());
    }
    output.progress(&full_told(&cost));
    if let Some(asked) = arguments.approval.asked_for(url).await? {
        asked.restore(path, output).await?;
    }
    output.progress("Proving the backup, keeping what is there, and replacing it.");
    let restored = restore::restore(path, url, &rules, output.watch())
        .await
        .map_err(|error| of_backup(&error))?;
    let done = Done::Restored {
        kept: restored.kept,
        rows_lost: cost.rows,
        took_ms: restored.took_ms,
    };
    output.result(&done, done_told)
}

fn not_accepted() -> Failure {
    Failure::new("nothing was changed").remedy("To do it and accept what is lost: --yes.")
}

fn undo_told(cost: &Undo) -> String {
    let steps = counted(cost.steps.len() as u64, "step", "steps");
    let mut text = format!("{steps} of the run {} to undo.\n", cost.run);
    for loss in &cost.losses {
        let _ = writeln!(text, "loses    {loss}");
    }
    for lost in &cost.assignments {
        let _ = writeln!(
            text,
            "loses    {}: {} that its rule would not give again, {}",
            lost.table,
            counted(lost.assignments, "assignment", "assignments"),
            counted(lost.decisions, "recorded decision", "recorded decisions"),
        );
    }
    if cost.losses.is_empty() && cost.assignments.is_empty() {
        text.push_str("Nothing is lost.\n");
    }
    text
}

fn full_told(cost: &Full) -> String {
    let rows = counted(cost.rows, "row", "rows");
    let mut text = format!("Restoring {} loses {rows}.\n", cost.backup.display());
    for table in cost.loss.tables.iter().filter(|table| table.rows() > 0) {
        let _ = writeln!(
            text,
            "loses    {}: {} made, {} changed, {} deleted since",
            table.table,
            table.created - table.by_migration.min(table.created),
            table.changed,
            table.deleted
        );
    }
    text
}

fn done_told(done: &Done) -> String {
    match done {
        Done::Undone { run, steps } => {
            let steps = counted(*steps as u64, "step", "steps");
            format!("Undone: {steps} of the run {run}.")
        }
        Done::Restored {
            kept,
            rows_lost,
            took_ms,
        } => {
            let rows = counted(*rows_lost, "row", "rows");
            let mut text = format!("Restored in {}; {rows} lost.", duration::words(*took_ms));
            if let Some(kept) = kept {
                let _ = write!(text, "\nWhat was there is kept as {kept}");
            }
            text
        }
    }
}
