//! What a way back would lose: rows made, changed and deleted since a backup, table by table, and
//! decisions that an undo would forget. It only reads.
//!
//! Live rows and rows of the backup are compared over the columns that both have, so a column
//! that the migration added changes no row. Tables whose hash still equals the manifest's are not
//! read again; the others are walked side by side along their primary key.

mod assignments;
mod compare;
mod export;
mod postgres;

use std::path::Path;

use serde::{Deserialize, Serialize};

use export::Export;

use super::backup::{Backup, BackupError};
use super::manifest::Identity;
use super::playbook::Playbook;
use super::progress::{Watch, blocking};
use crate::db::{DatabaseUrl, Value};
use compare::Ours;

pub use assignments::{AssignmentLoss, assignments};

/// What restoring a backup would lose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The tables that differ, by name.
    pub tables: Vec<TableLoss>,
}

impl Loss {
    /// Rows lost in all: made, changed or deleted since, but for those that the migration made.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(TableLoss::rows).sum()
    }
}

/// What one table would lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLoss {
    /// The table.
    pub table: String,
    /// Label of its model, when it is one.
    pub model: Option<String>,
    /// Rows made since, those of `by_migration` too.
    pub created: u64,
    /// Rows changed since.
    pub changed: u64,
    /// Rows deleted since, which would come back.
    pub deleted: u64,
    /// Of the rows made since, those that the migration made: rows recorded in the application's
    /// tables, and the default organization. They are nobody's work.
    pub by_migration: u64,
    /// Rows have no primary key, so a changed one counts as one deleted and one made.
    pub without_key: bool,
}

impl TableLoss {
    /// Rows lost in all.
    pub fn rows(&self) -> u64 {
        (self.created - self.by_migration.min(self.created)) + self.changed + self.deleted
    }
}

/// One row that differs, with its values before and now by column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LostRow {
    /// The table.
    pub table: String,
    /// What happened to it since.
    pub what: Change,
    /// The values of its primary key; of all columns when it has none.
    pub key: Vec<Value>,
    /// Its values in the backup; none when it was made since.
    pub before: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its values now; none when it was deleted since.
    pub after: Option<serde_json::Map<String, serde_json::Value>>,
    /// Whether the migration made it.
    pub by_migration: bool,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was made.
    Created,
    /// It was changed.
    Changed,
    /// It was deleted.
    Deleted,
}

/// What was written by [`export`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// What was lost, as counted while it was written.
    pub loss: Loss,
    /// Rows written.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Counts what restoring a backup into a target would lose now. Switchyard's own journal and the
/// counters of the database itself do not count.
pub async fn since(
    url: &DatabaseUrl,
    backup: &Backup,
    playbook: Option<&Playbook>,
    mut watch: Watch<'static>,
) -> Result<Loss, BackupError> {
    let ours = Ours::of(playbook);
    if let (DatabaseUrl::Postgres(address), Identity::Server(identity)) =
        (url, &backup.manifest.content.identity)
    {
        let hear: compare::Hear<'_> = &mut |_| Ok(());
        return postgres::compare(address, identity, backup, &ours, &mut watch, hear).await;
    }
    let (live, backup) = (url.file()?, backup.clone());
    blocking(move || compare::compare(&live, &backup, &ours, watch, &mut |_| Ok(()))).await
}

/// Writes every row that restoring a backup would lose into a new JSON file: an object with the
/// backup's name, the moment, and the list `rows` of [`LostRow`]. An existing file is refused.
pub async fn export(
    url: &DatabaseUrl,
    backup: &Backup,
    playbook: Option<&Playbook>,
    file: &Path,
    mut watch: Watch<'static>,
) -> Result<Exported, BackupError> {
    let ours = Ours::of(playbook);
    let mut export = Export::begin(backup, file)?;
    if let (DatabaseUrl::Postgres(address), Identity::Server(identity)) =
        (url, &backup.manifest.content.identity)
    {
        let hear: compare::Hear<'_> = &mut |row| export.row(&row);
        let loss = postgres::compare(address, identity, backup, &ours, &mut watch, hear).await?;
        return export.finish(loss);
    }
    let (live, backup) = (url.file()?, backup.clone());
    blocking(move || {
        let loss = compare::compare(&live, &backup, &ours, watch, &mut |row| export.row(&row))?;
        export.finish(loss)
    })
    .await
}
