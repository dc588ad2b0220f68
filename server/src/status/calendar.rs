//! Maintenance windows as iCalendar (RFC 5545): times in UTC, so that every calendar shows them in its reader's zone; text
//! escaped, lines folded at 75 octets.

use shared::notice::WindowStage;
use shared::status::{PublicStatus, PublicWindow};

use super::zoned::Zone;
use crate::moment::Moment;

/// Octets of a line, without its end.
const LONGEST_LINE: usize = 75;

/// The calendar of a system; `page` is the address of the page that it belongs to.
pub(super) fn of(status: &PublicStatus, page: &str) -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(&mut out, "PRODID:-//Switchyard//Status//EN");
    line(&mut out, "CALSCALE:GREGORIAN");
    line(&mut out, "METHOD:PUBLISH");
    text(
        &mut out,
        "X-WR-CALNAME",
        &format!("{} maintenance", status.title),
    );
    text(&mut out, "X-WR-TIMEZONE", &status.zone);
    let zone = Zone::of(&status.zone);
    let host = page
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap_or("switchyard");
    for window in &status.maintenance {
        event(&mut out, status, window, &zone, (host, page));
    }
    line(&mut out, "END:VCALENDAR");
    out
}

fn event(
    out: &mut String,
    status: &PublicStatus,
    window: &PublicWindow,
    zone: &Zone,
    (host, page): (&str, &str),
) {
    line(out, "BEGIN:VEVENT");
    text(
        out,
        "UID",
        &format!("{}-window-{}@{host}", status.slug, window.id),
    );
    line(out, &format!("SEQUENCE:{}", window.version - 1));
    line(out, &format!("DTSTAMP:{}", utc(&window.changed)));
    line(out, &format!("LAST-MODIFIED:{}", utc(&window.changed)));
    line(out, &format!("DTSTART:{}", utc(&window.starts)));
    line(out, &format!("DTEND:{}", utc(&window.ends)));
    text(
        out,
        "SUMMARY",
        &format!("{}: {}", status.title, window.title),
    );
    let mut description = format!(
        "{} ({} time)",
        zone.range(&window.starts, &window.ends),
        zone.name()
    );
    if !window.text.is_empty() {
        description.push_str("\n\n");
        description.push_str(&window.text);
    }
    text(out, "DESCRIPTION", &description);
    line(
        out,
        match window.stage {
            WindowStage::Cancelled => "STATUS:CANCELLED",
            _ => "STATUS:CONFIRMED",
        },
    );
    line(out, &format!("URL:{page}"));
    line(out, "TRANSP:TRANSPARENT");
    line(out, "END:VEVENT");
}

/// Such as `20261213T180000Z`.
fn utc(rfc3339: &str) -> String {
    let moment = Moment::parse(rfc3339).unwrap_or(Moment(0));
    jiff::Timestamp::from_millisecond(moment.0)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string()
}

/// A property whose value is text: backslash, semicolon, comma and end of line are escaped, other controls left out.
fn text(out: &mut String, name: &str, value: &str) {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            ';' => escaped.push_str("\\;"),
            ',' => escaped.push_str("\\,"),
            '\n' => escaped.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    line(out, &format!("{name}:{escaped}"));
}

/// A line, folded so that none is longer than allowed and no character is cut.
fn line(out: &mut String, content: &str) {
    let mut length = 0;
    for letter in content.chars() {
        if length + letter.len_utf8() > LONGEST_LINE {
            out.push_str("\r\n ");
            // the space counts
            length = 1;
        }
        out.push(letter);
        length += letter.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_long_lines_are_folded_without_cutting_a_character() {
        let mut out = String::new();
        let long = "Ministériyo; ng Kalusugan, \\ at iba pa\r\n".repeat(4);
        text(&mut out, "DESCRIPTION", &long);
        assert!(out.lines().all(|line| line.len() <= LONGEST_LINE), "{out}");
        let unfolded = out.replace("\r\n ", "");
        assert_eq!(
            unfolded.trim_end(),
            format!(
                "DESCRIPTION:{}",
                "Ministériyo\\; ng Kalusugan\\, \\\\ at iba pa\\n".repeat(4)
            )
        );
    }

    #[test]
    fn an_injected_end_of_line_makes_no_property() {
        let mut out = String::new();
        text(&mut out, "SUMMARY", "x\r\nATTACH:https://evil.example/");
        assert_eq!(out.lines().count(), 1);
    }

    #[test]
    fn a_window_that_was_called_off_says_so_under_its_name_and_with_a_later_number() {
        let mut status = crate::status::example::status();
        status.maintenance = vec![crate::status::example::window(3)];
        status.maintenance[0].stage = WindowStage::Cancelled;
        status.maintenance[0].version = 2;
        let calendar = of(&status, "https://status.example.org/status/obcms");
        for line in [
            "UID:obcms-window-3@status.example.org",
            "SEQUENCE:1",
            "STATUS:CANCELLED",
        ] {
            assert!(calendar.contains(&format!("{line}\r\n")), "{calendar}");
        }
    }

    #[test]
    fn a_window_over_the_night_in_which_daylight_saving_ends_keeps_its_length() {
        let mut status = crate::status::example::status();
        status.zone = "Europe/Berlin".into();
        status.maintenance = vec![PublicWindow {
            starts: "2026-10-24T23:30:00Z".into(),
            ends: "2026-10-25T02:30:00Z".into(),
            ..crate::status::example::window(3)
        }];
        let calendar = of(&status, "https://status.example.org/status/obcms");
        let unfolded = calendar.replace("\r\n ", "");
        for line in [
            "DTSTART:20261024T233000Z\r\n",
            "DTEND:20261025T023000Z\r\n",
            "Sunday 25 October 2026\\, 01:30 to 03:30 (Europe/Berlin time)",
        ] {
            assert!(unfolded.contains(line), "{line}: {unfolded}");
        }
    }
}
