//! How to see in the catalogue whether the effect of a step is there.

use crate::db::{Dialect, Statement};
use crate::engine::inspect::NOT_NULL;
use crate::engine::plan::Probe;

/// A table of that name is there.
pub(super) fn table(dialect: Dialect, table: &str) -> Probe {
    there(match dialect {
        Dialect::Sqlite => {
            Statement::new("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?")
                .bind(table)
        }
        Dialect::Postgres => {
            Statement::new("SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass(?)")
                .bind(dialect.relation(table))
        }
    })
}

/// The table has the column.
pub(super) fn column(dialect: Dialect, table: &str, column: &str) -> Probe {
    there(match dialect {
        Dialect::Sqlite => {
            Statement::new("SELECT COUNT(*) FROM pragma_table_xinfo(?) WHERE name = ?")
                .bind(table)
                .bind(column)
        }
        Dialect::Postgres => attribute(table, column, ""),
    })
}

/// The table has the column, and it refuses NULL.
pub(super) fn required(dialect: Dialect, table: &str, column: &str) -> Probe {
    there(match dialect {
        Dialect::Sqlite => Statement::new(
            "SELECT COUNT(*) FROM pragma_table_xinfo(?) WHERE name = ? AND \"notnull\" = 1",
        )
        .bind(table)
        .bind(column),
        Dialect::Postgres => attribute(table, column, &format!(" AND {NOT_NULL}")),
    })
}

/// An index of that name is there, and complete. `relation` is its quoted name.
pub(super) fn index(dialect: Dialect, index: &str, relation: &str) -> Probe {
    there(match dialect {
        // the catalogue's table has no index of its own: it would be read whole for each
        Dialect::Sqlite => {
            Statement::new("SELECT COUNT(*) FROM pragma_index_info(?) WHERE seqno = 0").bind(index)
        }
        Dialect::Postgres => Statement::new(
            "SELECT COUNT(*) FROM pg_index WHERE indexrelid = to_regclass(?) AND indisvalid",
        )
        .bind(relation),
    })
}

fn attribute(table: &str, column: &str, and: &str) -> Statement {
    Statement::new(format!(
        "SELECT COUNT(*) FROM pg_attribute AS a WHERE a.attrelid = to_regclass(?) \
         AND a.attname = ? AND NOT a.attisdropped{and}"
    ))
    .bind(Dialect::Postgres.relation(table))
    .bind(column)
}

fn there(statement: Statement) -> Probe {
    Probe {
        statement,
        expected: 1,
    }
}
