//! Scheduling and changing maintenance windows.

use std::time::Duration;

use shared::notice::{Revision, Window, WindowStage, WriteWindow};

use super::error::{NoticeError, field, words};
use super::{blank, times};
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::notices::{self as table, Kind, WindowRow};
use crate::systems::System;

/// A window that is longer is a mistake in a date more often than a plan.
const LONGEST: Duration = Duration::from_secs(14 * 86_400);

/// Schedules a window, or writes the next version of the one with this identifier, and answers its identifier.
///
/// # Errors
/// When fields are wrong, there is no such window, it is over, or somebody changed it meanwhile.
pub async fn write(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: Option<i64>,
    wanted: &WriteWindow,
) -> Result<i64, NoticeError> {
    let now = state.clock.now();
    let zone = &system.config.timezone;
    let mut known = super::known(state, system).await?;
    known.window = local_times(
        &wanted.starts,
        &wanted.ends,
        wanted.interruption_minutes,
        zone,
    );
    let filled = blank::fill((&wanted.title, &wanted.body), &wanted.fields, &known);
    let mut wrong = Vec::new();
    let (title, body) = filled.unwrap_or_else(|problems| {
        wrong = problems;
        (wanted.title.clone(), wanted.body.clone())
    });
    let wanted = &WriteWindow {
        title,
        body,
        ..wanted.clone()
    };
    wrong.extend(words(&wanted.title, &wanted.body));
    let mut read = |name: &str, text: &str| {
        times::read(text, zone)
            .map_err(|message| wrong.push(field(name, message)))
            .ok()
    };
    let (starts, ends) = (read("starts", &wanted.starts), read("ends", &wanted.ends));
    if let (Some(starts), Some(ends)) = (starts, ends) {
        if ends <= starts {
            wrong.push(field("ends", "A window ends after it begins."));
        } else if ends.since(starts) > LONGEST {
            wrong.push(field("ends", "A window takes at most 14 days."));
        } else if id.is_none() && ends <= now {
            wrong.push(field("ends", "This window is over already."));
        } else if let Some(minutes) = wanted.interruption_minutes
            && (minutes == 0 || u128::from(minutes) * 60_000 > ends.since(starts).as_millis())
        {
            wrong.push(field(
                "interruption_minutes",
                "Write a number of minutes that fits into the window, or leave it out.",
            ));
        }
    }
    let (Some(starts), Some(ends), true) = (starts, ends, wrong.is_empty()) else {
        return Err(NoticeError::Fields(wrong));
    };
    let mut tx = state.store.write().await?;
    let before = match id {
        Some(id) => Some(
            table::get_window(&mut tx, system.slug(), id)
                .await?
                .ok_or(NoticeError::Unknown)?,
        ),
        None => None,
    };
    let stage = wanted.stage.unwrap_or(match &before {
        Some(before) => before.window.stage,
        None => WindowStage::Scheduled,
    });
    if let Some(before) = &before {
        if wanted.version != Some(before.window.version) {
            return Err(NoticeError::Changed);
        }
        if !before.window.stage.is_open() && stage != before.window.stage {
            return Err(NoticeError::Over(match before.window.stage {
                WindowStage::Cancelled => "called off",
                _ => "completed",
            }));
        }
    }
    let row = WindowRow {
        window: Window {
            id: before.as_ref().map_or(0, |before| before.window.id),
            title: wanted.title.trim().to_owned(),
            body: wanted.body.clone(),
            starts: starts.rfc3339(),
            ends: ends.rfc3339(),
            starts_local: String::new(),
            ends_local: String::new(),
            interruption_minutes: wanted.interruption_minutes,
            stage,
            version: 0,
            by: actor.username().to_owned(),
            changed: now.rfc3339(),
            history: Vec::new(),
        },
        starts,
        ends,
    };
    let (id, action) = match &before {
        None => (
            table::insert_window(&mut tx, system.slug(), &row, now).await?,
            "window.scheduled",
        ),
        Some(before) => {
            let revision = revision_of(before);
            table::keep_revision(&mut tx, Kind::Window, before.window.id, &revision, now).await?;
            table::change_window(&mut tx, &row, now).await?;
            (before.window.id, "window.changed")
        }
    };
    let text = format!(
        "“{}” from {} to {}: {}.",
        row.window.title,
        row.window.starts,
        row.window.ends,
        stage.word().to_lowercase()
    );
    let entry = Entry::by(actor, action, format!("window {id}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// What a window says of its own times; nothing while they cannot be read.
pub(super) fn local_times(
    starts: &str,
    ends: &str,
    minutes: Option<u32>,
    zone: &str,
) -> Option<(String, String, Option<u32>)> {
    let local = |text: &str| {
        times::read(text, zone)
            .map(|at| times::local(at, zone))
            .ok()
    };
    Some((local(starts)?, local(ends)?, minutes))
}

fn revision_of(before: &WindowRow) -> Revision {
    let window = &before.window;
    Revision {
        version: window.version,
        title: window.title.clone(),
        body: window.body.clone(),
        note: format!(
            "{} to {}, {}",
            window.starts,
            window.ends,
            window.stage.word().to_lowercase()
        ),
        by: window.by.clone(),
        at: String::new(),
    }
}
