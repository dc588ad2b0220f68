//! Isolation: that no row hangs on a row of another organization. It proves this from the data
//! and the catalogue, whatever the application's code promises, and it never repairs anything.
//!
//! Three things are looked at: every foreign key between two tables whose rows belong to
//! organizations; every table without an organization that links rows of two such tables; and
//! rows whose organization does not exist.

mod attempts;
mod bypasses;
mod canary;
mod proof;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::playbook::{Model, Playbook};
use super::schema::{ForeignKey, Schema, Table};
use crate::db::{Connection, DbError, Dialect, Statement, quote};

pub(in crate::engine) use proof::prove_inside;
pub use proof::{IsolationProof, Proven, TableProof, prove};

/// Crossings shown for one connection; the count is always of all.
const SAMPLES: usize = 5;

/// What was looked at, and what crosses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// Each connection between rows of organizations.
    pub connections: Vec<ConnectionCheck>,
}

impl Isolation {
    /// Rows that cross, in all.
    pub fn crossing(&self) -> u64 {
        self.connections.iter().map(|check| check.crossing).sum()
    }
}

/// One connection between rows of organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionCheck {
    /// The table whose rows are looked at.
    pub table: String,
    /// Its columns that refer to the others.
    pub columns: Vec<String>,
    /// The tables referred to.
    pub parents: Vec<String>,
    /// What the connection is, in words.
    pub title: String,
    /// Rows that cross organizations; must be 0.
    pub crossing: u64,
    /// The first of them, each in words.
    pub samples: Vec<String>,
}

/// The reads that an organization can make, and what they would show of others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationIsolation {
    /// Reads made.
    pub reads: u32,
    /// Rows of each model that belong to the organization: label and rows.
    pub rows: Vec<(String, u64)>,
    /// Rows that cross between this organization and others; must be 0.
    pub foreign_rows: u64,
    /// Each thing found, in words.
    pub findings: Vec<String>,
}

/// Looks at every connection between rows of organizations. Models whose column does not exist
/// yet take no part.
pub async fn check(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Isolation, DbError> {
    let mut connections = Vec::new();
    for crossing in crossings(playbook, schema) {
        connections.push(look(db, &crossing, None).await?);
    }
    Ok(Isolation { connections })
}

/// Looks at everything that one organization, named by its code, shares with others.
pub async fn check_organization(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    code: &str,
) -> Result<OrganizationIsolation, DbError> {
    let mut found = OrganizationIsolation::default();
    let organizations = &playbook.organizations;
    for owned in owned(playbook, schema) {
        let statement = Statement::new(format!(
            "SELECT COUNT(*) FROM {} AS t JOIN {} AS o ON o.{} = t.{} WHERE o.{} = ?",
            schema.dialect.relation(&owned.table.name),
            schema.dialect.relation(&organizations.table),
            quote(&organizations.key),
            quote(owned.column),
            quote(&organizations.code),
        ))
        .bind(code);
        let rows = db.count(statement).await?.unsigned_abs();
        found.reads += 1;
        found.rows.push((owned.model.label.clone(), rows));
    }
    for crossing in crossings(playbook, schema) {
        let check = look(db, &crossing, Some((playbook, code))).await?;
        found.reads += 1;
        found.foreign_rows += check.crossing;
        if check.crossing > 0 {
            found.findings.push(format!(
                "{} of {}: {}",
                check.crossing,
                check.title,
                check.samples.join("; ")
            ));
        }
    }
    Ok(found)
}

/// A model with its table and column, both of which exist.
struct Owned<'a> {
    model: &'a Model,
    table: &'a Table,
    column: &'a str,
}

fn owned<'a>(playbook: &'a Playbook, schema: &'a Schema) -> Vec<Owned<'a>> {
    let mut all = Vec::new();
    for (_, model) in playbook.models() {
        let Some(table) = schema.table(&model.table) else {
            continue;
        };
        let column = playbook.column(model);
        if schema.table(&playbook.organizations.table).is_some() && table.column(column).is_some() {
            all.push(Owned {
                model,
                table,
                column,
            });
        }
    }
    all
}

/// A connection as SQL: the FROM clause over the aliases `t`, `l` and `r`, the condition under
/// which a row crosses, and the organizations on its two sides.
struct Crossing<'a> {
    table: &'a Table,
    columns: Vec<String>,
    parents: Vec<String>,
    title: String,
    from: String,
    condition: String,
    sides: [String; 2],
}

fn crossings<'a>(playbook: &'a Playbook, schema: &'a Schema) -> Vec<Crossing<'a>> {
    let all = owned(playbook, schema);
    let by_table: BTreeMap<String, &str> = all
        .iter()
        .map(|owned| (owned.table.name.to_ascii_lowercase(), owned.column))
        .collect();
    let column_of = |table: &str| by_table.get(&table.to_ascii_lowercase()).copied();
    let mut crossings = Vec::new();
    for table in schema.tables.values() {
        let keys: Vec<(&ForeignKey, &Table, &str)> = table
            .foreign_keys
            .iter()
            .filter_map(|key| {
                let parent = schema.table(&key.table)?;
                Some((key, parent, column_of(&parent.name)?))
            })
            .collect();
        if let Some(own) = column_of(&table.name) {
            for (key, parent, theirs) in keys {
                let Some(on) = join(key, parent, "r") else {
                    continue;
                };
                let sides = [format!("t.{}", quote(own)), format!("r.{}", quote(theirs))];
                crossings.push(Crossing {
                    table,
                    columns: key.columns.clone(),
                    parents: vec![parent.name.clone()],
                    title: format!("{} along {}", table.name, key.columns.join(", ")),
                    from: format!(
                        "{} AS t JOIN {} AS r ON {on}",
                        schema.dialect.relation(&table.name),
                        schema.dialect.relation(&parent.name)
                    ),
                    condition: format!("{} <> {}", sides[0], sides[1]),
                    sides,
                });
            }
        } else {
            crossings.extend(links(schema.dialect, table, &keys));
        }
    }
    crossings.extend(
        all.iter()
            .map(|owned| homeless(schema.dialect, playbook, owned)),
    );
    crossings
}

/// A table without an organization that links rows of tables that have one.
fn links<'a>(
    dialect: Dialect,
    table: &'a Table,
    keys: &[(&ForeignKey, &Table, &str)],
) -> Vec<Crossing<'a>> {
    let mut crossings = Vec::new();
    for (place, (left, left_table, left_column)) in keys.iter().enumerate() {
        for (right, right_table, right_column) in &keys[place + 1..] {
            let (Some(left_on), Some(right_on)) =
                (join(left, left_table, "l"), join(right, right_table, "r"))
            else {
                continue;
            };
            let sides = [
                format!("l.{}", quote(left_column)),
                format!("r.{}", quote(right_column)),
            ];
            let columns: Vec<String> = left.columns.iter().chain(&right.columns).cloned().collect();
            crossings.push(Crossing {
                table,
                title: format!("{} linking {}", table.name, columns.join(" and ")),
                columns,
                parents: vec![left_table.name.clone(), right_table.name.clone()],
                from: format!(
                    "{} AS t JOIN {} AS l ON {left_on} JOIN {} AS r ON {right_on}",
                    dialect.relation(&table.name),
                    dialect.relation(&left_table.name),
                    dialect.relation(&right_table.name)
                ),
                condition: format!("{} <> {}", sides[0], sides[1]),
                sides,
            });
        }
    }
    crossings
}

/// Rows whose organization does not exist.
fn homeless<'a>(dialect: Dialect, playbook: &Playbook, owned: &Owned<'a>) -> Crossing<'a> {
    let organizations = &playbook.organizations;
    let (own, key) = (
        format!("t.{}", quote(owned.column)),
        format!("r.{}", quote(&organizations.key)),
    );
    Crossing {
        table: owned.table,
        columns: vec![owned.column.to_owned()],
        parents: vec![organizations.table.clone()],
        title: format!(
            "{} of an organization that does not exist",
            owned.table.name
        ),
        from: format!(
            "{} AS t LEFT JOIN {} AS r ON {key} = {own}",
            dialect.relation(&owned.table.name),
            dialect.relation(&organizations.table)
        ),
        condition: format!("{own} IS NOT NULL AND {key} IS NULL"),
        sides: [own, key],
    }
}

/// The condition that joins `t` to the row referred to, under the given alias.
fn join(key: &ForeignKey, parent: &Table, alias: &str) -> Option<String> {
    let referenced = if key.referenced.is_empty() {
        parent.key()
    } else {
        &key.referenced
    };
    if referenced.len() != key.columns.len() {
        return None;
    }
    let pairs: Vec<String> = key
        .columns
        .iter()
        .zip(referenced)
        .map(|(own, theirs)| format!("{alias}.{} = t.{}", quote(theirs), quote(own)))
        .collect();
    Some(pairs.join(" AND "))
}

async fn look(
    db: &mut Connection,
    crossing: &Crossing<'_>,
    organization: Option<(&Playbook, &str)>,
) -> Result<ConnectionCheck, DbError> {
    let [left, right] = &crossing.sides;
    let mut condition = crossing.condition.clone();
    let mut values = Vec::new();
    if let Some((playbook, code)) = organization {
        let organizations = &playbook.organizations;
        let id = format!(
            "(SELECT o.{} FROM {} AS o WHERE o.{} = ?1)",
            quote(&organizations.key),
            db.dialect().relation(&organizations.table),
            quote(&organizations.code)
        );
        condition = format!("({condition}) AND ({left} = {id} OR {right} = {id})");
        values.push(code.to_owned());
    }
    let bound = |sql: String| {
        values.iter().fold(Statement::new(sql), |statement, value| {
            statement.bind(value.as_str())
        })
    };
    let count = bound(format!(
        "SELECT COUNT(*) FROM {} WHERE {condition}",
        crossing.from
    ));
    let rows = db.count(count).await?.unsigned_abs();
    let mut samples = Vec::new();
    if rows > 0 {
        let key = match crossing.table.key() {
            [] => match db.dialect() {
                Dialect::Sqlite => "t.rowid".to_owned(),
                Dialect::Postgres => "t.ctid::text".to_owned(),
            },
            columns => columns
                .iter()
                .map(|column| format!("t.{}", quote(column)))
                .collect::<Vec<_>>()
                .join(" || ',' || "),
        };
        let statement = bound(format!(
            "SELECT {key}, {left}, {right} FROM {} WHERE {condition} ORDER BY 1 LIMIT {SAMPLES}",
            crossing.from
        ));
        for row in db.rows(statement).await? {
            samples.push(format!(
                "row {} of {} joins organizations {} and {}",
                row.value(0).display(),
                crossing.table.name,
                row.value(1).display(),
                match row.value(2) {
                    crate::db::Value::Null => "none".to_owned(),
                    value => value.display(),
                }
            ));
        }
    }
    Ok(ConnectionCheck {
        table: crossing.table.name.clone(),
        columns: crossing.columns.clone(),
        parents: crossing.parents.clone(),
        title: crossing.title.clone(),
        crossing: rows,
        samples,
    })
}
