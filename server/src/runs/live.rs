//! What a drive reports, gathered until it is written down and told: steps, numbers, gates, log. Pure.

mod begin;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use shared::plan::Gate;
use shared::run::RunProgress;
use shared::state::{GateState, Level, RunState, StepState};
use shared::target::HoldCause;

pub(super) use begin::{Before, from_journal, nothing_yet};

use super::estimate::Rates;
use super::settled::Settled;
use super::shown;
use super::taken::Taken;
use crate::engine::executor::Event;
use crate::engine::journal::RunRecord;
use crate::engine::operation::Operation;
use crate::engine::plan::Plan;
use crate::moment::Moment;
use crate::store::runs::StepRow;

/// The live side of one drive.
pub(super) struct Live {
    steps: Vec<StepRow>,
    places: HashMap<String, usize>,
    titles: Vec<String>,
    planned_rows: Vec<u64>,
    changed: BTreeSet<usize>,
    progress: RunProgress,
    /// Whether another pace was heard of since the last writing: only then is it this drive that knows it.
    paced: bool,
    told: bool,
    rates: Rates,
    speed: Option<f64>,
    log: Vec<(Moment, Level, Option<String>, String)>,
    gates: Vec<(Moment, Gate)>,
    /// Gates that did not hold when they were measured last.
    closed: HashSet<String>,
    /// Whom of the application the run holds for, or held for when it was asked last.
    holds_for: Option<String>,
    /// Step and weight of the line that the log ends with.
    last_line: Option<(Option<String>, Level)>,
    started: Moment,
    elapsed_before: u64,
    began: Instant,
}

impl Live {
    /// Takes in what the executor reports.
    pub(super) fn hear(&mut self, event: &Event, now: Moment, slug: &str, plan: &Plan) {
        self.told = false;
        match event {
            Event::Step { step, state } => self.step(step, shown::state(*state), now),
            Event::Rows {
                step,
                done,
                total,
                rate,
                batch,
            } => {
                self.rates.add(*rate);
                // a batch is measured while it works: what is done in a second has the rests in it
                let rate = *rate * self.share_of_time();
                self.speed = Some(rate);
                if let Some(place) = self.places.get(step).copied() {
                    let row = &mut self.steps[place];
                    (row.rows_done, row.rows_total) = (*done, *total);
                    self.changed.insert(place);
                    self.at(place);
                }
                let progress = &mut self.progress;
                (progress.rows_done, progress.rows_total) = (*done, *total);
                progress.rows_per_second = rate;
                progress.batch_size = *batch;
                self.waits(None, None);
                self.foresee();
            }
            Event::Waiting {
                step,
                attempt,
                attempts,
                blocker,
                ..
            } => {
                self.begins(step.as_deref());
                let who = blocker.as_deref().unwrap_or("another writer");
                let reason = format!("{who}, attempt {attempt} of {attempts}");
                self.waits(Some(reason), None);
            }
            Event::Held {
                step,
                cause,
                reason,
            } => {
                self.begins(Some(step));
                let cause = shown::hold_cause(*cause);
                self.waits(Some(reason.clone()), Some(cause));
                if cause == HoldCause::Application {
                    self.application_suffers(reason, now, slug);
                }
                self.progress.rows_per_second = 0.0;
            }
            Event::Pace { percent } => self.pace(*percent),
            Event::Building {
                step,
                phase,
                done,
                total,
                waits_for,
            } => {
                if let Some(place) = self.places.get(step).copied() {
                    self.at(place);
                }
                (self.progress.rows_done, self.progress.rows_total) = (*done, *total);
                let server = || format!("the server: {phase}");
                let whom = waits_for.clone().unwrap_or_else(server);
                self.waits(Some(whom), None);
            }
            Event::Gate(found) => {
                let gate = shown::measured(slug, plan, found);
                if gate.state != GateState::Closed && self.closed.remove(&gate.name) {
                    let line = format!("\"{}\" holds now: {}", gate.title, gate.evidence);
                    self.note(now, Level::Info, Some(found.step.clone()), line);
                }
                self.measured(gate, now);
            }
            Event::Log { step, level, line } => {
                self.note(now, shown::level(*level), step.clone(), line.clone());
            }
        }
    }

    fn measured(&mut self, gate: Gate, now: Moment) {
        self.gates.retain(|(_, before)| before.name != gate.name);
        self.gates.push((now, gate));
    }

    /// A gate of the run, so that an administrator can open it. Said once for each of whom it holds for: for how many
    /// seconds would be news all the time.
    fn application_suffers(&mut self, reason: &str, now: Moment, slug: &str) {
        let gate = shown::application(slug, now, Some(reason));
        let whom = whom(&gate.evidence);
        if self.holds_for.as_ref() != Some(&whom) {
            self.holds_for = Some(whom);
            self.measured(gate, now);
        }
    }

    /// The gate is open again, if the run held for the application.
    pub(super) fn application_works(&mut self, now: Moment, slug: &str) {
        if self.holds_for.take().is_some() {
            self.measured(shown::application(slug, now, None), now);
            self.told = false;
        }
    }

    /// Takes in the pace that the target asks for.
    pub(super) fn pace(&mut self, percent: u8) {
        if self.progress.pace != percent {
            self.progress.pace = percent;
            self.paced = true;
            self.foresee();
        }
    }

    /// Of the time that batches take, how much is work.
    fn share_of_time(&self) -> f64 {
        f64::from(self.progress.pace.clamp(1, 100)) / 100.0
    }

    /// The name of the hook that was called last.
    pub(super) fn last_hook<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
        (plan.steps.iter().zip(&self.steps))
            .rev()
            .filter(|(_, row)| row.state == StepState::Done)
            .find_map(|(step, _)| match &step.operation {
                Operation::Hook { name } => Some(name.as_str()),
                _ => None,
            })
    }

    fn waits(&mut self, reason: Option<String>, cause: Option<HoldCause>) {
        self.progress.waiting_for = reason;
        self.progress.holds_for = cause;
    }

    fn note(&mut self, now: Moment, level: Level, step: Option<String>, line: String) {
        self.last_line = Some((step.clone(), level));
        self.log.push((now, level, step, line));
    }

    fn step(&mut self, key: &str, state: StepState, now: Moment) {
        let Some(place) = self.places.get(key).copied() else {
            return;
        };
        let row = &mut self.steps[place];
        row.state = state;
        match state {
            StepState::Running | StepState::Undoing => {
                row.started = Some(now);
                row.finished = None;
                row.error = None;
            }
            StepState::Done
            | StepState::Skipped
            | StepState::Undone
            | StepState::Failed
            | StepState::Stuck => {
                row.started = row.started.or(Some(now));
                row.finished = Some(now);
            }
            StepState::Pending => {}
        }
        self.changed.insert(place);
        self.at(place);
        self.progress.rows_done = self.steps[place].rows_done;
        self.progress.rows_total = self.steps[place].rows_total;
        self.waits(None, None);
        self.count();
        self.foresee();
    }

    /// A step that waits is the one at hand, though its journal does not say yet that it runs.
    fn begins(&mut self, step: Option<&str>) {
        let Some(place) = step.and_then(|key| self.places.get(key)).copied() else {
            return;
        };
        self.at(place);
        self.progress.rows_done = self.steps[place].rows_done;
        self.progress.rows_total = self.steps[place].rows_total;
    }

    fn at(&mut self, place: usize) {
        self.progress.step = Some(self.steps[place].key.clone());
        self.progress.step_title = self.titles.get(place).cloned();
    }

    fn count(&mut self) {
        let done = self
            .steps
            .iter()
            .filter(|step| matches!(step.state, StepState::Done | StepState::Skipped))
            .count();
        self.progress.steps_done = u32::try_from(done).unwrap_or(u32::MAX);
        self.progress.steps_total = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
    }

    fn foresee(&mut self) {
        let left = self
            .progress
            .rows_total
            .saturating_sub(self.progress.rows_done);
        self.progress.step_left_ms = self.rates.left_ms(left, self.share_of_time());
        let rows_left: u64 = self
            .steps
            .iter()
            .zip(&self.planned_rows)
            .map(|(step, planned)| match step.state {
                StepState::Pending | StepState::Failed | StepState::Undone => *planned,
                StepState::Running => step.rows_total.max(*planned).saturating_sub(step.rows_done),
                _ => 0,
            })
            .sum();
        self.progress.run_left_ms = self.rates.left_ms(rows_left, self.share_of_time());
    }

    /// Puts what the journal says in the place of what was heard.
    pub(super) fn correct(&mut self, record: &RunRecord) {
        for told in &record.steps {
            let Some(place) = self.places.get(&told.step.key).copied() else {
                continue;
            };
            let set_aside = self.steps[place].set_aside;
            self.steps[place] = from_journal(told, set_aside);
            self.changed.insert(place);
            self.progress.longest_lock_ms = self.progress.longest_lock_ms.max(told.lock_ms);
        }
        self.count();
    }

    /// Notes how the drive ended.
    pub(super) fn end(&mut self, settled: &Settled, now: Moment) {
        self.progress.state = settled.state;
        self.waits(None, None);
        self.progress.rows_per_second = 0.0;
        if !settled.state.is_active() {
            self.progress.step_left_ms = None;
            self.progress.run_left_ms = None;
        }
        let step = self.progress.step.clone();
        // a gate is measured, and a server that is away asked, again and again: the log tells each
        // change once
        let closed_before = (settled.gate.as_ref()).is_some_and(|gate| self.closed.contains(gate));
        let told_before = (closed_before || settled.state == RunState::Queued)
            && self.last_line == Some((step.clone(), settled.level));
        if !told_before {
            self.note(now, settled.level, step, settled.line.clone());
        }
        self.told = false;
    }

    /// Takes what is to be written now.
    pub(super) fn take(&mut self) -> Taken {
        self.progress.elapsed_ms = self.elapsed_before
            + u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let fresh = !self.told;
        self.told = true;
        Taken {
            steps: std::mem::take(&mut self.changed)
                .into_iter()
                .map(|place| (place, self.steps[place].clone()))
                .collect(),
            progress: fresh.then(|| self.progress.clone()),
            paced: std::mem::take(&mut self.paced),
            speed: self.speed.take(),
            log: std::mem::take(&mut self.log),
            gates: std::mem::take(&mut self.gates),
            started: self.started,
        }
    }
}

/// Such as "The run holds for the application".
fn whom(evidence: &str) -> String {
    evidence
        .split_once(',')
        .map_or(evidence, |(whom, _)| whom)
        .to_owned()
}
