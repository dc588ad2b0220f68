//! Makes a unique constraint unique per organization: a unique index is replaced by another, a
//! constraint inside the table's definition needs the table made again.

use super::create_index::{concurrently, constraint_name, drop_index, word};
use super::require_column::backup_verified;
use super::{Cx, Operation, RescopeWay, Subject, postgres, probe};
use crate::db::{Dialect, Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Stage, Step};
use crate::engine::schema::{Index, IndexOrigin};
use crate::engine::{ddl, rebuild};

/// Plans the new scope of a unique constraint, given the index that enforces it now.
pub(in crate::engine) fn rescope_unique(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
) -> Step {
    let Subject { table, column, .. } = subject;
    let way = match (cx.dialect, index.origin) {
        (_, IndexOrigin::Created) => RescopeWay::Index,
        (Dialect::Sqlite, _) => RescopeWay::Rebuild,
        (Dialect::Postgres, _) => RescopeWay::Constraint,
    };
    let Statements {
        forward,
        stages,
        reverse,
        probe,
    } = match way {
        RescopeWay::Index | RescopeWay::Constraint => by_index(cx, subject, columns, index, way),
        RescopeWay::Rebuild => {
            let after = ddl::add_to_unique(&table.sql, columns, column).unwrap_or_default();
            Statements {
                forward: rebuild::shown(table, &after),
                ..Statements::default()
            }
        }
    };
    let listed = columns.join(", ");
    Step {
        key: format!("{}.{}", subject.key("unique"), columns.join("-")),
        title: format!("Make {listed} of {} unique per organization", table.name),
        group: Some(subject.group.to_owned()),
        phase: PhaseName::Required,
        operation: Operation::RescopeUnique {
            table: table.name.clone(),
            columns: columns.to_vec(),
            column: column.to_owned(),
            way,
        },
        mode: postgres::mode(&stages),
        locks: match way {
            _ if !stages.is_empty() => {
                "Nobody waits while the index is built; writers wait for some milliseconds to \
                 change over."
                    .into()
            }
            RescopeWay::Index | RescopeWay::Constraint => {
                "Other writers wait while the index is made.".into()
            }
            RescopeWay::Rebuild => {
                "Other writers wait while all rows are copied, about a second for 200,000.".into()
            }
        },
        forward,
        stages,
        reverse: Reverse::Sql(reverse),
        probe,
        cost: match way {
            RescopeWay::Index | RescopeWay::Constraint => Cost {
                rows: 0,
                sentence: "No row is written; the entries of the new index are.".into(),
            },
            RescopeWay::Rebuild => Cost {
                rows: subject.rows(),
                sentence: format!(
                    "{} rows are copied into a new table: the constraint is part of the old one.",
                    subject.rows()
                ),
            },
        },
        loss: Some(format!(
            "Nothing; undoing is refused when two organizations use the same {listed} by then."
        )),
        gates: match way {
            RescopeWay::Index | RescopeWay::Constraint => Vec::new(),
            RescopeWay::Rebuild => vec![backup_verified()],
        },
        point_of_no_return: false,
        destructive: way == RescopeWay::Rebuild,
        skip: None,
    }
}

/// The statements of the step.
#[derive(Default)]
struct Statements {
    forward: Vec<Statement>,
    stages: Vec<Stage>,
    reverse: Vec<Statement>,
    probe: Option<Probe>,
}

/// The new index first, and the old one dropped when it is there: at no moment is neither.
fn by_index(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
    way: RescopeWay,
) -> Statements {
    let table = &subject.table.name;
    let relation = cx.dialect.relation(table);
    let mut names = vec![subject.column];
    names.extend(columns.iter().map(String::as_str));
    let scoped = constraint_name(cx, table, &names, "_uniq");
    let place = postgres::beside(cx.dialect, table, &scoped);
    let listed = |names: &[&str]| {
        names
            .iter()
            .map(|name| quote(name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let before = index.sql.clone().unwrap_or_default();
    let probe = probe::index(cx.dialect, &scoped, &place);
    let mut stages = concurrently(cx, subject, &place, &probe);
    let mut forward = vec![format!(
        "CREATE UNIQUE INDEX{} {} ON {relation} ({}){}",
        word(&stages),
        quote(&scoped),
        listed(&names),
        ddl::condition(&before)
    )];
    let reverse = if way == RescopeWay::Constraint {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        forward.push(format!(
            "ALTER TABLE {relation} DROP CONSTRAINT {}, ADD CONSTRAINT {} UNIQUE USING INDEX {}",
            quote(&index.name),
            quote(&scoped),
            quote(&scoped)
        ));
        vec![format!(
            "ALTER TABLE {relation} DROP CONSTRAINT IF EXISTS {}, ADD CONSTRAINT {} UNIQUE ({})",
            quote(&scoped),
            quote(&index.name),
            listed(&columns)
        )]
    } else {
        let old = postgres::beside(cx.dialect, table, &index.name);
        forward.push(drop_index(cx, &old));
        let again = match cx.dialect {
            Dialect::Sqlite => before,
            // undone before it was reached, the old index is still there
            Dialect::Postgres => before.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1),
        };
        vec![again, drop_index(cx, &place)]
    };
    if !stages.is_empty() {
        stages.push(postgres::transaction(1));
    }
    Statements {
        forward: forward.into_iter().map(Statement::new).collect(),
        stages,
        reverse: reverse.into_iter().map(Statement::new).collect(),
        probe: Some(probe),
    }
}
