//! Conditional requests (RFC 9110, section 13): whether the reader has what would be sent.

use axum::http::{HeaderMap, header};

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
