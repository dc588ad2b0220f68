//! The only executor. Starting, resuming, pausing, undoing and taking over are one function that
//! drives a run toward what is wanted, looking at the journal first.

mod apply;
mod backfill;
mod backward;
mod blocking;
mod building;
mod control;
mod counting;
mod detached;
mod driver;
mod enter;
mod forward;
mod gates;
mod hold;
mod lease;
pub(super) mod session;
mod staged;
mod staged_back;
mod undo;
mod witness;

use std::collections::BTreeSet;

use super::gate::GateEvidence;
use super::journal::{self, JournalError, RunRecord};
use super::plan::{Plan, Step};
use crate::db::{Connection, DbError, Statement};
use driver::Driver;
use lease::Lease;
use session::{Halt, Session};

pub use control::{
    Boundary, Control, Event, FactAnswer, HoldCause, Level, Outside, OutsideError, Overriding,
    Probed, Signal, polite_attempts,
};

pub use hold::Holds;
pub use lease::holder;

/// What is wanted of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// All steps done; or those up to and including `until`, a step's key or a phase's name.
    Applied {
        /// Where to stop.
        until: Option<String>,
    },
    /// The steps of these groups undone; of everything, organizations too, when `None`.
    Undone {
        /// The groups.
        groups: Option<BTreeSet<String>>,
    },
}

/// How a drive ended without an error of the target.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// What was wanted is reached.
    Done,
    /// [`Control::between`] answered [`Signal::Pause`]: driving again goes on from here.
    Paused,
    /// [`Control::between`] answered [`Signal::Abort`]: nothing of the step at hand was kept
    /// but its finished batches.
    Aborted,
    /// A gate does not hold. Driving again measures it again.
    WaitingAtGate(GateEvidence),
    /// A step failed; its record has the reason. Driving again tries it again.
    Failed {
        /// The step's key.
        step: String,
        /// The reason and what to do, in words.
        error: String,
    },
}

/// Why a drive was refused or broke off. The journal is as the last transaction left it.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The target failed outside of any step.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another driver has the lease.
    #[error("{owner} is driving this target until {expires_in_s} s from now unless it renews")]
    Driven {
        /// Who.
        owner: String,
        /// Seconds until its lease ends unless renewed.
        expires_in_s: i64,
    },
    /// Another driver took the lease over while this one was working.
    #[error("another driver took over this target: nothing more was written")]
    LeaseLost,
    /// The target is no longer what the plan was made for.
    #[error("the target changed since the plan was made: {difference}. Compile the plan again.")]
    WorldChanged {
        /// The first difference, in words.
        difference: String,
    },
    /// The run in the journal was started with another plan.
    #[error("the journal has the run {run} with another plan: {detail}")]
    OtherPlan {
        /// The run in the journal.
        run: String,
        /// What to do, in words.
        detail: String,
    },
    /// What is wanted cannot be, whatever the state.
    #[error("{why}")]
    Refused {
        /// The reason and the remedy.
        why: String,
    },
}

/// Drives the run toward the goal. `run` is the caller's id of it: a run that the journal knows
/// is resumed, one that it does not know is begun. For [`Goal::Undone`] the steps are undone as
/// they were approved, from the journal.
pub async fn drive(
    db: &mut Connection,
    run: &str,
    plan: &Plan,
    goal: &Goal,
    control: &dyn Control,
) -> Result<Outcome, DriveError> {
    let mut session = Session::new(db, control);
    let (lease, record) = match begin(&mut session, run, plan, goal).await {
        Ok(begun) => begun,
        Err(error) => {
            session.roll_back().await;
            return error.into_answer();
        }
    };
    let url = session.db().url().clone();
    let mut driver = Driver::new(session, lease, record);
    let work = async {
        match goal {
            Goal::Applied { until } => match last_step(&driver.record.plan, until.as_deref()) {
                Ok(last) => driver.forward(last).await,
                Err(error) => Err(error),
            },
            Goal::Undone { groups } => driver.backward(groups.as_ref()).await,
        }
    };
    let answer = witness::beside(url, lease, work).await;
    // set when the last transaction was committed with it
    let given_back = driver.ending;
    driver.roll_back().await;
    if !given_back {
        driver.lease.release(&mut driver.session).await;
    }
    answer
}

/// What keeps a drive from beginning.
enum Unbegun {
    Halt(Halt),
    Refused(DriveError),
}

impl Unbegun {
    fn into_answer(self) -> Result<Outcome, DriveError> {
        match self {
            Self::Halt(halt) => ended(halt),
            Self::Refused(error) => Err(error),
        }
    }
}

impl<T: Into<Halt>> From<T> for Unbegun {
    fn from(halt: T) -> Self {
        Self::Halt(halt.into())
    }
}

/// Takes the lease, and finds the run in the journal or enters it, in one transaction.
async fn begin(
    session: &mut Session<'_>,
    run: &str,
    plan: &Plan,
    goal: &Goal,
) -> Result<(Lease, RunRecord), Unbegun> {
    session.begin().await?;
    let tables = journal::tables(session.db().dialect()).map(Statement::new);
    session.execute(Statement::together(&tables)).await?;
    let lease = match lease::take(session).await? {
        Ok(lease) => lease,
        Err(held) => {
            return Err(Unbegun::Refused(DriveError::Driven {
                owner: held.owner,
                expires_in_s: held.expires_in_s,
            }));
        }
    };
    let latest = journal::read(session.db()).await?;
    let record = match latest {
        Some(record) if record.run == run => {
            let forward = matches!(goal, Goal::Applied { .. });
            if forward && record.plan.fingerprint != plan.fingerprint {
                return Err(Unbegun::Refused(DriveError::OtherPlan {
                    run: run.to_owned(),
                    detail: "a run goes on only as it was approved; start a new one".into(),
                }));
            }
            record
        }
        Some(latest) if journal::knows(session.db(), run).await? => {
            return Err(Unbegun::Refused(DriveError::OtherPlan {
                run: latest.run,
                detail: format!("it came after the run {run}, which is history"),
            }));
        }
        earlier => {
            let record = enter::new_run(run, plan, earlier).map_err(Unbegun::Refused)?;
            for statement in journal::enter(&record)? {
                session.execute(statement).await?;
            }
            record
        }
    };
    session.commit().await?;
    Ok((lease, record))
}

/// The place of the last step to carry out.
fn last_step(plan: &Plan, until: Option<&str>) -> Result<usize, DriveError> {
    let Some(until) = until else {
        return Ok(plan.steps.len().saturating_sub(1));
    };
    let fits = |step: &Step| step.key == until || step.phase.word() == until;
    plan.steps
        .iter()
        .rposition(fits)
        .ok_or_else(|| DriveError::Refused {
            why: format!("there is no step or phase {until} in this plan."),
        })
}

/// What a halt outside of any step means for the drive.
fn ended(halt: Halt) -> Result<Outcome, DriveError> {
    match halt {
        Halt::Abort => Ok(Outcome::Aborted),
        Halt::Gate(evidence) => Ok(Outcome::WaitingAtGate(*evidence)),
        halt => Err(broken(halt)),
    }
}

fn broken(halt: Halt) -> DriveError {
    match halt {
        Halt::Db(error) => error.into(),
        Halt::Journal(error) => error.into(),
        Halt::LeaseLost => DriveError::LeaseLost,
        Halt::Step(why) => DriveError::Refused { why },
        Halt::Abort => DriveError::Refused {
            why: "the drive was stopped.".into(),
        },
        Halt::Gate(evidence) => DriveError::Refused {
            why: evidence.evidence,
        },
    }
}
