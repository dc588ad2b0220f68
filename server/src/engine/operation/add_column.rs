//! Adds the organization's column, which may be empty, and the trigger that stamps the rows of
//! application versions that do not know the column.
//!
//! `ADD COLUMN ... NOT NULL DEFAULT n` would write no row either, and would spare two steps. It is
//! not used: the default would have to go again, because a forgotten one files another
//! organization's new rows under the default organization, and taking a default out of the
//! definition turns every row that was never written into NULL.

use super::create_index::constraint_name;
use super::{Cx, Operation, Rule, Subject, postgres, probe, stamp};
use crate::db::{Dialect, Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Reverse, Step};

/// Plans the column and its trigger.
pub(in crate::engine) fn add_column(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Step {
    let Subject { table, column, .. } = subject;
    let trigger = subject.trigger();
    let existing = table.column(column);
    let relation = cx.dialect.relation(&table.name);
    let mut forward = Vec::new();
    let mut reverse = stamp_off(cx, &table.name, &trigger, rule);
    let mut stages = Vec::new();
    if existing.is_none() {
        match cx.dialect {
            Dialect::Sqlite => forward.push(Statement::new(format!(
                "ALTER TABLE {relation} ADD COLUMN {}",
                definition(cx, subject)
            ))),
            Dialect::Postgres => forward.extend(column_on(cx, subject, rule)),
        }
        reverse.push(
            Statement::new("DELETE FROM switchyard_decision WHERE table_name = ?")
                .bind(table.name.as_str()),
        );
        let if_there = match cx.dialect {
            Dialect::Sqlite => "",
            // the first of several transactions may have failed
            Dialect::Postgres => "IF EXISTS ",
        };
        reverse.push(Statement::new(format!(
            "ALTER TABLE {relation} DROP COLUMN {if_there}{}",
            quote(column)
        )));
    }
    forward.extend(stamp_on(subject, rule, cx));
    if existing.is_none() && cx.dialect == Dialect::Postgres && subject.is_large() {
        stages.push(postgres::transaction(forward.len()));
        for table in holding(subject) {
            forward.push(Statement::new(format!(
                "ALTER TABLE {} VALIDATE CONSTRAINT {}",
                cx.dialect.relation(table),
                quote(&foreign_key(cx, subject))
            )));
            stages.push(postgres::transaction(1));
        }
        if subject.is_partitioned() {
            // it takes those of the partitions, which are proven, to itself
            let whole = format!("ALTER TABLE {relation} {}", references(cx, subject));
            forward.push(Statement::new(whole));
            stages.push(postgres::transaction(1));
        }
    }
    let filled = existing.is_none() && is_filled(cx, rule);
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
        mode: postgres::mode(&stages),
        forward,
        stages,
        reverse: Reverse::Sql(reverse),
        probe: Some(probe::column(cx.dialect, &table.name, column)),
        locks: "Other writers wait for some milliseconds.".into(),
        cost: Cost {
            rows: 0,
            sentence: match filled {
                true => format!(
                    "No row is written: the catalogue keeps the organization of all {} once.",
                    subject.plural
                ),
                false => "No row is written: a column that may be empty is added to the catalogue."
                    .into(),
            },
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

/// The tables whose rows the foreign key is checked against: a partitioned table has none itself, and
/// PostgreSQL takes no foreign key of one that is to be checked later.
fn holding(subject: Subject<'_>) -> Vec<&str> {
    match subject.is_partitioned() {
        true => (subject.table.partitions.iter().map(String::as_str)).collect(),
        false => vec![subject.table.name.as_str()],
    }
}

/// Adding the foreign key, as it stands behind `ALTER TABLE`.
fn references(cx: &Cx<'_>, subject: Subject<'_>) -> String {
    let organizations = &cx.playbook.organizations;
    format!(
        "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) DEFERRABLE INITIALLY DEFERRED",
        quote(&foreign_key(cx, subject)),
        quote(subject.column),
        cx.dialect.relation(&organizations.table),
        quote(&organizations.key),
    )
}

/// Whether PostgreSQL can give every existing row its organization by adding the column: the
/// rule must be the same for all rows.
pub(super) fn is_filled(cx: &Cx<'_>, rule: &Rule) -> bool {
    cx.dialect == Dialect::Postgres && rule.constant
}

/// PostgreSQL's statements for the column. A default that is not volatile is evaluated once and
/// kept in the catalogue for all rows that are there: none is written. The default itself goes
/// again at once: a forgotten one would file another organization's new rows under this one.
fn column_on(cx: &Cx<'_>, subject: Subject<'_>, rule: &Rule) -> Vec<Statement> {
    let relation = cx.dialect.relation(&subject.table.name);
    let column = quote(subject.column);
    let kind = &cx.playbook.tenant.column_type;
    let function = quote("switchyard_default_organization");
    let filled = is_filled(cx, rule);
    let mut statements = Vec::new();
    if filled {
        statements.push(format!(
            "CREATE FUNCTION {function}() RETURNS {kind} LANGUAGE sql STABLE AS $switchyard$ \
             SELECT {} $switchyard$",
            rule.sql()
        ));
    }
    statements.push(match filled {
        true => format!("ALTER TABLE {relation} ADD COLUMN {column} {kind} DEFAULT {function}()"),
        false => format!("ALTER TABLE {relation} ADD COLUMN {column} {kind}"),
    });
    if filled {
        statements.push(format!(
            "ALTER TABLE {relation} ALTER COLUMN {column} DROP DEFAULT"
        ));
        statements.push(format!("DROP FUNCTION {function}()"));
    }
    let references = references(cx, subject);
    // a large table's is checked in a transaction of its own, which no writer waits for
    match subject.is_large() {
        false => statements.push(format!("ALTER TABLE {relation} {references}")),
        true => statements.extend((holding(subject).into_iter()).map(|table| {
            let relation = cx.dialect.relation(table);
            format!("ALTER TABLE {relation} {references} NOT VALID")
        })),
    }
    statements.into_iter().map(Statement::new).collect()
}

/// The name of the foreign key, as the application's framework would give it.
pub(super) fn foreign_key(cx: &Cx<'_>, subject: Subject<'_>) -> String {
    let organizations = &cx.playbook.organizations;
    let suffix = format!(
        "_fk_{}_{}",
        postgres::bare(cx.dialect, &organizations.table),
        organizations.key
    );
    constraint_name(cx, &subject.table.name, &[subject.column], &suffix)
}

/// The statements that begin to stamp rows which come without an organization. The trigger is
/// carried out by the application's own SQLite, so it uses nothing that an old one lacks.
pub(super) fn stamp_on(subject: Subject<'_>, rule: &Rule, cx: &Cx<'_>) -> Vec<Statement> {
    let Subject { table, column, .. } = subject;
    if cx.dialect == Dialect::Postgres {
        return postgres::stamp_on(subject, rule, cx);
    }
    let name = quote(&table.name);
    let row = |prefix: &str| {
        (subject.walk(cx.dialect).iter())
            .map(|key| format!("{prefix}{key} = NEW.{key}", key = quote(key)))
            .collect::<Vec<_>>()
            .join(" AND ")
    };
    let literal = cx.dialect.literal(&table.name);
    let mut statements = vec![
        stamp::begin(cx.dialect, &table.name),
        Statement::new(format!(
            "CREATE TRIGGER {trigger} AFTER INSERT ON {name} FOR EACH ROW \
             WHEN NEW.{column} IS NULL BEGIN \
             UPDATE {name} SET {column} = (SELECT {rule} FROM {name} AS t WHERE {of_t}) \
             WHERE {own}; \
             UPDATE switchyard_stamp SET stamped = stamped + 1, \
             last_at = CAST(strftime('%s', 'now') AS INTEGER) WHERE table_name = {literal}; END",
            trigger = quote(&subject.trigger()),
            column = quote(column),
            rule = rule.sql(),
            of_t = row("t."),
            own = row(""),
        )),
    ];
    statements.extend(follow_on(subject, rule, &row("")));
    statements
}

/// SQLite: a row that an old application moves to another parent follows it, as on PostgreSQL: where
/// the rule answers otherwise than before, and the application has not said an organization itself.
fn follow_on(subject: Subject<'_>, rule: &Rule, own: &str) -> Option<Statement> {
    let Subject { table, column, .. } = subject;
    let trigger = postgres::moved(rule, &table.name)?;
    let others: Vec<String> = (table.columns.iter())
        .filter(|other| !other.generated && !other.name.eq_ignore_ascii_case(column))
        .map(|other| quote(&other.name))
        .collect();
    let along = rule.along.as_deref().map(quote);
    // what the rule may look at
    let mut seen: Vec<String> = match &along {
        Some(along) => vec![along.clone()],
        None => (table.columns.iter())
            .map(|column| quote(&column.name))
            .collect(),
    };
    if along.is_none() && table.rowid && table.column("rowid").is_none() {
        seen.push("rowid".to_owned());
    }
    let answer = |row: &str| {
        let columns: Vec<String> = (seen.iter())
            .map(|column| format!("{row}.{column} AS {column}"))
            .collect();
        let columns = columns.join(", ");
        format!("(SELECT {} FROM (SELECT {columns}) AS t)", rule.sql())
    };
    let moved = along.as_ref().map_or_else(String::new, |along| {
        format!(" AND NEW.{along} IS NOT OLD.{along}")
    });
    let (now, before) = (answer("NEW"), answer("OLD"));
    Some(Statement::new(format!(
        "CREATE TRIGGER {trigger} AFTER UPDATE OF {of} ON {name} FOR EACH ROW \
         WHEN NEW.{column} IS OLD.{column}{moved} AND {now} IS NOT {before} BEGIN \
         UPDATE {name} SET {column} = COALESCE({now}, {column}) WHERE {own}; END",
        trigger = quote(&trigger),
        of = along.unwrap_or_else(|| others.join(", ")),
        name = quote(&table.name),
        column = quote(column),
    )))
}

/// The statements that end it.
pub(super) fn stamp_off(cx: &Cx<'_>, table: &str, trigger: &str, rule: &Rule) -> Vec<Statement> {
    match cx.dialect {
        Dialect::Postgres => postgres::stamp_off(table, trigger, rule),
        Dialect::Sqlite => stop_stamp(table, trigger),
    }
}

/// The same on SQLite, whatever the rule.
pub(in crate::engine) fn stop_stamp(table: &str, trigger: &str) -> Vec<Statement> {
    let follows = postgres::own_name("move", table);
    vec![
        Statement::new(format!("DROP TRIGGER IF EXISTS {}", quote(trigger))),
        Statement::new(format!("DROP TRIGGER IF EXISTS {}", quote(&follows))),
        stamp::forget(Dialect::Sqlite, table),
    ]
}
