//! Copies a control store in a file into an empty one on a PostgreSQL server: every row of every table in one transaction,
//! read back and compared before it is kept. The file keeps what it holds.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::alone::Alone;
use super::server::{self, PRESENT_LOCK, WRITE_LOCK};
use super::{Opener, Store, StoreError};
use crate::db::{
    Access, Connection, DatabaseUrl, DbError, PostgresAddress, Row, Snapshot, Statement, quote,
};
use crate::engine::inspect;
use crate::engine::schema::{Schema, Table};
use crate::refusal::{Kind, Refusal};

/// What each store has of its own: the versions of its tables, and which console does what just now.
const OWN: [&str; 2] = ["schema_versions", "leases"];
/// Rows that one statement enters; with the widest table far below the 65,535 values that one may have.
const TOGETHER: usize = 250;

/// Why a control store was not copied. What it was copied to is as empty as before.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the two stores cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A statement failed.
    #[error("{0}")]
    Database(#[from] DbError),
    /// The database has tables, and they are not those of a control store.
    #[error("the database {place} is not empty: it has the table {table}")]
    Strange {
        /// The address.
        place: String,
        /// One of them.
        table: String,
    },
    /// The control store has rows.
    #[error("the control store {place} is not empty: {table} has {rows} rows")]
    NotEmpty {
        /// The address.
        place: String,
        /// The first such table.
        table: String,
        /// Its rows.
        rows: i64,
    },
    /// A console serves from it.
    #[error("a console serves from the control store {place}")]
    Served {
        /// The address.
        place: String,
    },
    /// What was read back is not what was copied.
    #[error(
        "{table} has {found} rows after it was copied, {expected} before, and they are not the same"
    )]
    Differs {
        /// The table.
        table: String,
        /// Its rows in the file.
        expected: u64,
        /// Its rows on the server.
        found: u64,
    },
}

impl Refusal for CopyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Database(_) | Self::Served { .. } => Kind::Unavailable,
            Self::Strange { .. } | Self::NotEmpty { .. } => Kind::Conflict,
            Self::Differs { .. } => Kind::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Database(error) => Some(error.remedy().into()),
            Self::Strange { .. } => {
                Some("Make a database that nothing else uses: createdb --owner USER NAME.".into())
            }
            Self::NotEmpty { .. } => Some(
                "A control store that a console was started on has entries of its own. Make an empty database and copy \
                 before the first start."
                    .into(),
            ),
            Self::Served { .. } => Some("Stop that console, and copy into an empty database.".into()),
            Self::Differs { .. } => {
                Some("Nothing was kept. Keep using the file, and report this as a defect.".into())
            }
        }
    }
}

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// Copies the control store in a file, which no console may serve from, into an empty database of a server.
///
/// # Errors
/// When a console serves from either, when the database holds anything, or when a statement fails. Nothing is copied then.
pub async fn copy(file: &Path, to: &PostgresAddress) -> Result<Vec<CopiedTable>, CopyError> {
    // for as long as this takes, no console begins to serve from the file
    let _alone = Alone::with(file)?;
    // one of an older version is brought up to date first: both have the same tables then
    Store::open(file).await?.close().await;
    let url = DatabaseUrl::Postgres(to.clone());
    let mut db = Connection::open(&url, Access::Write).await?;
    let found = inspect(&mut db).await?;
    if let Some(table) = found.tables.keys().next()
        && !found.tables.contains_key(OWN[0])
    {
        return Err(CopyError::Strange {
            place: to.to_string(),
            table: table.clone(),
        });
    }
    server::open(to, Opener::Command).await?.close().await;
    db.begin_write().await?;
    match all_tables(file, &mut db).await {
        Ok(copied) => {
            db.commit().await?;
            db.close().await;
            Ok(copied)
        }
        Err(error) => {
            db.roll_back().await;
            db.close().await;
            Err(error)
        }
    }
}

async fn all_tables(file: &Path, db: &mut Connection) -> Result<Vec<CopiedTable>, CopyError> {
    let place = db.url().to_string();
    db.execute(Statement::new("SELECT pg_advisory_xact_lock(?)").bind(WRITE_LOCK))
        .await?;
    let alone = Statement::new("SELECT pg_try_advisory_xact_lock(?)").bind(PRESENT_LOCK);
    if db.count(alone).await? == 0 {
        return Err(CopyError::Served { place });
    }
    let schema = inspect(db).await?;
    let tables = referenced_first(&schema);
    for table in &tables {
        let relation = db.dialect().relation(&table.name);
        let rows = db.count(format!("SELECT COUNT(*) FROM {relation}")).await?;
        if rows > 0 {
            return Err(CopyError::NotEmpty {
                place,
                table: table.name.clone(),
                rows,
            });
        }
    }
    let before = Snapshot::open(file)?;
    let mut copied = Vec::new();
    for table in tables {
        let expected = rows_of(&before, db, table).await?;
        number_on(&before, db, table).await?;
        let found = read_back(db, table).await?;
        if found != expected {
            return Err(CopyError::Differs {
                table: table.name.clone(),
                expected: expected.rows,
                found: found.rows,
            });
        }
        copied.push(CopiedTable {
            name: table.name.clone(),
            rows: found.rows,
        });
    }
    Ok(copied)
}

/// The tables to copy, each behind those that its foreign keys reference.
fn referenced_first(schema: &Schema) -> Vec<&Table> {
    let mut left: Vec<&Table> = (schema.tables.values())
        .filter(|table| !OWN.contains(&table.name.as_str()))
        .collect();
    let mut ordered: Vec<&Table> = Vec::new();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|table| {
            let ready = (table.foreign_keys.iter()).all(|key| {
                key.table == table.name || ordered.iter().any(|done| done.name == key.table)
            });
            if ready {
                ordered.push(table);
            }
            !ready
        });
        if left.len() == before {
            // a circle: the server says which row it refuses
            ordered.append(&mut left);
        }
    }
    ordered
}

fn listed(table: &Table) -> String {
    let names: Vec<String> = (table.columns.iter())
        .map(|column| quote(&column.name))
        .collect();
    names.join(", ")
}

/// Copies the rows of a table, and answers what they were.
async fn rows_of(
    before: &Snapshot,
    db: &mut Connection,
    table: &Table,
) -> Result<Content, CopyError> {
    let select = format!("SELECT {} FROM {}", listed(table), quote(&table.name));
    let mut reader = before.reader(&Statement::new(select))?;
    let mut rows = reader.rows()?;
    let mut content = Content::default();
    let mut together = Vec::new();
    loop {
        let row = rows.next_row()?.map(|fields| fields.to_row());
        let ended = row.is_none();
        if let Some(row) = row {
            content.add(&row);
            together.push(row);
        }
        if !together.is_empty() && (ended || together.len() == TOGETHER) {
            db.execute(entering(db, table, std::mem::take(&mut together)))
                .await?;
        }
        if ended {
            return Ok(content);
        }
    }
}

fn entering(db: &Connection, table: &Table, rows: Vec<Row>) -> Statement {
    let one = format!("({})", vec!["?"; table.columns.len()].join(", "));
    let mut statement = Statement::new(format!(
        "INSERT INTO {} ({}) VALUES {}",
        db.dialect().relation(&table.name),
        listed(table),
        vec![one; rows.len()].join(", ")
    ));
    statement.values = rows.into_iter().flat_map(|row| row.0).collect();
    statement
}

/// Lets the numbers that the server gives to new rows go on behind those that the file has ever given.
async fn number_on(before: &Snapshot, db: &mut Connection, table: &Table) -> Result<(), CopyError> {
    let Some(column) = table.columns.iter().find(|column| column.is_identity()) else {
        return Ok(());
    };
    let given = "SELECT seq FROM sqlite_sequence WHERE name = ?";
    let given = before.count(Statement::new(given).bind(table.name.as_str()))?;
    let highest = format!(
        "SELECT MAX({}) FROM {}",
        quote(&column.name),
        quote(&table.name)
    );
    let last = given.max(before.count(highest)?);
    if last > 0 {
        let set = Statement::new("SELECT setval(pg_get_serial_sequence(?, ?), ?)")
            .bind(db.dialect().relation(&table.name))
            .bind(column.name.as_str())
            .bind(last);
        db.rows(set).await?;
    }
    Ok(())
}

async fn read_back(db: &mut Connection, table: &Table) -> Result<Content, CopyError> {
    let relation = db.dialect().relation(&table.name);
    let mut content = Content::default();
    let select = format!("SELECT {} FROM {relation}", listed(table));
    db.for_each(select, |row| content.add(&row)).await?;
    Ok(content)
}

/// How many rows there are, and a sum of their hashes: the two databases answer in orders of their own.
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    rows: u64,
    sum: u128,
}

impl Content {
    fn add(&mut self, row: &Row) {
        let hash = Sha256::digest(format!("{:?}", row.0));
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(half));
    }
}
