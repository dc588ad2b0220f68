//! The phases of a migration for the public: where each stands, and how much of it is done. Pure.

use shared::run::RunProgress;
use shared::state::{RunState, StepState};
use shared::status::{PublicPhase, PublicWork, Share, WorkStage};

use super::text;
use crate::engine::Plan;
use crate::moment::Moment;
use crate::store::runs::{RunRow, StepRow};

/// A run as the public sees it. `left` are records that still need a decision.
pub(super) fn of_run(
    run: &RunRow,
    steps: &[StepRow],
    left: Option<u64>,
    now: Moment,
) -> PublicWork {
    let held = run
        .progress
        .as_ref()
        .is_some_and(|progress| progress.holds_for.is_some());
    let (stage, mut sentence) = text::work(run.summary.state, held, left);
    if run.summary.state == RunState::RolledBack
        && !steps.iter().any(|step| step.state == StepState::Done)
    {
        sentence.push_str(" The system is as it was before.");
    }
    let done = steps.iter().filter(|step| is_done(step.state)).count();
    PublicWork {
        stage,
        sentence,
        started: Some(run.summary.started.clone()),
        finished: run.summary.finished.clone(),
        expected_end: expected_end(run.summary.state, run.progress.as_ref(), now),
        done: Share {
            percent: percent(done as u64, run.plan.steps.len() as u64),
            counted: false,
        },
        phases: phases(&run.plan, steps, run.summary.state, stage),
    }
}

/// A range is told only while the work goes on: how long people take to decide, or others suffer, is anybody's guess.
fn expected_end(
    state: RunState,
    progress: Option<&RunProgress>,
    now: Moment,
) -> Option<(String, String)> {
    let progress =
        progress.filter(|progress| state == RunState::Running && progress.holds_for.is_none())?;
    let (least, most) = progress.run_left_ms?;
    let at = |ms: u64| {
        let after = now.plus(std::time::Duration::from_millis(ms));
        // a promise to the millisecond would be a lie
        Moment(after.0.div_euclid(1000) * 1000).rfc3339()
    };
    Some((at(least), at(most)))
}

fn phases(plan: &Plan, steps: &[StepRow], run: RunState, now: WorkStage) -> Vec<PublicPhase> {
    plan.phases
        .iter()
        .map(|phase| {
            let of_phase: Vec<&StepRow> = plan
                .steps_of(phase.name)
                .filter_map(|planned| steps.iter().find(|step| step.key == planned.key))
                .collect();
            let planned = plan.steps_of(phase.name).count();
            let (title, meaning) = text::phase(phase.name);
            PublicPhase {
                title: title.into(),
                meaning: meaning.into(),
                stage: stage(&of_phase, planned, run, now),
                done: share(&of_phase, planned),
            }
        })
        .collect()
}

fn is_done(state: StepState) -> bool {
    matches!(state, StepState::Done | StepState::Skipped)
}

/// `now` is where the whole run stands.
fn stage(steps: &[&StepRow], planned: usize, run: RunState, now: WorkStage) -> WorkStage {
    let any = |wanted: &[StepState]| steps.iter().any(|step| wanted.contains(&step.state));
    let done = steps.iter().filter(|step| is_done(step.state)).count();
    if any(&[StepState::Failed, StepState::Stuck]) {
        WorkStage::Failed
    } else if any(&[StepState::Undone, StepState::Undoing]) {
        WorkStage::TakenBack
    } else if done >= planned && planned > 0 {
        WorkStage::Done
    } else if done > 0 || any(&[StepState::Running]) {
        // half done: it stands where the run stands
        now
    } else if run == RunState::Aborted {
        // nothing of it comes later
        WorkStage::Ended
    } else {
        WorkStage::Later
    }
}

/// Counted in records where the steps of the phase count records, otherwise estimated from the steps.
fn share(steps: &[&StepRow], planned: usize) -> Share {
    let total: u64 = steps.iter().map(|step| step.rows_total).sum();
    if total > 0 {
        let done = steps
            .iter()
            .map(|step| {
                if is_done(step.state) {
                    step.rows_total
                } else {
                    step.rows_done.min(step.rows_total)
                }
            })
            .sum();
        return Share {
            percent: percent(done, total),
            counted: true,
        };
    }
    let done = steps.iter().filter(|step| is_done(step.state)).count();
    Share {
        percent: percent(done as u64, planned as u64),
        counted: false,
    }
}

/// Rounded down: what is not all done is never 100 %.
fn percent(done: u64, total: u64) -> u8 {
    if total == 0 {
        return 0;
    }
    u8::try_from(done.min(total) * 100 / total).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use shared::target::HoldCause;

    use super::*;

    fn step(state: StepState, rows_done: u64, rows_total: u64) -> StepRow {
        StepRow {
            key: "a".into(),
            state,
            rows_done,
            rows_total,
            set_aside: 0,
            started: None,
            finished: None,
            longest_lock_ms: None,
            error: None,
        }
    }

    #[test]
    fn records_are_counted_where_there_are_records_and_never_rounded_up_to_all() {
        let (one, other) = (
            step(StepState::Done, 0, 500),
            step(StepState::Running, 499, 500),
        );
        let share = share(&[&one, &other], 3);
        assert_eq!((share.percent, share.counted), (99, true));
    }

    #[test]
    fn steps_without_records_are_an_estimate() {
        let (one, other) = (step(StepState::Done, 0, 0), step(StepState::Pending, 0, 0));
        let share = share(&[&one, &other], 2);
        assert_eq!((share.percent, share.counted), (50, false));
    }

    #[test]
    fn what_is_half_done_stands_where_its_run_stands() {
        let steps = [step(StepState::Done, 0, 0), step(StepState::Pending, 0, 0)];
        let half: Vec<&StepRow> = steps.iter().collect();
        for (run, half_done, not_begun) in [
            (RunState::Running, WorkStage::Now, WorkStage::Later),
            (RunState::Paused, WorkStage::Waiting, WorkStage::Later),
            (
                RunState::WaitingAtGate,
                WorkStage::Waiting,
                WorkStage::Later,
            ),
            (RunState::Failed, WorkStage::Failed, WorkStage::Later),
            (
                RunState::RollingBack,
                WorkStage::TakenBack,
                WorkStage::Later,
            ),
            (RunState::Aborted, WorkStage::Ended, WorkStage::Ended),
        ] {
            let now = text::work(run, false, None).0;
            assert_eq!(stage(&half, 2, run, now), half_done, "{run:?}");
            assert_eq!(stage(&half[1..], 1, run, now), not_begun, "{run:?}");
        }
        let held = text::work(RunState::Running, true, None).0;
        assert_eq!(stage(&half, 2, RunState::Running, held), WorkStage::Waiting);
        let ended = stage(&half[..1], 1, RunState::Aborted, WorkStage::Ended);
        assert_eq!(ended, WorkStage::Done);
    }

    #[test]
    fn no_end_is_promised_while_people_decide() {
        let now = Moment::parse("2026-11-20T02:00:00Z").unwrap();
        let progress = RunProgress {
            run: 1,
            state: RunState::Running,
            step: None,
            step_title: None,
            rows_done: 0,
            rows_total: 0,
            steps_done: 0,
            steps_total: 0,
            rows_per_second: 0.0,
            batch_size: 0,
            step_left_ms: None,
            run_left_ms: Some((1500, 60_700)),
            longest_lock_ms: 0,
            waiting_for: None,
            holds_for: None,
            pace: 100,
            elapsed_ms: 0,
        };
        assert_eq!(
            expected_end(RunState::Running, Some(&progress), now),
            Some(("2026-11-20T02:00:01Z".into(), "2026-11-20T02:01:00Z".into()))
        );
        assert_eq!(
            expected_end(RunState::WaitingAtGate, Some(&progress), now),
            None
        );
        let held = RunProgress {
            holds_for: Some(HoldCause::Application),
            ..progress
        };
        assert_eq!(expected_end(RunState::Running, Some(&held), now), None);
    }
}
