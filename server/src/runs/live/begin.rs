//! Where the live side of a drive begins: with what earlier drives of the run have written down.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use shared::plan::Gate;
use shared::run::RunProgress;
use shared::state::{GateState, Level, RunState, StepState};

use super::super::estimate::Rates;
use super::super::shown;
use super::{Live, whom};
use crate::engine::journal::StepRecord;
use crate::moment::Moment;
use crate::store::runs::{RunRow, StepRow, Want};

/// What was written down of a run before a drive of it begins.
pub(in crate::runs) struct Before {
    pub(in crate::runs) steps: Vec<StepRow>,
    pub(in crate::runs) gates: Vec<Gate>,
    pub(in crate::runs) last_line: Option<(Option<String>, Level)>,
}

impl Live {
    /// For a run as it was when the drive begins.
    pub(in crate::runs) fn of(run: &RunRow, before: Before, now: Moment) -> Self {
        let Before {
            steps: known,
            gates,
            last_line,
        } = before;
        let mut known: HashMap<String, StepRow> = known
            .into_iter()
            .map(|row| (row.key.clone(), row))
            .collect();
        let steps: Vec<StepRow> = run
            .plan
            .steps
            .iter()
            .map(|step| {
                known.remove(&step.key).unwrap_or_else(|| StepRow {
                    key: step.key.clone(),
                    state: StepState::Pending,
                    rows_done: 0,
                    rows_total: 0,
                    set_aside: 0,
                    started: None,
                    finished: None,
                    longest_lock_ms: None,
                    error: None,
                })
            })
            .collect();
        let before = run.progress.clone();
        let state = if matches!(run.want, Want::Undone { .. }) {
            RunState::RollingBack
        } else {
            RunState::Running
        };
        let mut live = Self {
            places: steps
                .iter()
                .enumerate()
                .map(|(place, step)| (step.key.clone(), place))
                .collect(),
            titles: run
                .plan
                .steps
                .iter()
                .map(|step| step.title.clone())
                .collect(),
            planned_rows: run.plan.steps.iter().map(|step| step.cost.rows).collect(),
            steps,
            changed: BTreeSet::new(),
            elapsed_before: before.as_ref().map_or(0, |before| before.elapsed_ms),
            progress: RunProgress {
                state,
                ..before.unwrap_or_else(|| nothing_yet(run))
            },
            paced: false,
            told: false,
            rates: Rates::default(),
            speed: None,
            log: Vec::new(),
            gates: Vec::new(),
            holds_for: (gates.iter())
                .find(|gate| gate.name == shown::APPLICATION && gate.state == GateState::Closed)
                .map(|gate| whom(&gate.evidence)),
            closed: gates
                .into_iter()
                .filter(|gate| gate.state == GateState::Closed)
                .map(|gate| gate.name)
                .collect(),
            last_line,
            started: Moment::parse(&run.summary.started).unwrap_or(now),
            began: Instant::now(),
        };
        live.waits(None, None);
        live.count();
        live
    }
}

/// A step as the journal has it.
pub(in crate::runs) fn from_journal(told: &StepRecord, set_aside: u64) -> StepRow {
    StepRow {
        key: told.step.key.clone(),
        state: shown::state(told.state),
        rows_done: told.rows_done,
        rows_total: told.rows_total,
        set_aside,
        started: told.started_at_ms.map(Moment),
        finished: told.finished_at_ms.map(Moment),
        longest_lock_ms: Some(told.lock_ms),
        error: told.error.clone(),
    }
}

/// Numbers of a run that has done nothing yet.
pub(in crate::runs) fn nothing_yet(run: &RunRow) -> RunProgress {
    RunProgress {
        run: run.summary.number,
        state: run.summary.state,
        step: None,
        step_title: None,
        rows_done: 0,
        rows_total: 0,
        steps_done: run.summary.steps_done,
        steps_total: run.summary.steps_total,
        rows_per_second: 0.0,
        batch_size: 0,
        step_left_ms: None,
        run_left_ms: None,
        longest_lock_ms: 0,
        waiting_for: None,
        holds_for: None,
        pace: 100,
        elapsed_ms: 0,
    }
}
