//! Makes a unique constraint unique per organization: a unique index is replaced by another, a
//! constraint inside the table's definition needs the table made again.

mod beside_writers;
mod marks;
mod partitions;

use super::create_index::{constraint_name, partition_index};
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
        RescopeWay::Rebuild => {
            let after = ddl::add_to_unique(&table.sql, columns, column).unwrap_or_default();
            Statements {
                forward: rebuild::shown(table, &after),
                ..Statements::default()
            }
        }
        _ if cx.dialect == Dialect::Postgres => {
            beside_writers::plan(cx, subject, columns, index).unwrap_or_default()
        }
        RescopeWay::Index | RescopeWay::Constraint => by_index(cx, subject, columns, index),
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
                "Nobody waits while the index is built, there and back; writers wait for some \
                 milliseconds to change over."
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
        reverse,
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
struct Statements {
    forward: Vec<Statement>,
    stages: Vec<Stage>,
    reverse: Reverse,
    probe: Option<Probe>,
}

impl Default for Statements {
    fn default() -> Self {
        Self {
            forward: Vec::new(),
            stages: Vec::new(),
            reverse: Reverse::Sql(Vec::new()),
            probe: None,
        }
    }
}

/// The name of the new index: that of the constraint where it keeps one.
pub(super) fn scoped_name(cx: &Cx<'_>, subject: Subject<'_>, columns: &[String]) -> String {
    let mut names = vec![subject.column];
    names.extend(columns.iter().map(String::as_str));
    constraint_name(cx, &subject.table.name, &names, "_uniq")
}

/// The name of the part of the new index that lies in one partition.
pub(super) fn scoped_part(subject: Subject<'_>, columns: &[String], partition: &str) -> String {
    let mut names = vec![subject.column];
    names.extend(columns.iter().map(String::as_str));
    partition_index(Dialect::Postgres, partition, &names, "_uniq")
}

/// SQLite: the new index first, and the old one dropped when it is there: at no moment is neither.
fn by_index(cx: &Cx<'_>, subject: Subject<'_>, columns: &[String], index: &Index) -> Statements {
    let scoped = scoped_name(cx, subject, columns);
    let listed: Vec<String> = [subject.column]
        .into_iter()
        .chain(columns.iter().map(String::as_str))
        .map(quote)
        .collect();
    let before = index.sql.clone().unwrap_or_default();
    let forward = [
        format!(
            "CREATE UNIQUE INDEX {} ON {} ({}){}",
            quote(&scoped),
            cx.dialect.relation(&subject.table.name),
            listed.join(", "),
            ddl::condition(&before)
        ),
        format!("DROP INDEX {}", quote(&index.name)),
    ];
    let reverse = [before, format!("DROP INDEX {}", quote(&scoped))];
    Statements {
        forward: forward.map(Statement::new).into(),
        reverse: Reverse::Sql(reverse.map(Statement::new).into()),
        probe: Some(probe::index(cx.dialect, &scoped, &scoped)),
        ..Statements::default()
    }
}
