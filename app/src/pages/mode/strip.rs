//! The downtime strip: one bar for each second in which the application was asked.
//!
//! The layout is a pure function, so that it can be tested without a browser.

use leptos::prelude::*;

/// Width of the drawing in its own units; it is stretched to the panel.
const WIDTH: f64 = 1106.0;
/// Line on which the bars stand.
const BASE: f64 = 64.0;
/// Fewest seconds that the strip has room for, so that a short switch does not fill it at once.
const ROOM: usize = 60;

/// A bar of the strip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Left edge.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// Height above the base line.
    pub height: f64,
    /// Whether the application answered in that second.
    pub answered: bool,
}

/// A stretch of seconds without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// First second without an answer, from 0.
    pub from: usize,
    /// Seconds without an answer.
    pub seconds: usize,
}

/// Bars for the answers, left to right.
pub fn bars(answers: &[bool]) -> Vec<Bar> {
    let pitch = WIDTH / answers.len().max(ROOM) as f64;
    answers
        .iter()
        .enumerate()
        .map(|(second, answered)| Bar {
            x: second as f64 * pitch,
            width: (pitch - 1.4).max(0.6),
            height: if *answered { 26.0 } else { 14.0 },
            answered: *answered,
        })
        .collect()
}

/// Stretches without an answer, in order.
pub fn gaps(answers: &[bool]) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    for (second, answered) in answers.iter().enumerate() {
        if *answered {
            continue;
        }
        match found.last_mut() {
            Some(gap) if gap.from + gap.seconds == second => gap.seconds += 1,
            _ => found.push(Gap {
                from: second,
                seconds: 1,
            }),
        }
    }
    found
}

/// The finding of the strip as a sentence.
pub fn finding(answers: &[bool]) -> String {
    let missed = answers.iter().filter(|answered| !**answered).count();
    let asked = answers.len();
    match (asked, missed) {
        (0, _) => "The application has not been asked yet.".to_owned(),
        (_, 0) => format!("Asked {asked} times, one second apart; every request was answered."),
        _ => {
            let from = gaps(answers).first().map_or(0, |gap| gap.from);
            format!(
                "Asked {asked} times, one second apart; {missed} had no answer, the first at second {}.",
                from + 1
            )
        }
    }
}

/// The strip as a chart, with its finding as description and as a table.
#[component]
pub fn DowntimeStrip(
    /// One answer a second.
    answers: Vec<bool>,
) -> impl IntoView {
    let room = answers.len().max(ROOM);
    let pitch = WIDTH / room as f64;
    let asked_until = answers.len() as f64 * pitch;
    let marks = gaps(&answers)
        .into_iter()
        .map(|gap| {
            let x = gap.from as f64 * pitch;
            view! {
                <path class="mark" d=format!("M{x:.1} 30V{BASE}") />
                <text class="t strong" x=format!("{:.1}", x + 6.0) y="28">
                    {format!("No answer for {} s", gap.seconds)}
                </text>
            }
        })
        .collect_view();
    let drawn = bars(&answers)
        .into_iter()
        .map(|bar| {
            view! {
                <rect
                    class=if bar.answered { "s1" } else { "off" }
                    x=format!("{:.1}", bar.x)
                    y=format!("{:.1}", BASE - bar.height)
                    width=format!("{:.1}", bar.width)
                    height=format!("{:.1}", bar.height)
                    rx="1"
                />
            }
        })
        .collect_view();
    let ticks = (0..=4)
        .map(|tick| {
            let class = match tick {
                0 => "t start",
                4 => "t end",
                _ => "t mid",
            };
            view! {
                <text class=class x=format!("{:.1}", WIDTH * f64::from(tick) / 4.0) y="82">
                    {format!("{} s", room * tick as usize / 4)}
                </text>
            }
        })
        .collect_view();
    view! {
        <svg class="chart wide" viewBox="0 0 1106 86" role="img" aria-labelledby="strip-title strip-finding">
            <title id="strip-title">"One request a second"</title>
            <desc id="strip-finding">{finding(&answers)}</desc>
            <rect class="future" x=format!("{asked_until:.1}") y="12" width=format!("{:.1}", (WIDTH - asked_until).max(0.0)) height="52" />
            {drawn}
            <path class="axis" d="M0 64.5H1106" />
            {marks}
            {ticks}
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_switch_leaves_room_for_what_is_to_come() {
        let drawn = bars(&[true, false]);
        assert_eq!(drawn.len(), 2);
        assert!(drawn[1].x + drawn[1].width < WIDTH / 10.0);
    }

    #[test]
    fn a_long_switch_never_draws_beyond_its_edge() {
        let drawn = bars(&vec![false; 400]);
        let last = drawn[399];
        assert!(last.x + last.width <= WIDTH);
        assert!(drawn.iter().all(|bar| bar.width > 0.0));
    }

    #[test]
    fn each_stretch_without_an_answer_is_counted_once() {
        let answers = [true, false, false, true, false];
        assert_eq!(
            gaps(&answers),
            [
                Gap {
                    from: 1,
                    seconds: 2
                },
                Gap {
                    from: 4,
                    seconds: 1
                }
            ]
        );
        assert!(finding(&answers).contains("3 had no answer, the first at second 2"));
    }

    #[test]
    fn an_application_that_always_answered_is_said_to_have() {
        assert!(finding(&[true; 12]).contains("every request was answered"));
        assert!(gaps(&[true; 12]).is_empty());
    }
}
