//! A line over time with its last value at the end, and the same numbers as a table.

use leptos::html;
use leptos::prelude::*;
use leptos::reactive::owner::LocalStorage;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

use super::layout::thinned;
use super::plot::{Band, Happened, Limit, Plot};
use crate::components::icon::icon;

/// A line chart.
#[component]
pub fn LineChart(
    /// What is drawn, such as `Coverage during run 14`.
    #[prop(into)]
    title: Signal<String>,
    /// The finding, for people who do not see the line.
    #[prop(into)]
    finding: Signal<String>,
    /// Time and value of each point, in order of time. A value that is no number is a gap.
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
    /// The usual range, behind the line.
    #[prop(optional, into)]
    band: Signal<Option<Band>>,
    /// What happened meanwhile, on the time axis.
    #[prop(optional, into)]
    happened: Signal<Vec<Happened>>,
    /// First and last moment of the axis; those of the points when absent.
    #[prop(optional, into)]
    span: Signal<Option<(f64, f64)>>,
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
            Plot {
                points,
                width,
                height,
                highest,
                limit: limit.get(),
                band: band.get(),
                happened: happened.get(),
                span: span.get(),
                time_words,
                value_words,
            }
            .draw()
        })
    };
    let rows = move || {
        points.with(|points| {
            let measured: Vec<_> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
            thinned(&measured, 12)
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
