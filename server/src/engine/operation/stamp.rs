//! What is kept of the rows that came without an organization, as statements without values: they travel together with
//! those that make and drop the trigger.

use crate::db::{Dialect, Statement};

/// Begins to count the rows of a table.
pub(super) fn begin(dialect: Dialect, table: &str) -> Statement {
    let table = dialect.literal(table);
    let again = match dialect {
        Dialect::Sqlite => " ON CONFLICT (table_name) DO NOTHING",
        // each stamped row is a row of its own there
        Dialect::Postgres => "",
    };
    Statement::new(format!(
        "INSERT INTO switchyard_stamp (table_name, stamped, last_at) VALUES ({table}, 0, NULL){again}"
    ))
}

/// Forgets what was counted.
pub(super) fn forget(dialect: Dialect, table: &str) -> Statement {
    let table = dialect.literal(table);
    Statement::new(format!(
        "DELETE FROM switchyard_stamp WHERE table_name = {table}"
    ))
}
