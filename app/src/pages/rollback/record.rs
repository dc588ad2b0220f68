//! The record of a rollback: what was done, how it ended, and what a person has to write down after it.

use leptos::prelude::*;
use shared::account::Role;
use shared::rollback::{
    AfterTask, RollbackKind, RollbackOptions, RollbackRecord, RollbackState, RollbackStep,
    WriteTask,
};
use shared::state::StepState;
use shared::system::Tone;
use shared::work::WorkOn;
use web_sys::SubmitEvent;

use super::again::AttemptAgain;
use crate::api;
use crate::components::step_list::{StepLine, StepList};
use crate::components::{Note, RefusalNote, announce, icon, state_badge};
use crate::events;
use crate::format;
use crate::session;
use crate::submission::Submission;

/// What a way back is called.
pub fn way_title(way: &RollbackKind) -> String {
    match way {
        RollbackKind::Mode => "Mode switched back".to_owned(),
        RollbackKind::Partial { groups } => format!("Undone: {}", groups.join(", ")),
        RollbackKind::UndoAll => "Every step undone".to_owned(),
        RollbackKind::Restore { backup } => format!("Restored {backup}"),
    }
}

fn standing(state: RollbackState) -> (Tone, &'static str) {
    match state {
        RollbackState::Running => (Tone::Running, "Rolling back"),
        RollbackState::Done => (Tone::Rolledback, "Rolled back"),
        RollbackState::Failed => (Tone::Failed, "Failed"),
    }
}

/// One rollback, going on or over.
#[component]
pub fn Record(
    /// Slug of the system.
    system: Signal<String>,
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// The rollback; nothing is shown without.
    record: Memo<Option<RollbackRecord>>,
) -> impl IntoView {
    let title = move || record.with(|record| record.as_ref().map(|record| way_title(&record.way)));
    let badge = move || {
        record.with(|record| {
            record.as_ref().map(|record| {
                let (tone, word) = standing(record.state);
                state_badge(tone, word)
            })
        })
    };
    let steps = Memo::new(move |_| {
        record.with(|record| {
            record
                .iter()
                .flat_map(|record| record.steps.clone())
                .map(StepLine::from)
                .collect::<Vec<_>>()
        })
    });
    let work = Signal::derive(move || {
        record.with(|record| {
            let record = record.as_ref()?;
            let running = |step: &RollbackStep| step.state == StepState::Running;
            let place = record.steps.iter().position(running)?;
            let work = WorkOn::Rollback {
                id: record.id,
                step: u32::try_from(place).ok()?,
            };
            let told = system.with(|system| events::current().work_on(system, &work));
            told.or_else(|| record.steps[place].progress.clone())
        })
    });
    let error = Memo::new(move |_| {
        record.with(|record| record.as_ref().and_then(|record| record.error.clone()))
    });
    let tasks = Memo::new(move |_| {
        record.with(|record| {
            record
                .as_ref()
                .filter(|record| record.state != RollbackState::Running)
                .map(|record| record.tasks.clone())
                .unwrap_or_default()
        })
    });
    let id = move || record.with_untracked(|record| record.as_ref().map_or(0, |record| record.id));
    let count = move || {
        tasks.with(|tasks| {
            let done = tasks.iter().filter(|task| task.done).count();
            format!("After it: {done} of {} tasks done", tasks.len())
        })
    };
    let some_open = untrack(|| tasks.with(|tasks| tasks.iter().any(|task| !task.done)));
    view! {
        <section class="panel clip" aria-labelledby="record-heading">
            <header>
                <h2 id="record-heading">{title}</h2>
                {badge}
                <p>{move || record.with(|record| record.as_ref().map(facts))}</p>
            </header>
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <div class="body">
                                <Note state="failed" title="The rollback failed">
                                    {error}
                                </Note>
                            </div>
                        }
                    })
            }}
            <StepList steps=steps work=work />
            <AttemptAgain system=system options=options />
            <details class="tasks" open=some_open hidden=move || tasks.with(Vec::is_empty)>
                <summary>{count}</summary>
                <div class="stack-sm">
                    <For each=move || tasks.get() key=|task| (task.name.clone(), task.done, task.note.clone()) let:task>
                        <Task system=system rollback=id() task=task />
                    </For>
                </div>
            </details>
        </section>
    }
    .into_any()
}

/// Who, when, how long, and what was lost.
fn facts(record: &RollbackRecord) -> String {
    let mut facts = vec![format!(
        "By {}, {}",
        record.by,
        format::moment(&record.started)
    )];
    if let Some(finished) = &record.finished {
        facts.push(format!(
            "took {}",
            format::duration(format::between_ms(&record.started, finished))
        ));
    }
    facts.push(format!(
        "{} lost",
        format::counted(record.rows_lost, "row", "rows")
    ));
    if let Some(export) = &record.export {
        facts.push(format!("exported to {export}"));
    }
    facts.join(", ")
}

/// One task after a rollback: a note, and whether it is done.
#[component]
fn Task(system: Signal<String>, rollback: i64, task: AfterTask) -> impl IntoView {
    let session = session::current();
    let note = RwSignal::new(task.note.clone());
    let done = RwSignal::new(task.done);
    let submission = Submission::new();
    let name = task.name.clone();
    let title = task.title.clone();
    let field = format!("task-{}-{}", rollback, task.name);
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let system = system.get_untracked();
        let name = name.clone();
        let title = title.clone();
        let body = WriteTask {
            note: note.get_untracked(),
            done: done.get_untracked(),
        };
        submission.run(
            async move { api::write_task(&system, rollback, &name, &body).await },
            move |_| announce(&format!("{title} is written down")),
        );
    };
    let by = task
        .by
        .clone()
        .zip(task.at.clone())
        .map(|(by, at)| format!("{by}, {}", format::moment(&at)));
    let may = move || session.may(Role::Operator);
    view! {
        <form class="task" on:submit=save>
            <span class="ico" data-state=move || if done.get() { "done" } else { "pending" }>
                {move || icon(if done.get() { "done" } else { "pending" })}
            </span>
            <div class="stack-sm gap-2">
                <div class="field">
                    <label for=field.clone()>{task.title.clone()}</label>
                    <p class="hint">{task.detail}</p>
                    <textarea
                        class="in"
                        id=field
                        rows="2"
                        readonly=move || !may()
                        prop:value=move || note.get()
                        on:input=move |event| note.set(event_target_value(&event))
                    ></textarea>
                </div>
                {move || {
                    may()
                        .then(|| {
                            view! {
                                <div class="row">
                                    <label class="check">
                                        <input
                                            type="checkbox"
                                            prop:checked=move || done.get()
                                            on:change=move |event| done.set(event_target_checked(&event))
                                        />
                                        <span>"Done"</span>
                                    </label>
                                    <button class="btn sm" aria-disabled=move || submission.is_pending().then_some("true")>
                                        "Write it down"
                                    </button>
                                </div>
                            }
                        })
                }}
                {by.map(|by| view! { <p class="sm">{by}</p> })}
                <RefusalNote submission=submission/>
            </div>
        </form>
    }
    .into_any()
}

/// Earlier rollbacks.
#[component]
pub fn RecordHistory(
    /// The ways back.
    options: Memo<RollbackOptions>,
) -> impl IntoView {
    let history = Memo::new(move |_| {
        options.with(|options| {
            let current = options.current.as_ref().map(|current| current.id);
            options
                .history
                .iter()
                .filter(|one| Some(one.id) != current)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    move || {
        let history = history.get();
        if history.is_empty() {
            return None;
        }
        let lines = history
            .into_iter()
            .map(|record| {
                let (tone, word) = standing(record.state);
                view! {
                    <tr>
                        <th scope="row" class="nowrap">
                            {format::moment(&record.started)}
                        </th>
                        <td>{way_title(&record.way)}</td>
                        <td>{state_badge(tone, word)}</td>
                        <td class="r">{format::count(record.rows_lost)}</td>
                        <td>{record.by}</td>
                    </tr>
                }
            })
            .collect_view();
        Some(view! {
            <section class="panel clip" aria-labelledby="earlier-heading">
                <header>
                    <h2 id="earlier-heading">"Earlier rollbacks"</h2>
                </header>
                <div class="scroll" tabindex="0" role="group" aria-labelledby="earlier-heading">
                    <table class="t tight">
                        <thead>
                            <tr>
                                <th scope="col">"Started"</th>
                                <th scope="col">"Way"</th>
                                <th scope="col">"Outcome"</th>
                                <th scope="col" class="r">"Rows lost"</th>
                                <th scope="col">"By"</th>
                            </tr>
                        </thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
            </section>
        })
    }
}
