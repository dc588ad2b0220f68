//! A line over time with its last value at the end, and the same numbers as a table.

use leptos::html;
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use super::layout::{Frame, line_path, round_up, thinned};
use crate::components::icon::icon;

/// A dashed line with what happens there.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The value.
    pub at: f64,
    /// The words.
    pub words: String,
}

/// A line chart.
#[component]
pub fn LineChart(
    /// What is drawn, such as `Coverage during run 14`.
    #[prop(into)]
    title: Signal<String>,
    /// The finding, for people who do not see the line.
    #[prop(into)]
    finding: Signal<String>,
    /// Time and value of each point, in order of time.
    #[prop(into)]
    points: Signal<Vec<(f64, f64)>>,
    /// Words for a time.
    time_words: fn(f64) -> String,
    /// Words for a value.
    value_words: fn(f64) -> String,
    /// Head of the table's value column.
    value_title: &'static str,
    /// Largest value of the scale; a round one above the largest point when absent.
    #[prop(optional)]
    highest: Option<f64>,
    /// A threshold.
    #[prop(optional, into)]
    limit: Signal<Option<Limit>>,
    /// Height in pixels.
    #[prop(optional)]
    height: Option<f64>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let width = RwSignal::new(0.0_f64);
    measure(node, width);
    let height = height.unwrap_or(180.0);
    let number = crate::components::unique();
    let (title_id, desc_id) = (format!("chart-{number}"), format!("chart-{number}-finding"));
    let named = format!("{title_id} {desc_id}");
    let drawing = move || {
        let width = width.get();
        let points = points.get();
        (width > 0.0 && !points.is_empty()).then(|| {
            marks(
                &points,
                width,
                height,
                highest,
                limit.get(),
                time_words,
                value_words,
            )
        })
    };
    let rows = move || {
        points.with(|points| {
            thinned(points, 12)
                .into_iter()
                .map(|(time, value)| view! { <tr><td>{time_words(time)}</td><td class="r">{value_words(value)}</td></tr> })
                .collect_view()
        })
    };
    view! {
        <div node_ref=node>
            <svg class="chart measured" viewBox=move || format!("0 0 {:.0} {height:.0}", width.get().max(1.0)) role="img" aria-labelledby=named>
                <title id=title_id>{move || title.get()}</title>
                <desc id=desc_id>{move || finding.get()}</desc>
                {drawing}
            </svg>
        </div>
        <details class="astable mt-3">
            <summary>{icon("table")} "Show as table"</summary>
            <table class="t tight">
                <thead><tr><th scope="col">"Time"</th><th scope="col" class="r">{value_title}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}

fn marks(
    points: &[(f64, f64)],
    width: f64,
    height: f64,
    highest: Option<f64>,
    limit: Option<Limit>,
    time_words: fn(f64) -> String,
    value_words: fn(f64) -> String,
) -> AnyView {
    let frame = Frame {
        width,
        height,
        start: 46.0,
        end: 10.0,
        top: 20.0,
        bottom: 24.0,
    };
    let largest = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let top = highest.unwrap_or_else(|| round_up(largest));
    let from = points.first().map_or(0.0, |point| point.0);
    let to = points.last().map_or(1.0, |point| point.0);
    let (line, area) = line_path(points, from, to, top, &frame);
    let grid = (0..=4)
        .map(|quarter| {
            let share = f64::from(quarter) / 4.0;
            let y = frame.y(share);
            view! {
                <path class="grid" d=format!("M{:.1} {y:.1}H{:.1}", frame.x(0.0), frame.x(1.0))></path>
                <text class="t end" x=format!("{:.1}", frame.start - 8.0) y=format!("{:.1}", y + 4.0)>{value_words(top * share)}</text>
            }
        })
        .collect_view();
    let base = frame.y(0.0);
    // moments that read the same are written once
    let middle = time_words(from + (to - from) * 0.5);
    let ends = [(0.0, "t start"), (0.5, "t mid"), (1.0, "t end")];
    let times = ends
        .into_iter()
        .filter(|(share, _)| match *share {
            0.0 => from < to,
            0.5 => middle != time_words(from) && middle != time_words(to),
            _ => true,
        })
        .map(|(share, class)| {
            let x = frame.x(share);
            view! {
                <path class="axis" d=format!("M{x:.1} {base:.1}v4")></path>
                <text class=class x=format!("{x:.1}") y=format!("{:.1}", base + 19.0)>{time_words(from + (to - from) * share)}</text>
            }
        })
        .collect_view();
    let limit = limit.map(|limit| {
        let y = frame.y((limit.at / top).min(1.0));
        view! {
            <path class="limit" d=format!("M{:.1} {y:.1}H{:.1}", frame.x(0.0), frame.x(1.0))></path>
            <text class="t limit-t start" x=format!("{:.1}", frame.x(0.0) + 4.0) y=format!("{:.1}", y - 5.0)>{limit.words}</text>
        }
    });
    let last = points.last().map(|(_, value)| {
        let (x, y) = (frame.x(1.0), frame.y((value / top).clamp(0.0, 1.0)));
        let below = if y < frame.top + 16.0 { y + 18.0 } else { y - 8.0 };
        view! {
            <circle class="dot s1" cx=format!("{x:.1}") cy=format!("{y:.1}") r="3"></circle>
            <text class="t strong end" x=format!("{:.1}", x - 8.0) y=format!("{below:.1}")>{value_words(*value)}</text>
        }
    });
    view! {
        {grid}
        <path class="axis" d=format!("M{:.1} {base:.1}H{:.1}", frame.x(0.0), frame.x(1.0))></path>
        {times} {limit}
        <path class="area s1" d=area></path>
        <path class="line s1" d=line></path>
        {last}
    }
    .into_any()
}

/// Keeps `width` at the width of the element, so that text stays at its size.
fn measure(node: NodeRef<html::Div>, width: RwSignal<f64>) {
    let watching = StoredValue::<Option<Watching>, LocalStorage>::new_local(None);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let changed = {
            let element = element.clone();
            Closure::<dyn Fn()>::new(move || {
                let now = f64::from(element.client_width());
                if width
                    .try_get_untracked()
                    .is_some_and(|before| (before - now).abs() > 0.5)
                {
                    width.set(now);
                }
            })
        };
        if let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            observer.observe(&element);
            watching.set_value(Some(Watching {
                observer,
                _changed: changed,
            }));
        }
    });
}

struct Watching {
    observer: web_sys::ResizeObserver,
    _changed: Closure<dyn Fn()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
