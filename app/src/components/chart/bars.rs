//! Coverage as bars: assigned in colour, what has no organization hatched, the numbers beside.

use leptos::prelude::*;
use shared::coverage::{Coverage, GroupCoverage, ModelCoverage};

use super::layout::bar_parts;
use crate::format;

const WIDTH: f64 = 400.0;

/// One bar of assigned rows, its missing part hatched.
pub fn bar(name: &str, coverage: Coverage, class: &'static str) -> AnyView {
    let (filled, missing) = bar_parts(coverage.assigned, coverage.total, WIDTH);
    let label = format!(
        "{name}: {} records have an organization",
        format::of(coverage.assigned, coverage.total)
    );
    let id = format!("hatch-{}", crate::components::unique());
    let fill = format!("url(#{id})");
    view! {
        <svg class=format!("chart hbar {class}") viewBox="0 0 400 14" preserveAspectRatio="none" role="img" aria-label=label>
            <defs>
                <pattern id=id width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <rect class="hatch-bg" width="5" height="5"></rect><path class="hatch-ln" d="M0 0V5"></path>
                </pattern>
            </defs>
            <rect class="rail" width="400" height="14" rx="3"></rect>
            <rect class="s1" width=format!("{filled:.1}") height="14" rx="2"></rect>
            {(missing > 0.0).then(|| view! { <rect x=format!("{filled:.1}") width=format!("{missing:.1}") height="14" fill=fill></rect> })}
        </svg>
    }
    .into_any()
}

/// What the two parts of the bars mean, with their sums.
#[component]
pub fn CoverageLegend(
    /// The counted models together.
    #[prop(into)]
    all: Signal<Coverage>,
) -> impl IntoView {
    view! {
        <ul class="legend push">
            <li><svg class="chart" viewBox="0 0 12 12" aria-hidden="true"><rect class="s1" width="12" height="12"></rect></svg> "Assigned " {move || format::count(all.get().assigned)}</li>
            <li><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="hatch-bg" width="12" height="12"></rect><path class="hatch-ln" d="M-2 8 8-2M2 14 14 2" fill="none"></path></svg> "No organization " {move || format::count(all.get().missing())}</li>
        </ul>
    }
    .into_any()
}

/// A bar for each model. `grouped` puts them under the titles of their groups and shows the models that do not count
/// towards the total too, with the rule by which their rows find an organization.
#[component]
pub fn CoverageBars(
    /// The groups.
    #[prop(into)]
    groups: Signal<Vec<GroupCoverage>>,
    /// Under the titles of their groups, with every model.
    #[prop(optional)]
    grouped: bool,
) -> impl IntoView {
    move || {
        let groups = groups.get();
        if grouped {
            groups
                .into_iter()
                .map(|group| {
                    view! {
                        <div>
                            <h3 class="muted">{group.title}</h3>
                            <ul class="stack-sm gap-2 mt-1">{group.models.into_iter().map(|model| row(model, None)).collect_view()}</ul>
                        </div>
                    }
                })
                .collect_view()
                .into_any()
        } else {
            let rows = groups
                .into_iter()
                .flat_map(|group| {
                    let title = group.title;
                    group
                        .models
                        .into_iter()
                        .filter(|model| model.headline)
                        .map(move |model| row(model, Some(title.clone())))
                })
                .collect_view();
            view! { <ul class="stack-sm gap-2">{rows}</ul> }.into_any()
        }
    }
}

fn row(model: ModelCoverage, group: Option<String>) -> AnyView {
    let name = view! { <span><b>{model.label.clone()}</b> {group.map(|group| view! { " " <span class="muted">{group}</span> })}</span> };
    match model.coverage {
        Some(coverage) => {
            let complete = coverage.is_complete();
            view! {
                <li class="covrow" title=model.rule>
                    {name}
                    {bar(&model.label, coverage, "lg")}
                    <span>{format::of(coverage.assigned, coverage.total)}</span>
                    <span class=if complete { "pc" } else { "wrn strong" }>{format::percent(coverage)}</span>
                </li>
            }
            .into_any()
        }
        None => view! {
            <li class="covrow">
                {name}
                <span class="sm">"No organization column yet; then " {model.rule}</span>
                <span>{format::count(model.rows)}</span>
                <span class="pc">"rows"</span>
            </li>
        }
        .into_any(),
    }
}
