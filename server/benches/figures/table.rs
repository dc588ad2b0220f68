//! The report: Markdown tables that can stand in README as they are printed.

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
    let kept = match limit {
        Limit::AtMost(most) => value <= most,
        Limit::AtLeast(least) => value >= least,
    };
    format!("{value:.2}×{}", if kept { "" } else { " **missed**" })
}

/// What was promised of a ratio.
#[derive(Clone, Copy)]
pub enum Limit {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
}
