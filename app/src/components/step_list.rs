//! A short list of steps in order: of a mode switch, of a rollback.

use leptos::prelude::*;
use shared::mode::SwitchStep;
use shared::rollback::RollbackStep;
use shared::state::StepState;
use shared::work::WorkProgress;

use super::icon::icon;
use super::progress::HowFar;
use crate::format;

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct StepLine {
    /// Title.
    pub title: String,
    /// Where it is.
    pub state: StepState,
    /// What happened.
    pub detail: String,
    /// Time it took in milliseconds.
    pub took_ms: Option<u64>,
}

impl From<SwitchStep> for StepLine {
    fn from(step: SwitchStep) -> Self {
        Self {
            title: step.title,
            state: step.state,
            detail: step.detail,
            took_ms: step.took_ms,
        }
    }
}

impl From<RollbackStep> for StepLine {
    fn from(step: RollbackStep) -> Self {
        Self {
            title: step.title,
            state: step.state,
            // of long work the detail is how far it is, which stands beside the bar
            detail: step.progress.map_or(step.detail, |_| String::new()),
            took_ms: step.took_ms,
        }
    }
}

fn drawn(state: StepState) -> (&'static str, &'static str, &'static str) {
    match state {
        StepState::Pending => ("pending", "pending", "Pending"),
        StepState::Running => ("running", "running", "Running"),
        StepState::Done => ("done", "done", "Done"),
        StepState::Skipped => ("skipped", "skipped", "Skipped"),
        StepState::Failed | StepState::Stuck => ("failed", "failed", "Failed"),
        StepState::Undoing => ("running", "running", "Undoing"),
        StepState::Undone => ("rolledback", "rolledback", "Undone"),
    }
}

/// The steps in order; the one that is going on is marked as current.
#[component]
pub fn StepList(
    /// The steps.
    #[prop(into)]
    steps: Signal<Vec<StepLine>>,
    /// How far the one that is going on is, where it is long work.
    #[prop(optional, into)]
    work: Signal<Option<WorkProgress>>,
) -> impl IntoView {
    let lines = move || {
        steps
            .get()
            .into_iter()
            .map(|step| {
                let (state, picture, word) = drawn(step.state);
                let now = state == "running";
                let title = step.title.clone();
                view! {
                    <li data-state=state class:now=now aria-current=now.then_some("step")>
                        <div class="line">
                            <span class="node">
                                {icon(picture)}
                                <span class="vh">{word}</span>
                            </span>
                            <span class="nm">{step.title}</span>
                            <span class="val">{step.detail}</span>
                            <span class="dur">{step.took_ms.map(format::measured)}</span>
                        </div>
                        {now.then(|| view! { <div class="sub"><HowFar label=title work=work /></div> })}
                    </li>
                }
            })
            .collect_view()
    };
    view! { <ol class="steps told">{lines}</ol> }.into_any()
}
