//! Writing and changing updates.

use shared::notice::{Revision, Update, WriteUpdate};

use super::error::{NoticeError, field, words};
use super::{blank, times};
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::notices::{self as table, Kind, UpdateRow};
use crate::systems::System;

/// Writes a new update, or the next version of the one with this identifier, and answers its identifier.
///
/// # Errors
/// When fields are wrong, there is no such update, or somebody changed it meanwhile.
pub async fn write(
    state: &AppState,
    system: &System,
    actor: &Operator,
    id: Option<i64>,
    wanted: &WriteUpdate,
) -> Result<i64, NoticeError> {
    let now = state.clock.now();
    let known = super::known(state, system).await?;
    let filled = blank::fill((&wanted.title, &wanted.body), &wanted.fields, &known);
    let mut wrong = Vec::new();
    let (title, body) = filled.unwrap_or_else(|problems| {
        wrong = problems;
        (wanted.title.clone(), wanted.body.clone())
    });
    let wanted = &WriteUpdate {
        title,
        body,
        ..wanted.clone()
    };
    wrong.extend(words(&wanted.title, &wanted.body));
    let publish_at = match &wanted.publish_at {
        None => None,
        Some(text) => match times::read(text, &system.config.timezone) {
            Ok(moment) => Some(moment),
            Err(message) => {
                wrong.push(field("publish_at", message));
                None
            }
        },
    };
    if !wrong.is_empty() {
        return Err(NoticeError::Fields(wrong));
    }
    let mut tx = state.store.write().await?;
    let before = match id {
        Some(id) => Some(
            table::get_update(&mut tx, system.slug(), id)
                .await?
                .ok_or(NoticeError::Unknown)?,
        ),
        None => None,
    };
    if let Some(before) = &before
        && wanted.version != Some(before.update.version)
    {
        return Err(NoticeError::Changed);
    }
    let row = next(before.as_ref(), wanted, publish_at, actor.username(), now);
    let (id, action, text) = match &before {
        None => {
            let id = table::insert_update(&mut tx, system.slug(), &row).await?;
            let text = if row.publish_at > now {
                format!(
                    "“{}” is to be published at {}.",
                    row.update.title, row.update.publish_at
                )
            } else {
                format!("“{}” was published.", row.update.title)
            };
            (id, "notice.published", text)
        }
        Some(before) => {
            let revision = revision_of(before);
            table::keep_revision(&mut tx, Kind::Update, before.update.id, &revision, now).await?;
            table::change_update(&mut tx, &row).await?;
            let text = format!("“{}” was changed.", row.update.title);
            (before.update.id, "notice.changed", text)
        }
    };
    let entry = Entry::by(actor, action, format!("update {id}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    Ok(id)
}

/// The row as it is to be. What was published keeps its time of publication; an edit of it shows.
fn next(
    before: Option<&UpdateRow>,
    wanted: &WriteUpdate,
    publish_at: Option<Moment>,
    by: &str,
    now: Moment,
) -> UpdateRow {
    let published = before.is_some_and(|before| before.publish_at <= now);
    let publish_at = match before {
        Some(before) if published => before.publish_at,
        Some(before) => publish_at.unwrap_or(before.publish_at),
        None => publish_at.unwrap_or(now).max(now),
    };
    // so that readers of feeds hear of it too when what was over is not over after all
    let said_otherwise = before.is_some_and(|before| {
        before.update.title != wanted.title.trim()
            || before.update.body != wanted.body
            || (before.update.resolved.is_some() && !wanted.resolved)
    });
    let resolved = match before.and_then(|before| before.update.resolved.clone()) {
        _ if !wanted.resolved => None,
        Some(earlier) => Some(earlier),
        None => Some(now.rfc3339()),
    };
    UpdateRow {
        update: Update {
            id: before.map_or(0, |before| before.update.id),
            title: wanted.title.trim().to_owned(),
            body: wanted.body.clone(),
            publish_at: publish_at.rfc3339(),
            resolved,
            version: 0,
            by: by.to_owned(),
            history: Vec::new(),
        },
        edited: if published && said_otherwise {
            Some(now)
        } else {
            before.and_then(|before| before.edited)
        },
        publish_at,
    }
}

fn revision_of(before: &UpdateRow) -> Revision {
    Revision {
        version: before.update.version,
        title: before.update.title.clone(),
        body: before.update.body.clone(),
        note: format!("to be published at {}", before.update.publish_at),
        by: before.update.by.clone(),
        at: String::new(),
    }
}
