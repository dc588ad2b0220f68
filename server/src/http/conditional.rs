//! Conditional requests (RFC 9110, section 13): whether the reader has what would be sent.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

use crate::moment::Moment;

/// Whether `If-None-Match` names this entity tag, given with its quotes.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
        })
}

/// Whether the reader has what has this entity tag and changed last at this moment. The tag is the better witness: when the
/// reader names one, `If-Modified-Since` is not looked at.
pub(super) fn is_known_as(headers: &HeaderMap, etag: &str, changed: Option<Moment>) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return is_known(headers, etag);
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| DateTimeParser::new().parse_timestamp(value).ok());
    changed.zip(since).is_some_and(|(changed, since)| {
        // the header knows whole seconds only
        changed.0.div_euclid(1000) <= since.as_second()
    })
}

/// `Last-Modified` of what changed at this moment.
pub(super) fn last_modified(changed: Moment) -> Option<HeaderValue> {
    let at = jiff::Timestamp::from_millisecond(changed.0).ok()?;
    let written = DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .ok()?;
    HeaderValue::from_str(&written).ok()
}
