//! What the plan holds: preflight checks, then phases and steps.

use leptos::prelude::*;
use shared::plan::{PlanPhase, PlanStep, PlanView, PreflightCheck};
use shared::system::{Standing, Tone};

use super::start::Start;
use crate::components::{
    Empty, OpenPhases, Panel, PhaseLine, RefusalNote, icon, phase, state_badge, state_icon,
    step_number,
};
use crate::format;
use crate::route::location;

/// The checks made before anything is changed.
pub(super) fn preflight_panel(start: Start, plan: Memo<PlanView>) -> AnyView {
    let preflight = Memo::new(move |_| plan.with(|plan| plan.preflight.clone()));
    let note = Signal::derive(move || {
        preflight.with(|preflight| {
            preflight.as_ref().map_or_else(
                || "Reads the target, changes nothing".to_string(),
                |preflight| {
                    let passed =
                        preflight.checks.iter().filter(|check| check.passed).count() as u64;
                    format!(
                        "{} passed, checked {}",
                        format::of(passed, preflight.checks.len() as u64),
                        format::moment(&preflight.at)
                    )
                },
            )
        })
    });
    let badge = move || {
        preflight.with(|preflight| {
            preflight.as_ref().map(|preflight| {
                if preflight.passed {
                    state_badge(Tone::Done, "Passed")
                } else {
                    state_badge(Tone::Gate, "Not passed")
                }
            })
        })
    };
    view! {
        <Panel title="Preflight" note aside=badge>
            <RefusalNote submission=start.preflight()/>
            {move || match preflight.get() {
                Some(preflight) => view! { <ul class="gates">{preflight.checks.into_iter().map(check).collect_view()}</ul> }.into_any(),
                None => view! {
                    <Empty picture="shield" title="The target was not checked yet" text="Preflight looks at free disk, integrity, foreign keys, long readers, the application's version and existing columns."/>
                }.into_any(),
            }}
        </Panel>
    }
    .into_any()
}

fn check(check: PreflightCheck) -> AnyView {
    let (tone, word) = match (check.passed, check.warning) {
        (true, false) => (Tone::Done, "Passed"),
        (true, true) => (Tone::Gate, "Passed, read this"),
        (false, _) => (Tone::Failed, "Not passed"),
    };
    view! {
        <li>
            {state_icon(tone, word)}
            <b>{check.title}</b>
            <span class="ev">{check.evidence}</span>
            {check.remedy.map(|remedy| view! { <p>{remedy}</p> })}
        </li>
    }
    .into_any()
}

// a plan of so few steps is read as a whole
const FEW: usize = 15;

/// Phases and steps in order.
pub(super) fn steps_panel(plan: Memo<PlanView>) -> AnyView {
    let open = OpenPhases::new();
    let all = |_| location::current().set_query(&[("sql", "all")]);
    let aside = move || view! { <button type="button" class="btn sm push" on:click=all>{icon("code")} "Preview all SQL"</button> };
    view! {
        <Panel title="Phases and steps" class="clip" aside=aside>
            <ol class="steps">
                {move || plan.with(|plan| { let few = plan.phases.iter().map(|phase| phase.steps.len()).sum::<usize>() <= FEW; plan.phases.iter().cloned().enumerate().map(|(place, one)| one_phase(open, place, few, one)).collect_view() })}
            </ol>
        </Panel>
    }
    .into_any()
}

fn one_phase(open: OpenPhases, place: usize, all_open: bool, one: PlanPhase) -> AnyView {
    let line = PhaseLine {
        place,
        open_by_itself: all_open,
        standing: Standing {
            tone: Tone::Pending,
            word: "Pending".into(),
        },
        title: one.title,
        value: format::counted(one.steps.len() as u64, "step", "steps"),
        time: one.planned.unwrap_or_default(),
    };
    let (steps, title) = (one.steps, line.title.clone());
    phase(open, line, move || {
        steps
            .iter()
            .cloned()
            .enumerate()
            .map(|(index, one)| step(step_number(&title, index + 1), one))
            .collect_view()
            .into_any()
    })
}

fn step(number: String, step: PlanStep) -> AnyView {
    let (state, word) = if step.skipped.is_some() {
        ("skipped", "Nothing to do")
    } else {
        ("pending", "Pending")
    };
    let rows = if step.rows == 0 {
        "No rows written".to_string()
    } else {
        format!("about {}", format::counted(step.rows, "row", "rows"))
    };
    let key = step.key.clone();
    let title = step.title.clone();
    let gates = step
        .gates
        .into_iter()
        .map(|gate| {
            view! {
                <li class="gt" data-state="pending"><div class="line">
                    <span class="node">{icon("gate")}<span class="vh">"Gate"</span></span>
                    <span class="nm"><b>"Gate: " {gate}</b></span>
                </div></li>
            }
        })
        .collect_view();
    let undo = match (step.undo_impossible, step.loses) {
        (Some(why), _) => format!("Can't be undone: {why}"),
        (None, Some(loses)) => format!("Undo loses {loses}"),
        (None, None) => "Can be undone, nothing lost".to_string(),
    };
    let details = if let Some(why) = step.skipped {
        view! { <span>{why}</span> }.into_any()
    } else {
        view! {
            <span>{step.locks}</span>
            <span>{undo}</span>
            {step.note.map(|note| view! { <span>{note}</span> })}
            {step.point_of_no_return.then(|| view! { <span class="neg">{icon("warn")} "Point of no return"</span> })}
        }
        .into_any()
    };
    view! {
        {gates}
        <li data-state=state>
            <div class="line">
                <span class="node">{icon(state)}<span class="vh">{word}</span></span>
                <span class="nm"><span class="idx">{number}</span>{step.title}</span>
                <span class="val">{rows}</span>
                <span class="dur">
                    <button type="button" class="btn sm quiet" aria-label=format!("SQL of {title}") on:click=move |_| location::current().set_query(&[("sql", key.as_str())])>"SQL"</button>
                </span>
            </div>
            <div class="facts-line">{details}</div>
        </li>
    }
    .into_any()
}
