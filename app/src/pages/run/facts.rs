//! The numbers of a run: at a glance, speed, effect on users, what stopping would mean.

use leptos::prelude::*;
use shared::state::RunState;
use shared::system::Tone;

use super::RunPart;
use super::pace::pace_control;
use crate::components::{LineChart, Panel, Progress, Stat, Stats, run_standing, state_badge};
use crate::format;

/// The row of numbers.
pub(super) fn glance(part: RunPart) -> AnyView {
    let progress = part.progress;
    let working = move || {
        progress.with(|now| {
            matches!(
                now.state,
                RunState::Running | RunState::RollingBack | RunState::Queued
            )
        })
    };
    let open = move || progress.with(|now| now.state.is_open());
    let tone = Signal::derive(move || progress.with(|now| run_standing(now.state).tone));
    // the step that an ended run looked at last is no step that it works on
    let step = Signal::derive(move || {
        progress
            .with(|now| now.step_title.clone().filter(|_| now.state.is_open()))
            .unwrap_or_else(|| "Steps".into())
    });
    let in_rows = move || {
        progress.with(|now| now.rows_total > 0 && now.step.is_some() && now.state.is_open())
    };
    let done = Signal::derive(move || {
        progress.with(|now| {
            if in_rows() {
                now.rows_done
            } else {
                now.steps_done.into()
            }
        })
    });
    let total = Signal::derive(move || {
        progress.with(|now| {
            if in_rows() {
                now.rows_total
            } else {
                now.steps_total.into()
            }
        })
    });
    let left = |range: Option<(u64, u64)>| {
        range.map_or_else(
            || "Not known yet".to_string(),
            |(low, high)| format::time_left(low, high),
        )
    };
    let step_left = Signal::derive(move || {
        if working() {
            left(progress.with(|now| now.step_left_ms))
        } else if open() {
            "Waiting".into()
        } else {
            "None".into()
        }
    });
    let run_left = Signal::derive(move || {
        if open() {
            left(progress.with(|now| now.run_left_ms))
        } else {
            "None".into()
        }
    });
    let step_words = move || match progress.with(|now| now.state) {
        RunState::WaitingAtGate => "Until the gate opens",
        RunState::WaitingForApproval => "Until a second administrator decides",
        RunState::Paused => "Until a person resumes it",
        _ if working() => "Shortest and longest likely",
        RunState::Failed | RunState::Stuck => "Until a person tries it again",
        _ => "The run has ended",
    };
    let rate = Signal::derive(move || {
        if working() {
            format::rate(progress.with(|now| now.rows_per_second))
        } else {
            "None".into()
        }
    });
    let rate_unit = Signal::derive(move || if working() { "rows" } else { "" }.to_owned());
    view! {
        <Stats label="Run at a glance">
            <Stat label=step value=Signal::derive(move || format::count(done.get())) unit=Signal::derive(move || format!("of {} {}", format::count(total.get()), if in_rows() { "rows" } else { "steps" }))>
                <Progress label="Progress" value=done max=total tone/>
            </Stat>
            <Stat label="Left in this step" value=step_left>
                {move || progress.with(|now| now.waiting_for.clone()).map_or_else(|| step_words().to_string(), |what| format!("Waits for {what}"))}
            </Stat>
            <Stat label="Left in this run" value=run_left>
                {move || if open() { "If gates open at once" } else { "The run has ended" }}
            </Stat>
            <Stat label="Speed" value=rate unit=rate_unit>
                {move || if open() {
                    format!("{} a batch", format::counted(progress.with(|now| now.batch_size), "row", "rows"))
                } else {
                    "The run has ended".to_owned()
                }}
            </Stat>
            <Stat label="Time worked" value=Signal::derive(move || format::duration(progress.with(|now| now.elapsed_ms)))>
                {move || progress.with(|now| format::of_counted(now.steps_done.into(), now.steps_total.into(), "step", "steps"))}
            </Stat>
        </Stats>
    }
    .into_any()
}

/// Rows per second over time.
pub(super) fn speed_panel(part: RunPart) -> AnyView {
    let points = Signal::derive(move || {
        part.view.with(|view| {
            view.speed
                .iter()
                .map(|point| (point.at_ms as f64, point.rows_per_second))
                .collect::<Vec<_>>()
        })
    });
    let highest =
        move || points.with(|points| points.iter().map(|point| point.1).fold(0.0, f64::max));
    let finding = Signal::derive(move || {
        let last = points.with(|points| points.last().map_or(0.0, |point| point.1));
        format!(
            "Up to {} rows per second, last {}.",
            format::count(highest().round() as u64),
            format::count(last.round() as u64)
        )
    });
    // a line needs two moments that read differently
    let drawn = Memo::new(move |_| {
        points.with(|points| match (points.first(), points.last()) {
            (Some(first), Some(last)) => moment_words(first.0) != moment_words(last.0),
            _ => false,
        })
    });
    let instead = move || {
        if points.with(Vec::is_empty) {
            "Measured as soon as rows are written.".to_owned()
        } else {
            let highest = format::count(highest().round() as u64);
            format!("Up to {highest} rows per second, over before a line could be drawn.")
        }
    };
    view! {
        <Panel title="Speed" note="rows per second">
            <div class="body">
                {move || (!drawn.get()).then(|| view! { <p class="sm">{instead}</p> })}
                <div hidden=move || !drawn.get()>
                    <LineChart
                        title="Rows per second" finding points height=128.0
                        time_words=moment_words value_words=format::rate value_title="Rows"
                    />
                </div>
            </div>
        </Panel>
    }
    .into_any()
}

fn moment_words(ms: f64) -> String {
    format::duration(ms.max(0.0) as u64)
}

/// What people using the application notice.
pub(super) fn effect_panel(part: RunPart) -> AnyView {
    let longest = move || part.progress.with(|now| now.longest_lock_ms);
    // a form that saves within a second is not felt as slow
    let badge = move || {
        if longest() < 1000 {
            state_badge(Tone::Done, "None seen")
        } else {
            state_badge(Tone::Gate, "Writes waited")
        }
    };
    let waits_for = Memo::new(move |_| {
        part.progress
            .with(|now| now.waiting_for.clone())
            .unwrap_or_else(|| "Nothing".into())
    });
    // whom it waits for is a sentence, which has no room beside its name
    view! {
        <Panel title="Effect on users" aside=badge>
            <div class="body stack-sm">
                <dl class="kv rules proof">
                    <dt>"Longest time a write had to wait"</dt> <dd>{move || format::duration(longest())}</dd>
                    <dt>"Waits for now"</dt> <dd>{waits_for}</dd>
                </dl>
                {pace_control(part)}
            </div>
        </Panel>
    }
    .into_any()
}

/// What pause and abort would mean now.
pub(super) fn if_stopped(part: RunPart) -> AnyView {
    let open = Memo::new(move |_| part.view.with(|view| view.summary.state.is_open()));
    let words = Memo::new(move |_| part.view.with(|view| view.if_stopped.clone()));
    (move || {
        open.get().then(|| {
            view! {
                <Panel title="If you stop now">
                    <div class="body">
                        <dl class="kv rules">
                            <dt>"Pause"</dt> <dd>{move || words.with(|words| words.pause.clone())}</dd>
                            <dt>"Abort"</dt> <dd>{move || words.with(|words| words.abort.clone())}</dd>
                        </dl>
                    </div>
                </Panel>
            }
        })
    })
    .into_any()
}
