//! Adds the organization's column, which may be empty, and the trigger that stamps the rows of
//! application versions that do not know the column.
//!
//! `ADD COLUMN ... NOT NULL DEFAULT n` would write no row either, and would spare two steps. It is
//! not used: the default would have to go again, because a forgotten one files another
//! organization's new rows under the default organization, and taking a default out of the
//! definition turns every row that was never written into NULL.

use super::{Cx, Operation, Rule, Subject};
use crate::db::{Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};

/// Plans the column and its trigger.
pub(in crate::engine) fn add_column(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Step {
    let Subject { table, column, .. } = subject;
    let trigger = subject.trigger();
    let existing = table.column(column);
    let alter = format!(
        "ALTER TABLE {} ADD COLUMN {}",
        quote(&table.name),
        definition(cx, subject)
    );
    let mut forward = Vec::new();
    let mut reverse = stamp_off(&table.name, &trigger);
    if existing.is_none() {
        forward.push(Statement::new(alter));
        reverse.push(
            Statement::new("DELETE FROM switchyard_decision WHERE table_name = ?")
                .bind(table.name.as_str()),
        );
        reverse.push(Statement::new(format!(
            "ALTER TABLE {} DROP COLUMN {}",
            quote(&table.name),
            quote(column)
        )));
    }
    forward.extend(stamp_on(subject, rule, cx));
    let required_already = existing.is_some_and(|column| column.not_null);
    Step {
        key: subject.key("nullable"),
        title: format!("Add {column} to {}, may be empty", table.name),
        group: Some(subject.group.to_owned()),
        phase: PhaseName::Nullable,
        operation: Operation::AddColumn {
            table: table.name.clone(),
            column: column.to_owned(),
            trigger,
        },
        mode: StepMode::Atomic,
        forward,
        reverse: Reverse::Sql(reverse),
        probe: Some(Probe {
            statement: Statement::new("SELECT COUNT(*) FROM pragma_table_xinfo(?) WHERE name = ?")
                .bind(table.name.as_str())
                .bind(column),
            expected: 1,
        }),
        locks: "Other writers wait for some milliseconds.".into(),
        cost: Cost {
            rows: 0,
            sentence: "No row is written: a column that may be empty is added to the catalogue."
                .into(),
        },
        loss: existing.is_none().then(|| {
            format!(
                "Which organization each of the {} belongs to, decisions included.",
                subject.plural
            )
        }),
        gates: Vec::new(),
        point_of_no_return: false,
        destructive: false,
        skip: required_already.then(|| format!("{column} is there already and is required.")),
    }
}

/// The column's definition, word for word as Django writes it.
pub(super) fn definition(cx: &Cx<'_>, subject: Subject<'_>) -> String {
    let organizations = &cx.playbook.organizations;
    let declared = &cx.playbook.tenant.column_type;
    // a STRICT table takes only SQLite's own names of types
    let strict_name = if declared.to_ascii_lowercase().contains("int") {
        "INTEGER"
    } else {
        "TEXT"
    };
    format!(
        "{} {} NULL REFERENCES {} ({}) DEFERRABLE INITIALLY DEFERRED",
        quote(subject.column),
        if subject.table.strict {
            strict_name
        } else {
            declared
        },
        quote(&organizations.table),
        quote(&organizations.key)
    )
}

/// The statements that begin to stamp rows which come without an organization. The trigger is
/// carried out by the application's own SQLite, so it uses nothing that an old one lacks.
pub(super) fn stamp_on(subject: Subject<'_>, rule: &Rule, cx: &Cx<'_>) -> Vec<Statement> {
    let Subject { table, column, .. } = subject;
    let name = quote(&table.name);
    let row = |prefix: &str| {
        (subject.walk().iter())
            .map(|key| format!("{prefix}{key} = NEW.{key}", key = quote(key)))
            .collect::<Vec<_>>()
            .join(" AND ")
    };
    let literal = cx.dialect.literal(&table.name);
    vec![
        Statement::new(
            "INSERT INTO switchyard_stamp (table_name, stamped, last_at) VALUES (?, 0, NULL) \
             ON CONFLICT (table_name) DO NOTHING",
        )
        .bind(table.name.as_str()),
        Statement::new(format!(
            "CREATE TRIGGER {trigger} AFTER INSERT ON {name} FOR EACH ROW \
             WHEN NEW.{column} IS NULL BEGIN \
             UPDATE {name} SET {column} = (SELECT {rule} FROM {name} AS t WHERE {of_t}) \
             WHERE {own}; \
             UPDATE switchyard_stamp SET stamped = stamped + 1, \
             last_at = CAST(strftime('%s', 'now') AS INTEGER) WHERE table_name = {literal}; END",
            trigger = quote(&subject.trigger()),
            column = quote(column),
            rule = rule.sql,
            of_t = row("t."),
            own = row(""),
        )),
    ]
}

/// The statements that end it.
pub(super) fn stamp_off(table: &str, trigger: &str) -> Vec<Statement> {
    vec![
        Statement::new(format!("DROP TRIGGER IF EXISTS {}", quote(trigger))),
        Statement::new("DELETE FROM switchyard_stamp WHERE table_name = ?").bind(table),
    ]
}
