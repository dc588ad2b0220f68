//! Measured health: what the probes say now, how the application answered over time, and what is usual for it.

mod baselines;
mod charts;
mod days;

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::health::{HealthView, Judgement, ProbeView, Verdict};
use shared::system::Tone;

use self::baselines::{CaptureDialog, baselines_panel};
use self::charts::{counted_panel, database_panel, errors_panel, response_panel};
use self::days::days_panel;
use crate::api;
use crate::components::{ActionButton, Empty, PageHead, Panel, Segment, Stat, Stats, state_badge};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::session;

/// Ranges to choose from: hours and words.
const RANGES: [(u32, &str); 4] = [(1, "Hour"), (24, "Day"), (168, "Week"), (2160, "90 days")];
const A_DAY: u32 = 24;

/// The page.
#[component]
pub fn HealthPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let slug = StoredValue::new(system);
    let asked = location::current().query("range");
    let hours = Memo::new(move |_| {
        let asked = asked.get().and_then(|range| range.parse().ok());
        RANGES
            .map(|(hours, _)| hours)
            .into_iter()
            .find(|hours| Some(*hours) == asked)
            .unwrap_or(A_DAY)
    });
    let loaded = load(&[Topic::Health], move || {
        let (system, hours) = (slug.get_value(), hours.get());
        async move { api::health(&system, hours).await }
    });
    let badges = move || {
        loaded.with(|view| {
            view.filter(|view| view.not_measured.is_none())
                .map(|view| judgement_badge(&view.now))
        })
    };
    let sub = Signal::derive(move || {
        loaded.with(|view| view.map(|view| view.now.reason.clone()).unwrap_or_default())
    });
    let capturing = RwSignal::new(false);
    let refused = Signal::derive(move || {
        session::current().refusal(Role::Operator).or_else(|| {
            loaded
                .with(|view| view.is_some_and(|view| view.not_measured.is_some()))
                .then(|| "Nothing is measured.".to_owned())
        })
    });
    view! {
        <PageHead title="Health" badges=badges sub=sub>
            <ActionButton label="Capture a baseline" picture="flag" refused reason_elsewhere=true on_press=move || capturing.set(true)/>
        </PageHead>
        {loaded.view("health", move |view| {
            let measured = Memo::new(move |_| view.with(|view| view.not_measured.clone()));
            (move || match measured.get() {
                Some(why) => view! {
                    <section class="panel" aria-label="Health">
                        <Empty picture="pulse" title="Nothing is measured" text=format!("{why} Name the address that says how the application is, and it is asked again and again.")/>
                    </section>
                }
                .into_any(),
                None => body(view, hours),
            })
            .into_any()
        })}
        <CaptureDialog slug loaded open=capturing/>
    }
    .into_any()
}

fn body(view: Memo<HealthView>, hours: Memo<u32>) -> AnyView {
    let options = Signal::stored(
        RANGES
            .map(|(hours, words)| (hours.to_string(), words.to_owned(), None))
            .to_vec(),
    );
    let chosen = Signal::derive(move || hours.get().to_string());
    let choose = |range: String| location::current().set_query(&[("range", &range)]);
    // drawn anew for another range only: the words of the time axis are of another kind
    let charts = move || {
        let long = hours.get() > A_DAY;
        view! {
            <div class="cols cols-2">
                {response_panel(view, long)}
                {errors_panel(view, long)}
            </div>
        }
    };
    view! {
        {glance(view)}
        <div class="row"><Segment label="Range of the charts" options chosen on_choose=choose/></div>
        {charts}
        <div class="cols cols-7-5 stretch">
            {probes_panel(view)}
            {baselines_panel(view)}
        </div>
        {days_panel(view)}
        {move || counted_panel(view, hours.get() > A_DAY)}
        {move || database_panel(view, hours.get() > A_DAY)}
    }
    .into_any()
}

/// The row of numbers.
fn glance(view: Memo<HealthView>) -> AnyView {
    let availability = Signal::derive(move || {
        view.with(|view| view.availability_percent)
            .map_or_else(|| "Not known yet".into(), percent)
    });
    let answer = Signal::derive(move || {
        view.with(|view| view.points.iter().rev().find_map(|point| point.response_ms))
            .map_or_else(|| "None".into(), |ms| format::duration(ms.into()))
    });
    let limit = move || {
        view.with(|view| {
            format!(
                "Slow above {}",
                format::duration(view.limits.slow_ms.into())
            )
        })
    };
    let bad = Signal::derive(move || {
        view.with(|view| {
            let count = |of: fn(&shared::health::HealthPoint) -> u32| -> u64 {
                view.points.iter().map(|point| u64::from(of(point))).sum()
            };
            format::of(count(|point| point.bad), count(|point| point.samples))
        })
    });
    let beat = Signal::derive(move || {
        view.with(|view| view.now.last_beat_ms).map_or_else(
            || "None yet".into(),
            |ms| format!("{} ago", format::duration(ms)),
        )
    });
    let due = move || {
        view.with(|view| {
            format!(
                "Due every {}",
                format::duration(u64::from(view.limits.interval_seconds) * 1000)
            )
        })
    };
    view! {
        <Stats label="Health at a glance">
            <Stat label="Available" value=availability>"In 90 days, of the time measured"</Stat>
            <Stat label="Last time to answer" value=answer>{limit}</Stat>
            <Stat label="Bad samples" value=bad>"In the range shown"</Stat>
            <Stat label="Watcher, last sample" value=beat>{due}</Stat>
        </Stats>
    }
    .into_any()
}

fn probes_panel(view: Memo<HealthView>) -> AnyView {
    let rows = move || {
        view.with(|view| view.probes.clone())
            .into_iter()
            .map(probe_row)
            .collect_view()
    };
    let note = Signal::derive(move || {
        view.with(|view| {
            format!(
                "Bad after {} in a row, good after {}",
                view.limits.bad_samples, view.limits.good_samples
            )
        })
    });
    view! {
        <Panel title="Probes" class="clip" note=note id="probes">
            <div class="scroll" tabindex="0" role="group" aria-labelledby="probes">
                <table class="t mid tight stackable">
                    <thead><tr><th scope="col">"Probe"</th><th scope="col">"Said last"</th><th scope="col">"Verdict"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Panel>
    }
    .into_any()
}

fn probe_row(probe: ProbeView) -> AnyView {
    let in_row = match (probe.good_in_row, probe.bad_in_row) {
        (0, 0) => None,
        (good, 0) => Some(format!("{} good in a row", format::count(good.into()))),
        (_, bad) => Some(format!("{} bad in a row", format::count(bad.into()))),
    };
    view! {
        <tr>
            <th scope="row">{probe.title}</th>
            <td>{probe.said} {in_row.map(|words| view! { <small class="detail">{words}</small> })}</td>
            <td>{verdict_badge(probe.verdict)}</td>
        </tr>
    }
    .into_any()
}

fn judgement_badge(now: &Judgement) -> AnyView {
    if now.verdict == Verdict::Good && now.slow {
        state_badge(Tone::Gate, "Slow")
    } else {
        verdict_badge(now.verdict)
    }
}

fn verdict_badge(verdict: Verdict) -> AnyView {
    match verdict {
        Verdict::Good => state_badge(Tone::Done, "Good"),
        Verdict::Bad => state_badge(Tone::Failed, "Bad"),
        Verdict::NotEnoughEvidence => state_badge(Tone::Pending, "Not enough evidence"),
    }
}

/// A share with as many decimals as it takes to tell it from 100.
fn percent(share: f64) -> String {
    if share >= 100.0 {
        "100%".into()
    } else {
        // cut, not rounded: 99.997 % is not all
        format!("{:.2}%", (share * 100.0).floor() / 100.0)
    }
}
