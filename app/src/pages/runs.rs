//! The runs of a system, newest first.

use leptos::prelude::*;
use shared::event::Topic;
use shared::run::RunSummary;

use crate::api;
use crate::components::{Empty, PageHead, Panel, Progress, run_standing, state_badge};
use crate::format;
use crate::loader::load;
use crate::route::SystemPage;

/// The runs of one system.
#[component]
pub fn RunsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let runs = load(&[Topic::Run], move || {
        let system = slug.get_value();
        async move { api::runs(&system).await }
    });
    let open_run = Memo::new(move |_| {
        runs.with(|runs| {
            runs?
                .iter()
                .find(|run| run.state.is_open())
                .map(|run| run.number)
        })
    });
    let plan = move || SystemPage::Plan.of(&slug.get_value());
    let primary = move || {
        match open_run.get() {
        Some(number) => view! {
            <a class="btn" href=plan()>"Read the plan"</a>
            <a class="btn primary" href=SystemPage::Run { run: number }.of(&slug.get_value())>{format!("Open run {number}")}</a>
        }
        .into_any(),
        None => view! { <a class="btn primary" href=plan()>"Plan a run"</a> }.into_any(),
    }
    };
    view! {
        <PageHead title="Runs" sub="One execution of a plan each. Only one run is open at a time.">{primary}</PageHead>
        {runs.view("runs", move |runs| list(slug, runs))}
    }
    .into_any()
}

fn list(slug: StoredValue<String>, runs: Memo<Vec<RunSummary>>) -> AnyView {
    view! {
        <Panel title="All runs" class="clip">
            {move || if runs.with(Vec::is_empty) {
                view! {
                    <Empty picture="switch" title="No run yet" text="A run executes a plan step by step, with a gate before each step that needs one. The plan shows the SQL before anything is changed.">
                        <a class="btn" href=SystemPage::Plan.of(&slug.get_value())>"Read the plan"</a>
                    </Empty>
                }.into_any()
            } else {
                view! {
                    <div class="scroll" tabindex="0" role="group" aria-label="All runs">
                        <table class="t rows mid">
                            <thead><tr>
                                <th scope="col">"Run"</th> <th scope="col">"State"</th> <th scope="col">"Steps"</th>
                                <th scope="col">"Started"</th> <th scope="col">"By"</th> <th scope="col" class="r">"Took"</th>
                            </tr></thead>
                            <tbody>{move || runs.get().into_iter().map(|run| row(&slug.get_value(), run)).collect_view()}</tbody>
                        </table>
                    </div>
                }.into_any()
            }}
        </Panel>
    }
    .into_any()
}

fn row(slug: &str, run: RunSummary) -> AnyView {
    let standing = run_standing(run.state);
    let tone = standing.tone;
    let (done, total) = (u64::from(run.steps_done), u64::from(run.steps_total));
    let took = run
        .finished
        .as_deref()
        .map(|end| format::duration(format::between_ms(&run.started, end)));
    view! {
        <tr>
            <th scope="row">
                <a class="name" href=SystemPage::Run { run: run.number }.of(slug)>{format!("Run {}", run.number)}</a>
                <small>{run.title}</small>
            </th>
            <td>{state_badge(tone, standing.word)} {run.reason.map(|reason| view! { <small>{reason}</small> })}</td>
            <td class="pcell">
                <div class="prog">
                    <Progress label="Steps" value=Signal::stored(done) max=Signal::stored(total) tone=Signal::stored(tone)/>
                    <span class="lab"><span>{format::of(done, total)}</span></span>
                </div>
            </td>
            <td>{format::moment(&run.started)}</td>
            <td>{run.started_by}</td>
            <td class="r">{took.unwrap_or_else(|| "Not ended".into())}</td>
        </tr>
    }
    .into_any()
}
