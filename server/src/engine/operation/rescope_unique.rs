//! Makes a unique constraint unique per organization: a unique index is replaced by another, a
//! constraint inside the table's definition needs the table made again.

use super::create_index::index_name;
use super::require_column::backup_verified;
use super::{Cx, Operation, RescopeWay, Subject};
use crate::db::{Statement, quote};
use crate::engine::plan::{Cost, PhaseName, Probe, Reverse, Step, StepMode};
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
    let way = match index.origin {
        IndexOrigin::Created => RescopeWay::Index,
        IndexOrigin::Unique | IndexOrigin::PrimaryKey => RescopeWay::Rebuild,
    };
    let (forward, reverse, probe) = match way {
        RescopeWay::Index => by_index(cx, subject, columns, index),
        RescopeWay::Rebuild => {
            let after = ddl::add_to_unique(&table.sql, columns, column).unwrap_or_default();
            (rebuild::shown(table, &after), Vec::new(), None)
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
        mode: StepMode::Atomic,
        forward,
        reverse: Reverse::Sql(reverse),
        probe,
        locks: match way {
            RescopeWay::Index => "Other writers wait while the index is made.".into(),
            RescopeWay::Rebuild => {
                "Other writers wait while all rows are copied, about a second for 200,000.".into()
            }
        },
        cost: match way {
            RescopeWay::Index => Cost {
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
            RescopeWay::Index => Vec::new(),
            RescopeWay::Rebuild => vec![backup_verified()],
        },
        point_of_no_return: false,
        destructive: way == RescopeWay::Rebuild,
        skip: None,
    }
}

fn by_index(
    cx: &Cx<'_>,
    subject: Subject<'_>,
    columns: &[String],
    index: &Index,
) -> (Vec<Statement>, Vec<Statement>, Option<Probe>) {
    let table = &subject.table.name;
    let mut names = vec![subject.column];
    names.extend(columns.iter().map(String::as_str));
    let scoped = index_name(cx.playbook.framework, table, &names, "_uniq");
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let before = index.sql.clone().unwrap_or_default();
    let condition = ddl::condition(&before);
    let drop = |name: &str| Statement::new(format!("DROP INDEX {}", quote(name)));
    let forward = vec![
        Statement::new(format!(
            "CREATE UNIQUE INDEX {} ON {} ({}){condition}",
            quote(&scoped),
            quote(table),
            quoted.join(", ")
        )),
        drop(&index.name),
    ];
    let probe = Probe {
        statement: Statement::new(
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name = ?",
        )
        .bind(scoped.as_str()),
        expected: 1,
    };
    let reverse = vec![Statement::new(before), drop(&scoped)];
    (forward, reverse, Some(probe))
}
