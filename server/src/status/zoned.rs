//! Times as people read them: in the zone of the system, with the zone named.

use jiff::tz::TimeZone;

use crate::moment::Moment;

/// A zone with its name.
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// By its name in the time zone database.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            zone: TimeZone::get(name).unwrap_or(TimeZone::UTC),
            name: name.to_owned(),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn written(&self, rfc3339: &str, format: &str) -> String {
        let Some(moment) = Moment::parse(rfc3339) else {
            return rfc3339.to_owned();
        };
        jiff::Timestamp::from_millisecond(moment.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(self.zone.clone())
            .strftime(format)
            .to_string()
    }

    /// Such as `20 Nov 2026, 10:00`.
    pub(super) fn moment(&self, rfc3339: &str) -> String {
        self.written(rfc3339, "%-d %b %Y, %H:%M")
    }

    /// Such as `20 Nov 2026, 10:00 (Asia/Manila)`.
    pub(super) fn named_moment(&self, rfc3339: &str) -> String {
        format!("{} ({})", self.moment(rfc3339), self.name)
    }

    /// Such as `10:00`.
    pub(super) fn hour(&self, rfc3339: &str) -> String {
        self.written(rfc3339, "%H:%M")
    }

    /// Such as `Friday 20 November 2026`.
    pub(super) fn day(&self, rfc3339: &str) -> String {
        self.written(rfc3339, "%A %-d %B %Y")
    }

    /// From begin to end: the day once when both are on it.
    pub(super) fn range(&self, from: &str, to: &str) -> String {
        let (begin, end) = self.ends(from, to);
        format!("{begin} to {end}")
    }

    /// Both ends of a range: the day once when both are on it.
    pub(super) fn ends(&self, from: &str, to: &str) -> (String, String) {
        let (first, last) = (self.day(from), self.day(to));
        let begin = format!("{first}, {}", self.hour(from));
        let end = if first == last {
            self.hour(to)
        } else {
            format!("{last}, {}", self.hour(to))
        };
        (begin, end)
    }

    /// From begin to end, with the zone.
    pub(super) fn named_range(&self, from: &str, to: &str) -> String {
        format!("{} ({})", self.range(from, to), self.name)
    }

    /// For texts that are read elsewhere: in this zone, named, and in UTC.
    pub(crate) fn both_moments(&self, rfc3339: &str) -> String {
        let day = |zone: &Self| format!("{}, {}", zone.day(rfc3339), zone.hour(rfc3339));
        self.both(day)
    }

    /// From begin to end, in this zone, named, and in UTC.
    pub(crate) fn both_ranges(&self, from: &str, to: &str) -> String {
        self.both(|zone| zone.range(from, to))
    }

    fn both(&self, written: impl Fn(&Self) -> String) -> String {
        let here = format!("{} ({} time)", written(self), self.name);
        if self.name == "UTC" {
            return here;
        }
        format!("{here}; {} (UTC)", written(&Self::of("UTC")))
    }
}

/// A day such as `20 Nov` from `2026-11-20`.
pub(super) fn short_day(day: &str) -> String {
    day.parse::<jiff::civil::Date>()
        .map_or_else(|_| day.to_owned(), |day| day.strftime("%-d %b").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_names_the_day_once_unless_it_crosses_midnight_there() {
        let manila = Zone::of("Asia/Manila");
        assert_eq!(
            manila.range("2026-12-12T18:00:00Z", "2026-12-12T22:00:00Z"),
            "Sunday 13 December 2026, 02:00 to 06:00"
        );
        assert_eq!(
            manila.range("2026-12-12T15:00:00Z", "2026-12-12T17:00:00Z"),
            "Saturday 12 December 2026, 23:00 to Sunday 13 December 2026, 01:00"
        );
    }

    #[test]
    fn a_time_that_is_read_elsewhere_names_its_zone_and_is_told_in_utc_too() {
        assert_eq!(
            Zone::of("Asia/Manila").both_ranges("2026-12-12T18:00:00Z", "2026-12-12T22:00:00Z"),
            "Sunday 13 December 2026, 02:00 to 06:00 (Asia/Manila time); \
             Saturday 12 December 2026, 18:00 to 22:00 (UTC)"
        );
        assert_eq!(
            Zone::of("UTC").both_moments("2026-12-12T18:00:00Z"),
            "Saturday 12 December 2026, 18:00 (UTC time)"
        );
    }

    #[test]
    fn a_time_in_the_hour_that_daylight_saving_repeats_stays_what_it_is() {
        let berlin = Zone::of("Europe/Berlin");
        assert_eq!(berlin.hour("2026-10-25T00:30:00Z"), "02:30");
        assert_eq!(berlin.hour("2026-10-25T01:30:00Z"), "02:30");
    }
}
