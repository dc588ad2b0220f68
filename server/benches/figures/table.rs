//! The report: Markdown tables that can stand in README as they are printed.

use std::sync::atomic::{AtomicU32, Ordering};

/// Prints a heading.
pub fn heading(title: &str) {
    println!("\n### {title}\n");
}

/// Prints a table; the first column is text, the others are figures.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let rule: Vec<&str> = (0..head.len())
        .map(|column| if column == 0 { "---" } else { "---:" })
        .collect();
    println!("| {} |", head.join(" | "));
    println!("| {} |", rule.join(" | "));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}

/// Says loudly what was left out, and why.
pub fn skipped(what: &str, why: &str) {
    println!("\n> **Not measured: {what}.** {why}");
}

/// Milliseconds with as many digits as they deserve.
pub fn milliseconds(duration: std::time::Duration) -> String {
    let value = duration.as_secs_f64() * 1000.0;
    if value < 10.0 {
        format!("{value:.1} ms")
    } else if value < 10_000.0 {
        format!("{value:.0} ms")
    } else {
        format!("{:.1} s", value / 1000.0)
    }
}

/// A whole number with thin groups, as a person reads it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A ratio, and whether it keeps its promise.
pub fn ratio(value: f64, limit: Limit) -> String {
    format!("{value:.2}×{}", mark(limit.is_kept(value)))
}

/// A promise and whether a figure keeps it: the last two cells of a row.
pub fn promise(text: &str, is_kept: bool) -> [String; 2] {
    let mark = mark(is_kept).trim();
    let word = if mark.is_empty() { "kept" } else { mark };
    [text.to_owned(), word.to_owned()]
}

/// Counts a promise, and marks one that is missed.
fn mark(is_kept: bool) -> &'static str {
    let counter = if is_kept { &KEPT } else { &MISSED };
    counter.fetch_add(1, Ordering::Relaxed);
    if is_kept { "" } else { " **missed**" }
}

/// Says how many of the promises that were measured are kept.
pub fn total() {
    let (kept, missed) = (KEPT.load(Ordering::Relaxed), MISSED.load(Ordering::Relaxed));
    println!(
        "\n{kept} of {} promises that were measured are kept.",
        kept + missed
    );
}

static KEPT: AtomicU32 = AtomicU32::new(0);
static MISSED: AtomicU32 = AtomicU32::new(0);

/// What was promised of a ratio.
#[derive(Clone, Copy)]
pub enum Limit {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}

impl Limit {
    fn is_kept(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}
