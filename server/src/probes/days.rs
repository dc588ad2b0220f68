//! Hours put together to days in the zone of the system. A day of daylight-saving change has 23 or 25 of them.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use shared::health::HealthDay;

use crate::moment::Moment;
use crate::store::health::{self as table, HOUR_MS, Sum};
use crate::store::{Store, StoreError};

/// Days on the page.
const DAYS: i32 = 90;
/// So far back, and one day more for the zone.
const BACK: Duration = Duration::from_secs(91 * 86_400);
const DAY_MS: i64 = 86_400_000;

/// The last 90 days up to the one of `now`, oldest first; a day without samples has zero measured seconds. An hour
/// belongs to the day in which it begins.
///
/// # Errors
/// When the control store cannot be read.
pub async fn days(
    store: &Store,
    system: &str,
    now: Moment,
    zone: &TimeZone,
) -> Result<Vec<HealthDay>, StoreError> {
    let mut sums: HashMap<i64, Sum> = HashMap::new();
    for (hours, offset) in parts(now, zone) {
        let shift = i64::from(offset.seconds()) * 1_000;
        for (day, sum) in table::hours(store, system, hours, shift, DAY_MS).await? {
            sums.entry(day).or_default().add(&sum);
        }
    }
    let today = timestamp(now).to_zoned(zone.clone()).date();
    Ok((0..DAYS)
        .rev()
        .filter_map(|back| today.checked_sub(jiff::Span::new().days(back)).ok())
        .map(|day| {
            let sum = sums.get(&number(day)).copied().unwrap_or_default();
            HealthDay {
                day: day.to_string(),
                measured_seconds: sum.measured_seconds.unsigned_abs(),
                bad_seconds: sum.bad_seconds.unsigned_abs(),
                slow_seconds: sum.slow_seconds.unsigned_abs(),
                response_ms: mean(sum.response_sum_ms, sum.answers),
            }
        })
        .collect())
}

/// The hours up to the one of `now` in parts within which the zone keeps its offset: one, or two in the weeks after a
/// change to or from daylight-saving time.
fn parts(now: Moment, zone: &TimeZone) -> Vec<(Range<i64>, Offset)> {
    let mut first = now.minus(BACK).0.div_euclid(HOUR_MS);
    let begin = timestamp(Moment(first * HOUR_MS));
    let mut offset = zone.to_offset(begin);
    let mut parts = Vec::with_capacity(2);
    for change in zone.following(begin) {
        if change.timestamp() > timestamp(now) {
            break;
        }
        // the first hour that begins with the new offset
        let next = -(-change.timestamp().as_millisecond()).div_euclid(HOUR_MS);
        parts.push((first..next, offset));
        (first, offset) = (next, change.offset());
    }
    parts.push((first..now.0.div_euclid(HOUR_MS) + 1, offset));
    parts
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millisecond(moment.0).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Days since 1970.
fn number(day: Date) -> i64 {
    let midnight = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.map_or(i64::MIN, |at| at.as_millisecond() / DAY_MS)
}

/// Share of the measured time in which the application worked, in percent.
pub fn availability_percent(days: &[HealthDay]) -> Option<f64> {
    let measured: u64 = days.iter().map(|day| day.measured_seconds).sum();
    let bad: u64 = days.iter().map(|day| day.bad_seconds).sum();
    (measured > 0).then(|| (measured.saturating_sub(bad)) as f64 * 100.0 / measured as f64)
}

/// The mean of values whose sum and count are known.
pub(super) fn mean(sum: i64, count: i64) -> Option<u32> {
    (count > 0).then(|| u32::try_from(sum / count).unwrap_or(u32::MAX))
}
