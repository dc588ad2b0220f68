//! What PostgreSQL's statements need that SQLite's do not: names that fit, the function behind a
//! trigger, and steps of several transactions for tables too large for one.

use md5::{Digest, Md5};

use super::{Cx, Rule, Subject};
use crate::db::{Dialect, Statement, parts, qualified, quote};
use crate::engine::plan::{Stage, StepMode};

/// The longest name that the server does not cut off, in bytes.
pub(super) const LONGEST_NAME: usize = 63;

/// A name of ours for something of a table; with a digest where it would be cut off.
pub(super) fn own_name(what: &str, table: &str) -> String {
    let name = format!("switchyard_{what}_{table}");
    if name.len() <= LONGEST_NAME {
        return name;
    }
    format!(
        "switchyard_{what}_{}",
        &hex::encode(Md5::digest(table))[..12]
    )
}

/// The quoted name of something that lies in the same schema as a table: an index.
pub(super) fn beside(dialect: Dialect, table: &str, name: &str) -> String {
    let table = parts(table);
    match (dialect, table.as_slice()) {
        (Dialect::Postgres, [schema, _]) => {
            dialect.relation(&qualified(Some(schema.as_str()), name))
        }
        _ => quote(name),
    }
}

/// The table's name alone, without its schema.
pub(super) fn bare(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => table.to_owned(),
        Dialect::Postgres => parts(table).pop().unwrap_or_default(),
    }
}

/// The mode of a step on PostgreSQL, given the transactions that a large table needs.
pub(super) fn mode(stages: &[Stage]) -> StepMode {
    match stages.is_empty() {
        true => StepMode::Atomic,
        false => StepMode::Staged,
    }
}

/// A stage that is a transaction of so many statements.
pub(super) fn transaction(statements: usize) -> Stage {
    Stage {
        statements,
        transaction: true,
        cleanup: Vec::new(),
        probe: None,
    }
}

/// The statements that begin to stamp rows which come without an organization. Rows of a table
/// without a primary key are walked by their place, which an update changes: it stamps too.
///
/// The function runs with the rights of whoever migrates: the application's role may not even
/// know our tables. Each stamped row is noted by a row of its own: a counter would make the
/// application's writers wait for each other.
pub(super) fn stamp_on(subject: Subject<'_>, rule: &Rule, cx: &Cx<'_>) -> Vec<Statement> {
    let Subject { table, column, .. } = subject;
    let dialect = cx.dialect;
    let trigger = subject.trigger();
    let name = dialect.relation(&table.name);
    let column = quote(column);
    let literal = dialect.literal(&table.name);
    let when = match table.key().is_empty() {
        true => "BEFORE INSERT OR UPDATE",
        false => "BEFORE INSERT",
    };
    vec![
        Statement::new(
            "INSERT INTO switchyard_stamp (table_name, stamped, last_at) VALUES (?, 0, NULL)",
        )
        .bind(table.name.as_str()),
        Statement::new(format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql \
             SECURITY DEFINER SET search_path FROM CURRENT AS $switchyard$ BEGIN \
             NEW.{column} := (SELECT {rule} FROM (SELECT NEW.*) AS t); \
             IF TG_OP = 'INSERT' THEN \
             INSERT INTO switchyard_stamp (table_name, stamped, last_at) \
             VALUES ({literal}, 1, extract(epoch FROM clock_timestamp())::bigint); \
             END IF; RETURN NEW; END $switchyard$",
            function = quote(&trigger),
            rule = rule.sql,
        )),
        Statement::new(format!(
            "DROP TRIGGER IF EXISTS {} ON {name}",
            quote(&trigger)
        )),
        Statement::new(format!(
            "CREATE TRIGGER {} {when} ON {name} FOR EACH ROW WHEN (NEW.{column} IS NULL) \
             EXECUTE FUNCTION {}()",
            quote(&trigger),
            quote(&trigger)
        )),
    ]
}

/// The statements that end it.
pub(super) fn stamp_off(table: &str, trigger: &str) -> Vec<Statement> {
    let relation = Dialect::Postgres.relation(table);
    vec![
        Statement::new(format!(
            "DROP TRIGGER IF EXISTS {} ON {relation}",
            quote(trigger)
        )),
        Statement::new(format!("DROP FUNCTION IF EXISTS {}()", quote(trigger))),
        Statement::new("DELETE FROM switchyard_stamp WHERE table_name = ?").bind(table),
    ]
}
