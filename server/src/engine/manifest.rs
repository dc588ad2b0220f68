//! What a database holds at one moment, measured: row counts, content hashes, schema hash. Two
//! manifests that agree describe the same content, whichever files and databases they were
//! measured on.
//!
//! A row is hashed over the canonical bytes of its values ([`canonical`]); a table's hash is the
//! sum of its rows' hashes modulo 2^256, closed with the row count and the column names. A sum
//! needs no order, so tables without a primary key can be hashed and no database has to sort;
//! unlike an exclusive or it notices a row that appears twice.

pub mod canonical;
mod catalogue;
mod identity;
pub(super) mod postgres;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::progress::{Progress, Stage, Stopped, Watch};
use crate::db::{DbError, Snapshot, Statement, quote};

pub use canonical::Digest;
pub use catalogue::{Shape, shapes};
pub use identity::{FileIdentity, Identity, Properties, ServerIdentity};

/// What a database held at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// When the moment was.
    pub taken: Timestamp,
    /// What tells this database from another.
    pub identity: Identity,
    /// Each table, by name; the application's own and Switchyard's journal alike.
    pub tables: Vec<TableDigest>,
    /// Foreign keys that point nowhere, counted by referencing table: they are the application's
    /// and are neither repaired nor held against a backup.
    pub violations: Vec<Violations>,
    /// Sequences that are no table: between which values each stood while the backup was taken,
    /// since no snapshot holds them still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<SequenceSpan>,
}

impl Content {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The table of that name.
    pub fn table(&self, name: &str) -> Option<&TableDigest> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// One table's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// Its name.
    pub name: String,
    /// The columns that were hashed, in this order.
    pub columns: Vec<String>,
    /// The columns of its primary key; empty when it has none.
    pub key: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// Hash over its rows, in no order.
    pub content: Digest,
}

/// Where a sequence stood while a backup was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceSpan {
    /// Its name.
    pub name: String,
    /// The last value it had given before; none when it had given none.
    pub before: Option<i64>,
    /// The last value it had given afterwards.
    pub after: Option<i64>,
}

impl SequenceSpan {
    /// Whether a restored sequence stands where this one stood.
    pub fn holds(&self, last: Option<i64>) -> bool {
        match (self.before, self.after, last) {
            (None, _, None) => true,
            (Some(before), Some(after), Some(last)) => {
                (before.min(after)..=before.max(after)).contains(&last)
            }
            // its first values were given meanwhile, or somebody set it back
            (_, Some(_), Some(_)) => true,
            _ => false,
        }
    }
}

/// Foreign keys of one table that point nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Violations {
    /// The referencing table.
    pub table: String,
    /// The table referenced.
    pub parent: String,
    /// Rows.
    pub rows: u64,
}

/// Measures the whole content of a snapshot.
pub fn measure(snapshot: &Snapshot, watch: &mut Watch<'_>) -> Result<Content, Unmeasured> {
    let shapes = shapes(snapshot)?;
    let all = u64::try_from(shapes.len()).unwrap_or(u64::MAX);
    let mut tables = Vec::with_capacity(shapes.len());
    for (done, shape) in (1..).zip(&shapes) {
        tables.push(digest(snapshot, shape)?);
        watch.tell(Progress {
            stage: Stage::Hashing,
            done,
            total: all,
        })?;
    }
    Ok(Content {
        taken: Timestamp::now(),
        identity: identity(snapshot)?,
        tables,
        violations: violations(snapshot)?,
        sequences: Vec::new(),
    })
}

/// Hashes one table over the columns of its shape.
pub fn digest(snapshot: &Snapshot, shape: &Shape) -> Result<TableDigest, DbError> {
    let columns: Vec<String> = shape.columns.iter().map(|name| quote(name)).collect();
    let statement = Statement::new(format!(
        "SELECT {} FROM {}",
        columns.join(", "),
        quote(&shape.name)
    ));
    let mut reader = snapshot.reader(&statement)?;
    let mut rows = reader.rows()?;
    let mut sum = canonical::Sum::default();
    while let Some(fields) = rows.next_row()? {
        sum.add(canonical::row(&fields, 0..shape.columns.len()));
    }
    Ok(TableDigest {
        name: shape.name.clone(),
        columns: shape.columns.clone(),
        key: shape.key.clone(),
        rows: sum.rows(),
        content: sum.close(&shape.columns),
    })
}

/// Foreign keys that point nowhere, counted by table and parent.
pub fn violations(snapshot: &Snapshot) -> Result<Vec<Violations>, DbError> {
    let rows = snapshot.rows(
        "SELECT \"table\", parent, COUNT(*) FROM pragma_foreign_key_check \
         GROUP BY \"table\", parent ORDER BY \"table\", parent",
    )?;
    Ok(rows
        .iter()
        .map(|row| Violations {
            table: row.string(0),
            parent: row.string(1),
            rows: row.integer(2).unsigned_abs(),
        })
        .collect())
}

fn identity(snapshot: &Snapshot) -> Result<Identity, DbError> {
    let number = |name: &str| snapshot.count(format!("PRAGMA {name}"));
    let text = |name: &str| -> Result<String, DbError> {
        Ok(snapshot
            .rows(format!("PRAGMA {name}"))?
            .first()
            .map(|row| row.string(0))
            .unwrap_or_default())
    };
    let path = std::fs::canonicalize(snapshot.path()).unwrap_or_else(|_| snapshot.path().into());
    Ok(Identity::File(FileIdentity {
        path: path.display().to_string(),
        application_id: number("application_id")?,
        user_version: number("user_version")?,
        encoding: text("encoding")?,
        journal_mode: text("journal_mode")?,
        page_size: number("page_size")?.unsigned_abs(),
        page_count: number("page_count")?.unsigned_abs(),
        schema: schema(snapshot)?,
    }))
}

/// Hash over the text of every object of the schema, in the order of their names.
fn schema(snapshot: &Snapshot) -> Result<Digest, DbError> {
    let mut hasher = Sha256::new();
    let rows =
        snapshot.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
    for row in rows {
        for column in 0..4 {
            let text = row.text(column).unwrap_or_default();
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
    }
    Ok(Digest::of(hasher))
}

/// Why content was not measured.
#[derive(Debug, thiserror::Error)]
pub enum Unmeasured {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The caller broke off.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}
