//! What PostgreSQL's statements need that SQLite's do not: names that fit, the function behind a
//! trigger, and steps of several transactions for tables too large for one.

use md5::{Digest, Md5};

use super::{Cx, Rule, Subject, stamp};
use crate::db::{Dialect, Statement, parts, qualified, quote};
use crate::engine::plan::{Probe, Stage, StepMode};

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

/// Drops an index of a table (both as they are named everywhere) that fits a condition on `i`. Nothing
/// else of that name is touched.
pub(super) fn drop_index_where(place: &str, relation: &str, condition: &str) -> Statement {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    Statement::new(block(&format!(
        "BEGIN IF EXISTS (SELECT 1 FROM pg_index AS i WHERE \
         i.indexrelid = to_regclass({}) AND i.indrelid = to_regclass({}) AND {condition}) \
         THEN DROP INDEX {place}; END IF; END",
        literal(place),
        literal(relation),
    )))
}

/// A statement of several with conditions, whatever names and comments are in it.
pub(super) fn block(body: &str) -> String {
    const QUOTE: &str = "$switchyard$";
    match body.contains(QUOTE) {
        false => format!("DO {QUOTE} {body} {QUOTE}"),
        true => format!("DO {}", Dialect::Postgres.literal(body)),
    }
}

/// A stage that is one statement and cannot be part of a transaction.
pub(super) fn alone(probe: Probe, cleanup: Statement) -> Stage {
    Stage {
        statements: 1,
        transaction: false,
        cleanup: vec![cleanup],
        probe: Some(probe),
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
/// A row that an old application moves to another parent follows it: its organization, which that
/// application does not know, would stay the one before.
///
/// The function runs with the rights of whoever migrates: the application's role may not even
/// know our tables. So it must do nothing but this, whoever calls it: the names in it mean what
/// they mean now ([`fixed`]), and nobody may hang it on a table of their own. Each stamped row is
/// noted by a row of its own: a counter would make the application's writers wait for each other.
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
    let answer = |row: &str| format!("(SELECT {} FROM (SELECT {row}.*) AS t)", rule.sql());
    let (now, before) = (answer("NEW"), answer("OLD"));
    let mut statements = vec![
        stamp::begin(dialect, &table.name),
        Statement::new(format!(
            "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql \
             SECURITY DEFINER AS $switchyard$ BEGIN \
             IF TG_OP = 'INSERT' THEN NEW.{column} := {now}; \
             INSERT INTO switchyard_stamp (table_name, stamped, last_at) \
             VALUES ({literal}, 1, extract(epoch FROM clock_timestamp())::bigint); \
             ELSIF NEW.{column} IS NULL OR {now} IS DISTINCT FROM {before} THEN \
             NEW.{column} := COALESCE({now}, NEW.{column}); \
             END IF; RETURN NEW; END $switchyard$",
            function = quote(&trigger),
        )),
        fixed(&trigger),
        drop_trigger(&name, &trigger),
        Statement::new(format!(
            "CREATE TRIGGER {} {when} ON {name} FOR EACH ROW WHEN (NEW.{column} IS NULL) \
             EXECUTE FUNCTION {}()",
            quote(&trigger),
            quote(&trigger)
        )),
    ];
    if let Some(moved) = moved(rule, &table.name) {
        let along = rule.along.as_deref().map(quote);
        let along = along.map_or_else(String::new, |along| {
            format!(" AND NEW.{along} IS DISTINCT FROM OLD.{along}")
        });
        statements.push(drop_trigger(&name, &moved));
        statements.push(Statement::new(format!(
            "CREATE TRIGGER {} BEFORE UPDATE ON {name} FOR EACH ROW \
             WHEN (NEW.{column} IS NOT DISTINCT FROM OLD.{column}{along}) EXECUTE FUNCTION {}()",
            quote(&moved),
            quote(&trigger)
        )));
    }
    statements
}

/// The trigger for rows that are moved; none where the rule answers the same for every row.
pub(super) fn moved(rule: &Rule, table: &str) -> Option<String> {
    (!rule.constant).then(|| own_name("move", table))
}

fn drop_trigger(relation: &str, trigger: &str) -> Statement {
    Statement::new(format!(
        "DROP TRIGGER IF EXISTS {} ON {relation}",
        quote(trigger)
    ))
}

/// Keeps a function that runs with our rights from being used for anything else. The schemas in
/// which it looks for names are those of now, by name, and the temporary one comes last: unnamed it
/// would come first, and anybody can make a table of any name there. Who may carry it out is asked
/// when a trigger is made, not when it fires: the application needs no right to it.
fn fixed(function: &str) -> Statement {
    let literal = Dialect::Postgres.literal(&quote(function));
    Statement::new(format!(
        "DO $switchyard$ BEGIN \
         EXECUTE format('ALTER FUNCTION %s() SET search_path = %s', {literal}, \
         (SELECT string_agg(quote_ident(name), ', ' ORDER BY place) || ', pg_temp' \
         FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (name, place) \
         WHERE name !~ '^pg_temp')); \
         EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', {literal}); \
         END $switchyard$"
    ))
}

/// The statements that end it.
pub(super) fn stamp_off(table: &str, trigger: &str, rule: &Rule) -> Vec<Statement> {
    let relation = Dialect::Postgres.relation(table);
    let mut statements = vec![drop_trigger(&relation, trigger)];
    statements.extend(moved(rule, table).map(|moved| drop_trigger(&relation, &moved)));
    statements.push(Statement::new(format!(
        "DROP FUNCTION IF EXISTS {}()",
        quote(trigger)
    )));
    statements.push(stamp::forget(Dialect::Postgres, table));
    statements
}
