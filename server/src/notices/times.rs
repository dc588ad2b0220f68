//! Times that people write: with an offset, or local to the system. A local time that daylight saving skips or repeats
//! is refused rather than guessed.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::moment::Moment;

/// Reads RFC 3339, or such as `2026-12-13T02:00` in this zone. The error is a sentence for the field.
pub(super) fn read(text: &str, zone: &str) -> Result<Moment, String> {
    let text = text.trim();
    if let Some(moment) = Moment::parse(text) {
        return Ok(moment);
    }
    let local: DateTime = text.parse().map_err(|_| {
        format!("`{text}` is not a time: write such as `2026-12-13T02:00`, in {zone} time.")
    })?;
    let zone_of = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let ambiguous = zone_of.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {}
        AmbiguousOffset::Gap { .. } => {
            return Err(format!(
                "{text} does not exist in {zone}: the clock goes forward over it. Choose another time."
            ));
        }
        AmbiguousOffset::Fold { before, after } => {
            return Err(format!(
                "{text} comes twice in {zone}: write it with its offset, {text}{before} or {text}{after}."
            ));
        }
    }
    ambiguous
        .unambiguous()
        .map(|moment| Moment(moment.as_millisecond()))
        .map_err(|_| format!("{text} is out of range."))
}

/// Such as `2026-12-13T02:00` in this zone.
pub(super) fn local(moment: Moment, zone: &str) -> String {
    jiff::Timestamp::from_millisecond(moment.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
        .strftime("%Y-%m-%dT%H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, zone: &str) -> Result<String, String> {
        read(text, zone).map(Moment::rfc3339)
    }

    #[test]
    fn a_local_time_is_in_the_zone_of_the_system() {
        assert_eq!(
            utc("2026-12-13T02:00", "Asia/Manila").unwrap(),
            "2026-12-12T18:00:00Z"
        );
        assert_eq!(
            utc("2026-12-13T02:00:00+01:00", "Asia/Manila").unwrap(),
            "2026-12-13T01:00:00Z"
        );
    }

    #[test]
    fn an_hour_that_daylight_saving_skips_or_repeats_is_refused_with_what_to_write() {
        let skipped = utc("2027-03-28T02:30", "Europe/Berlin").unwrap_err();
        assert!(skipped.contains("does not exist"), "{skipped}");
        let repeated = utc("2026-10-25T02:30", "Europe/Berlin").unwrap_err();
        assert!(repeated.contains("2026-10-25T02:30+02"), "{repeated}");
        assert_eq!(
            utc("2026-10-25T02:30:00+01:00", "Europe/Berlin").unwrap(),
            "2026-10-25T01:30:00Z"
        );
        assert!(utc("tomorrow", "UTC").is_err());
    }
}
