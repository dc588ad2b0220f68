//! Numbers, times and durations as people read them: with unit, whole and thousands separated.

use shared::coverage::Coverage;

/// `38217` as `38,217`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `23 records`: a count with its noun.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `824 of 847`.
pub fn of(part: u64, whole: u64) -> String {
    format!("{} of {}", count(part), count(whole))
}

/// `1 of 1 step`, `3 of 87 steps`: a part of what is counted.
pub fn of_counted(part: u64, whole: u64, one: &str, many: &str) -> String {
    format!("{} of {}", count(part), counted(whole, one, many))
}

/// The kind of an organization as its application names it, to be read: `ministry` as `Ministry`. `moa` is the three at
/// once: ministry, office or agency.
pub fn kind(kind: &str) -> String {
    if kind.eq_ignore_ascii_case("moa") {
        return "MOA".into();
    }
    let mut letters = kind.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Coverage in percent with one decimal; `100%` only when nothing is left.
pub fn percent(coverage: Coverage) -> String {
    if coverage.is_complete() {
        return "100%".into();
    }
    // cut, not rounded: 99.97 % is not all
    format!("{:.1}%", (coverage.percent() * 10.0).floor() / 10.0)
}

/// A duration in milliseconds: `58 ms`, `4.2 s`, `41 s`, `2 min 5 s`, `1 h 20 min`.
pub use shared::duration::words as duration;

/// A duration that was measured: of less than a millisecond `under 1 ms`.
pub fn measured(ms: u64) -> String {
    match ms {
        0 => "under 1 ms".into(),
        ms => duration(ms),
    }
}

/// A likely range of time left: `about 2 s`, `2 to 5 min`; `under 1 s` when nearly done.
pub fn time_left(shortest_ms: u64, longest_ms: u64) -> String {
    let unit = |ms: u64| match ms {
        0..90_000 => (1000, "s"),
        90_000..5_400_000 => (60_000, "min"),
        _ => (3_600_000, "h"),
    };
    let (size, word) = unit(longest_ms);
    let low = shortest_ms / size;
    let high = longest_ms.div_ceil(size);
    match (low, high) {
        (_, 0) => "under 1 s".into(),
        (0, 1) => format!("under 1 {word}"),
        (0, high) => format!("under {high} {word}"),
        (low, high) if low == high => format!("about {high} {word}"),
        (low, high) => format!("{low} to {high} {word}"),
    }
}

/// A size in bytes: `105.6 MiB`.
pub use shared::size::words as bytes;

/// Rows per second: `41 / s`, `0.7 / s`.
pub fn rate(rows_per_second: f64) -> String {
    if rows_per_second < 10.0 {
        format!("{rows_per_second:.1} / s")
    } else {
        format!("{} / s", count(rows_per_second.round() as u64))
    }
}

/// A time of day `02:31` in the browser's zone, with the day when it is not today: `20 Nov 2025, 02:31`.
pub fn moment(timestamp: &str) -> String {
    let Some(local) = local(timestamp) else {
        return timestamp.to_string();
    };
    let clock = format!("{:02}:{:02}", local.hour, local.minute);
    if local.day_number() == today() {
        clock
    } else {
        format!("{}, {clock}", local.day())
    }
}

/// Like `moment` with seconds: `02:31:04`.
pub fn clock(timestamp: &str) -> String {
    match local(timestamp) {
        Some(at) => format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second),
        None => timestamp.to_string(),
    }
}

/// The time of day with seconds of milliseconds from 1970, in the browser's zone.
pub fn clock_of_ms(ms: f64) -> String {
    let ms = ms as i64;
    let at = civil(ms + offset_minutes(ms) * 60_000);
    format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second)
}

/// The time of day without seconds of milliseconds from 1970, in the browser's zone.
pub fn minute_of_ms(ms: f64) -> String {
    let ms = ms as i64;
    let at = civil(ms + offset_minutes(ms) * 60_000);
    format!("{:02}:{:02}", at.hour, at.minute)
}

/// The day of milliseconds from 1970, in the browser's zone: `20 Nov`.
pub fn day_of_ms(ms: f64) -> String {
    let ms = ms as i64;
    let day = civil(ms + offset_minutes(ms) * 60_000).day();
    day.rsplit_once(' ')
        .map_or(day.clone(), |(day, _)| day.to_string())
}

/// A sentence of the server with its timestamps as people read them, and their zone.
pub fn told(sentence: &str) -> String {
    let mut out = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some((before, stamp, after)) = find_timestamp(rest) {
        out.push_str(before);
        out.push_str(&format!("{} ({})", moment(stamp), zone()));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The first `2026-11-20T02:31:04.123Z` of a text, with what stands before and after it.
fn find_timestamp(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('T').find_map(|(middle, _)| {
        let start = middle.checked_sub(10)?;
        let end = middle + text[middle..].find('Z')? + 1;
        let stamp = text.get(start..end)?;
        let is_time = stamp.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            0..=18 => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || byte == b'.' || byte == b'Z',
        });
        (is_time && stamp.len() >= 20).then(|| (&text[..start], stamp, &text[end..]))
    })
}

/// The day: `20 Nov 2025`.
pub fn day(timestamp: &str) -> String {
    local(timestamp).map_or_else(|| timestamp.to_string(), |at| at.day())
}

/// The browser's time zone, named once on a page: `UTC+08:00`.
pub fn zone() -> String {
    let minutes = offset_minutes(now_ms());
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "UTC{sign}{:02}:{:02}",
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}

/// Milliseconds from 1970 of an RFC 3339 timestamp in UTC.
pub fn epoch_ms(timestamp: &str) -> Option<i64> {
    let number = |from: usize, to: usize| timestamp.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let fraction: String = timestamp
        .get(19..)?
        .strip_prefix('.')
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .chain("000".chars())
        .take(3)
        .collect();
    // days from civil, Howard Hinnant
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(
        (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000
            + fraction.parse::<i64>().ok()?,
    )
}

/// Milliseconds between two timestamps, 0 when they are not in order.
pub fn between_ms(from: &str, to: &str) -> u64 {
    match (epoch_ms(from), epoch_ms(to)) {
        (Some(from), Some(to)) => u64::try_from(to - from).unwrap_or(0),
        _ => 0,
    }
}

/// Up to two letters that stand for a name: `Farida Usman` is `FU`, `obcms` is `ob`. The style sheet writes them large.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    match words.as_slice() {
        [] => String::new(),
        [word] => word.chars().take(2).collect(),
        [first, .., last] => first.chars().take(1).chain(last.chars().take(1)).collect(),
    }
}

struct Local {
    year: i64,
    month: usize,
    day_of_month: i64,
    hour: i64,
    minute: i64,
    second: i64,
    days: i64,
}

impl Local {
    fn day(&self) -> String {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        format!("{} {} {}", self.day_of_month, MONTHS[self.month], self.year)
    }

    fn day_number(&self) -> i64 {
        self.days
    }
}

fn local(timestamp: &str) -> Option<Local> {
    let ms = epoch_ms(timestamp)?;
    Some(civil(ms + offset_minutes(ms) * 60_000))
}

fn today() -> i64 {
    let now = now_ms();
    civil(now + offset_minutes(now) * 60_000).days
}

fn civil(ms: i64) -> Local {
    let seconds = ms.div_euclid(1000);
    let days = seconds.div_euclid(86_400);
    let of_day = seconds.rem_euclid(86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let calendar = (month + 2) % 12;
    Local {
        year: year_of_era + era * 400 + i64::from(calendar < 2),
        month: usize::try_from(calendar).unwrap_or(0),
        day_of_month: of_year - (153 * month + 2) / 5 + 1,
        hour: of_day / 3600,
        minute: of_day % 3600 / 60,
        second: of_day % 60,
        days,
    }
}

#[cfg(target_arch = "wasm32")]
fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

#[cfg(target_arch = "wasm32")]
fn offset_minutes(ms: i64) -> i64 {
    -js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms as f64)).get_timezone_offset() as i64
}

#[cfg(not(target_arch = "wasm32"))]
fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}

#[cfg(not(target_arch = "wasm32"))]
fn offset_minutes(_ms: i64) -> i64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_of_one_is_one_step() {
        assert_eq!(of_counted(1, 1, "step", "steps"), "1 of 1 step");
        assert_eq!(of_counted(0, 87, "step", "steps"), "0 of 87 steps");
    }

    #[test]
    fn kinds_of_organizations_read_as_words_and_an_abbreviation_as_one() {
        for (named, read) in [("ministry", "Ministry"), ("moa", "MOA"), ("", "")] {
            assert_eq!(kind(named), read);
        }
    }

    #[test]
    fn numbers_are_separated_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(847), "847");
        assert_eq!(count(38_217), "38,217");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(counted(1, "record", "records"), "1 record");
    }

    #[test]
    fn coverage_says_100_percent_only_when_nothing_is_left() {
        let coverage = |assigned, total| percent(Coverage { assigned, total });
        assert_eq!(coverage(824, 847), "97.2%");
        assert_eq!(coverage(99_999, 100_000), "99.9%");
        assert_eq!(coverage(847, 847), "100%");
        assert_eq!(coverage(0, 0), "100%");
    }

    #[test]
    fn time_left_is_a_range_with_one_unit() {
        assert_eq!(time_left(0, 0), "under 1 s");
        assert_eq!(time_left(0, 900), "under 1 s");
        assert_eq!(time_left(2_000, 5_000), "2 to 5 s");
        assert_eq!(time_left(120_000, 300_000), "2 to 5 min");
        assert_eq!(time_left(0, 120_000), "under 2 min");
    }

    #[test]
    fn a_timestamp_becomes_the_day_and_time_it_names() {
        assert_eq!(epoch_ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(epoch_ms("2026-11-20T02:31:04Z"), Some(1_795_141_864_000));
        assert_eq!(epoch_ms("2026-11-20T02:31:04.5Z"), Some(1_795_141_864_500));
        assert_eq!(day("2024-02-29T23:59:59Z"), "29 Feb 2024");
        assert_eq!(day("2025-01-01T00:00:00Z"), "1 Jan 2025");
        assert_eq!(clock("2026-11-20T02:31:04.123Z"), "02:31:04");
        assert_eq!(moment("2025-11-20T02:31:04Z"), "20 Nov 2025, 02:31");
        assert_eq!(moment("no time"), "no time");
    }

    #[test]
    fn the_timestamps_of_a_sentence_are_told_as_times() {
        assert_eq!(
            told("\"Pilot\" is watched until 2025-12-05T02:14:11.123Z (14 days)."),
            "\"Pilot\" is watched until 5 Dec 2025, 02:14 (UTC+00:00) (14 days)."
        );
        assert_eq!(
            told("From 2025-01-01T00:00:00Z to 2025-01-02T00:00:00Z."),
            "From 1 Jan 2025, 00:00 (UTC+00:00) to 2 Jan 2025, 00:00 (UTC+00:00)."
        );
        for plain in ["", "No Time of Zamboanga", "Ñ 2025-01-01T", "T2025Z"] {
            assert_eq!(told(plain), plain);
        }
    }
}
