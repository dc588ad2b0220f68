//! A row recorded in one of the application's own tables, so that its framework knows what was
//! done (`django_migrations`). Adopted when an equal row is there, removed only when made here.

use super::Operation;
use crate::db::{Dialect, Statement, Value, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};
use crate::engine::playbook::RecordedValue;

/// The present time; on SQLite as Django writes it there.
pub(super) fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
        Dialect::Postgres => "now()",
    }
}

/// Plans a recorded row.
pub(in crate::engine) fn record_row<'a>(
    dialect: Dialect,
    key: String,
    group: Option<&str>,
    phase: PhaseName,
    table: &str,
    row: impl IntoIterator<Item = (&'a String, &'a RecordedValue)>,
) -> Step {
    let (mut names, mut expressions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut same = Vec::new();
    let mut shown = Vec::new();
    for (column, value) in row {
        names.push(quote(column));
        let value: Value = match value {
            RecordedValue::Now { .. } => {
                expressions.push(now(dialect).to_owned());
                continue;
            }
            RecordedValue::Text(text) => text.as_str().into(),
            RecordedValue::Truth(truth) => i64::from(*truth).into(),
            RecordedValue::Integer(number) => (*number).into(),
            RecordedValue::Real(number) => Value::Real(*number),
        };
        expressions.push("?".to_owned());
        same.push(format!("{} = ?", quote(column)));
        shown.push(value.display());
        values.push(value);
    }
    let same = if same.is_empty() {
        "1 = 0".to_owned()
    } else {
        same.join(" AND ")
    };
    let with = |sql: String, times: usize| Statement {
        sql,
        values: (0..times).flat_map(|_| values.clone()).collect(),
    };
    let name = dialect.relation(table);
    Step {
        key,
        title: format!("Record {} in {table}", shown.join(", ")),
        group: group.map(str::to_owned),
        phase,
        operation: Operation::RecordRow {
            table: table.to_owned(),
        },
        mode: StepMode::Atomic,
        forward: vec![with(
            format!(
                "INSERT INTO {name} ({}) SELECT {} \
                 WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {same})",
                names.join(", "),
                expressions.join(", ")
            ),
            2,
        )],
        stages: Vec::new(),
        reverse: Reverse::Sql(vec![with(format!("DELETE FROM {name} WHERE {same}"), 1)]),
        probe: (!values.is_empty()).then(|| Probe {
            statement: with(
                format!("SELECT EXISTS (SELECT 1 FROM {name} WHERE {same})"),
                1,
            ),
            expected: 1,
        }),
        locks: "Other writers wait for some milliseconds.".into(),
        cost: Cost {
            rows: 1,
            sentence: "One row is written, none when it is there already.".into(),
        },
        loss: None,
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: None,
    }
}
