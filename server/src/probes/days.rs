//! Hours put together to days in the zone of the system. A day of daylight-saving change has 23 or 25 of them.

use jiff::tz::TimeZone;
use shared::health::HealthDay;

use crate::moment::Moment;
use crate::store::health::Hour;

/// Days on the page.
const DAYS: i32 = 90;

/// The last 90 days up to the one of `now`, oldest first; a day without samples has zero measured seconds. An hour
/// belongs to the day in which it begins.
pub fn by_day(hours: &[Hour], now: Moment, zone: &TimeZone) -> Vec<HealthDay> {
    let date = |moment: Moment| {
        jiff::Timestamp::from_millisecond(moment.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(zone.clone())
            .date()
    };
    let today = date(now);
    let mut days = Vec::with_capacity(DAYS as usize);
    let mut hours = hours.iter().peekable();
    for back in (0..DAYS).rev() {
        let Ok(day) = today.checked_sub(jiff::Span::new().days(back)) else {
            continue;
        };
        while hours.next_if(|hour| date(hour.begin()) < day).is_some() {}
        let mut of_day = Hour::default();
        while let Some(hour) = hours.next_if(|hour| date(hour.begin()) == day) {
            of_day.measured_seconds += hour.measured_seconds;
            of_day.bad_seconds += hour.bad_seconds;
            of_day.slow_seconds += hour.slow_seconds;
            of_day.answers += hour.answers;
            of_day.response_sum_ms += hour.response_sum_ms;
        }
        days.push(HealthDay {
            day: day.to_string(),
            measured_seconds: of_day.measured_seconds.unsigned_abs(),
            bad_seconds: of_day.bad_seconds.unsigned_abs(),
            slow_seconds: of_day.slow_seconds.unsigned_abs(),
            response_ms: mean(of_day.response_sum_ms, of_day.answers),
        });
    }
    days
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(at: &str) -> Hour {
        Hour {
            hour: Moment::parse(at).unwrap().0 / 3_600_000,
            measured_seconds: 3600,
            bad_seconds: 60,
            answers: 2,
            response_sum_ms: 30,
            ..Hour::default()
        }
    }

    #[test]
    fn an_hour_belongs_to_the_day_of_the_systems_own_zone() {
        let zone = TimeZone::get("Asia/Manila").unwrap();
        let now = Moment::parse("2026-11-20T02:00:00Z").unwrap();
        // 16:00 UTC is midnight in Manila
        let hours = [hour("2026-11-19T15:00:00Z"), hour("2026-11-19T16:00:00Z")];
        let days = by_day(&hours, now, &zone);
        assert_eq!(days.len(), 90);
        let last: Vec<_> = days[88..]
            .iter()
            .map(|day| (day.day.as_str(), day.measured_seconds, day.response_ms))
            .collect();
        assert_eq!(
            last,
            [
                ("2026-11-19", 3600, Some(15)),
                ("2026-11-20", 3600, Some(15))
            ]
        );
        assert_eq!(days[0].measured_seconds, 0);
    }

    #[test]
    fn the_long_day_at_the_end_of_daylight_saving_has_its_25_hours() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = Moment::parse("2026-10-26T12:00:00Z").unwrap();
        let first = Moment::parse("2026-10-24T22:00:00Z").unwrap().0 / 3_600_000;
        let hours: Vec<Hour> = (0..25)
            .map(|place| Hour {
                hour: first + place,
                measured_seconds: 3600,
                ..Hour::default()
            })
            .collect();
        let days = by_day(&hours, now, &zone);
        assert_eq!(days[88].day, "2026-10-25");
        assert_eq!(days[88].measured_seconds, 25 * 3600);
    }

    #[test]
    fn nothing_measured_is_no_availability_rather_than_a_perfect_one() {
        let now = Moment(0);
        assert_eq!(
            availability_percent(&by_day(&[], now, &TimeZone::UTC)),
            None
        );
    }
}
