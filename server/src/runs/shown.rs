//! From the engine's words to those of the API: plans, steps, gates, states. Pure.

use shared::plan::{Finding, Gate, PlanPhase, PlanStep};
use shared::run::{RunPhase, RunStep};
use shared::state::{GateState, Level, RunState, StepState};
use shared::target::HoldCause;

use crate::db::{Statement, Value};
use crate::engine::executor;
use crate::engine::gate::{self, CallerFact, GateCheck, GateEvidence};
use crate::engine::journal;
use crate::engine::plan::{Plan, Reverse, Step};
use crate::engine::{Refusal, operation::Operation};
use crate::moment::Moment;
use crate::store::runs::StepRow;

/// The state of a step.
pub fn state(state: journal::StepState) -> StepState {
    match state {
        journal::StepState::Pending => StepState::Pending,
        journal::StepState::Running => StepState::Running,
        journal::StepState::Done => StepState::Done,
        journal::StepState::Undoing => StepState::Undoing,
        journal::StepState::Undone => StepState::Undone,
        journal::StepState::Failed => StepState::Failed,
        journal::StepState::Stuck => StepState::Stuck,
        journal::StepState::Skipped => StepState::Skipped,
    }
}

/// For what a run holds.
pub(super) fn hold_cause(cause: executor::HoldCause) -> HoldCause {
    match cause {
        executor::HoldCause::Application => HoldCause::Application,
        executor::HoldCause::Backup => HoldCause::Backup,
        executor::HoldCause::Standby => HoldCause::Replica,
        executor::HoldCause::LockWait => HoldCause::LockWait,
        executor::HoldCause::Disk => HoldCause::Disk,
    }
}

/// The weight of a log line.
pub fn level(level: executor::Level) -> Level {
    match level {
        executor::Level::Info => Level::Info,
        executor::Level::Warning => Level::Warning,
        executor::Level::Error => Level::Error,
    }
}

/// A statement as people read it: its text, and behind it the values that are bound.
pub fn sql(statement: &Statement) -> String {
    if statement.values.is_empty() {
        return statement.sql.clone();
    }
    let values: Vec<String> = statement
        .values
        .iter()
        .map(|value| match value {
            Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Value::Null => "NULL".into(),
            other => other.display(),
        })
        .collect();
    format!("{}\n-- with {}", statement.sql, values.join(", "))
}

fn undo_sql(step: &Step) -> Vec<String> {
    step.reverse.statements().iter().map(sql).collect()
}

/// The name of a gate, unique within its run.
pub fn gate_name(step: &str, gate: &str) -> String {
    format!("{step}.{gate}")
}

/// The phases of a plan.
pub fn plan_phases(plan: &Plan) -> Vec<PlanPhase> {
    plan.phases
        .iter()
        .map(|phase| PlanPhase {
            title: format!("{}. {}", phase.number, phase.title),
            planned: phase.duration.clone(),
            steps: plan.steps_of(phase.name).map(plan_step).collect(),
        })
        .collect()
}

fn plan_step(step: &Step) -> PlanStep {
    PlanStep {
        key: step.key.clone(),
        title: step.title.clone(),
        group: step.group.clone(),
        sql: step.forward.iter().map(sql).collect(),
        undo_sql: undo_sql(step),
        undo_impossible: match &step.reverse {
            Reverse::Impossible { why } => Some(why.clone()),
            Reverse::Sql(_) | Reverse::Staged { .. } | Reverse::Nothing => None,
        },
        locks: step.locks.clone(),
        rows: step.cost.rows,
        note: Some(step.cost.sentence.clone()).filter(|note| !note.is_empty()),
        loses: step.loss.clone(),
        gates: step.gates.iter().map(|gate| gate.title.clone()).collect(),
        point_of_no_return: step.point_of_no_return,
        destructive: step.destructive,
        skipped: step.skip.clone(),
    }
}

/// The phases of a run, with what its journal and its gates said last.
pub fn run_phases(slug: &str, plan: &Plan, rows: &[StepRow], gates: &[Gate]) -> Vec<RunPhase> {
    plan.phases
        .iter()
        .map(|phase| RunPhase {
            title: format!("{}. {}", phase.number, phase.title),
            planned: phase.duration.clone(),
            steps: plan
                .steps_of(phase.name)
                .map(|step| {
                    let row = rows.iter().find(|row| row.key == step.key);
                    run_step(slug, step, row, gates)
                })
                .collect(),
        })
        .collect()
}

fn run_step(slug: &str, step: &Step, row: Option<&StepRow>, gates: &[Gate]) -> RunStep {
    let estimated = if matches!(step.operation, Operation::Populate(_)) {
        step.cost.rows
    } else {
        0
    };
    RunStep {
        key: step.key.clone(),
        title: step.title.clone(),
        group: step.group.clone(),
        table: step.table().map(str::to_owned),
        state: row.map_or(StepState::Pending, |row| row.state),
        rows_done: row.map_or(0, |row| row.rows_done),
        rows_total: row
            .map(|row| row.rows_total)
            .filter(|rows| *rows > 0)
            .unwrap_or(estimated),
        set_aside: row.map_or(0, |row| row.set_aside),
        started: row.and_then(|row| row.started).map(Moment::rfc3339),
        finished: row.and_then(|row| row.finished).map(Moment::rfc3339),
        took_ms: row.and_then(StepRow::took_ms),
        longest_lock_ms: row.and_then(|row| row.longest_lock_ms),
        error: row.and_then(|row| row.error.clone()),
        gates: step
            .gates
            .iter()
            .map(|gate| {
                let name = gate_name(&step.key, &gate.name);
                gates
                    .iter()
                    .find(|measured| measured.name == name)
                    .cloned()
                    .unwrap_or_else(|| not_reached(slug, &name, gate))
            })
            .collect(),
        sql: step.forward.iter().map(sql).collect(),
        undo_sql: undo_sql(step),
    }
}

fn not_reached(slug: &str, name: &str, gate: &gate::Gate) -> Gate {
    Gate {
        name: name.to_owned(),
        title: gate.title.clone(),
        state: GateState::NotReached,
        evidence: String::new(),
        measured: None,
        sentence: None,
        href: gate_href(slug, &gate.check),
        overridable: gate.overridable,
        overridden: None,
    }
}

/// What measuring a gate found, as the API says it.
pub fn measured(slug: &str, plan: &Plan, found: &GateEvidence) -> Gate {
    let gate = plan
        .step(&found.step)
        .and_then(|step| step.gates.iter().find(|gate| gate.name == found.gate));
    Gate {
        name: gate_name(&found.step, &found.gate),
        title: gate.map_or_else(|| found.gate.clone(), |gate| gate.title.clone()),
        state: if found.holds {
            GateState::Open
        } else {
            GateState::Closed
        },
        evidence: found.evidence.clone(),
        measured: Some(Moment(found.measured_at_ms).rfc3339()),
        sentence: (!found.holds).then(|| format!("{} {}", found.evidence, found.remedy)),
        href: gate.and_then(|gate| gate_href(slug, &gate.check)),
        overridable: found.overridable,
        overridden: None,
    }
}

/// The gate of a run that holds for its application.
pub(super) const APPLICATION: &str = "application";

/// What the run says of the application that it holds for, or holds for no more. Whoever overrides it does so for this
/// run alone.
pub(super) fn application(slug: &str, now: Moment, holds_for: Option<&str>) -> Gate {
    Gate {
        name: APPLICATION.into(),
        title: "The application works".into(),
        state: match holds_for {
            Some(_) => GateState::Closed,
            None => GateState::Open,
        },
        evidence: match holds_for {
            Some(whom) => format!("The run holds for {}.", whom.trim_end_matches('.')),
            None => "The application works.".into(),
        },
        measured: Some(now.rfc3339()),
        sentence: holds_for.map(|_| {
            "It goes on by itself when the application works again. Going on before that may make it worse."
                .into()
        }),
        href: Some(format!("/systems/{slug}/health")),
        overridable: true,
        overridden: None,
    }
}

/// The gate that a run waits at or holds for now.
pub fn in_the_way(state: RunState, holds_for: Option<HoldCause>, gates: &[Gate]) -> Option<Gate> {
    let of_application = match (state, holds_for) {
        (RunState::WaitingAtGate, _) => false,
        (RunState::Running, Some(HoldCause::Application)) => true,
        _ => return None,
    };
    gates
        .iter()
        .find(|gate| {
            gate.state == GateState::Closed && (gate.name == APPLICATION) == of_application
        })
        .cloned()
}

fn gate_href(slug: &str, check: &GateCheck) -> Option<String> {
    match check {
        GateCheck::Coverage { .. } => Some(format!("/systems/{slug}/coverage")),
        GateCheck::Caller {
            fact: CallerFact::BackupVerified,
        } => Some(format!("/systems/{slug}/rollback")),
        GateCheck::NoOldWriters { .. } | GateCheck::Invariant { .. } | GateCheck::SeesEveryRow => {
            None
        }
    }
}

/// A refusal of the compiler.
pub fn finding(refusal: &Refusal) -> Finding {
    Finding {
        code: refusal.key.clone(),
        line: refusal
            .position
            .and_then(|position| u32::try_from(position.line).ok()),
        message: refusal.problem.clone(),
        remedy: refusal.remedy.clone(),
    }
}

/// A note of the plan.
pub fn note(text: &str) -> Finding {
    Finding {
        code: "note".into(),
        line: None,
        message: text.to_owned(),
        remedy: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_values_are_shown_behind_the_statement_and_cannot_end_their_quotes() {
        let statement = Statement::new("UPDATE t SET a = ?, b = ?")
            .bind("O'Brien")
            .bind(7);
        assert_eq!(
            sql(&statement),
            "UPDATE t SET a = ?, b = ?\n-- with 'O''Brien', 7"
        );
    }
}
