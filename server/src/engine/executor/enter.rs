//! Enters a new run. Steps that an earlier run has done are taken over with their undo, so that
//! a rollback reaches back to them.

use super::DriveError;
use super::lease::now_ms;
use crate::engine::journal::{RunRecord, StepRecord, StepState};
use crate::engine::operation::Operation;
use crate::engine::plan::{Plan, Step, StepMode};

/// The record of a run that begins, given the run before it.
pub(super) fn new_run(
    run: &str,
    plan: &Plan,
    earlier: Option<RunRecord>,
) -> Result<RunRecord, DriveError> {
    let mut record = RunRecord {
        run: run.to_owned(),
        plan: plan.clone(),
        started_at_ms: now_ms(),
        updated_at_ms: now_ms(),
        steps: plan.steps.iter().map(fresh).collect(),
    };
    let Some(earlier) = earlier else {
        return Ok(record);
    };
    for step in earlier.steps {
        let key = &step.step.key;
        let refused = |detail: String| {
            Err(DriveError::OtherPlan {
                run: earlier.run.clone(),
                detail,
            })
        };
        match step.state {
            StepState::Undoing | StepState::Stuck => {
                return refused(format!(
                    "its undo of {key} is not finished; finish it first"
                ));
            }
            StepState::Done => {
                // work outside of the target and invariants are done anew by each run
                let anew = step.step.mode == StepMode::Detached
                    || matches!(
                        step.step.operation,
                        Operation::Invariant { .. } | Operation::ProveIsolation(_)
                    );
                if anew {
                    continue;
                }
                let place = (record.steps.iter()).position(|entry| entry.step.key == *key);
                match place {
                    Some(at) => record.steps[at] = step,
                    None => {
                        return refused(format!(
                            "it has done {key}, which this plan does not know; undo it first"
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    record.plan.steps = (record.steps.iter())
        .map(|entry| entry.step.clone())
        .collect();
    Ok(record)
}

fn fresh(step: &Step) -> StepRecord {
    StepRecord {
        step: step.clone(),
        state: match step.skip {
            Some(_) => StepState::Skipped,
            None => StepState::Pending,
        },
        attempt: 0,
        rows_done: 0,
        rows_total: 0,
        started_at_ms: None,
        finished_at_ms: None,
        error: None,
        lock_ms: 0,
        evidence: None,
        cursor: None,
        memo: None,
    }
}
