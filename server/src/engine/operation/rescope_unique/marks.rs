//! What was said and set of an index before another one took its place, to be said and set again on the way back:
//! comments, the mark of `CLUSTER`, and names, options and tablespaces of its parts in partitions.

use crate::db::{Dialect, quote};
use crate::engine::operation::postgres;
use crate::engine::schema::{Index, IndexPart, Marks};

/// The statements for an index of `table` that was made again.
pub(super) fn restored(table: &str, index: &Index) -> Vec<String> {
    let mut statements = marks(table, &index.name, &index.marks);
    for part in &index.parts {
        statements.push(renamed(table, &index.name, part));
        statements.extend(settings(part));
        statements.extend(marks(&part.table, &part.name, &part.marks));
    }
    statements
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

/// Gives the part of an index in a partition the name that it had. Until then its name is the server's choice.
fn renamed(table: &str, index: &str, part: &IndexPart) -> String {
    let literal = |text: &str| Dialect::Postgres.literal(text);
    format!(
        "DO $switchyard$ DECLARE part regclass; BEGIN SELECT x.indexrelid INTO part \
         FROM pg_partition_tree(to_regclass({})) AS p JOIN pg_index AS x ON x.indexrelid = p.relid \
         JOIN pg_class AS c ON c.oid = x.indexrelid \
         WHERE x.indrelid = to_regclass({}) AND c.relname <> {name}; IF part IS NOT NULL \
         THEN EXECUTE format('ALTER INDEX %s RENAME TO %I', part, {name}); END IF; END $switchyard$",
        literal(&postgres::beside(Dialect::Postgres, table, index)),
        literal(&Dialect::Postgres.relation(&part.table)),
        name = literal(&part.name),
    )
}

fn settings(part: &IndexPart) -> Vec<String> {
    let place = postgres::beside(Dialect::Postgres, &part.table, &part.name);
    let mut statements = Vec::new();
    if let Some(tablespace) = &part.tablespace {
        statements.push(format!("ALTER INDEX {place} SET TABLESPACE {tablespace}"));
    }
    if let Some(options) = &part.options {
        // those of the whole that it has not are rare, and those that a unique index can have are few
        statements.push(format!(
            "ALTER INDEX {place} RESET (fillfactor, deduplicate_items)"
        ));
        let set: Vec<String> = (options.iter())
            .filter_map(|option| option.split_once('='))
            .map(|(name, value)| format!("{} = {}", quote(name), Dialect::Postgres.literal(value)))
            .collect();
        if !set.is_empty() {
            statements.push(format!("ALTER INDEX {place} SET ({})", set.join(", ")));
        }
    }
    statements
}
