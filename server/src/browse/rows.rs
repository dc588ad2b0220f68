//! One page of rows of one model, walked along its primary key.

use shared::browse::RowPage;

use super::{BrowseError, Column, columns, has_column, model, organization_key};
use crate::db::{Connection, Dialect, Row, Statement, Value, quote};
use crate::engine::playbook::Playbook;

/// Rows of a page.
const PAGE: usize = 50;
/// Longest value shown, in characters.
const LONGEST: usize = 160;
/// What stands in place of a value that is kept from view.
const HIDDEN: &str = "hidden";
/// A column whose name holds one of these words is not shown.
const SECRET_WORDS: [&str; 6] = [
    "password",
    "secret",
    "token",
    "api_key",
    "private_key",
    "session_data",
];

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct RowQuery {
    /// Code of an organization: only its rows.
    pub organization: Option<String>,
    /// Marker of the page before, from [`RowPage::next`].
    pub after: Option<String>,
    /// Text that the title holds, or the key.
    pub search: Option<String>,
}

/// One page of rows.
///
/// # Errors
/// When model or organization are unknown, or the target cannot be read.
pub async fn rows(
    db: &mut Connection,
    playbook: &Playbook,
    label: &str,
    query: &RowQuery,
) -> Result<RowPage, BrowseError> {
    let (_, model) = model(playbook, label)?;
    let columns = columns(db, &model.table).await?;
    let key = key_of(db.dialect(), &columns);
    let mut filter = Filter::default();
    if let Some(code) = &query.organization {
        let column = playbook.column(model);
        if !has_column(&columns, column) {
            return Err(BrowseError::NotMigrated {
                table: model.table.clone(),
                column: column.into(),
            });
        }
        let organization = organization_key(db, playbook, code).await?;
        filter.and(format!("{} = ?", quote(column)), [organization.into()]);
    }
    if let Some(text) = query
        .search
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        filter.search(db.dialect(), text, model.title.as_deref(), &key);
    }
    let table = db.dialect().relation(&model.table);
    let total = db
        .count(filter.statement(format!("SELECT COUNT(*) FROM {table}"), ""))
        .await?;
    if let Some(after) = &query.after {
        filter.after(after, &key)?;
    }
    // by the columns and not by what is shown of them
    let by: Vec<String> = key
        .iter()
        .map(|name| format!("{table}.{}", quote(name)))
        .collect();
    let ordered = format!(" ORDER BY {} LIMIT {}", by.join(", "), PAGE + 1);
    let named: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let selected = format!("SELECT {} FROM {table}", readable(db.dialect(), &named));
    let mut found = db.rows(filter.statement(selected, &ordered)).await?;
    let next = (found.len() > PAGE).then(|| marker(&columns, &key, &found[PAGE - 1]));
    found.truncate(PAGE);
    Ok(RowPage {
        model: model.label.clone(),
        table: model.table.clone(),
        rows: found.iter().map(|row| shown(&columns, row)).collect(),
        columns: named,
        total: total.unsigned_abs(),
        next,
    })
}

/// The columns of the primary key in key order; SQLite's row id when the table declares none.
fn key_of(dialect: Dialect, columns: &[Column]) -> Vec<String> {
    let mut key: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    key.sort_by_key(|column| column.key);
    if key.is_empty() {
        return vec![match dialect {
            Dialect::Sqlite => "rowid".into(),
            Dialect::Postgres => "ctid".into(),
        }];
    }
    key.iter().map(|column| column.name.clone()).collect()
}

/// The columns as people read them: PostgreSQL writes every type as text itself.
fn readable(dialect: Dialect, names: &[String]) -> String {
    match dialect {
        Dialect::Sqlite => list(names),
        Dialect::Postgres => (names.iter())
            .map(|name| format!("{}::text", quote(name)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn list(names: &[String]) -> String {
    names
        .iter()
        .map(|name| quote(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Where the next page begins: the key of the last row, as JSON.
fn marker(columns: &[Column], key: &[String], row: &Row) -> String {
    let values: Vec<&Value> = key
        .iter()
        .map(|name| {
            let place = columns.iter().position(|column| &column.name == name);
            place.map_or(&Value::Null, |place| row.value(place))
        })
        .collect();
    serde_json::to_string(&values).unwrap_or_default()
}

fn shown(columns: &[Column], row: &Row) -> Vec<Option<String>> {
    columns
        .iter()
        .enumerate()
        .map(|(place, column)| match row.value(place) {
            Value::Null => None,
            _ if is_secret(&column.name) => Some(HIDDEN.into()),
            value => Some(shortened(&value.display())),
        })
        .collect()
}

fn is_secret(column: &str) -> bool {
    let column = column.to_lowercase();
    SECRET_WORDS.iter().any(|word| column.contains(word))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// Conditions joined with AND, and the values of their placeholders.
#[derive(Default)]
struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Filter {
    fn and(&mut self, condition: String, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition);
        self.values.extend(values);
    }

    fn search(&mut self, dialect: Dialect, text: &str, title: Option<&str>, key: &[String]) {
        let mut either = vec![format!("CAST({} AS TEXT) = ?", quote(&key[0]))];
        let mut values = vec![Value::from(text)];
        if let Some(title) = title {
            let like = match dialect {
                Dialect::Sqlite => "LIKE",
                Dialect::Postgres => "ILIKE",
            };
            either.push(format!("{} {like} ? ESCAPE '\\'", quote(title)));
            values.push(Value::from(format!("%{}%", escaped(text))));
        }
        self.and(format!("({})", either.join(" OR ")), values);
    }

    fn after(&mut self, marker: &str, key: &[String]) -> Result<(), BrowseError> {
        let values: Vec<Value> = serde_json::from_str(marker).map_err(|_| BrowseError::Page)?;
        if values.len() != key.len() {
            return Err(BrowseError::Page);
        }
        let places = vec!["?"; key.len()].join(", ");
        self.and(format!("({}) > ({places})", list(key)), values);
        Ok(())
    }

    fn statement(&self, select: String, rest: &str) -> Statement {
        let condition = match self.conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        };
        let statement = Statement::new(format!("{select}{condition}{rest}"));
        self.values.iter().cloned().fold(statement, Statement::bind)
    }
}

/// A text in which `LIKE` finds no wild cards.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}
