//! Availability by day: a bar for each, whose length as well as colour tells the day, and the days with an outage as a table.

use leptos::prelude::*;
use shared::health::{HealthDay, HealthView};

use super::percent;
use crate::components::{Panel, icon};
use crate::format;

/// Height of the bars; their width is one.
const HEIGHT: f64 = 30.0;

/// The panel.
pub(super) fn days_panel(view: Memo<HealthView>) -> AnyView {
    let days = Memo::new(move |_| view.with(|view| view.days.clone()));
    let finding = Signal::derive(move || {
        days.with(|days| {
            let measured = days.iter().filter(|day| day.measured_seconds > 0).count();
            let bad = days.iter().filter(|day| day.bad_seconds > 0).count();
            format!(
                "Measured on {} of {}; {} with an outage.",
                measured,
                format::counted(days.len() as u64, "day", "days"),
                format::counted(bad as u64, "day", "days")
            )
        })
    });
    let zone = Signal::derive(move || view.with(|view| format!("Days in {}", view.zone)));
    let bars = move || {
        days.with(|days| {
            days.iter()
                .enumerate()
                .map(|(place, day)| bar(place, day))
                .collect_view()
        })
    };
    let rows = move || {
        days.with(|days| {
            days.iter()
                .rev()
                .filter(|day| day.bad_seconds > 0)
                .map(row)
                .collect_view()
        })
    };
    let any_bad = Memo::new(move |_| days.with(|days| days.iter().any(|day| day.bad_seconds > 0)));
    view! {
        <Panel title="Availability, 90 days" note=zone>
            <div class="body">
                <p class="sm">{move || finding.get()}</p>
                <svg class="chart days" viewBox=move || format!("0 0 {} {HEIGHT}", days.with(Vec::len).max(1)) preserveAspectRatio="none" role="img" aria-labelledby="days-title days-finding">
                    <title id="days-title">"Availability by day"</title>
                    <desc id="days-finding">{move || finding.get()}</desc>
                    {bars}
                </svg>
                <p class="sm ends"><span>"90 days ago"</span><span>"Today"</span></p>
                {move || any_bad.get().then(|| view! {
                    <details class="astable mt-3">
                        <summary>{icon("table")} "Show days with an outage"</summary>
                        <table class="t tight">
                            <thead><tr><th scope="col">"Day"</th><th scope="col" class="r">"Available"</th><th scope="col" class="r">"Not available"</th><th scope="col" class="r">"Mean time to answer"</th></tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </details>
                })}
            </div>
        </Panel>
    }
    .into_any()
}

fn available(day: &HealthDay) -> f64 {
    day.measured_seconds.saturating_sub(day.bad_seconds) as f64 * 100.0
        / (day.measured_seconds.max(1)) as f64
}

/// Class and length of a day's bar.
fn drawn(day: &HealthDay) -> (&'static str, f64) {
    match available(day) {
        _ if day.measured_seconds == 0 => ("none", 0.12),
        share if share >= 99.99 => ("ok", 1.0),
        share if share >= 99.0 => ("warn", 0.7),
        _ => ("off", 0.4),
    }
}

fn bar(place: usize, day: &HealthDay) -> AnyView {
    let (class, share) = drawn(day);
    let height = HEIGHT * share;
    view! {
        <rect class=class x=format!("{:.2}", place as f64 + 0.15) y=format!("{:.1}", HEIGHT - height) width="0.7" height=format!("{height:.1}")></rect>
    }
    .into_any()
}

fn row(day: &HealthDay) -> AnyView {
    let answer = day
        .response_ms
        .map_or_else(|| "None".into(), |ms| format::duration(ms.into()));
    view! {
        <tr>
            <th scope="row">{day.day.clone()}</th>
            <td class="r">{percent(available(day))}</td>
            <td class="r">{format::duration(day.bad_seconds * 1000)}</td>
            <td class="r">{answer}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(measured_seconds: u64, bad_seconds: u64) -> HealthDay {
        HealthDay {
            day: "2026-11-20".into(),
            measured_seconds,
            bad_seconds,
            slow_seconds: 0,
            response_ms: None,
        }
    }

    #[test]
    fn a_day_without_a_sample_is_neither_good_nor_bad() {
        assert_eq!(drawn(&day(0, 0)).0, "none");
        assert_eq!(drawn(&day(86_400, 0)).0, "ok");
        assert_eq!(drawn(&day(86_400, 60)).0, "warn");
        assert_eq!(drawn(&day(86_400, 7200)).0, "off");
    }
}
