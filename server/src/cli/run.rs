//! `switchyard run`: carries out a playbook's plan, or goes on with the run that the journal in the target has.

mod dry;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::approval::Approval;
use super::driving::{Backups, Driving, Insisted, of_drive, of_journal, stopped_by_signals};
use super::target::{Target, of_database, read_playbook};
use super::{Failure, Output};
use crate::db::{Access, Connection};
use crate::engine::inspect::count_rows;
use crate::engine::journal::{self, RunRecord, StepState};
use crate::engine::plan::Step;
use crate::engine::preflight::{self, Surroundings, Verdict};
use crate::engine::{Goal, Options, Outcome, Plan, Playbook, Refusal, compile, drive, inspect};
use crate::systems::Systems;
use crate::wording::counted;
use dry::Dry;

/// The gate counts whole seconds, by a clock that may be set meanwhile: a wait ends a little after one begins.
const PAST_THE_SECOND: Duration = Duration::from_millis(100);

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(
    after_help = "A run that was stopped, failed or waits at a gate goes on with the same command, as it was planned when it began.\n\
        SIGINT and SIGTERM pause it after the batch at hand.\n\
        Where the configuration asks for a second administrator, a run that constrains or rewrites what is there begins\n\
        only with the approval that was given in the console for exactly its plan, which it uses up."
)]
pub struct Run {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
    /// Stop after this step or phase; --dry-run lists them.
    #[arg(long, value_name = "STEP")]
    until: Option<String>,
    /// Slug of a system in the configuration: the plan then calls its hooks and checks its application, as in the
    /// console.
    #[arg(long, value_name = "SLUG")]
    system: Option<String>,
    #[command(flatten)]
    approval: Approval,
    /// Open this gate where the plan lets it be overridden; may be given several times. Needs --reason.
    #[arg(
        long = "override",
        value_name = "GATE",
        requires = "reason",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    overrides: Vec<String>,
    /// Why the gates are overridden: it is kept with the steps in the target's journal.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "overrides",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    reason: Option<String>,
    /// For how many seconds no old application version may have written before columns become required, instead of
    /// the playbook's `quiet_seconds`; 0 leaves that gate out.
    #[arg(long, value_name = "N")]
    quiet_seconds: Option<u64>,
    /// Print every step with its SQL, locks, cost and undo, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Directory of a backup of at most 24 hours ago to rely on. Default: the run makes one and proves it.
    #[arg(long, value_name = "BACKUP")]
    backup: Option<PathBuf>,
    /// Directory that the run's backup is made in.
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "backups",
        conflicts_with = "backup"
    )]
    backup_to: PathBuf,
}

/// What has to be done for a target.
enum Found {
    /// The journal's run goes on.
    GoesOn(Box<RunRecord>),
    /// A run begins.
    Begins(Box<Plan>),
    /// Every step is done.
    Reached(Box<RunRecord>),
    /// The playbook does not fit.
    Refused(Vec<Refusal>),
}

#[derive(Serialize)]
struct Refused {
    refusals: Vec<Refusal>,
}

/// How far the run is now.
#[derive(Serialize)]
struct Standing {
    run: String,
    done: usize,
    skipped: usize,
    steps: usize,
    took_ms: u64,
}

/// Runs it.
///
/// # Errors
/// When the playbook does not fit, a gate is closed, a step fails, a signal paused it, or the target cannot be read.
pub async fn run(arguments: Run, output: &Output) -> Result<(), Failure> {
    let playbook = read_playbook(&arguments.playbook)?;
    let mut db = arguments.target.open(Access::Read).await?;
    let system = match &arguments.system {
        None => None,
        Some(slug) => {
            let systems = Systems::of(&arguments.approval.configured().read()?);
            Some(systems.get(slug).map_err(|error| Failure::of(&error))?)
        }
    };
    let declared = system.as_ref().map(|system| system.options());
    let mut options = declared.unwrap_or_default();
    if arguments.quiet_seconds.is_some() {
        options.quiet_seconds = arguments.quiet_seconds;
    }
    let found = look(&mut db, &playbook, &options).await?;
    db.close().await;
    let (id, begun, plan) = match found {
        Found::Refused(refusals) => return refused(&arguments.playbook, refusals, output),
        Found::Reached(record) => return output.result(&standing(&record, 0), told),
        Found::GoesOn(record) => {
            let begun = Timestamp::from_millisecond(record.started_at_ms)
                .map_err(|error| Failure::caused("the journal has a wrong time", &error))?;
            if !arguments.dry_run {
                output.progress(&format!("Going on with the run {}.", record.run));
            } else {
                return dry_run(&record.plan, Some(&record), &arguments, output);
            }
            (record.run, begun, record.plan)
        }
        Found::Begins(plan) if arguments.dry_run => {
            return dry_run(&plan, None, &arguments, output);
        }
        Found::Begins(plan) => {
            last(&plan, arguments.until.as_deref())?;
            look_before(&arguments, &playbook, output).await?;
            let now = Timestamp::now();
            let id = format!("command-{}", now.strftime("%Y%m%dT%H%M%S%.3fZ"));
            if let Some(asked) = arguments.approval.asked_for(&arguments.target.url).await? {
                asked.run(&plan, &id, output).await?;
            }
            (id, now, *plan)
        }
    };
    last(&plan, arguments.until.as_deref())?;
    let backups = Backups {
        url: arguments.target.url.clone(),
        given: arguments.backup,
        directory: arguments.backup_to,
        begun,
    };
    let stop = stopped_by_signals(*output)?;
    let insisted = arguments.reason.map(|reason| Insisted {
        gates: arguments.overrides,
        reason,
    });
    let driving = Driving::new(*output, stop.clone(), Some(backups))
        .insisting(insisted)
        .around(system);
    let started = Instant::now();
    let goal = Goal::Applied {
        until: arguments.until,
    };
    let mut db = arguments.target.open(Access::Write).await?;
    let mut waited = HashMap::new();
    let driven = loop {
        let driven = drive(&mut db, &id, &plan, &goal, &driving).await;
        let Ok(Outcome::WaitingAtGate(gate)) = &driven else {
            break driven;
        };
        if gate.gate != "no-old-writers" {
            break driven;
        }
        let left = u64::try_from(gate.whole - gate.value).unwrap_or(0);
        // time alone opens this gate, unless an old version writes meanwhile: then no less is left than before
        let before = waited.insert(gate.step.clone(), left);
        if before.is_some_and(|before| left >= before) {
            break driven;
        }
        output.progress(&format!("{} Waiting {left} s.", gate.evidence));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(left) + PAST_THE_SECOND) => {}
            () = stop.cancelled() => break Ok(Outcome::Paused),
        }
    };
    let record = journal::read(&mut db).await;
    db.close().await;
    let outcome = driven.map_err(of_drive)?;
    if let Some(record) = record.map_err(of_journal)? {
        let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        output.result(&standing(&record, took), told)?;
    }
    ended(outcome, stop.is_cancelled())
}

/// The checks before a run: refuses what fails, and says what a person should read.
async fn look_before(arguments: &Run, playbook: &Playbook, output: &Output) -> Result<(), Failure> {
    let surroundings = Surroundings {
        backups: arguments
            .backup
            .is_none()
            .then(|| arguments.backup_to.clone()),
        ..Surroundings::default()
    };
    let checks = preflight::run(&arguments.target.url, playbook, &surroundings).await;
    for check in checks
        .iter()
        .filter(|check| check.verdict != Verdict::Passed)
    {
        let remedy = check.remedy.as_deref().unwrap_or_default();
        output.progress(&format!("{}: {} {remedy}", check.title, check.evidence));
    }
    if preflight::passed(&checks) {
        return Ok(());
    }
    let failed = (checks.iter()).filter(|check| check.verdict == Verdict::Failed);
    let titles: Vec<&str> = failed.map(|check| check.title.as_str()).collect();
    Err(Failure::new(format!(
        "nothing was begun: {}",
        counted(titles.len() as u64, "check failed", "checks failed")
    ))
    .remedy(format!(
        "What to do stands above, with {}.",
        titles.join(", ")
    )))
}

/// Looks at the journal first, and compiles when no run has to go on.
async fn look(
    db: &mut Connection,
    playbook: &Playbook,
    options: &Options,
) -> Result<Found, Failure> {
    let record = journal::read(db).await.map_err(of_journal)?;
    if let Some(record) = &record
        && is_open(record)
    {
        if let Some(step) = (record.steps.iter())
            .find(|step| matches!(step.state, StepState::Undoing | StepState::Stuck))
        {
            let key = &step.step.key;
            return Err(Failure::new(format!("the undo of {key} is not finished"))
                .remedy("Finish it first: switchyard rollback, with the same groups."));
        }
        if record.plan.playbook != playbook.name {
            return Err(Failure::new(format!(
                "the target is in the middle of a run of {}",
                record.plan.playbook
            ))
            .remedy("Finish that run or undo it first."));
        }
        return Ok(Found::GoesOn(Box::new(record.clone())));
    }
    let mut schema = inspect(db).await.map_err(|error| of_database(&error))?;
    let tables: Vec<&str> = playbook
        .models()
        .map(|(_, model)| model.table.as_str())
        .collect();
    count_rows(db, &mut schema, tables)
        .await
        .map_err(|error| of_database(&error))?;
    let compiled = compile(playbook, &schema, options);
    let finished = record.filter(|record| {
        record.plan.playbook == playbook.name && record.steps.iter().all(is_behind)
    });
    Ok(match (compiled, finished) {
        (Ok(plan), Some(record)) if plan.steps.iter().any(|step| is_new(step, &record)) => {
            Found::Begins(Box::new(plan))
        }
        (_, Some(record)) => Found::Reached(Box::new(record)),
        (Ok(plan), None) => Found::Begins(Box::new(plan)),
        (Err(refusals), None) => Found::Refused(refusals),
    })
}

fn is_behind(step: &journal::StepRecord) -> bool {
    matches!(step.state, StepState::Done | StepState::Skipped)
}

fn is_new(step: &Step, record: &RunRecord) -> bool {
    record.step(&step.key).is_none()
}

/// Whether a run was begun and neither finished nor undone as a whole.
fn is_open(record: &RunRecord) -> bool {
    let untouched = |step: &journal::StepRecord| {
        matches!(
            step.state,
            StepState::Pending | StepState::Undone | StepState::Skipped
        )
    };
    !record.steps.iter().all(is_behind) && !record.steps.iter().all(untouched)
}

fn refused(playbook: &str, refusals: Vec<Refusal>, output: &Output) -> Result<(), Failure> {
    let count = counted(refusals.len() as u64, "refusal", "refusals");
    output.result(&Refused { refusals }, |refused| {
        let lines = refused.refusals.iter();
        lines
            .map(|refusal| format!("refused  {refusal}\n"))
            .collect()
    })?;
    Err(Failure::new(format!("{playbook} does not fit: {count}"))
        .remedy("What to do stands with each."))
}

/// The place of the last step to carry out.
fn last(plan: &Plan, until: Option<&str>) -> Result<usize, Failure> {
    let Some(until) = until else {
        return Ok(plan.steps.len().saturating_sub(1));
    };
    plan.steps
        .iter()
        .rposition(|step| step.key == until || step.phase.word() == until)
        .ok_or_else(|| {
            Failure::new(format!("the plan has no step or phase {until}"))
                .remedy("Name one that --dry-run lists.")
        })
}

fn dry_run(
    plan: &Plan,
    record: Option<&RunRecord>,
    arguments: &Run,
    output: &Output,
) -> Result<(), Failure> {
    let last = last(plan, arguments.until.as_deref())?;
    let is_done = |step: &Step| {
        let known = record.and_then(|record| record.step(&step.key));
        known.is_some_and(|known| known.state == StepState::Done)
    };
    let dry = Dry {
        run: record.map(|record| record.run.as_str()),
        fingerprint: &plan.fingerprint,
        notes: &plan.notes,
        steps: (plan.steps.iter().take(last + 1))
            .filter(|step| !is_done(step))
            .collect(),
    };
    output.result(&dry, dry::human)
}

fn standing(record: &RunRecord, took_ms: u64) -> Standing {
    let count = |state| (record.steps.iter().filter(|step| step.state == state)).count();
    Standing {
        run: record.run.clone(),
        done: count(StepState::Done),
        skipped: count(StepState::Skipped),
        steps: record.steps.len(),
        took_ms,
    }
}

fn told(standing: &Standing) -> String {
    let to_do = standing.steps - standing.skipped;
    let mut text = format!("{} of {to_do} steps are done", standing.done);
    if standing.skipped > 0 {
        text.push_str(&format!("; {} were not needed", standing.skipped));
    }
    text.push_str(&format!(". Run {}", standing.run));
    if standing.took_ms > 0 {
        text.push_str(&format!(", {:.1} s", standing.took_ms as f64 / 1_000.0));
    }
    text
}

fn ended(outcome: Outcome, stopped: bool) -> Result<(), Failure> {
    const AGAIN: &str = "The same command goes on from here.";
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Paused | Outcome::Aborted => {
            Err(Failure::new("paused by a signal; what was done is kept").remedy(AGAIN))
        }
        // a backup that a signal broke off counts as a failed step in the journal, and is made anew
        Outcome::Failed { step, .. } if stopped => Err(Failure::new(format!(
            "paused by a signal during {step}; what was done is kept"
        ))
        .remedy(AGAIN)),
        Outcome::WaitingAtGate(gate) if gate.gate == "coverage" => Err(Failure::new(format!(
            "{} cannot be made required. {}",
            gate.step, gate.evidence
        ))
        .remedy(format!(
            "Give them one: in the console, or by an UPDATE of your own; switchyard coverage counts what is left. \
             {AGAIN}"
        ))),
        Outcome::WaitingAtGate(gate) => Err(Failure::new(format!(
            "the gate {} of {} is closed. {}",
            gate.gate, gate.step, gate.evidence
        ))
        .remedy(format!("{} {AGAIN}", gate.remedy))),
        Outcome::Failed { step, error } => Err(Failure::new(format!("{step} failed. {error}"))
            .remedy("Nothing of its last transaction was kept. The same command tries it again.")),
    }
}
