//! Small parts of status pages: icons, times, bars, and the state words behind colours.

use maud::{Markup, PreEscaped, html};
use shared::status::{DayState, PublicDay, PublicState, WorkStage};

use crate::status::zoned::{Zone, short_day};

/// The icons that pages use, once a page.
pub(super) fn sprite() -> Markup {
    html! {
        svg.sprite aria-hidden="true" {
            (PreEscaped(concat!(
                "<symbol id=\"i-done\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5.75\"/><path d=\"m5.4 8.2 1.8 1.8 3.4-3.8\"/></symbol>",
                "<symbol id=\"i-running\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5.75\" opacity=\".35\"/><path d=\"M8 2.25A5.75 5.75 0 0 1 13.75 8\"/></symbol>",
                "<symbol id=\"i-pending\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5.75\" stroke-dasharray=\"2.2 2.3\"/></symbol>",
                "<symbol id=\"i-gate\" viewBox=\"0 0 16 16\"><path d=\"M8 1.6 14.4 8 8 14.4 1.6 8Z\"/><path d=\"M8 5v3.4M8 10.6v.1\"/></symbol>",
                "<symbol id=\"i-failed\" viewBox=\"0 0 16 16\"><path d=\"M5.4 1.9h5.2l3.5 3.5v5.2l-3.5 3.5H5.4l-3.5-3.5V5.4Z\"/><path d=\"m6 6 4 4m0-4-4 4\"/></symbol>",
                "<symbol id=\"i-rolledback\" viewBox=\"0 0 16 16\"><path d=\"M2.4 8a5.6 5.6 0 1 0 1.8-4.1\"/><path d=\"M4.3 1.2v3h3\"/></symbol>",
                "<symbol id=\"i-ended\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"5.75\"/><path d=\"M5.4 8h5.2\"/></symbol>",
                "<symbol id=\"i-cal\" viewBox=\"0 0 16 16\"><rect x=\"2.5\" y=\"3.3\" width=\"11\" height=\"10.2\" rx=\"1.2\"/><path d=\"M2.5 6.6h11M5.5 1.8v2.8M10.5 1.8v2.8\"/></symbol>",
            )))
        }
    }
}

/// An icon of the sprite; the word beside it says what it means.
pub(super) fn icon(name: &str) -> Markup {
    html! { svg.i aria-hidden="true" { (PreEscaped(format!("<use href=\"#i-{name}\"/>"))) } }
}

/// `data-state` of a system.
pub(super) fn tone(state: PublicState) -> &'static str {
    match state {
        PublicState::Working => "done",
        PublicState::Slow => "gate",
        PublicState::Maintenance => "running",
        PublicState::Unavailable => "failed",
        PublicState::Unknown => "pending",
    }
}

/// Icon of a system.
pub(super) fn state_icon(state: PublicState) -> &'static str {
    match state {
        PublicState::Maintenance => "cal",
        other => tone(other),
    }
}

/// `data-state`, icon and the word for those who see neither.
pub(super) fn stage(stage: WorkStage) -> (&'static str, &'static str) {
    match stage {
        WorkStage::Later => ("pending", "Later"),
        WorkStage::Now => ("running", "Now"),
        WorkStage::Waiting => ("gate", "Waiting"),
        WorkStage::Done => ("done", "Done"),
        WorkStage::Failed => ("failed", "Did not succeed"),
        WorkStage::TakenBack => ("rolledback", "Taken back"),
        WorkStage::Ended => ("ended", "Ended"),
    }
}

/// The state that decides about all.
pub(super) fn worst(states: &[PublicState]) -> PublicState {
    let order = [
        PublicState::Unavailable,
        PublicState::Maintenance,
        PublicState::Unknown,
        PublicState::Slow,
    ];
    order
        .into_iter()
        .find(|state| states.contains(state))
        .unwrap_or(if states.is_empty() {
            PublicState::Unknown
        } else {
            PublicState::Working
        })
}

/// A time in the zone of the system, named; a script adds the reader's own.
pub(super) fn time(rfc3339: &str, zone: &Zone) -> Markup {
    html! { (bare(rfc3339, zone, &zone.moment(rfc3339))) " " (name(zone)) }
}

/// From begin to end in the zone of the system, named once; a script adds the reader's own to both.
pub(super) fn range(from: &str, to: &str, zone: &Zone) -> Markup {
    let (begin, end) = zone.ends(from, to);
    html! { (bare(from, zone, &begin)) " to " (bare(to, zone, &end)) " " (name(zone)) }
}

/// Both ends of what is expected, in the zone of the system, named once.
pub(super) fn between(from: &str, to: &str, zone: &Zone) -> Markup {
    let words = |at| zone.moment(at);
    html! { (bare(from, zone, &words(from))) " and " (bare(to, zone, &words(to))) " " (name(zone)) }
}

fn bare(rfc3339: &str, zone: &Zone, words: &str) -> Markup {
    html! { time datetime=(rfc3339) data-zone=(zone.name()) { (words) } }
}

fn name(zone: &Zone) -> Markup {
    html! { span.zone { "(" (zone.name()) ")" } }
}

/// The bars of 90 days. Length as well as colour tells the day; what they say stands below them in words. All bars of a
/// state are one path: a list of many systems stays small.
pub(super) fn bars(slug: &str, title: &str, days: &[PublicDay], thin: bool) -> Markup {
    let height = if thin { 28.0 } else { 36.0 };
    let id = format!("{slug}-{}", if thin { "thin" } else { "days" });
    let path = |state: DayState, share: f64| -> String {
        let tall: f64 = height * share;
        days.iter()
            .enumerate()
            .filter(|(_, day)| day.state == state)
            .map(|(place, _)| format!("M{} {:.0}h6v{tall:.0}h-6z", place * 8, height - tall))
            .collect()
    };
    let paths = [
        ("d3", path(DayState::Worked, 1.0)),
        ("d2", path(DayState::Unavailable, 0.3)),
        ("d1", path(DayState::Slow, 0.62)),
        ("d0", path(DayState::NotMeasured, 0.08)),
    ];
    html! {
        svg.upbars.thin[thin] viewBox={ "0 0 " (days.len() * 8) " " (height) } preserveAspectRatio="none" role="img"
            aria-labelledby={ (id) "-t " (id) "-d" } {
            title id={ (id) "-t" } { (title) ", last 90 days" }
            desc id={ (id) "-d" } { (in_words(days)) }
            @for (class, path) in paths.iter().filter(|(_, path)| !path.is_empty()) { path class=(class) d=(path) {} }
        }
    }
}

/// What the bars say.
fn in_words(days: &[PublicDay]) -> String {
    let measured = days
        .iter()
        .filter(|day| day.state != DayState::NotMeasured)
        .count();
    let worked = days
        .iter()
        .filter(|day| day.state == DayState::Worked)
        .count();
    let mut words = format!("Worked on {worked} of {measured} measured days.");
    for day in bad_days(days).take(5) {
        words.push_str(&format!(
            " {}: {}.",
            short_day(&day.day),
            what_happened(day)
        ));
    }
    words
}

/// Days with a problem, newest first.
pub(super) fn bad_days(days: &[PublicDay]) -> impl Iterator<Item = &PublicDay> {
    days.iter()
        .rev()
        .filter(|day| matches!(day.state, DayState::Slow | DayState::Unavailable))
}

/// What was wrong on a day.
pub(super) fn what_happened(day: &PublicDay) -> String {
    let minutes = |count: u64| {
        if count == 1 {
            "1 minute".to_owned()
        } else {
            format!("{count} minutes")
        }
    };
    match (day.unavailable_minutes, day.slow_minutes) {
        (0, slow) => format!("slow for {}", minutes(slow)),
        (down, 0) => format!("not available for {}", minutes(down)),
        (down, slow) => format!(
            "not available for {}, slow for {}",
            minutes(down),
            minutes(slow)
        ),
    }
}
