//! Reads rows of a target for people: by model, by organization, and totals over all organizations. It must not write,
//! and it shows no value of a column whose name says that it holds a secret.

mod rows;
mod totals;

use crate::db::{Connection, DbError, Dialect, Statement, quote};
use crate::engine::playbook::{Group, Model, Playbook};
use crate::refusal::{Kind, Refusal};

pub use rows::{RowQuery, rows};
pub use totals::{all, models, of_one};

/// Why rows cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum BrowseError {
    /// The playbook has no such model.
    #[error("{playbook} has no model named {label}.")]
    UnknownModel {
        /// What was asked for.
        label: String,
        /// Title of the playbook.
        playbook: String,
        /// The labels that there are.
        known: Vec<String>,
    },
    /// There is no such organization.
    #[error("No organization has the code {code}.")]
    UnknownOrganization {
        /// What was asked for.
        code: String,
    },
    /// Rows have no organization yet.
    #[error("{table} has no column {column} yet, so its rows cannot be shown by organization.")]
    NotMigrated {
        /// The table.
        table: String,
        /// The column that is missing.
        column: String,
    },
    /// The page marker is not one that was given out.
    #[error("The page that was asked for does not exist.")]
    Page,
    /// The target failed.
    #[error("{}", .0.without_directory())]
    Db(DbError),
}

// no source: the log repeats the text of those, and it would say where the target lies
impl From<DbError> for BrowseError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl Refusal for BrowseError {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownModel { .. } | Self::UnknownOrganization { .. } => Kind::NotFound,
            Self::NotMigrated { .. } => Kind::Conflict,
            Self::Page => Kind::Invalid,
            Self::Db(_) => Kind::Unavailable,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::UnknownModel { known, .. } => format!("Choose one of {}.", known.join(", ")),
            Self::UnknownOrganization { .. } => {
                "Choose one of the organizations of the system.".into()
            }
            Self::NotMigrated { .. } => "Look at all rows, or run the migration first.".into(),
            Self::Page => "Start from the first page.".into(),
            Self::Db(error) => error.remedy().into(),
        })
    }
}

/// The model with this label, whatever its case.
fn model<'a>(playbook: &'a Playbook, label: &str) -> Result<(&'a Group, &'a Model), BrowseError> {
    playbook
        .models()
        .find(|(_, model)| model.label.eq_ignore_ascii_case(label))
        .ok_or_else(|| BrowseError::UnknownModel {
            label: label.into(),
            playbook: playbook.title.clone(),
            known: playbook
                .models()
                .map(|(_, model)| model.label.clone())
                .collect(),
        })
}

/// Columns of a table in order, generated ones too; empty when there is no such table.
async fn columns(db: &mut Connection, table: &str) -> Result<Vec<Column>, DbError> {
    let statement = match db.dialect() {
        Dialect::Sqlite => Statement::new(
            "SELECT name, pk FROM pragma_table_xinfo(?) WHERE hidden IN (0, 2, 3) ORDER BY cid",
        )
        .bind(table),
        Dialect::Postgres => Statement::new(
            "SELECT a.attname, COALESCE(array_position(k.conkey, a.attnum), 0) \
             FROM pg_attribute AS a LEFT JOIN pg_constraint AS k \
             ON k.conrelid = a.attrelid AND k.contype = 'p' \
             WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum",
        )
        .bind(db.dialect().relation(table)),
    };
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| Column {
            name: row.string(0),
            key: row.integer(1),
        })
        .collect())
}

/// A column, and its place in the primary key from 1; 0 when it is not part of it.
struct Column {
    name: String,
    key: i64,
}

fn has_column(columns: &[Column], name: &str) -> bool {
    columns
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case(name))
}

/// The key of the organization with this code.
async fn organization_key(
    db: &mut Connection,
    playbook: &Playbook,
    code: &str,
) -> Result<i64, BrowseError> {
    let unknown = || BrowseError::UnknownOrganization { code: code.into() };
    let organizations = &playbook.organizations;
    if columns(db, &organizations.table).await?.is_empty() {
        return Err(unknown());
    }
    let statement = Statement::new(format!(
        "SELECT {} FROM {} WHERE lower({}) = lower(?)",
        quote(&organizations.key),
        db.dialect().relation(&organizations.table),
        quote(&organizations.code)
    ))
    .bind(code);
    db.row(statement)
        .await?
        .and_then(|row| row.value(0).as_i64())
        .ok_or_else(unknown)
}
