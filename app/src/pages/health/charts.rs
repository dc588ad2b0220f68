//! The charts of the health page: time to answer, bad samples, the database; runs and switches on their time axis.

use leptos::prelude::*;
use shared::health::{Baseline, HealthPoint, HealthView};

use super::baselines::compared;
use crate::components::{Band, Happened, Limit, LineChart, Panel};
use crate::format;

const HEIGHT: f64 = 206.0;

/// Time to answer with the range that is usual.
pub(super) fn response_panel(view: Memo<HealthView>, long: bool) -> AnyView {
    let points = points(view, |point| point.response_ms.map(f64::from));
    let baseline = compared(view);
    let band = Signal::derive(move || {
        baseline.get().map(|baseline| Band {
            low: baseline.p10_ms.into(),
            high: baseline.p90_ms.into(),
            words: format!("Usual: {} to {} ms", baseline.p10_ms, baseline.p90_ms),
        })
    });
    let limit = Signal::derive(move || {
        let slow = view.with(|view| f64::from(view.limits.slow_ms));
        // far below it the line would only be pressed flat
        let near = points.with(|points| points.iter().any(|(_, ms)| *ms * 3.0 >= slow));
        near.then(|| Limit {
            at: slow,
            words: format!("Slow above {}", milliseconds(slow)),
        })
    });
    let finding = Signal::derive(move || {
        let (last, longest) = view.with(|view| {
            let last = view.points.iter().rev().find_map(|point| point.response_ms);
            (
                last,
                view.points
                    .iter()
                    .filter_map(|point| point.response_max_ms)
                    .max(),
            )
        });
        match (last, longest) {
            (Some(last), Some(longest)) => {
                let usual = baseline.get().map_or_else(String::new, |usual| {
                    format!(
                        " {} took {} milliseconds half the time.",
                        usual.name, usual.p50_ms
                    )
                });
                format!("Last {last} milliseconds, at most {longest} in this range.{usual}")
            }
            _ => "Nothing answered in this range.".into(),
        }
    });
    chart(
        view,
        Chart {
            title: "Time to answer",
            value_title: "Mean",
            points,
            finding,
            band,
            limit,
            long,
            value_words: milliseconds,
            highest: None,
        },
    )
}

/// Share of bad samples.
pub(super) fn errors_panel(view: Memo<HealthView>, long: bool) -> AnyView {
    let points = points(view, |point| {
        (point.samples > 0).then(|| f64::from(point.bad) * 100.0 / f64::from(point.samples))
    });
    let baseline = compared(view);
    let band = Signal::derive(move || {
        baseline.get().map(|baseline: Baseline| Band {
            low: 0.0,
            high: baseline.bad_percent,
            words: format!("Usual: up to {}", percent(baseline.bad_percent)),
        })
    });
    let finding = Signal::derive(move || {
        view.with(|view| {
            let bad: u32 = view.points.iter().map(|point| point.bad).sum();
            let all: u32 = view.points.iter().map(|point| point.samples).sum();
            format!("{} samples were bad.", format::of(bad.into(), all.into()))
        })
    });
    chart(
        view,
        Chart {
            title: "Bad samples",
            value_title: "Bad",
            points,
            finding,
            band,
            limit: Signal::stored(None),
            long,
            value_words: percent,
            highest: Some(100.0),
        },
    )
}

/// Errors that the application counts itself; nothing when it counted none.
pub(super) fn counted_panel(view: Memo<HealthView>, long: bool) -> AnyView {
    let points = points(view, |point| {
        (point.samples > 0).then(|| f64::from(point.errors))
    });
    let all = Memo::new(move |_| {
        view.with(|view| {
            let errors = view.points.iter().map(|point| u64::from(point.errors));
            errors.sum::<u64>()
        })
    });
    let finding = Signal::derive(move || {
        let counted = format::counted(all.get(), "error", "errors");
        format!("The application counted {counted} in this range.")
    });
    (move || {
        (all.get() > 0).then(|| {
            chart(
                view,
                Chart {
                    title: "Errors",
                    value_title: "New errors",
                    points,
                    finding,
                    band: Signal::stored(None),
                    limit: Signal::stored(None),
                    long,
                    value_words: whole,
                    highest: None,
                },
            )
        })
    })
    .into_any()
}

/// Time of a question to the database; nothing when there was none.
pub(super) fn database_panel(view: Memo<HealthView>, long: bool) -> AnyView {
    let points = points(view, |point| point.database_ms.map(f64::from));
    let any = Memo::new(move |_| points.with(|points| points.iter().any(|(_, ms)| ms.is_finite())));
    let finding = Signal::derive(move || {
        points.with(|points| {
            let longest = points.iter().map(|point| point.1).fold(0.0, f64::max);
            format!("Up to {} in this range.", milliseconds(longest))
        })
    });
    (move || {
        any.get().then(|| {
            chart(
                view,
                Chart {
                    title: "Database",
                    value_title: "Mean",
                    points,
                    finding,
                    band: Signal::stored(None),
                    limit: Signal::stored(None),
                    long,
                    value_words: milliseconds,
                    highest: None,
                },
            )
        })
    })
    .into_any()
}

struct Chart {
    title: &'static str,
    value_title: &'static str,
    points: Signal<Vec<(f64, f64)>>,
    finding: Signal<String>,
    band: Signal<Option<Band>>,
    limit: Signal<Option<Limit>>,
    long: bool,
    value_words: fn(f64) -> String,
    highest: Option<f64>,
}

fn chart(view: Memo<HealthView>, drawn: Chart) -> AnyView {
    let Chart {
        title,
        value_title,
        points,
        finding,
        band,
        limit,
        long,
        value_words,
        highest,
    } = drawn;
    let none = Memo::new(move |_| points.with(Vec::is_empty));
    let happened = happened(view);
    let span = Signal::derive(move || {
        view.with(|view| {
            let from = format::epoch_ms(&view.from)?;
            let to = format::epoch_ms(&view.to)?;
            Some((from as f64, to as f64))
        })
    });
    let time_words = if long {
        format::day_of_ms
    } else {
        format::minute_of_ms
    };
    let line = move || {
        match highest {
        Some(highest) => view! { <LineChart title finding points band limit happened span highest height=HEIGHT time_words value_words value_title/> }.into_any(),
        None => view! { <LineChart title finding points band limit happened span height=HEIGHT time_words value_words value_title/> }.into_any(),
    }
    };
    view! {
        <Panel title=title>
            <div class="body">
                <p class="sm">{move || finding.get()}</p>
                {move || if none.get() { view! { <p class="sm">"No sample was taken in this range."</p> }.into_any() } else { line() }}
            </div>
        </Panel>
    }
    .into_any()
}

/// Points of the chart. A stretch without an answer, and one in which nobody measured, is a gap.
fn points(
    view: Memo<HealthView>,
    value: fn(&HealthPoint) -> Option<f64>,
) -> Signal<Vec<(f64, f64)>> {
    Signal::derive(move || {
        view.with(|view| {
            let span = format::epoch_ms(&view.from)
                .zip(format::epoch_ms(&view.to))
                .map_or(0, |(from, to)| to - from);
            // two samples that are missing, or two points of a chart that has at most 400
            let gap = (i64::from(view.limits.interval_seconds) * 3000).max(span / 100);
            let mut points: Vec<(f64, f64)> = Vec::with_capacity(view.points.len());
            for point in &view.points {
                let Some(at) = format::epoch_ms(&point.at) else {
                    continue;
                };
                let at = at as f64;
                if let Some((before, _)) = points.last().copied()
                    && at - before > gap as f64
                {
                    points.push((before, f64::NAN));
                }
                points.push((at, value(point).unwrap_or(f64::NAN)));
            }
            points
        })
    })
}

fn happened(view: Memo<HealthView>) -> Signal<Vec<Happened>> {
    Signal::derive(move || {
        view.with(|view| {
            view.marks
                .iter()
                .filter_map(|mark| {
                    Some(Happened {
                        from: format::epoch_ms(&mark.at)? as f64,
                        until: mark
                            .until
                            .as_deref()
                            .and_then(format::epoch_ms)
                            .map(|at| at as f64),
                        words: mark.title.clone(),
                    })
                })
                .collect()
        })
    })
}

fn milliseconds(ms: f64) -> String {
    format::duration(ms.max(0.0) as u64)
}

fn whole(number: f64) -> String {
    format::count(number.max(0.0) as u64)
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 10.0 {
        format!("{share:.1}%")
    } else {
        format!("{share:.0}%")
    }
}
