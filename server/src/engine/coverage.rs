//! Coverage: of a model's rows, how many have an organization. It only counts.
//!
//! One statement counts all models at one moment. The total of a table is counted along its
//! smallest index and the rows without an organization along the index of the column, so neither
//! reads rows; only between adding the column and making its index is the table itself read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::inspect::NOT_NULL;
use super::playbook::{Model, Otherwise, Placement, Playbook};
use crate::db::{Connection, DbError, Dialect, Statement, quote};

/// Coverage of all models at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// When it was counted.
    pub at: Timestamp,
    /// The models that the report counts, together.
    pub all: Counts,
    /// Each model, in the order of the playbook.
    pub models: Vec<ModelCoverage>,
}

impl Coverage {
    /// The model of that table.
    pub fn model(&self, table: &str) -> Option<&ModelCoverage> {
        self.models
            .iter()
            .find(|model| model.table.eq_ignore_ascii_case(table))
    }
}

/// Rows with an organization, and all rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that have an organization.
    pub assigned: u64,
    /// All rows.
    pub total: u64,
}

impl Counts {
    /// Rows without an organization.
    pub fn missing(self) -> u64 {
        self.total.saturating_sub(self.assigned)
    }
}

/// Coverage of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCoverage {
    /// The name of its group.
    pub group: String,
    /// The title of its group.
    pub group_title: String,
    /// Name of one row for people.
    pub label: String,
    /// Name of many rows for people.
    pub plural: String,
    /// Its table.
    pub table: String,
    /// Whether the report counts it.
    pub headline: bool,
    /// How a row finds its organization, in words.
    pub rule: String,
    /// All its rows; none when the table does not exist.
    pub rows: Option<u64>,
    /// Rows with an organization, and all; none while the column does not exist.
    pub counts: Option<Counts>,
    /// Whether the database refuses a row without an organization.
    pub required: bool,
}

/// Counts all models of a playbook.
pub async fn measure(db: &mut Connection, playbook: &Playbook) -> Result<Coverage, DbError> {
    let columns = columns(db, playbook).await?;
    let mut parts = Vec::new();
    for (_, model) in playbook.models() {
        match columns.get(&model.table.to_ascii_lowercase()) {
            None => parts.extend(["NULL".to_owned(), "NULL".to_owned()]),
            Some(column) => {
                let table = db.dialect().relation(&model.table);
                parts.push(format!("(SELECT COUNT(*) FROM {table})"));
                parts.push(match column {
                    // the database itself promises that there are none
                    Column::Required => "0".to_owned(),
                    Column::Nullable => format!(
                        "(SELECT COUNT(*) FROM {table} WHERE {} IS NULL)",
                        quote(playbook.column(model))
                    ),
                    Column::Absent => "NULL".to_owned(),
                });
            }
        }
    }
    let counted = if parts.is_empty() {
        None
    } else {
        db.row(format!("SELECT {}", parts.join(", "))).await?
    };
    let number = |place: usize| {
        let row = counted.as_ref()?;
        row.value(place).as_i64().map(i64::unsigned_abs)
    };

    let mut all = Counts::default();
    let mut models = Vec::new();
    for (place, (group, model)) in playbook.models().enumerate() {
        let (rows, missing) = (number(place * 2), number(place * 2 + 1));
        let counts = rows.zip(missing).map(|(total, missing)| Counts {
            assigned: total.saturating_sub(missing),
            total,
        });
        if model.headline {
            all.total += rows.unwrap_or(0);
            all.assigned += counts.map_or(0, |counts| counts.assigned);
        }
        models.push(ModelCoverage {
            group: group.name.clone(),
            group_title: group.title.clone(),
            label: model.label.clone(),
            plural: model.plural(),
            table: model.table.clone(),
            headline: model.headline,
            rule: rule_in_words(playbook, model),
            rows,
            counts,
            required: columns.get(&model.table.to_ascii_lowercase()) == Some(&Column::Required),
        });
    }
    Ok(Coverage {
        at: Timestamp::now(),
        all,
        models,
    })
}

/// Keeps a connection and its last answer, and counts again only after another connection has
/// changed the database.
#[derive(Debug)]
pub struct Meter {
    db: Connection,
    last: Option<(String, Coverage)>,
}

impl Meter {
    /// A meter over a connection that nobody else uses.
    pub fn new(db: Connection) -> Self {
        Self { db, last: None }
    }

    /// The coverage now. Its moment is that of the last count when nothing has changed since.
    pub async fn measure(&mut self, playbook: &Playbook) -> Result<Coverage, DbError> {
        // read before counting: a change in between makes the next answer count again
        let version = version(&mut self.db).await?;
        if let Some((counted, coverage)) = &self.last
            && *counted == version
        {
            return Ok(coverage.clone());
        }
        let coverage = measure(&mut self.db, playbook).await?;
        self.last = Some((version, coverage.clone()));
        Ok(coverage)
    }
}

/// What changes whenever another connection has written: SQLite counts it; PostgreSQL's snapshot
/// names every transaction that had not ended.
async fn version(db: &mut Connection) -> Result<String, DbError> {
    let statement = match db.dialect() {
        Dialect::Sqlite => "PRAGMA data_version",
        Dialect::Postgres => "SELECT pg_current_snapshot()::text",
    };
    let row = db.row(statement).await?;
    Ok(row.map_or_else(String::new, |row| row.value(0).display()))
}

/// How a row of a model finds its organization, in words.
pub fn rule_in_words(playbook: &Playbook, model: &Model) -> String {
    let default = &playbook.organizations.default.code;
    let (words, otherwise) = match &model.organization {
        Placement::Word(_) => return format!("every row belongs to {default}"),
        Placement::Through(along) => (format!("along {}", along.through), along.otherwise),
        Placement::Expression(by) => (format!("by {}", by.expression), by.otherwise),
    };
    match otherwise {
        Otherwise::Decide => format!("{words}, otherwise a person decides"),
        Otherwise::Default => format!("{words}, otherwise {default}"),
    }
}

/// How far the organization's column of a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Absent,
    Nullable,
    Required,
}

/// The organization's column of each table that exists, by the table's name in lower case.
async fn columns(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<BTreeMap<String, Column>, DbError> {
    let names: Vec<[&str; 2]> = playbook
        .models()
        .map(|(_, model)| [model.table.as_str(), playbook.column(model)])
        .collect();
    let dialect = db.dialect();
    // one value carries all names, so that the text of the statement does not depend on them
    let statement = match dialect {
        Dialect::Sqlite => Statement::new(
            "SELECT lower(m.name), c.\"notnull\" FROM json_each(?) AS wanted \
         JOIN sqlite_schema AS m ON m.type = 'table' \
         AND m.name = json_extract(wanted.value, '$[0]') COLLATE NOCASE \
         LEFT JOIN pragma_table_xinfo(m.name) AS c \
         ON c.name = json_extract(wanted.value, '$[1]') COLLATE NOCASE",
        )
        .bind(serde_json::json!(names).to_string()),
        Dialect::Postgres => {
            let relations: Vec<[String; 3]> = (names.iter())
                .map(|[table, column]| {
                    let relation = dialect.relation(table);
                    [relation, (*column).to_owned(), table.to_ascii_lowercase()]
                })
                .collect();
            Statement::new(format!(
                "SELECT wanted.value ->> 2, {NOT_NULL} \
                 FROM json_array_elements(?::json) AS wanted (value) \
                 JOIN pg_class AS c ON c.oid = to_regclass(wanted.value ->> 0) \
                 LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped \
                 AND a.attname = wanted.value ->> 1"
            ))
            .bind(serde_json::json!(relations).to_string())
        }
    };
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let column = match row.value(1).as_i64() {
                None => Column::Absent,
                Some(0) => Column::Nullable,
                Some(_) => Column::Required,
            };
            (row.string(0), column)
        })
        .collect())
}
