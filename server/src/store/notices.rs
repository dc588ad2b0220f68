//! Updates and maintenance windows in the control store, with every earlier version.

use shared::notice::{Revision, Update, Window, WindowStage};

use super::words::{of_word, word};
use super::{Store, StoreError, WriteTx, sql};
use crate::moment::Moment;

/// Updates and windows that a page of the console shows at most.
const MOST: i64 = 200;

/// Kinds of notices, as their revisions are filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An update.
    Update,
    /// A maintenance window.
    Window,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Window => "window",
        }
    }
}

/// An update as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateRow {
    /// What operators see; its history is not filled in.
    pub update: Update,
    /// When it was changed last after it was published.
    pub edited: Option<Moment>,
    /// When it is published.
    pub publish_at: Moment,
}

/// A window as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowRow {
    /// What operators see; its history is not filled in.
    pub window: Window,
    /// Begin.
    pub starts: Moment,
    /// End.
    pub ends: Moment,
}

impl WindowRow {
    /// Where it is. When its time comes it is in progress, whether somebody said so or not; that it is over, somebody has
    /// to say.
    pub fn stage_at(&self, now: Moment) -> WindowStage {
        if self.begins_by_itself() && self.starts <= now {
            WindowStage::InProgress
        } else {
            self.window.stage
        }
    }

    /// Whether nobody has said yet that it goes on, or is over.
    pub fn begins_by_itself(&self) -> bool {
        self.window.stage == WindowStage::Scheduled
    }

    /// Whether it takes longer than planned.
    pub fn is_overdue_at(&self, now: Moment) -> bool {
        self.window.stage.is_open() && self.ends <= now
    }
}

fn update(row: &sql::Row) -> Result<UpdateRow, StoreError> {
    let publish_at = Moment(row.try_get(3)?);
    Ok(UpdateRow {
        update: Update {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            body: row.try_get(2)?,
            publish_at: publish_at.rfc3339(),
            resolved: row
                .try_get::<Option<i64>, _>(5)?
                .map(|at| Moment(at).rfc3339()),
            by: row.try_get(6)?,
            version: row.try_get(7)?,
            history: Vec::new(),
        },
        edited: row.try_get::<Option<i64>, _>(4)?.map(Moment),
        publish_at,
    })
}

fn window(row: &sql::Row) -> Result<WindowRow, StoreError> {
    let (starts, ends) = (Moment(row.try_get(3)?), Moment(row.try_get(4)?));
    Ok(WindowRow {
        window: Window {
            id: row.try_get(0)?,
            title: row.try_get(1)?,
            body: row.try_get(2)?,
            starts: starts.rfc3339(),
            ends: ends.rfc3339(),
            starts_local: String::new(),
            ends_local: String::new(),
            interruption_minutes: row.try_get(5)?,
            stage: of_word("the stage of a maintenance window", row.try_get(6)?)?,
            by: row.try_get(7)?,
            changed: Moment(row.try_get(8)?).rfc3339(),
            version: row.try_get(9)?,
            history: Vec::new(),
        },
        starts,
        ends,
    })
}

/// Updates of a system, the latest to be published first.
pub async fn updates(store: &Store, system: &str) -> Result<Vec<UpdateRow>, StoreError> {
    let rows = sql::query(
        "SELECT id, title, body, publish_at, edited, resolved, by, version FROM updates \
         WHERE system = $1 ORDER BY publish_at DESC, id DESC LIMIT $2",
    )
    .bind(system)
    .bind(MOST)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(update).collect()
}

/// Windows of a system, the latest to begin first.
pub async fn windows(store: &Store, system: &str) -> Result<Vec<WindowRow>, StoreError> {
    let rows = sql::query(
        "SELECT id, title, body, starts, ends, interruption_minutes, stage, by, changed, version \
         FROM maintenance_windows WHERE system = $1 ORDER BY starts DESC, id DESC LIMIT $2",
    )
    .bind(system)
    .bind(MOST)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(window).collect()
}

/// One update, inside the transaction that changes it.
pub async fn get_update(
    tx: &mut WriteTx,
    system: &str,
    id: i64,
) -> Result<Option<UpdateRow>, StoreError> {
    let row = sql::query(
        "SELECT id, title, body, publish_at, edited, resolved, by, version FROM updates \
         WHERE system = $1 AND id = $2",
    )
    .bind(system)
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(update).transpose()
}

/// One window, inside the transaction that changes it.
pub async fn get_window(
    tx: &mut WriteTx,
    system: &str,
    id: i64,
) -> Result<Option<WindowRow>, StoreError> {
    let row = sql::query(
        "SELECT id, title, body, starts, ends, interruption_minutes, stage, by, changed, version \
         FROM maintenance_windows WHERE system = $1 AND id = $2",
    )
    .bind(system)
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(window).transpose()
}

/// Writes a new update and answers its identifier.
pub async fn insert_update(
    tx: &mut WriteTx,
    system: &str,
    row: &UpdateRow,
) -> Result<i64, StoreError> {
    let resolved = row.update.resolved.as_deref().and_then(Moment::parse);
    Ok(sql::query_scalar(
        "INSERT INTO updates (system, title, body, publish_at, resolved, by) \
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(system)
    .bind(&row.update.title)
    .bind(&row.update.body)
    .bind(row.publish_at.0)
    .bind(resolved.map(|at| at.0))
    .bind(&row.update.by)
    .fetch_one(&mut **tx)
    .await?)
}

/// Replaces an update by its next version.
pub async fn change_update(tx: &mut WriteTx, row: &UpdateRow) -> Result<(), StoreError> {
    let resolved = row.update.resolved.as_deref().and_then(Moment::parse);
    sql::query(
        "UPDATE updates SET title = $2, body = $3, publish_at = $4, edited = $5, resolved = $6, by = $7, \
         version = version + 1 WHERE id = $1",
    )
    .bind(row.update.id)
    .bind(&row.update.title)
    .bind(&row.update.body)
    .bind(row.publish_at.0)
    .bind(row.edited.map(|at| at.0))
    .bind(resolved.map(|at| at.0))
    .bind(&row.update.by)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes a new window and answers its identifier.
pub async fn insert_window(
    tx: &mut WriteTx,
    system: &str,
    row: &WindowRow,
    now: Moment,
) -> Result<i64, StoreError> {
    Ok(sql::query_scalar(
        "INSERT INTO maintenance_windows (system, title, body, starts, ends, interruption_minutes, stage, by, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
    )
    .bind(system)
    .bind(&row.window.title)
    .bind(&row.window.body)
    .bind(row.starts.0)
    .bind(row.ends.0)
    .bind(row.window.interruption_minutes)
    .bind(word(&row.window.stage))
    .bind(&row.window.by)
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?)
}

/// Replaces a window by its next version.
pub async fn change_window(
    tx: &mut WriteTx,
    row: &WindowRow,
    now: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "UPDATE maintenance_windows SET title = $2, body = $3, starts = $4, ends = $5, interruption_minutes = $6, \
         stage = $7, by = $8, changed = $9, version = version + 1 WHERE id = $1",
    )
    .bind(row.window.id)
    .bind(&row.window.title)
    .bind(&row.window.body)
    .bind(row.starts.0)
    .bind(row.ends.0)
    .bind(row.window.interruption_minutes)
    .bind(word(&row.window.stage))
    .bind(&row.window.by)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps the version that is being replaced.
pub async fn keep_revision(
    tx: &mut WriteTx,
    kind: Kind,
    notice: i64,
    revision: &Revision,
    at: Moment,
) -> Result<(), StoreError> {
    sql::query(
        "INSERT INTO notice_revisions (kind, notice, version, title, body, note, by, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(kind.word())
    .bind(notice)
    .bind(revision.version)
    .bind(&revision.title)
    .bind(&revision.body)
    .bind(&revision.note)
    .bind(&revision.by)
    .bind(at.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Earlier versions of all notices of a system of one kind, with the notice each belongs to, oldest first.
pub async fn revisions(
    store: &Store,
    system: &str,
    kind: Kind,
) -> Result<Vec<(i64, Revision)>, StoreError> {
    let rows = sql::query(
        "SELECT notice, version, title, body, note, by, at FROM notice_revisions WHERE kind = $1 AND notice IN \
         (SELECT id FROM updates WHERE system = $2 AND $1 = 'update' \
          UNION ALL SELECT id FROM maintenance_windows WHERE system = $2 AND $1 = 'window') \
         ORDER BY notice, version",
    )
    .bind(kind.word())
    .bind(system)
    .fetch_all(store.read())
    .await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0)?,
                Revision {
                    version: row.try_get(1)?,
                    title: row.try_get(2)?,
                    body: row.try_get(3)?,
                    note: row.try_get(4)?,
                    by: row.try_get(5)?,
                    at: Moment(row.try_get(6)?).rfc3339(),
                },
            ))
        })
        .collect()
}
