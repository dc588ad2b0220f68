//! The last 90 days of a system: bars of availability, a line of response times, and both as tables.

use maud::{Markup, html};
use shared::status::{DayState, PublicAvailability, PublicDay, PublicStatus};

use super::parts::{bad_days, bars, what_happened};
use crate::status::zoned::short_day;

/// Days with a problem that the table has, the last ones.
const BAD_DAYS: usize = 30;
/// Height of the line's picture, in its own units.
const HEIGHT: f64 = 60.0;

/// The last 90 days.
pub(super) fn availability(status: &PublicStatus) -> Markup {
    let Some(availability) = &status.availability else {
        return html! {};
    };
    let days = &availability.days;
    let first = days.first().map(|day| short_day(&day.day));
    let answered = days.iter().any(|day| day.response_ms.is_some());
    let bad = bad_days(days).count();
    html! {
        section aria-labelledby="days" {
            h2 #days { "Last 90 days" }
            (bars(&status.slug, &status.title, days, false))
            div.split {
                span { (first.unwrap_or_default()) }
                span { (worked(availability)) }
                span { "Today" }
            }
            @if answered { (responses(status, availability)) }
            @if bad > 0 || answered {
                details {
                    summary { "Show these days as tables" }
                    @if bad > 0 {
                        table.t {
                            caption { "Days with a problem" }
                            thead { tr { th scope="col" { "Day" } th scope="col" { "What happened" } } }
                            tbody { @for day in bad_days(days).take(BAD_DAYS) {
                                tr { th scope="row" { (short_day(&day.day)) } td { (what_happened(day)) } }
                            } }
                        }
                    }
                    @if bad > BAD_DAYS { p.sm { "And " (bad - BAD_DAYS) " earlier." } }
                    @if answered { (by_week(days)) }
                }
            }
        }
    }
}

/// The share of time in which it worked, in words.
pub(super) fn worked(availability: &PublicAvailability) -> String {
    let days = availability
        .days
        .iter()
        .filter(|day| day.state != DayState::NotMeasured)
        .count();
    match availability.percent {
        // rounded down: what failed for a minute never worked 100 % of the time
        Some(percent) => format!(
            "Working {:.2} % of the time measured on {days} {}",
            (percent * 100.0).floor() / 100.0,
            if days == 1 { "day" } else { "days" }
        ),
        None => "Nothing was measured yet".into(),
    }
}

/// The mean time to answer of each day, as a line; a day without an answer is a gap.
fn responses(status: &PublicStatus, availability: &PublicAvailability) -> Markup {
    let days = &availability.days;
    let id = format!("{}-answers", status.slug);
    let slowest = days
        .iter()
        .filter_map(|day| Some((day.response_ms?, day)))
        .max_by_key(|(ms, _)| *ms);
    let said = slowest.map(|(ms, day)| {
        format!(
            "On the slowest day, {}, it answered in {ms} ms on average.",
            short_day(&day.day)
        )
    });
    html! {
        svg.answers viewBox={ "0 0 " (days.len() * 8) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-labelledby={ (id) "-t " (id) "-d" } {
            title id={ (id) "-t" } { (status.title) ", time to answer, last 90 days" }
            @if let Some(said) = &said { desc id={ (id) "-d" } { (said) } }
            path d=(line(days)) {}
        }
        p.sm {
            @if let Some(today) = availability.response_ms { "It answers in " (today) " ms today, on average. " }
            @if let Some(said) = &said { (said) }
        }
    }
}

fn line(days: &[PublicDay]) -> String {
    let top = days.iter().filter_map(|day| day.response_ms).max();
    let top = f64::from(top.unwrap_or(0).max(1));
    let mut path = String::new();
    let mut drawn = false;
    for (place, day) in days.iter().enumerate() {
        let Some(ms) = day.response_ms else {
            drawn = false;
            continue;
        };
        // two units stay free above and below, for the width of the line
        let y = HEIGHT - 2.0 - (HEIGHT - 4.0) * f64::from(ms) / top;
        let x = place * 8 + 3;
        if drawn {
            path.push_str(&format!("L{x} {y:.0}"));
        } else {
            // a day alone between gaps is a dot
            path.push_str(&format!("M{x} {y:.0}h.1"));
        }
        drawn = true;
    }
    path
}

/// The same by week, the last one first.
fn by_week(days: &[PublicDay]) -> Markup {
    let weeks = days.rchunks(7).filter_map(|week| {
        let answers: Vec<u32> = week.iter().filter_map(|day| day.response_ms).collect();
        let sum: u64 = answers.iter().map(|ms| u64::from(*ms)).sum();
        let mean = sum.checked_div(answers.len() as u64)?;
        Some((
            week.first()?,
            week.last()?,
            mean,
            answers.iter().max()?.to_owned(),
        ))
    });
    html! {
        table.t {
            caption { "Time to answer, by week" }
            thead { tr {
                th scope="col" { "Days" } th.r scope="col" { "On average" } th.r scope="col" { "Slowest day" }
            } }
            tbody { @for (first, last, mean, slowest) in weeks {
                tr {
                    th scope="row" { (short_day(&first.day)) " to " (short_day(&last.day)) }
                    td.r { (mean) " ms" } td.r { (slowest) " ms" }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(answers: &[Option<u32>]) -> Vec<PublicDay> {
        (1..)
            .zip(answers)
            .map(|(day, response_ms)| PublicDay {
                day: format!("2026-11-{day:02}"),
                state: DayState::Worked,
                unavailable_minutes: 0,
                slow_minutes: 0,
                response_ms: *response_ms,
            })
            .collect()
    }

    #[test]
    fn a_day_without_an_answer_is_a_gap_and_a_day_alone_is_a_dot() {
        assert_eq!(
            line(&days(&[Some(100), Some(50), None, Some(100)])),
            "M3 2h.1L11 30M27 2h.1"
        );
        assert_eq!(line(&days(&[Some(0)])), "M3 58h.1");
        assert_eq!(line(&days(&[None])), "");
    }

    #[test]
    fn weeks_are_counted_from_today_and_weeks_without_an_answer_left_out() {
        let mut answers = vec![None; 7];
        answers.extend([Some(10); 6]);
        answers.push(Some(80));
        let table = by_week(&days(&answers)).into_string();
        assert!(
            table.contains(
                "<th scope=\"row\">8 Nov to 14 Nov</th><td class=\"r\">20 ms</td><td class=\"r\">80 ms</td>"
            ),
            "{table}"
        );
        assert!(!table.contains("1 Nov to"), "{table}");
    }
}
