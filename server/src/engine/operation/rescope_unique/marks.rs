//! What was said and set of an index before another one took its place, to be said and set of that one, and again on the
//! way back: comments, the mark of `CLUSTER`, and names, options and tablespaces of its parts in partitions.

use super::scoped_part;
use crate::db::{Dialect, quote};
use crate::engine::operation::{Subject, postgres};
use crate::engine::schema::{Index, IndexPart, Marks};

/// The statements for the index that takes the place of another one, named `new`.
pub(super) fn carried(
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
    new: &str,
) -> Vec<String> {
    let table = &subject.table.name;
    let mut statements = marks(table, new, &index.marks);
    for part in &index.parts {
        // a part of which nothing is to be said keeps the name that the server gives it
        if part.marks.is_none() && part.options.is_none() && part.tablespace.is_none() {
            continue;
        }
        let scoped = IndexPart {
            name: scoped_part(subject, columns, &part.table),
            ..part.clone()
        };
        statements.push(in_partition(table, new, &scoped));
    }
    statements
}

/// The statements for an index of `table` that was made again.
pub(super) fn restored(table: &str, index: &Index) -> Vec<String> {
    let mut statements = marks(table, &index.name, &index.marks);
    let parts = index.parts.iter();
    statements.extend(parts.map(|part| in_partition(table, &index.name, part)));
    statements
}

/// What is in the parentheses of `WITH`.
pub(super) fn options(part: &IndexPart) -> Option<String> {
    let all = part.options.as_ref()?;
    let set: Vec<String> = (all.iter())
        .filter_map(|option| option.split_once('='))
        .map(|(name, value)| format!("{} = {}", quote(name), Dialect::Postgres.literal(value)))
        .collect();
    Some(set.join(", "))
}

fn marks(table: &str, index: &str, marks: &Marks) -> Vec<String> {
    let relation = Dialect::Postgres.relation(table);
    let place = postgres::beside(Dialect::Postgres, table, index);
    let name = quote(index);
    let said = |on: String, comment: &String| {
        format!("COMMENT ON {on} IS {}", Dialect::Postgres.literal(comment))
    };
    let mut statements = Vec::new();
    statements.extend((marks.comment.as_ref()).map(|it| said(format!("INDEX {place}"), it)));
    statements.extend(
        (marks.constraint_comment.as_ref())
            .map(|it| said(format!("CONSTRAINT {name} ON {relation}"), it)),
    );
    if marks.clustered {
        statements.push(format!("ALTER TABLE {relation} CLUSTER ON {name}"));
    }
    statements
}

/// Gives the part of an index in a partition its name (until then it may be the server's choice) and all that is said and
/// set of it. A partition that is gone by then has none.
fn in_partition(table: &str, index: &str, part: &IndexPart) -> String {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    let mut then = settings(part);
    then.extend(marks(&part.table, &part.name, &part.marks));
    let then: String = (then.iter())
        .map(|statement| format!("{statement}; "))
        .collect();
    postgres::block(&format!(
        "DECLARE part regclass; BEGIN SELECT x.indexrelid INTO part \
         FROM pg_partition_tree(to_regclass({})) AS p JOIN pg_index AS x ON x.indexrelid = p.relid \
         WHERE x.indrelid = to_regclass({}); IF part IS NOT NULL THEN \
         IF (SELECT relname FROM pg_class WHERE oid = part) <> {name} \
         THEN EXECUTE format('ALTER INDEX %s RENAME TO %I', part, {name}); END IF; {then}END IF; END",
        literal(&postgres::beside(Dialect::Postgres, table, index)),
        literal(&Dialect::Postgres.relation(&part.table)),
        name = literal(&part.name),
    ))
}

fn settings(part: &IndexPart) -> Vec<String> {
    let place = postgres::beside(Dialect::Postgres, &part.table, &part.name);
    let mut statements = Vec::new();
    if let Some(tablespace) = &part.tablespace {
        statements.push(format!("ALTER INDEX {place} SET TABLESPACE {tablespace}"));
    }
    if let Some(set) = options(part) {
        // those of the whole that it has not are rare, and those that a unique index can have are few
        statements.push(format!(
            "ALTER INDEX {place} RESET (fillfactor, deduplicate_items)"
        ));
        if !set.is_empty() {
            statements.push(format!("ALTER INDEX {place} SET ({set})"));
        }
    }
    statements
}
