//! The plan of the next run: what will happen, preflight, and the start.

mod preview;
mod start;

use leptos::prelude::*;
use shared::event::Topic;
use shared::plan::{Finding, PlanView};
use shared::system::Tone;

use self::preview::{preflight_panel, steps_panel};
use self::start::{Start, start_actions};
use crate::api;
use crate::components::{
    Approvals, Note, PageHead, RefusalNote, SqlDrawer, Stat, Stats, StepSql, icon, state_badge,
};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::submission::Submission;

/// Preview, preflight and start.
#[component]
pub fn PlanPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let plan = load(
        &[
            Topic::Run,
            Topic::Approvals,
            Topic::Checklist,
            Topic::Coverage,
        ],
        move || {
            let system = slug.get_value();
            async move { api::plan(&system).await }
        },
    );
    let preflight = Submission::new();
    let start = Start::new(slug, plan, preflight);
    let title = Signal::derive(move || {
        plan.with(|plan| {
            plan.map_or_else(
                || "New run".to_string(),
                |plan| format!("New run: {}", plan.title),
            )
        })
    });
    let badges = move || plan.with(|plan| plan.map(|plan| badge(plan, start.open_run())));
    let meta = move || {
        plan.with(|plan| {
            plan.map(|plan| {
                let short: String = plan.fingerprint.chars().take(12).collect();
                view! {
                    <span>{icon("book")} "Playbook " <b>{plan.playbook.clone()}</b></span>
                    <span title=plan.fingerprint.clone()>{icon("shield")} "Fingerprint " <b class="mono">{short}</b></span>
                }
            })
        })
    };
    view! {
        <PageHead title=title tab=Signal::derive(|| "New run".to_string()) badges=badges meta=meta sub="Nothing has been changed yet. A run executes exactly this plan, or refuses because the database changed meanwhile.">
            {start_actions(start)}
        </PageHead>
        {plan.view("plan", move |plan| body(start, plan))}
    }
    .into_any()
}

fn badge(plan: &PlanView, open_run: Option<i64>) -> AnyView {
    if let Some(run) = open_run {
        return state_badge(Tone::Pending, format!("After run {run}"));
    }
    if !plan.refusals.is_empty() {
        return state_badge(Tone::Failed, "Can't run");
    }
    match &plan.preflight {
        Some(preflight) if preflight.passed => state_badge(Tone::Done, "Preflight passed"),
        Some(_) => state_badge(Tone::Gate, "Preflight failed"),
        None => state_badge(Tone::Pending, "Not checked yet"),
    }
}

fn body(start: Start, plan: Memo<PlanView>) -> AnyView {
    let place = location::current();
    let shown = place.query("sql");
    let open = RwSignal::new(shown.get_untracked().is_some());
    Effect::new(move |_| open.set(shown.get().is_some()));
    Effect::new(move |before: Option<bool>| {
        let now = open.get();
        if before == Some(true) && !now {
            place.set_query(&[("sql", "")]);
        }
        now
    });
    let sql = Signal::derive(move || {
        let key = shown.get().unwrap_or_default();
        plan.with(|plan| {
            plan.phases
                .iter()
                .flat_map(|phase| &phase.steps)
                .filter(|step| {
                    step.skipped.is_none() && (key == "all" || key.is_empty() || step.key == key)
                })
                .map(|step| StepSql {
                    key: step.key.clone(),
                    title: step.title.clone(),
                    note: Some(step.locks.clone()),
                    sql: step.sql.clone(),
                    undo_sql: step.undo_sql.clone(),
                })
                .collect::<Vec<_>>()
        })
    });
    let sql_title = Signal::derive(move || {
        let steps = sql.with(Vec::len);
        if steps == 1 {
            "SQL of this step".to_string()
        } else {
            format!("SQL of {steps} steps")
        }
    });
    let steps = Signal::derive(move || {
        plan.with(|plan| {
            plan.phases
                .iter()
                .map(|phase| {
                    phase
                        .steps
                        .iter()
                        .filter(|step| step.skipped.is_none())
                        .count() as u64
                })
                .sum::<u64>()
        })
    });
    let skipped = Signal::derive(move || {
        plan.with(|plan| {
            plan.phases
                .iter()
                .map(|phase| {
                    phase
                        .steps
                        .iter()
                        .filter(|step| step.skipped.is_some())
                        .count() as u64
                })
                .sum::<u64>()
        })
    });
    let final_steps = Signal::derive(move || {
        plan.with(|plan| {
            plan.phases
                .iter()
                .flat_map(|phase| &phase.steps)
                .filter(|step| step.point_of_no_return && step.skipped.is_none())
                .count() as u64
        })
    });
    let file_name = format!("{}-plan.sql", start.system());
    let approved_by_a_second = Memo::new(move |_| plan.with(|plan| plan.needs_approval));
    view! {
        {move || findings(plan.with(|plan| plan.refusals.clone()), "failed")}
        {move || findings(plan.with(|plan| plan.warnings.clone()), "gate")}
        <Stats label="Plan at a glance">
            <Stat label="Steps to run" value=Signal::derive(move || format::count(steps.get()))>
                {move || format!("{} have nothing to do", format::count(skipped.get()))}
            </Stat>
            <Stat label="Rows to write" value=Signal::derive(move || format::count(plan.with(|plan| plan.rows_to_write)))>"Estimated from row counts"</Stat>
            <Stat label="Points of no return" value=Signal::derive(move || format::count(final_steps.get()))>
                {move || if final_steps.get() == 0 { "Every step can be undone" } else { "A verified backup comes before each" }}
            </Stat>
            <Stat label="Second administrator" value=Signal::derive(move || if plan.with(|plan| plan.needs_approval) { "Has to approve".into() } else { "Not needed".to_string() })>
                "As configured"
            </Stat>
        </Stats>
        <RefusalNote submission=start.asking() />
        {move || approved_by_a_second.get().then(|| view! { <Approvals system=Signal::derive(move || start.system()) /> })}
        {preflight_panel(start, plan)}
        {steps_panel(plan)}
        <SqlDrawer open title=sql_title steps=sql file_name/>
    }
    .into_any()
}

/// What the plan found: one note each while they are few, else one note for all with the same thing to do.
fn findings(findings: Vec<Finding>, state: &'static str) -> AnyView {
    let picture = if state == "failed" { "failed" } else { "warn" };
    let sentence = |finding: &Finding| {
        let place = finding
            .line
            .map(|line| format!(" (line {line} of the playbook)"));
        format!("{}{}", finding.message, place.unwrap_or_default())
    };
    if findings.len() <= FEW {
        return findings
            .into_iter()
            .map(|finding| {
                let title = sentence(&finding);
                view! { <Note state picture title>{finding.remedy}</Note> }
            })
            .collect_view()
            .into_any();
    }
    let title = format!(
        "{} to read",
        format::counted(findings.len() as u64, "finding", "findings")
    );
    let lines = findings
        .iter()
        .map(|finding| view! { <li>{sentence(finding)} " " {finding.remedy.clone()}</li> })
        .collect_view();
    let first = findings.first().map(sentence);
    view! {
        <Note state picture title>
            {first}
            <details class="more"><summary>"Show all"</summary><ul>{lines}</ul></details>
        </Note>
    }
    .into_any()
}

// more notes than these push the plan out of sight
const FEW: usize = 3;
