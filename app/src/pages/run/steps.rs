//! Phases, steps and gates of a run, as its journal says.

use leptos::prelude::*;
use shared::plan::Gate;
use shared::run::{RunPhase, RunStep, RunView};
use shared::state::{GateState, StepState};
use shared::system::{Standing, Tone};

use super::RunPart;
use crate::components::{
    Fold, OpenPhases, Panel, PhaseLine, Progress, gate_word, icon, phase, step_number,
    step_standing, stretch, tone_icon, tone_name,
};
use crate::format;
use crate::route::location;

/// The list of phases and steps.
pub(super) fn steps_panel(part: RunPart) -> AnyView {
    let note = Signal::derive(move || {
        part.progress.with(|now| {
            format!(
                "{} done",
                format::of(now.steps_done.into(), now.steps_total.into())
            )
        })
    });
    let open = OpenPhases::new();
    let phases = Memo::new(move |_| part.view.with(phases_of));
    view! {
        <Panel title="Phases and steps" note class="clip">
            <ol class="steps">
                {move || phases.get().into_iter().enumerate().map(|(place, one)| one_phase(part, open, place, one)).collect_view()}
            </ol>
        </Panel>
    }
    .into_any()
}

/// The phases as they are to be read. In a run that has ended no gate is in the way any more, and nothing is planned.
fn phases_of(view: &RunView) -> Vec<RunPhase> {
    let mut phases = view.phases.clone();
    if !view.summary.state.is_open() {
        for phase in &mut phases {
            phase.planned = None;
            for gate in phase.steps.iter_mut().flat_map(|step| &mut step.gates) {
                if gate.state == GateState::Closed {
                    gate.state = GateState::NotReached;
                }
            }
        }
    }
    phases
}

fn phase_standing(phase: &RunPhase) -> Standing {
    let any = |state: StepState| phase.steps.iter().any(|step| step.state == state);
    let closed = phase
        .steps
        .iter()
        .filter(|step| step.state == StepState::Pending)
        .flat_map(|step| &step.gates)
        .any(|gate| gate.state == GateState::Closed);
    let finished = phase
        .steps
        .iter()
        .all(|step| matches!(step.state, StepState::Done | StepState::Skipped));
    let begun = phase
        .steps
        .iter()
        .any(|step| step.state != StepState::Pending);
    let (tone, word) = if any(StepState::Failed) || any(StepState::Stuck) {
        (Tone::Failed, "Failed")
    } else if any(StepState::Running) || any(StepState::Undoing) {
        (Tone::Running, "Running")
    } else if finished {
        (Tone::Done, "Done")
    } else if closed {
        (Tone::Gate, "Waiting at gate")
    } else if any(StepState::Undone) {
        (Tone::Rolledback, "Undone")
    } else if begun {
        (Tone::Paused, "Begun")
    } else {
        (Tone::Pending, "Pending")
    };
    Standing {
        tone,
        word: word.into(),
    }
}

fn one_phase(part: RunPart, open: OpenPhases, place: usize, one: RunPhase) -> AnyView {
    let standing = phase_standing(&one);
    let done = one
        .steps
        .iter()
        .filter(|step| matches!(step.state, StepState::Done | StepState::Skipped))
        .count() as u64;
    let took = worked_ms(&one.steps);
    let line = PhaseLine {
        place,
        open_by_itself: !matches!(standing.tone, Tone::Done | Tone::Pending),
        standing,
        title: one.title,
        value: format::of_counted(done, one.steps.len() as u64, "step", "steps"),
        time: match took {
            0 if done == one.steps.len() as u64 && done > 0 => "under 1 ms".into(),
            0 => one.planned.unwrap_or_default(),
            took => format::duration(took),
        },
    };
    let (steps, title) = (one.steps, StoredValue::new(line.title.clone()));
    phase(open, line, move || {
        let mut index = 0;
        steps
            .chunk_by(|one, next| part_of(one) == part_of(next))
            .map(|steps| {
                let first = index;
                index += steps.len();
                let kind = part_of(&steps[0]);
                let lines = numbered(part, title, first, steps.to_vec());
                match kind {
                    Kind::Now => lines(),
                    _ if steps.len() <= FEW => lines(),
                    _ => folded(open, Fold::Stretch(place, first), kind, steps, lines),
                }
            })
            .collect_view()
            .into_any()
    })
}

/// Between two steps that follow each other at once there is no more than this; what is longer is a gate or a pause.
const BETWEEN_MS: u64 = 1_000;

/// Time that steps took, with what lies between two that follow each other: of many short ones it is most of the time.
fn worked_ms(steps: &[RunStep]) -> u64 {
    let mut worked = 0;
    let mut before: Option<&String> = None;
    for step in steps {
        let (Some(took), Some(started), Some(finished)) =
            (step.took_ms, &step.started, &step.finished)
        else {
            continue;
        };
        let between = before.map_or(0, |before| format::between_ms(before, started));
        worked += took + Some(between).filter(|ms| *ms <= BETWEEN_MS).unwrap_or(0);
        before = Some(finished);
    }
    worked
}

// so many steps take no more room than the line that would stand for them
const FEW: usize = 2;

/// What a person has to know of a step: neighbours of one kind are folded, except those that are at work or in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Done,
    Undone,
    Ahead,
    Now,
}

fn part_of(step: &RunStep) -> Kind {
    let held = step
        .gates
        .iter()
        .any(|gate| gate.state == GateState::Closed);
    match step.state {
        StepState::Done | StepState::Skipped => Kind::Done,
        StepState::Undone => Kind::Undone,
        StepState::Pending if !held => Kind::Ahead,
        _ => Kind::Now,
    }
}

fn numbered(
    part: RunPart,
    title: StoredValue<String>,
    first: usize,
    steps: Vec<RunStep>,
) -> impl Fn() -> AnyView + Send + 'static {
    move || {
        let lines = steps.iter().cloned().enumerate();
        lines
            .map(|(index, one)| {
                let number = title.with_value(|title| step_number(title, first + index + 1));
                step(part, number, one)
            })
            .collect_view()
            .into_any()
    }
}

fn folded(
    open: OpenPhases,
    fold: Fold,
    kind: Kind,
    steps: &[RunStep],
    lines: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    let (tone, word, to_come) = match kind {
        Kind::Done => (Tone::Done, "Done", "done"),
        Kind::Undone => (Tone::Rolledback, "Undone", "undone"),
        Kind::Ahead | Kind::Now => (Tone::Pending, "Pending", "not begun"),
    };
    let count = format::counted(steps.len() as u64, "step", "steps");
    let time = (kind == Kind::Done).then(|| format::measured(worked_ms(steps)));
    let standing = Standing {
        tone,
        word: word.into(),
    };
    stretch(
        open,
        fold,
        standing,
        format!("{count} {to_come}"),
        time,
        lines,
    )
}

fn step(part: RunPart, number: String, step: RunStep) -> AnyView {
    let standing = step_standing(step.state);
    let state = tone_name(standing.tone);
    let now = matches!(step.state, StepState::Running | StepState::Undoing);
    let rows = match (step.state, step.rows_total) {
        (StepState::Skipped, _) => "Nothing to do".to_string(),
        (_, 0) => String::new(),
        (StepState::Pending, total) => format::counted(total, "row", "rows"),
        (_, total) => format!("{} rows", format::of(step.rows_done, total)),
    };
    let aside = (step.set_aside > 0).then(|| view! { <span class="wrn">{format!("{} set aside, ", format::count(step.set_aside))}</span> });
    let key = step.key.clone();
    let title = step.title.clone();
    let table = step
        .table
        .clone()
        .map(|table| view! { " " <span class="muted mono">{table}</span> });
    let working = now.then(|| live_rows(part, &step));
    let error = step
        .error
        .clone()
        .map(|error| view! { <div class="facts-line"><span class="neg">{error}</span></div> });
    let (in_the_way, quiet): (Vec<Gate>, Vec<Gate>) = step
        .gates
        .into_iter()
        .partition(|gate| gate.state == GateState::Closed || now);
    view! {
        {in_the_way.into_iter().map(gate).collect_view()}
        <li class=if now { "now" } else { "" } data-state=state aria-current=now.then_some("step")>
            <div class="line">
                <span class="node">{icon(tone_icon(standing.tone))}<span class="vh">{standing.word}</span></span>
                <span class="nm indexed">
                    <span class="idx">{number}</span>
                    <span>
                    <button type="button" class="linklike" aria-label=format!("SQL of {title}") on:click=move |_| location::current().set_query(&[("sql", key.as_str())])>{title.clone()}</button>
                    {table}</span>
                </span>
                <span class="val">{aside} {rows}</span>
                <span class="dur">{step.took_ms.map(format::measured)}</span>
            </div>
            {working} {error}
            {quiet_gates(quiet)}
        </li>
    }
    .into_any()
}

/// The rows of the step being worked on, from live events.
fn live_rows(part: RunPart, step: &RunStep) -> AnyView {
    let key = step.key.clone();
    let (done, total) = (step.rows_done, step.rows_total);
    let numbers = Memo::new(move |_| {
        part.progress.with(|now| {
            if now.step.as_deref() == Some(key.as_str()) {
                (now.rows_done, now.rows_total)
            } else {
                (done, total)
            }
        })
    });
    let label = step.title.clone();
    (move || {
        let label = label.clone();
        (numbers.with(|numbers| numbers.1) > 0).then(|| {
            view! {
                <div class="sub"><div>
                    <span class="strong">"Rows"</span>
                    <Progress label=label class="sm" value=Signal::derive(move || numbers.get().0) max=Signal::derive(move || numbers.get().1) tone=Signal::stored(Tone::Running)/>
                    <span>{move || { let (done, total) = numbers.get(); format::of(done, total) }}</span>
                </div></div>
            }
        })
    })
    .into_any()
}

/// Gates that were open, or are not reached: counted, with their evidence below.
fn quiet_gates(gates: Vec<Gate>) -> Option<AnyView> {
    let reached = gates.iter().any(|gate| gate.state != GateState::NotReached);
    let count = format::counted(gates.len() as u64, "gate", "gates");
    let words = if reached {
        format!("{count} held")
    } else {
        format!("{count} before it")
    };
    (!gates.is_empty()).then(|| {
        let lines = gates
            .into_iter()
            .map(|gate| {
                let evidence = (gate.state != GateState::NotReached)
                    .then(|| format!(": {}", gate.evidence));
                view! { <li><b>{gate.title}</b>{evidence}</li> }
            })
            .collect_view();
        view! { <details class="facts-line held"><summary>{words}</summary><ul>{lines}</ul></details> }.into_any()
    })
}

fn gate(gate: Gate) -> AnyView {
    let (tone, picture, word) = gate_word(gate.state);
    let closed = gate.state == GateState::Closed;
    let class = if closed { "gt closed" } else { "gt" };
    let words = match gate.state {
        GateState::NotReached => "measured when it is reached".to_string(),
        _ => format!("{}: {}", word.to_lowercase(), gate.evidence),
    };
    view! {
        <li class=class data-state=tone_name(tone)>
            <div class="line">
                <span class="node">{icon(picture)}<span class="vh">{word}</span></span>
                <span class="nm"><b>"Gate: " {gate.title}</b> " " <span class=if closed { "wrn" } else { "muted" }>{words}</span></span>
                <span class="val"></span>
                <span class="dur"></span>
            </div>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(started: &str, finished: &str, took_ms: u64) -> RunStep {
        RunStep {
            key: String::new(),
            title: String::new(),
            group: None,
            table: None,
            state: StepState::Done,
            rows_done: 0,
            rows_total: 0,
            set_aside: 0,
            started: Some(format!("2026-11-20T01:00:{started}Z")),
            finished: Some(format!("2026-11-20T01:00:{finished}Z")),
            took_ms: Some(took_ms),
            longest_lock_ms: None,
            error: None,
            gates: Vec::new(),
            sql: Vec::new(),
            undo_sql: Vec::new(),
        }
    }

    #[test]
    fn what_lies_between_short_steps_counts_and_the_wait_for_a_gate_does_not() {
        let short = [
            step("02.000", "02.000", 0),
            step("02.007", "02.008", 1),
            step("02.015", "02.015", 0),
        ];
        assert_eq!(worked_ms(&short), 15);
        let held = [step("02.000", "02.004", 4), step("32.000", "32.006", 6)];
        assert_eq!(worked_ms(&held), 10);
        assert_eq!(worked_ms(&[]), 0);
    }
}
