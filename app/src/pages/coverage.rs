//! Coverage: by app and model, over time, and the rows that no rule could place.

mod rule;
mod selection;
mod unassigned;

use leptos::prelude::*;
use shared::coverage::{Coverage, CoveragePoint, CoverageView};
use shared::event::Topic;
use shared::system::Tone;

use self::unassigned::unassigned_panel;
use crate::api;
use crate::components::{
    CoverageBars, CoverageLegend, DownloadLink, Limit, LineChart, PageHead, Panel, Segment, icon,
    state_badge,
};
use crate::format;
use crate::loader::{Loaded, load};

/// Coverage of one system.
#[component]
pub fn CoveragePage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let coverage = load(&[Topic::Coverage, Topic::Run], move || {
        let system = slug.get_value();
        async move { api::coverage(&system).await }
    });
    let all = move || {
        coverage.with(|coverage| {
            coverage
                .filter(|coverage| measured(coverage))
                .map(|coverage| coverage.all)
        })
    };
    let badges = move || {
        all().map(|all| match all.missing() {
            0 => state_badge(Tone::Done, "All records have an organization"),
            missing => state_badge(
                Tone::Gate,
                format!("{} left", format::of(missing, all.total)),
            ),
        })
    };
    let sub = Signal::derive(move || {
        coverage.with(|coverage| {
            let measured = coverage.map_or_else(String::new, |coverage| format!(" Counted in the database itself, last at {}.", format::clock(&coverage.measured)));
            format!("Every record needs an organization before the field can be made required.{measured}")
        })
    });
    let tab = Signal::derive(move || {
        all().map_or_else(
            || "Coverage".to_string(),
            |all| format!("{} coverage", format::percent(all)),
        )
    });
    let primary = move || {
        let left = coverage.with(|coverage| coverage.map_or(0, undecided));
        (left > 0).then(|| {
            let words = format!("Review {}", format::counted(left, "record", "records"));
            view! { <a class="btn primary" href="#left">{words} {icon("arrow")}</a> }
        })
    };
    view! {
        <PageHead title="Coverage" tab=tab badges=badges sub=sub>
            <DownloadLink label="Export CSV" href=api::coverage_file(&slug.get_value())/>
            {primary}
        </PageHead>
        {coverage.view("coverage", move |view| body(slug, coverage, view))}
    }
    .into_any()
}

/// Records that a person has to decide on: a model without the column yet has none.
fn undecided(coverage: &CoverageView) -> u64 {
    coverage
        .groups
        .iter()
        .flat_map(|group| &group.models)
        .filter_map(|model| Some(model.coverage?.missing()))
        .sum()
}

/// Whether any model has its organization column already.
fn measured(coverage: &CoverageView) -> bool {
    coverage
        .groups
        .iter()
        .flat_map(|group| &group.models)
        .any(|model| model.coverage.is_some())
}

fn body(
    slug: StoredValue<String>,
    loaded: Loaded<CoverageView>,
    view: Memo<CoverageView>,
) -> AnyView {
    let groups = Signal::derive(move || view.with(|view| view.groups.clone()));
    let all = Signal::derive(move || view.with(|view| view.all));
    view! {
        <div class="cols cols-7-5 stretch">
            <Panel title="By app and model" aside=move || view! { <CoverageLegend all/> }>
                <div class="body stack-sm gap-3"><CoverageBars groups grouped=true/></div>
            </Panel>
            {over_time(view)}
        </div>
        {unassigned_panel(slug, loaded, view)}
    }
    .into_any()
}

/// Coverage over time: of the newest run, or of all that was measured.
fn over_time(view: Memo<CoverageView>) -> AnyView {
    let range = RwSignal::new(String::from("run"));
    let newest_run =
        Memo::new(move |_| view.with(|view| view.history.iter().rev().find_map(|point| point.run)));
    let options = Signal::derive(move || {
        newest_run.get().map_or_else(Vec::new, |_| {
            vec![
                ("run".to_string(), "Run".to_string(), None),
                ("all".into(), "All".into(), None),
            ]
        })
    });
    let points = Signal::derive(move || {
        let run = newest_run.get().filter(|_| range.get() == "run");
        view.with(|view| {
            view.history
                .iter()
                .filter(|point| run.is_none() || point.run == run)
                .filter_map(place)
                .collect::<Vec<_>>()
        })
    });
    let title = Signal::derive(
        move || match newest_run.get().filter(|_| range.get() == "run") {
            Some(run) => format!("During run {run}"),
            None => "Over time".into(),
        },
    );
    let finding = Signal::derive(move || {
        points.with(|points| match (points.first(), points.last()) {
            (Some(first), Some(last)) => format!(
                "Coverage goes from {:.1} percent at {} to {:.1} percent at {}. The gate needs 100 percent.",
                first.1, format::clock_of_ms(first.0), last.1, format::clock_of_ms(last.0)
            ),
            _ => "Nothing was measured yet.".into(),
        })
    });
    let aside = move || {
        (!options.with(Vec::is_empty)).then(|| view! { <div class="push"><Segment label="Range" options chosen=range on_choose=move |value| range.set(value)/></div> })
    };
    let none = move || points.with(Vec::is_empty);
    view! {
        <Panel title=title aside=aside>
            <div class="body">
                {move || none().then(|| view! { <p class="sm">"Measured as soon as the organization column exists."</p> })}
                <div hidden=none>
                    <LineChart
                        title finding points highest=100.0 height=222.0
                        limit=Some(Limit { at: 100.0, words: "Gate opens at 100%".into() })
                        time_words=format::clock_of_ms value_words=|value| format!("{:.1}%", (value * 10.0).floor() / 10.0) value_title="Coverage"
                    />
                </div>
            </div>
        </Panel>
    }
    .into_any()
}

fn place(point: &CoveragePoint) -> Option<(f64, f64)> {
    let time = format::epoch_ms(&point.at)? as f64;
    Some((time, Coverage::percent(point.all)))
}
