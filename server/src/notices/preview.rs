//! How a notice will look to the public; nothing is kept.

use shared::notice::{NoticePreview, PreviewNotice};

use super::error::{NoticeError, field, words};
use super::{blank, times, to_html, window};
use crate::moment::Moment;
use crate::state::AppState;
use crate::status::Zone;
use crate::systems::System;

/// The notice with its fields filled in, as HTML, and when it will be.
///
/// # Errors
/// When a field, a time or the words would not be accepted either.
pub async fn preview(
    state: &AppState,
    system: &System,
    wanted: &PreviewNotice,
) -> Result<NoticePreview, NoticeError> {
    let name = &system.config.timezone;
    let mut known = super::known(state, system).await?;
    if let (Some(starts), Some(ends)) = (&wanted.starts, &wanted.ends) {
        known.window = window::local_times(starts, ends, wanted.interruption_minutes, name);
    }
    let filled = blank::fill((&wanted.title, &wanted.body), &wanted.fields, &known);
    let (title, body) = filled.map_err(NoticeError::Fields)?;
    let mut wrong = words(&title, &body);
    let mut read = |field_name: &str, text: &str| {
        times::read(text, name).unwrap_or_else(|message| {
            wrong.push(field(field_name, message));
            Moment(0)
        })
    };
    let zone = Zone::of(name);
    let when = match (&wanted.starts, &wanted.ends) {
        (Some(starts), Some(ends)) => {
            let (starts, ends) = (read("starts", starts), read("ends", ends));
            zone.both_ranges(&starts.rfc3339(), &ends.rfc3339())
        }
        _ => {
            let now = state.clock.now();
            let at = wanted.publish_at.as_ref();
            let at = at.map_or(now, |text| read("publish_at", text));
            zone.both_moments(&at.rfc3339())
        }
    };
    if !wrong.is_empty() {
        return Err(NoticeError::Fields(wrong));
    }
    Ok(NoticePreview {
        html: to_html(&body),
        when,
        title,
        body,
    })
}
