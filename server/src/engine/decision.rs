//! Decisions: rows that no rule places, and the organizations that people give them. A row is
//! never deleted and a decision never overwrites an organization; each is recorded in the target
//! in the transaction that carries it out, and can be taken back while the column may be empty.

mod assign;
mod followers;
mod question;
mod recorded;
mod undo;

use serde::{Deserialize, Serialize};

use super::playbook::{Model, Playbook};
use super::schema::Schema;
use crate::db::{Connection, DbError, Statement, Value, quote};

pub use assign::{assign, assign_by_rule};
pub use question::page;
pub use recorded::decisions;
pub use undo::undo;

/// Which undecided rows to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only those left for this reason.
    pub reason: Option<String>,
    /// Only those whose title, key or reason holds this text, whatever its ASCII case.
    pub search: Option<String>,
    /// Only those after this one: [`Page::next`] of the page before.
    pub after: Option<String>,
    /// At most so many; 1 to 500.
    pub limit: u32,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            reason: None,
            search: None,
            after: None,
            limit: 50,
        }
    }
}

/// Rows of one model that no rule places, in the order of their key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// All rows of the model without an organization.
    pub total: u64,
    /// Rows that fit the query, on all its pages.
    pub matching: u64,
    /// How many there are for each reason, most first; of all rows.
    pub reasons: Vec<(String, u64)>,
    /// This page.
    pub rows: Vec<Undecided>,
    /// Ask for the next page with this; none on the last.
    pub next: Option<String>,
}

/// A row that no rule places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// Its primary key as text; see [`Assignment::key`].
    pub key: String,
    /// What people call it.
    pub title: String,
    /// Why no rule places it.
    pub reason: String,
    /// Codes of existing organizations that it may belong to, best first.
    pub candidates: Vec<String>,
}

/// A row and the organization it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The row's primary key as text: the value itself, or a JSON list of the values of a key of
    /// several columns.
    pub key: String,
    /// The organization's code.
    pub organization: String,
}

/// Which rows a bulk assignment takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkRule {
    /// Each row gets its best candidate; rows without one stay.
    BestCandidate,
    /// All rows left for this reason go to one organization.
    Reason {
        /// The reason.
        reason: String,
        /// The organization's code.
        organization: String,
    },
    /// All rows left go to one organization.
    All {
        /// The organization's code.
        organization: String,
    },
}

impl BulkRule {
    /// The rule as it is recorded with each decision.
    pub fn words(&self) -> String {
        match self {
            Self::BestCandidate => "best candidate".to_owned(),
            Self::Reason { reason, .. } => format!("reason: {reason}"),
            Self::All { .. } => "all rows left".to_owned(),
        }
    }
}

/// What an assignment did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Rows that got an organization.
    pub assigned: u64,
    /// Rows asked for that had one already or are gone; they are as they were.
    pub passed_over: u64,
    /// Rows of other models that hang on these and got the same organization.
    pub followed: u64,
    /// Rows of the model that still have none.
    pub left: u64,
}

/// A decision as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The table.
    pub table: String,
    /// The row's key as text.
    pub key: String,
    /// The organization's code; its id when the organization is gone.
    pub organization: String,
    /// Who decided.
    pub by: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The bulk rule, when it was one.
    pub rule: Option<String>,
}

/// Why nothing was read or decided. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// The target failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The model's column does not exist.
    #[error("rows of {table} have no organization yet: the column {column} does not exist")]
    NotBegun {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The model's table has no primary key to name rows by.
    #[error("rows of {table} cannot be named: it has no primary key")]
    NoKey {
        /// The table.
        table: String,
    },
    /// There is no organization of that code.
    #[error("there is no organization with the code {code}")]
    UnknownOrganization {
        /// The code.
        code: String,
    },
    /// A key does not name a row of the table.
    #[error("{key:?} is not a key of {table}")]
    Key {
        /// The table.
        table: String,
        /// The key as it was given.
        key: String,
    },
    /// The column may not be empty any more.
    #[error("decisions about {table} cannot be taken back: {column} is required")]
    Required {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl DecisionError {
    /// One sentence on what to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Db(error) => error.remedy(),
            Self::NotBegun { .. } => "Run the migration up to the step that adds the column.",
            Self::NoKey { .. } => "Give the table a primary key.",
            Self::UnknownOrganization { .. } => {
                "Choose an organization that exists, or make it first."
            }
            Self::Key { .. } => "Load the list again and choose rows from it.",
            Self::Required { .. } => {
                "Roll the group back to before the column became required, or assign another organization in the application."
            }
        }
    }
}

/// A model with what the statements about its undecided rows need.
struct Subject<'a> {
    playbook: &'a Playbook,
    schema: &'a Schema,
    model: &'a Model,
    column: &'a str,
    key: &'a [String],
}

impl<'a> Subject<'a> {
    fn new(
        playbook: &'a Playbook,
        schema: &'a Schema,
        model: &'a Model,
    ) -> Result<Self, DecisionError> {
        let column = playbook.column(model);
        let table = schema
            .table(&model.table)
            .filter(|table| table.column(column).is_some())
            .ok_or_else(|| DecisionError::NotBegun {
                table: model.table.clone(),
                column: column.to_owned(),
            })?;
        if table.key().is_empty() {
            return Err(DecisionError::NoKey {
                table: model.table.clone(),
            });
        }
        Ok(Self {
            playbook,
            schema,
            model,
            column,
            key: table.key(),
        })
    }

    /// The model's table, quoted.
    fn relation(&self) -> String {
        self.schema.dialect.relation(&self.model.table)
    }

    /// The values of a key given as text.
    fn parse_key(&self, text: &str) -> Result<Vec<Value>, DecisionError> {
        let wrong = || DecisionError::Key {
            table: self.model.table.clone(),
            key: text.to_owned(),
        };
        if self.key.len() == 1 {
            // compared with a number, a text that is one is taken as one by its column's affinity
            return Ok(vec![Value::Text(text.to_owned())]);
        }
        let values: Vec<Value> = serde_json::from_str(text).map_err(|_| wrong())?;
        if values.len() != self.key.len() {
            return Err(wrong());
        }
        Ok(values)
    }

    /// The text of a key.
    fn key_text(&self, values: &[Value]) -> String {
        match values {
            [value] => value.display(),
            values => serde_json::to_string(values).unwrap_or_default(),
        }
    }
}

/// Commits what was done, or takes everything back.
async fn finish<T>(
    db: &mut Connection,
    done: Result<T, DecisionError>,
) -> Result<T, DecisionError> {
    if done.is_ok() {
        db.commit().await?;
    } else {
        db.roll_back().await;
    }
    done
}

/// Lets a statement be about the row with this key alone.
fn by_key(subject: &Subject<'_>, mut statement: Statement, key: &[Value]) -> Statement {
    for (column, value) in subject.key.iter().zip(key) {
        statement
            .sql
            .push_str(&format!(" AND {} = ?", quote(column)));
        statement = statement.bind(value.clone());
    }
    statement
}
