//! The drawing of a line chart: grid, axes, usual range, what happened, limit, line.

use leptos::prelude::*;

use super::layout::{Frame, line_path, round_up};

/// Least distance in pixels between the words of two marks on the time axis.
const APART: f64 = 64.0;
/// Room in pixels for one character on the axis of values.
const CHARACTER: f64 = 6.5;

/// A dashed line with what happens there.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The value.
    pub at: f64,
    /// The words.
    pub words: String,
}

/// A range of values that was usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The words.
    pub words: String,
}

/// Something on the time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// When it began.
    pub from: f64,
    /// When it ended; none: it goes on.
    pub until: Option<f64>,
    /// The words.
    pub words: String,
}

/// What is drawn.
pub(super) struct Plot {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) highest: Option<f64>,
    pub(super) limit: Option<Limit>,
    pub(super) band: Option<Band>,
    pub(super) happened: Vec<Happened>,
    pub(super) span: Option<(f64, f64)>,
    pub(super) time_words: fn(f64) -> String,
    pub(super) value_words: fn(f64) -> String,
}

impl Plot {
    pub(super) fn draw(self) -> AnyView {
        let Self {
            points,
            width,
            height,
            highest,
            limit,
            band,
            happened,
            span,
            time_words,
            value_words,
        } = self;
        // the largest of a number and of none is the number
        let largest = points.iter().map(|point| point.1).fold(0.0, f64::max);
        let largest = band.as_ref().map_or(largest, |band| largest.max(band.high));
        let top = highest.unwrap_or_else(|| round_up(largest));
        let widest = (0..=4)
            .map(|quarter| value_words(top * f64::from(quarter) / 4.0).chars().count())
            .max()
            .unwrap_or(0);
        let last = (points.iter().rev().copied()).find(|(_, value)| value.is_finite());
        let last_words = last.map_or_else(String::new, |(_, value)| value_words(value));
        let frame = Frame {
            width,
            height,
            start: (widest as f64 * CHARACTER + 14.0).max(46.0),
            // the last value stands after the end of the line, where nothing is drawn
            end: last_words.chars().count() as f64 * CHARACTER + 14.0,
            top: 20.0,
            bottom: 24.0,
        };
        let (from, to) = span.unwrap_or((
            points.first().map_or(0.0, |point| point.0),
            points.last().map_or(1.0, |point| point.0),
        ));
        let (line, area) = line_path(&points, from, to, top, &frame);
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
        // a line at the top for what is far above it would say that the values come near it
        let is_above = limit.at > top;
        let y = frame.y((limit.at / top).min(1.0));
        let words = if is_above { format!("{}, above this scale", limit.words) } else { limit.words };
        view! {
            {(!is_above).then(|| view! { <path class="limit" d=format!("M{:.1} {y:.1}H{:.1}", frame.x(0.0), frame.x(1.0))></path> })}
            <text class="t limit-t start" x=format!("{:.1}", frame.x(0.0) + 4.0) y=format!("{:.1}", y - 5.0)>{words}</text>
        }
    });
        let share =
            |time: f64| ((time - from) / (to - from).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        let band = band.map(|band| {
        let (upper, lower) = (frame.y((band.high / top).min(1.0)), frame.y((band.low / top).min(1.0)));
        view! {
            <rect class="band" x=format!("{:.1}", frame.x(0.0)) y=format!("{upper:.1}") width=format!("{:.1}", frame.x(1.0) - frame.x(0.0)) height=format!("{:.1}", (lower - upper).max(1.0))></rect>
            <text class="t start" x=format!("{:.1}", frame.x(0.0) + 4.0) y=format!("{:.1}", upper + 12.0)>{band.words}</text>
        }
    });
        let mut written = f64::NEG_INFINITY;
        let happened = happened
        .into_iter()
        .filter(|one| one.from <= to && one.until.is_none_or(|until| until >= from))
        .map(|one| {
            let (begin, end) = (frame.x(share(one.from)), frame.x(share(one.until.unwrap_or(to))));
            let words = (begin - written >= APART).then(|| {
                written = begin;
                // near the end the words stand before the mark
                let (class, x) = if begin > frame.x(0.8) { ("t strong end", begin - 4.0) } else { ("t strong start", begin + 4.0) };
                view! { <text class=class x=format!("{x:.1}") y=format!("{:.1}", frame.top - 8.0)>{one.words}</text> }
            });
            view! {
                <rect class="future" x=format!("{begin:.1}") y=format!("{:.1}", frame.top) width=format!("{:.1}", (end - begin).max(1.0)) height=format!("{:.1}", base - frame.top)></rect>
                <path class="mark" d=format!("M{begin:.1} {:.1}V{base:.1}", frame.top - 4.0)></path>
                {words}
            }
        })
        .collect_view();
        let last = last.map(|(time, value)| {
        let (x, y) = (frame.x(share(time)), frame.y((value / top).clamp(0.0, 1.0)));
        view! {
            <circle class="dot s1" cx=format!("{x:.1}") cy=format!("{y:.1}") r="3"></circle>
            <text class="t strong start" x=format!("{:.1}", x + 8.0) y=format!("{:.1}", y + 4.0)>{last_words}</text>
        }
    });
        view! {
        {band} {grid} {happened}
        <path class="axis" d=format!("M{:.1} {base:.1}H{:.1}", frame.x(0.0), frame.x(1.0))></path>
        {times} {limit}
        <path class="area s1" d=area></path>
        <path class="line s1" d=line></path>
        {last}
    }
    .into_any()
    }
}
