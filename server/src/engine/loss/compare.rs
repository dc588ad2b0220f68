//! Compares a live database with a backup's, table by table and row by row.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Map;

use super::{Change, Loss, LostRow, TableLoss};
use crate::db::{DbError, Field, Fields, Snapshot, Statement, Value, quote};
use crate::engine::backup::{Backup, BackupError};
use crate::engine::manifest::{Digest, Shape, canonical, digest, shapes};
use crate::engine::playbook::{Playbook, RecordedRow, RecordedValue};
use crate::engine::progress::{Progress, Stage, Watch};
use crate::engine::schema::RESERVED_PREFIX;

/// Hears each row that differs.
pub(super) type Hear<'a> = &'a mut (dyn FnMut(LostRow) -> Result<(), BackupError> + Send);

/// What of the playbook tells the migration's own rows from the application's.
#[derive(Debug, Default)]
pub(super) struct Ours {
    labels: BTreeMap<String, String>,
    recorded: Vec<RecordedRow>,
    organizations: Option<(String, String, String)>,
}

impl Ours {
    /// What a playbook says; nothing without one.
    pub(super) fn of(playbook: Option<&Playbook>) -> Self {
        let Some(playbook) = playbook else {
            return Self::default();
        };
        let recorded = playbook.groups.iter().flat_map(|group| &group.recorded);
        let recorded = recorded.map(|record| RecordedRow {
            table: record.table.clone(),
            values: record.values.clone(),
        });
        let organizations = &playbook.organizations;
        Self {
            labels: playbook
                .models()
                .map(|(_, model)| (model.table.clone(), model.label.clone()))
                .collect(),
            recorded: organizations
                .recorded
                .iter()
                .cloned()
                .chain(recorded)
                .collect(),
            organizations: Some((
                organizations.table.clone(),
                organizations.code.clone(),
                organizations.default.code.clone(),
            )),
        }
    }

    /// Whether the migration made this row.
    fn made(&self, table: &str, row: &Map<String, serde_json::Value>) -> bool {
        if let Some((organizations, column, code)) = &self.organizations
            && organizations == table
        {
            return row.get(column).and_then(serde_json::Value::as_str) == Some(code);
        }
        self.recorded.iter().any(|recorded| {
            recorded.table == table
                && recorded
                    .values
                    .iter()
                    .all(|(column, value)| match (value, row.get(column)) {
                        (RecordedValue::Now { .. }, _) => true,
                        (RecordedValue::Text(text), Some(found)) => found.as_str() == Some(text),
                        (RecordedValue::Integer(number), Some(found)) => {
                            found.as_i64() == Some(*number)
                        }
                        (RecordedValue::Truth(truth), Some(found)) => {
                            found.as_i64() == Some(i64::from(*truth))
                        }
                        (RecordedValue::Real(number), Some(found)) => {
                            found.as_f64() == Some(*number)
                        }
                        (_, None) => false,
                    })
        })
    }
}

/// Compares every table that both or one of the databases have.
pub(super) fn compare(
    live: &Path,
    backup: &Backup,
    ours: &Ours,
    mut watch: Watch<'_>,
    hear: Hear<'_>,
) -> Result<Loss, BackupError> {
    let now = Snapshot::open(live)?;
    let before = Snapshot::open(&backup.database())?;
    let (now_shapes, before_shapes) = (by_name(&now)?, by_name(&before)?);
    let mut names: Vec<&String> = now_shapes.keys().chain(before_shapes.keys()).collect();
    names.sort();
    names.dedup();
    let mut loss = Loss::default();
    let total = names.len() as u64;
    for (done, name) in (1..).zip(names) {
        let mut table = Table::new(name, ours, &mut *hear);
        match (before_shapes.get(name), now_shapes.get(name)) {
            (Some(old), Some(new)) => {
                if !unchanged(&now, backup, old, new)? {
                    table.differ((&before, old), (&now, new))?;
                }
            }
            (None, Some(new)) => table.all(&now, new, Change::Created)?,
            (Some(old), None) => table.all(&before, old, Change::Deleted)?,
            (None, None) => {}
        }
        if table.loss.created + table.loss.changed + table.loss.deleted > 0 {
            loss.tables.push(table.loss);
        }
        watch.tell(Progress {
            stage: Stage::Comparing,
            done,
            total,
        })?;
    }
    Ok(loss)
}

fn by_name(snapshot: &Snapshot) -> Result<BTreeMap<String, Shape>, DbError> {
    Ok(shapes(snapshot)?
        .into_iter()
        .filter(|shape| {
            !shape.name.starts_with(RESERVED_PREFIX) && !shape.name.starts_with("sqlite_")
        })
        .map(|shape| (shape.name.clone(), shape))
        .collect())
}

/// Whether the live table still holds what the manifest says, over the manifest's columns.
fn unchanged(now: &Snapshot, backup: &Backup, old: &Shape, new: &Shape) -> Result<bool, DbError> {
    let Some(saved) = backup.manifest.content.table(&old.name) else {
        return Ok(false);
    };
    let all_there = saved
        .columns
        .iter()
        .all(|column| new.columns.contains(column));
    if !all_there {
        return Ok(false);
    }
    let live = digest(
        now,
        &Shape {
            columns: saved.columns.clone(),
            ..old.clone()
        },
    )?;
    Ok(live.rows == saved.rows && live.content == saved.content)
}

/// One table while it is compared.
pub(super) struct Table<'a> {
    pub(super) loss: TableLoss,
    ours: &'a Ours,
    hear: Hear<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn new(name: &str, ours: &'a Ours, hear: Hear<'a>) -> Self {
        Self {
            loss: TableLoss {
                table: name.to_owned(),
                model: ours.labels.get(name).cloned(),
                created: 0,
                changed: 0,
                deleted: 0,
                by_migration: 0,
                without_key: false,
            },
            ours,
            hear,
        }
    }

    /// Every row of a table that only one side has.
    fn all(&mut self, side: &Snapshot, shape: &Shape, what: Change) -> Result<(), BackupError> {
        let mut reader = side.reader(&select(shape, &shape.columns, &[]))?;
        let mut rows = reader.rows()?;
        while let Some(fields) = rows.next_row()? {
            let row = named(&fields, 0, &shape.columns);
            let key = shape.key.iter().filter_map(|name| {
                let place = shape.columns.iter().position(|column| column == name)?;
                Some(fields.get(place).to_value())
            });
            let key = key.collect();
            match what {
                Change::Deleted => self.note(what, key, Some(row), None)?,
                _ => self.note(what, key, None, Some(row))?,
            }
        }
        Ok(())
    }

    /// The rows in which the two sides differ, over the columns that both have.
    fn differ(
        &mut self,
        before: (&Snapshot, &Shape),
        now: (&Snapshot, &Shape),
    ) -> Result<(), BackupError> {
        let shared: Vec<String> = before
            .1
            .columns
            .iter()
            .filter(|column| now.1.columns.contains(column))
            .cloned()
            .collect();
        let key: Vec<String> = before.1.key.clone();
        let keyed = !key.is_empty()
            && key == now.1.key
            && key.iter().all(|column| shared.contains(column))
            // the order of texts in UTF-16 is not that of the bytes read here
            && before.0.count("SELECT COUNT(*) FROM pragma_encoding WHERE encoding = 'UTF-8'")? == 1
            && now.0.count("SELECT COUNT(*) FROM pragma_encoding WHERE encoding = 'UTF-8'")? == 1;
        if keyed {
            self.walk(before, now, &shared, &key)
        } else {
            self.loss.without_key = true;
            self.tally(before, now, &shared)
        }
    }

    /// Walks both sides along the primary key.
    fn walk(
        &mut self,
        (before, old): (&Snapshot, &Shape),
        (now, new): (&Snapshot, &Shape),
        shared: &[String],
        key: &[String],
    ) -> Result<(), BackupError> {
        // the key is read twice: in front, where the order is compared, and among the columns
        let names = [key, shared].concat();
        let (width, all) = (key.len(), names.len());
        let mut left_reader = before.reader(&select(old, &names, key))?;
        let mut right_reader = now.reader(&select(new, &names, key))?;
        let (mut left_rows, mut right_rows) = (left_reader.rows()?, right_reader.rows()?);
        let (mut left, mut right) = (left_rows.next_row()?, right_rows.next_row()?);
        let row = |fields: &Fields<'_>| named(fields, width, shared);
        loop {
            let order = match (&left, &right) {
                (None, None) => return Ok(()),
                (Some(old), None) => {
                    self.note(Change::Deleted, key_of(old, width), Some(row(old)), None)?;
                    Ordering::Less
                }
                (None, Some(new)) => {
                    self.note(Change::Created, key_of(new, width), None, Some(row(new)))?;
                    Ordering::Greater
                }
                (Some(old), Some(new)) => {
                    let order = order(old, new, width);
                    let key = || key_of(if order.is_le() { old } else { new }, width);
                    match order {
                        Ordering::Less => {
                            self.note(Change::Deleted, key(), Some(row(old)), None)?;
                        }
                        Ordering::Greater => {
                            self.note(Change::Created, key(), None, Some(row(new)))?;
                        }
                        Ordering::Equal => {
                            if (width..all).any(|column| old.get(column) != new.get(column)) {
                                let (old, new) = (Some(row(old)), Some(row(new)));
                                self.note(Change::Changed, key(), old, new)?;
                            }
                        }
                    }
                    order
                }
            };
            if order.is_le() {
                left = left_rows.next_row()?;
            }
            if order.is_ge() {
                right = right_rows.next_row()?;
            }
        }
    }

    /// Counts equal rows on both sides, where no key names them.
    fn tally(
        &mut self,
        (before, old): (&Snapshot, &Shape),
        (now, new): (&Snapshot, &Shape),
        shared: &[String],
    ) -> Result<(), BackupError> {
        let mut known: HashMap<Digest, u64> = HashMap::new();
        let mut reader = before.reader(&select(old, shared, &[]))?;
        let mut rows = reader.rows()?;
        while let Some(fields) = rows.next_row()? {
            *known
                .entry(canonical::row(&fields, 0..shared.len()))
                .or_default() += 1;
        }
        let mut reader = now.reader(&select(new, shared, &[]))?;
        let mut rows = reader.rows()?;
        while let Some(fields) = rows.next_row()? {
            match known.get_mut(&canonical::row(&fields, 0..shared.len())) {
                Some(count) if *count > 0 => *count -= 1,
                _ => {
                    let row = named(&fields, 0, shared);
                    self.note(Change::Created, fields.to_row().0, None, Some(row))?;
                }
            }
        }
        let mut reader = before.reader(&select(old, shared, &[]))?;
        let mut rows = reader.rows()?;
        while let Some(fields) = rows.next_row()? {
            if let Some(count) = known.get_mut(&canonical::row(&fields, 0..shared.len()))
                && *count > 0
            {
                *count -= 1;
                let row = named(&fields, 0, shared);
                self.note(Change::Deleted, fields.to_row().0, Some(row), None)?;
            }
        }
        Ok(())
    }

    /// Counts one row that differs, and tells of it.
    pub(super) fn note(
        &mut self,
        what: Change,
        key: Vec<Value>,
        before: Option<Map<String, serde_json::Value>>,
        after: Option<Map<String, serde_json::Value>>,
    ) -> Result<(), BackupError> {
        let by_migration = what == Change::Created
            && after
                .as_ref()
                .is_some_and(|row| self.ours.made(&self.loss.table, row));
        match what {
            Change::Created => self.loss.created += 1,
            Change::Changed => self.loss.changed += 1,
            Change::Deleted => self.loss.deleted += 1,
        }
        self.loss.by_migration += u64::from(by_migration);
        (self.hear)(LostRow {
            table: self.loss.table.clone(),
            what,
            key,
            before,
            after,
            by_migration,
        })
    }
}

/// Reads columns of a table; in the order of `key` when there is one.
fn select(shape: &Shape, columns: &[String], key: &[String]) -> Statement {
    let columns: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    let mut sql = format!("SELECT {} FROM {}", columns.join(", "), quote(&shape.name));
    if !key.is_empty() {
        let order: Vec<String> = key
            .iter()
            .map(|name| format!("{} COLLATE BINARY", quote(name)))
            .collect();
        sql.push_str(&format!(" ORDER BY {}", order.join(", ")));
    }
    Statement::new(sql)
}

fn order(left: &Fields<'_>, right: &Fields<'_>, width: usize) -> Ordering {
    (0..width)
        .map(|column| left.get(column).order(right.get(column)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn key_of(fields: &Fields<'_>, width: usize) -> Vec<Value> {
    (0..width)
        .map(|column| fields.get(column).to_value())
        .collect()
}

/// The values from a place on, by the names of their columns.
fn named(fields: &Fields<'_>, from: usize, names: &[String]) -> Map<String, serde_json::Value> {
    (from..)
        .zip(names)
        .map(|(column, name)| (name.clone(), json(fields.get(column))))
        .collect()
}

/// A value as JSON; bytes, and text that is not UTF-8, as base64 under a key of their own, so that
/// they are not taken for text.
pub(super) fn json(field: Field<'_>) -> serde_json::Value {
    match field {
        Field::Null => serde_json::Value::Null,
        Field::Integer(number) => number.into(),
        Field::Real(number) => number.into(),
        Field::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => serde_json::json!({ "text_base64": BASE64.encode(bytes) }),
        },
        Field::Blob(bytes) => serde_json::json!({ "base64": BASE64.encode(bytes) }),
    }
}
