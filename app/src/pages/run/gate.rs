//! What a run waits for, or why it failed: what is missing, why it matters, what to do.

use leptos::prelude::*;
use shared::account::Role;
use shared::plan::{Gate, OverrideGate};
use shared::state::{RunState, StepState};
use shared::target::HoldCause;

use super::RunPart;
use crate::api;
use crate::components::{ActionButton, Confirm, TextField, icon};
use crate::format;
use crate::session;
use crate::submission::Submission;

/// The closed gate; nothing while none is in the way.
pub(super) fn gate_panel(part: RunPart) -> AnyView {
    let gate = Memo::new(move |_| part.view.with(|view| view.waiting.clone()));
    let open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let submission = Submission::new();
    let act = move |_typed: String| {
        let Some(gate) = gate.get_untracked() else {
            return;
        };
        let system = part.slug.get_value();
        let body = OverrideGate {
            reason: reason.get_untracked().trim().to_string(),
        };
        submission.run(
            async move { api::override_gate(&system, part.number, &gate.name, &body).await },
            move |_| {
                open.set(false);
                part.loaded.reload();
            },
        );
    };
    let title = Signal::derive(move || {
        format!(
            "Override the gate {}?",
            gate.get().map(|gate| gate.title).unwrap_or_default()
        )
    });
    let wrong = Signal::derive(move || submission.error().and_then(|error| error.field("reason")));
    let suffers = Memo::new(move |_| {
        part.progress
            .with(|now| now.holds_for == Some(HoldCause::Application))
    });
    view! {
        {move || gate.get().map(|gate| closed(gate, suffers, open))}
        <Confirm open title label="Override with my name" quiet="Keep it closed" danger=true submission action=act>
            <p>"The condition does not hold. You take responsibility for going on; your name and reason are kept in the audit log and in the run."</p>
            <TextField label="Reason" name="override-reason" value=reason hint="At least 10 characters" error=wrong autofocus=true/>
        </Confirm>
    }
    .into_any()
}

/// What the sentence of a gate says besides its evidence, which is the heading.
fn after_evidence(sentence: Option<&str>, evidence: &str) -> String {
    let sentence = sentence.unwrap_or("The condition does not hold yet.");
    match sentence.strip_prefix(evidence).map(str::trim_start) {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => sentence.to_owned(),
    }
}

/// `suffers`: it is the application that the run holds for, which users may notice.
fn closed(gate: Gate, suffers: Memo<bool>, open: RwSignal<bool>) -> AnyView {
    let refused = Signal::derive(move || session::current().refusal(Role::Administrator));
    let sentence = after_evidence(gate.sentence.as_deref(), &gate.evidence);
    let measured = gate.measured.map(
        |at| view! { <span>{icon("clock")} {format!("Measured {}", format::clock(&at))}</span> },
    );
    let overridable = gate.overridable;
    view! {
        <section class="next" data-state="gate" aria-labelledby="gate-heading">
            <span class="sig">{icon("gate")}</span>
            <div>
                <p class="kicker">{format!("Gate closed: {}", gate.title)}</p>
                <h2 id="gate-heading">{format::told(&gate.evidence)}</h2>
                <p>{sentence}</p>
                <div class="facts">
                    {measured}
                    {move || (!suffers.get()).then(|| view! { <span>{icon("users")} "Users are not affected"</span> })}
                    <span>{icon("pause")} "Safe to leave: the run goes on when the gate opens"</span>
                    {(!overridable).then(|| view! { <span>{icon("lock")} "Can't be overridden"</span> })}
                </div>
            </div>
            <div class="do">
                {gate.href.map(|href| view! {
                    <a class="btn primary lg" href=href>
                        {move || if suffers.get() { "Look at its health" } else { "Open the gate" }} {icon("arrow")}
                    </a>
                })}
                {overridable.then(|| view! { <ActionButton label="Override with a reason" class="danger" refused on_press=move || open.set(true)/> })}
            </div>
        </section>
    }
    .into_any()
}

/// Why the run failed or waits without a gate.
pub(super) fn failure_note(part: RunPart) -> AnyView {
    let trouble = Memo::new(move |_| {
        part.view.with(|view| {
            let step = view
                .phases
                .iter()
                .flat_map(|phase| &phase.steps)
                .find(|step| matches!(step.state, StepState::Failed | StepState::Stuck))
                .map(|step| (step.title.clone(), step.error.clone(), step.state));
            (view.summary.state, view.summary.reason.clone(), step)
        })
    });
    (move || {
        let (state, reason, step) = trouble.get();
        let words = match (&step, reason) {
            (Some((_, Some(error), _)), _) => error.clone(),
            (_, Some(reason)) => reason,
            _ => return None,
        };
        let undone = step
            .as_ref()
            .is_some_and(|step| step.2 == StepState::Failed);
        let (tone, picture, title) = match (state, step) {
            (RunState::Failed | RunState::Stuck, Some((title, _, _))) => {
                ("failed", "failed", format!("Stopped at: {title}"))
            }
            (RunState::Failed | RunState::Stuck, None) => {
                ("failed", "failed", "The run failed".to_string())
            }
            (RunState::WaitingForApproval, _) => (
                "gate",
                "gate",
                "A second administrator has to approve".to_string(),
            ),
            (RunState::Paused, _) => ("info", "paused", "Paused".to_string()),
            _ => return None,
        };
        let safe = undone
            .then_some("The step's change was rolled back by the database; steps before it stay. ");
        Some(view! {
            <div class="note" data-state=tone role="alert">
                {icon(picture)} <b>{title}</b> <span>{words} " " {safe}</span>
            </div>
        })
    })
    .into_any()
}
