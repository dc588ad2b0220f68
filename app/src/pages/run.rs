//! A run: what it does now, how long it takes, what it waits for. Closing the page never stops it.

mod commands;
mod evidence;
mod facts;
mod gate;
mod pace;
mod room;
mod steps;

use leptos::prelude::*;
use shared::event::Topic;
use shared::run::{RunProgress, RunView};
use shared::state::{RunState, StepState};

use self::commands::actions;
use self::evidence::evidence_panel;
use self::facts::{effect_panel, glance, if_stopped, speed_panel};
use self::gate::{failure_note, gate_panel};
use self::room::room_panels;
use self::steps::steps_panel;
use crate::api;
use crate::components::{
    Announcer, PageHead, RunLog, SqlDrawer, StepSql, Systems, icon, run_standing, standing,
};
use crate::events;
use crate::format;
use crate::loader::{Loaded, load};
use crate::route::location;

/// One run, as its parts see it.
#[derive(Clone, Copy)]
struct RunPart {
    slug: StoredValue<String>,
    number: i64,
    view: Memo<RunView>,
    progress: Memo<RunProgress>,
    loaded: Loaded<RunView>,
}

/// The page of one run.
#[component]
pub fn RunPage(
    /// Slug of the system.
    system: String,
    /// Number of the run.
    run: i64,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let loaded = load(
        &[Topic::Run, Topic::Coverage, Topic::Approvals],
        move || {
            let system = slug.get_value();
            async move { api::run(&system, run).await }
        },
    );
    let state = Memo::new(move |_| loaded.with(|view| view.map(|view| view.summary.state)));
    let title = Signal::derive(move || {
        loaded.with(|view| {
            view.map_or_else(
                || format!("Run {run}"),
                |view| format!("Run {run}: {}", view.summary.title),
            )
        })
    });
    let name = system_title(slug);
    let tab = Signal::derive(move || match state.get() {
        Some(RunState::WaitingAtGate) => format!("Gate: {} run {run}", name.get()),
        Some(state) => format!("{}: {} run {run}", run_standing(state).word, name.get()),
        None => format!("{} run {run}", name.get()),
    });
    let badges = move || state.get().map(|state| standing(&run_standing(state)));
    let meta = move || loaded.with(|view| view.map(head_facts));
    let sql_open = RwSignal::new(false);
    view! {
        <PageHead title=title tab=tab badges=badges meta=meta>{actions(slug, run, loaded)}</PageHead>
        {loaded.view("run", move |view| {
            let part = RunPart { slug, number: run, view, progress: newest_progress(slug, run, view), loaded };
            body(part, sql_open)
        })}
    }
    .into_any()
}

fn system_title(slug: StoredValue<String>) -> Memo<String> {
    let systems = expect_context::<Systems>();
    Memo::new(move |_| {
        let slug = slug.get_value();
        systems.find(&slug).map_or(slug, |system| system.title)
    })
}

fn head_facts(view: &RunView) -> AnyView {
    let summary = &view.summary;
    let ended = summary.finished.as_deref().map(|end| {
        let took = format::duration(format::between_ms(&summary.started, end));
        view! { ", took " <b>{took}</b> }
    });
    let approved = view
        .approved_by
        .clone()
        .map(|by| view! { ", approved by " <b>{by}</b> });
    let short: String = view.fingerprint.chars().take(12).collect();
    view! {
        <span>{icon("clock")} "Started " <b>{format::moment(&summary.started)}</b> {ended}</span>
        <span>{icon("user")} <b>{summary.started_by.clone()}</b> {approved}</span>
        <span title=view.fingerprint.clone()>{icon("shield")} "Plan " <b class="mono">{short}</b></span>
    }
    .into_any()
}

/// The numbers of the view, or of a live event that is newer than it.
fn newest_progress(slug: StoredValue<String>, run: i64, view: Memo<RunView>) -> Memo<RunProgress> {
    let live = events::current().progress();
    Memo::new(move |_| {
        let read = view.with(|view| view.progress.clone());
        live.with(|news| {
            news.as_ref()
                .filter(|(system, progress)| {
                    progress.run == run
                        && progress.elapsed_ms > read.elapsed_ms
                        && slug.with_value(|slug| slug == system)
                })
                .map(|(_, progress)| progress.clone())
        })
        .unwrap_or(read)
    })
}

fn body(part: RunPart, sql_open: RwSignal<bool>) -> AnyView {
    view! {
        {gate_panel(part)}
        {failure_note(part)}
        {glance(part)}
        <div class="cols cols-8-4">
            <div class="stack">
                {steps_panel(part)}
                <RunLog system=part.slug.get_value() run=part.number/>
            </div>
            <div class="stack">
                {speed_panel(part)}
                {effect_panel(part)}
                {room_panels(part)}
                {if_stopped(part)}
                {evidence_panel(part)}
            </div>
        </div>
        {sql_drawer(part, sql_open)}
        <Announcer message=milestone(part) urgent=alarm(part)/>
    }
    .into_any()
}

fn sql_drawer(part: RunPart, open: RwSignal<bool>) -> AnyView {
    let place = location::current();
    let shown = place.query("sql");
    Effect::new(move |_| open.set(shown.get().is_some()));
    Effect::new(move |before: Option<bool>| {
        let now = open.get();
        if before == Some(true) && !now {
            place.set_query(&[("sql", "")]);
        }
        now
    });
    let steps = Signal::derive(move || {
        let key = shown.get().unwrap_or_default();
        part.view.with(|view| {
            view.phases
                .iter()
                .flat_map(|phase| &phase.steps)
                .filter(|step| key.is_empty() || key == "all" || step.key == key)
                .map(|step| StepSql {
                    key: step.key.clone(),
                    title: step.title.clone(),
                    note: step.table.as_ref().map(|table| format!("Table {table}")),
                    sql: step.sql.clone(),
                    undo_sql: step.undo_sql.clone(),
                })
                .collect::<Vec<_>>()
        })
    });
    let title = Signal::derive(move || format!("SQL of run {}", part.number));
    let file_name = format!("{}-run-{}.sql", part.slug.get_value(), part.number);
    view! { <SqlDrawer open title steps file_name/> }.into_any()
}

/// What screen readers hear: each tenth of a step, each finished step, the gate, the end.
fn milestone(part: RunPart) -> Memo<String> {
    Memo::new(move |_| {
        let progress = part.progress.get();
        match progress.state {
            RunState::Running if progress.rows_total > 0 => {
                let tenth = progress.rows_done * 10 / progress.rows_total;
                let left = progress
                    .step_left_ms
                    .map(|(low, high)| format!(", {} left", format::time_left(low, high)));
                format!(
                    "{}: {} percent of records processed{}.",
                    progress.step_title.unwrap_or_else(|| "This step".into()),
                    tenth * 10,
                    if tenth.is_multiple_of(5) {
                        left.unwrap_or_default()
                    } else {
                        String::new()
                    }
                )
            }
            RunState::Running => format!(
                "{} steps done.",
                format::of(progress.steps_done.into(), progress.steps_total.into())
            ),
            state => format!("The run is: {}.", run_standing(state).word),
        }
    })
}

fn alarm(part: RunPart) -> Memo<String> {
    Memo::new(move |_| {
        part.view.with(|view| {
            let failed = view
                .phases
                .iter()
                .flat_map(|phase| &phase.steps)
                .find(|step| matches!(step.state, StepState::Failed | StepState::Stuck));
            match (view.summary.state, failed) {
                (RunState::Failed | RunState::Stuck, Some(step)) => {
                    format!("The run failed at {}.", step.title)
                }
                (RunState::RolledBack, _) => "The run was rolled back.".into(),
                _ => String::new(),
            }
        })
    })
}
