//! Reads a database that nobody has described and proposes how its tables become multi-tenant:
//! which hold rows of one organization, which follow a parent, which are shared, and which a
//! person must decide. A proposal gives its reason; what nothing tells is said to be undecidable.

mod classify;
mod draft;

use serde::{Deserialize, Serialize};

use super::inspect::{count_rows, inspect};
use super::schema::Schema;
use super::unique_risk::{UniqueRisk, unique_risks};
use crate::db::{Connection, DbError};

pub use draft::draft;

/// A database, analysed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Whether Django made it.
    pub django: bool,
    /// Each table with its proposal, parents before the tables that follow them.
    pub tables: Vec<Proposal>,
    /// Unique constraints that would have to become unique per organization.
    pub risks: Vec<UniqueRisk>,
}

impl Analysis {
    /// The proposal for a table.
    pub fn table(&self, name: &str) -> Option<&Proposal> {
        self.tables.iter().find(|proposal| proposal.table == name)
    }
}

/// What is proposed for a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// What it is.
    pub kind: TableKind,
    /// Why, in a sentence.
    pub why: String,
}

/// What a table is to organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TableKind {
    /// Its rows belong to one organization each.
    Owned,
    /// Its rows belong to the organization of the row that this column refers to.
    Follows {
        /// The column.
        through: String,
        /// The table referred to.
        parent: String,
        /// Rows whose reference is empty: these would wait for a decision.
        empty: u64,
    },
    /// Each row names its organization in a column of text.
    Named {
        /// The column.
        column: String,
        /// How many different names stand in it.
        values: u64,
        /// Rows without a name: these would wait for a decision.
        empty: u64,
    },
    /// All organizations read the same rows.
    Shared,
    /// It belongs to the framework: accounts, sessions, migrations, its own log.
    Framework,
    /// Nothing in the database tells.
    Undecidable,
}

/// Analyses a target. Nothing is changed.
pub async fn analyse(db: &mut Connection) -> Result<(Schema, Analysis), DbError> {
    db.begin_read().await?;
    let analysed = within(db).await;
    db.roll_back().await;
    analysed
}

async fn within(db: &mut Connection) -> Result<(Schema, Analysis), DbError> {
    let mut schema = inspect(db).await?;
    let names: Vec<String> = schema.tables.keys().cloned().collect();
    count_rows(db, &mut schema, names.iter().map(String::as_str)).await?;
    let empty = classify::empty_references(db, &schema).await?;
    let named = classify::names_in_text(db, &schema).await?;
    let tables = classify::classify(&schema, &empty, &named);
    let owned: Vec<(&str, Option<&str>)> = tables
        .iter()
        .filter_map(|proposal| match &proposal.kind {
            TableKind::Owned | TableKind::Named { .. } => Some((proposal.table.as_str(), None)),
            TableKind::Follows { through, .. } => {
                Some((proposal.table.as_str(), Some(through.as_str())))
            }
            _ => None,
        })
        .collect();
    let risks = unique_risks(db, &schema, &owned).await?;
    let django = schema.table("django_migrations").is_some();
    Ok((
        schema,
        Analysis {
            django,
            tables,
            risks,
        },
    ))
}
