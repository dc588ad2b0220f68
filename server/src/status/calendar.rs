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
}
