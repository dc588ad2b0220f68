//! The organizations table and the default organization: made when they do not exist, adopted
//! when they do, and taken back only when they were made here.

use std::collections::BTreeMap;

use super::{Cx, Operation};
use crate::db::{Statement, Value, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};

/// Plans the organizations table.
pub(in crate::engine) fn ensure_table(cx: &Cx<'_>) -> Step {
    let organizations = &cx.playbook.organizations;
    let table = &organizations.table;
    let mut columns = vec![
        format!(
            "{} integer NOT NULL PRIMARY KEY AUTOINCREMENT",
            quote(&organizations.key)
        ),
        format!("{} varchar(20) NOT NULL UNIQUE", quote(&organizations.code)),
        format!("{} varchar(255) NOT NULL", quote(&organizations.name)),
    ];
    let optional = [
        (
            &organizations.type_column,
            "varchar(20) NOT NULL".to_owned(),
        ),
        (&organizations.active, "bool NOT NULL".to_owned()),
        (&organizations.created, "datetime NOT NULL".to_owned()),
        (&organizations.updated, "datetime NOT NULL".to_owned()),
    ];
    for (column, definition) in optional {
        columns.extend(
            column
                .as_ref()
                .map(|name| format!("{} {definition}", quote(name))),
        );
    }
    columns.extend(organizations.metadata.as_ref().map(|name| {
        let name = quote(name);
        format!("{name} text NOT NULL CHECK ((JSON_VALID({name}) OR {name} IS NULL))")
    }));
    let existing = cx.schema.table(table).is_some();
    Step {
        key: "organizations.table".into(),
        title: format!("Make the table {table}"),
        group: None,
        phase: PhaseName::Organizations,
        operation: Operation::EnsureOrganizationsTable {
            table: table.clone(),
        },
        mode: StepMode::Atomic,
        forward: vec![Statement::new(format!(
            "CREATE TABLE {} ({})",
            quote(table),
            columns.join(", ")
        ))],
        reverse: Reverse::Sql(vec![Statement::new(format!("DROP TABLE {}", quote(table)))]),
        probe: Some(Probe {
            statement: Statement::new(
                "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?",
            )
            .bind(table.as_str()),
            expected: 1,
        }),
        locks: "Other writers wait for some milliseconds.".into(),
        cost: Cost {
            rows: 0,
            sentence: "No row is written: only the catalogue changes.".into(),
        },
        loss: (!existing).then(|| "Every organization, with all that is known of it.".to_owned()),
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: existing.then(|| format!("The table {table} is there already.")),
    }
}

/// Plans the default organization.
pub(in crate::engine) fn ensure_default(cx: &Cx<'_>) -> Step {
    let organizations = &cx.playbook.organizations;
    let default = &organizations.default;
    let table = &organizations.table;
    let metadata = serde_json::to_string(&default.metadata.clone().unwrap_or_default());
    let optional: [(&Option<String>, Value); 3] = [
        (
            &organizations.type_column,
            default.type_value.clone().unwrap_or_default().into(),
        ),
        (&organizations.active, 1.into()),
        (
            &organizations.metadata,
            metadata.unwrap_or_else(|_| "{}".into()).into(),
        ),
    ];
    let mut columns: BTreeMap<String, Value> = [(
        organizations.name.clone(),
        Value::from(default.name.as_str()),
    )]
    .into();
    for (column, value) in optional {
        columns.extend(column.clone().map(|column| (column, value)));
    }
    let mut names = vec![quote(&organizations.code)];
    let mut values = vec!["?".to_owned()];
    let mut bound: Vec<Value> = vec![default.code.as_str().into()];
    for (column, value) in &columns {
        names.push(quote(column));
        values.push("?".to_owned());
        bound.push(value.clone());
    }
    for column in [&organizations.created, &organizations.updated]
        .into_iter()
        .flatten()
    {
        names.push(quote(column));
        values.push(super::record_row::NOW.to_owned());
    }
    let code = quote(&organizations.code);
    let mut forward = Statement::new(format!(
        "INSERT INTO {table} ({}) SELECT {} \
         WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {code} = ?)",
        names.join(", "),
        values.join(", "),
        table = quote(table),
    ));
    forward.values = bound;
    let of_code = |sql: String| Statement::new(sql).bind(default.code.as_str());
    Step {
        key: "organizations.default".into(),
        title: format!("Make the organization {} ({})", default.code, default.name),
        group: None,
        phase: PhaseName::Organizations,
        operation: Operation::EnsureDefaultOrganization {
            table: table.clone(),
            code_column: organizations.code.clone(),
            code: default.code.clone(),
            columns,
        },
        mode: StepMode::Atomic,
        forward: vec![forward.bind(default.code.as_str())],
        reverse: Reverse::Sql(vec![of_code(format!(
            "DELETE FROM {} WHERE {code} = ?",
            quote(table)
        ))]),
        probe: Some(Probe {
            statement: of_code(format!(
                "SELECT COUNT(*) FROM {} WHERE {code} = ?",
                quote(table)
            )),
            expected: 1,
        }),
        locks: "Other writers wait for some milliseconds.".into(),
        cost: Cost {
            rows: 1,
            sentence: "One row is written, none when the organization is there already.".into(),
        },
        loss: Some(format!(
            "The organization {}, unless it was there before the run.",
            default.code
        )),
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: None,
    }
}
