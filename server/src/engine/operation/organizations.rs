//! The organizations table and the default organization: made when they do not exist, adopted
//! when they do, and taken back only when they were made here.

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
    let mut names = vec![quote(&organizations.code), quote(&organizations.name)];
    let mut values = vec!["?".to_owned(), "?".to_owned()];
    let mut bound: Vec<Value> = vec![default.code.as_str().into(), default.name.as_str().into()];
    let mut add = |column: &Option<String>, expression: &str, value: Option<Value>| {
        if let Some(column) = column {
            names.push(quote(column));
            values.push(expression.to_owned());
            bound.extend(value);
        }
    };
    let type_value = default.type_value.clone().unwrap_or_default();
    add(&organizations.type_column, "?", Some(type_value.into()));
    add(&organizations.active, "?", Some(1.into()));
    let metadata = serde_json::to_string(&default.metadata.clone().unwrap_or_default());
    add(
        &organizations.metadata,
        "?",
        Some(metadata.unwrap_or_else(|_| "{}".into()).into()),
    );
    add(&organizations.created, super::record_row::NOW, None);
    add(&organizations.updated, super::record_row::NOW, None);
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
