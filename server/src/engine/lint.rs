//! What a person should know about a playbook before running it on a real database, beyond what
//! makes it impossible: that is refused by compiling it.

use serde::{Deserialize, Serialize};

use super::inspect::count_rows;
use super::playbook::{Model, Otherwise, Placement, Playbook};
use super::schema::{Schema, Table};
use super::unique_risk::unique_risks;
use crate::db::{Connection, DbError, quote};

/// Models above this many rows are worth a word.
const LARGE: u64 = 1_000_000;

/// Chains of models that follow one another above this length are worth a word.
const LONG_CHAIN: usize = 3;

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable identifier, such as `unique-at-risk`.
    pub code: String,
    /// Line of the playbook.
    pub line: Option<usize>,
    /// What was found, with numbers.
    pub message: String,
    /// What to do, when something should be done.
    pub remedy: String,
}

/// Lints a playbook against a target. Tables that do not exist are left to the compiler.
pub async fn lint(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Vec<Finding>, DbError> {
    let mut schema = schema.clone();
    let tables: Vec<String> = playbook
        .models()
        .map(|(_, model)| model.table.clone())
        .collect();
    count_rows(db, &mut schema, tables.iter().map(String::as_str)).await?;
    let mut findings = Vec::new();
    for (group_place, group) in playbook.groups.iter().enumerate() {
        for (place, model) in group.models.iter().enumerate() {
            let Some(table) = schema.table(&model.table) else {
                continue;
            };
            let key = format!("groups.{group_place}.models.{place}");
            let line = playbook.source.position(&key).map(|at| at.line);
            let mut found = model_findings(playbook, &schema, model, table);
            found.extend(empty_references(db, model, table).await?);
            found.iter_mut().for_each(|finding| finding.line = line);
            findings.extend(found);
        }
    }
    findings.extend(left_out(playbook, &schema));
    findings.extend(risks(db, playbook, &schema).await?);
    Ok(findings)
}

fn finding(code: &str, message: String, remedy: &str) -> Finding {
    Finding {
        code: code.to_owned(),
        line: None,
        message,
        remedy: remedy.to_owned(),
    }
}

fn model_findings(
    playbook: &Playbook,
    schema: &Schema,
    model: &Model,
    table: &Table,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let rows = table.rows.unwrap_or(0);
    if rows > LARGE {
        found.push(finding(
            "large-table",
            format!("{} has {rows} rows.", table.name),
            "Its batches take a while; the application goes on meanwhile. Plan the time.",
        ));
    }
    let Placement::Through(along) = &model.organization else {
        return found;
    };
    let indexed = table.indexes.iter().any(|index| {
        let first = index.columns.first().and_then(Option::as_deref);
        first.is_some_and(|first| first.eq_ignore_ascii_case(&along.through))
    });
    if !indexed {
        found.push(finding(
            "no-index-on-foreign-key",
            format!("{}.{} has no index.", table.name, along.through),
            "Deciding about a parent row reads this whole table: make an index on the column.",
        ));
    }
    let length = chain(playbook, schema, model);
    if length > LONG_CHAIN {
        found.push(finding(
            "long-chain",
            format!("{} finds its organization over {length} tables.", table.name),
            "A row left open at the top leaves all below it open. Look at the decisions from the top.",
        ));
    }
    found
}

/// How many references lead from a model to one that finds its organization by itself.
fn chain(playbook: &Playbook, schema: &Schema, model: &Model) -> usize {
    let (mut length, mut model) = (0, model);
    // a cycle is refused by the compiler; here it only must end
    while length <= playbook.models().count() {
        let Placement::Through(along) = &model.organization else {
            return length;
        };
        let parent = schema
            .table(&model.table)
            .and_then(|table| table.foreign_key(&along.through))
            .and_then(|key| playbook.model(&key.table));
        let Some((_, parent)) = parent else {
            return length + 1;
        };
        (length, model) = (length + 1, parent);
    }
    length
}

async fn empty_references(
    db: &mut Connection,
    model: &Model,
    table: &Table,
) -> Result<Option<Finding>, DbError> {
    let Placement::Through(along) = &model.organization else {
        return Ok(None);
    };
    let nullable = table
        .column(&along.through)
        .is_some_and(|column| !column.not_null);
    if !nullable || along.otherwise == Otherwise::Default {
        return Ok(None);
    }
    let empty = db
        .count(format!(
            "SELECT COUNT(*) FROM {} WHERE {} IS NULL",
            db.dialect().relation(&table.name),
            quote(&along.through)
        ))
        .await?;
    Ok((empty > 0).then(|| {
        finding(
            "rows-to-decide",
            format!(
                "{empty} of {} rows of {} have no {}.",
                table.rows.unwrap_or(0),
                table.name,
                along.through
            ),
            "They will wait for a decision; `otherwise = \"default\"` gives them to the default organization.",
        )
    }))
}

/// Tables whose rows hang on a model's and that are no models themselves.
fn left_out(playbook: &Playbook, schema: &Schema) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in schema.tables.values() {
        let organizations = &playbook.organizations.table;
        if playbook.model(&table.name).is_some() || table.name.eq_ignore_ascii_case(organizations) {
            continue;
        }
        let parents: Vec<&str> = table
            .foreign_keys
            .iter()
            .filter(|key| playbook.model(&key.table).is_some())
            .map(|key| key.table.as_str())
            .collect();
        if let [parent, ..] = parents.as_slice() {
            found.push(finding(
                "left-out",
                format!("Rows of {} hang on rows of {parent} and get no organization.", table.name),
                "Add the table as a model that follows its parent, unless the application always reads it through the parent.",
            ));
        }
    }
    found
}

async fn risks(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Vec<Finding>, DbError> {
    let tables: Vec<(&str, Option<&str>)> = playbook
        .models()
        .map(|(_, model)| {
            let through = match &model.organization {
                Placement::Through(along) => Some(along.through.as_str()),
                _ => None,
            };
            (model.table.as_str(), through)
        })
        .collect();
    let rescoped = |table: &str, columns: &[String]| {
        let mut wanted = columns.to_vec();
        wanted.sort();
        playbook
            .groups
            .iter()
            .flat_map(|group| &group.unique)
            .any(|unique| {
                let mut named = unique.columns.clone();
                named.sort();
                unique.table.eq_ignore_ascii_case(table) && named == wanted
            })
    };
    // one that has the organization's column is per organization already
    let scoped = |table: &str, columns: &[String]| {
        playbook.model(table).is_some_and(|(_, model)| {
            let own = playbook.column(model);
            columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(own))
        })
    };
    Ok(unique_risks(db, schema, &tables)
        .await?
        .into_iter()
        .filter(|risk| !rescoped(&risk.table, &risk.columns) && !scoped(&risk.table, &risk.columns))
        .map(|risk| {
            finding(
                "unique-at-risk",
                format!(
                    "{} of {} is unique over all organizations; {} rows nearly collide already.",
                    risk.columns.join(", "),
                    risk.table,
                    risk.near_collisions
                ),
                "If two organizations may need the same value, add a [[groups.unique]] entry.",
            )
        })
        .collect())
}
