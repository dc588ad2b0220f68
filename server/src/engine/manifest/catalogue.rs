//! Which tables of a snapshot hold content, and over which columns each is hashed.

use std::collections::BTreeMap;

use crate::db::{DbError, Snapshot};

/// A table as far as its content goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Its name.
    pub name: String,
    /// Its stored columns in order; computed ones follow from them.
    pub columns: Vec<String>,
    /// The columns of its primary key, in key order; empty when it has none.
    pub key: Vec<String>,
}

/// The tables that hold content, by name: all real tables, those behind virtual ones and the
/// counters of `AUTOINCREMENT` too, but not the database's own statistics, which `ANALYZE` makes.
pub fn shapes(snapshot: &Snapshot) -> Result<Vec<Shape>, DbError> {
    let rows = snapshot.rows(
        "SELECT l.name, c.name, c.pk FROM pragma_table_list AS l \
         JOIN pragma_table_xinfo(l.name) AS c \
         WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') \
         AND l.name <> 'sqlite_schema' AND l.name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\' \
         AND c.hidden = 0 ORDER BY l.name, c.cid",
    )?;
    let mut shapes: Vec<Shape> = Vec::new();
    let mut keys: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for row in &rows {
        let (table, column) = (row.string(0), row.string(1));
        if row.integer(2) > 0 {
            keys.entry(table.clone())
                .or_default()
                .insert(row.integer(2), column.clone());
        }
        match shapes.last_mut() {
            Some(shape) if shape.name == table => shape.columns.push(column),
            _ => shapes.push(Shape {
                name: table,
                columns: vec![column],
                key: Vec::new(),
            }),
        }
    }
    for shape in &mut shapes {
        if let Some(key) = keys.remove(&shape.name) {
            shape.key = key.into_values().collect();
        }
    }
    Ok(shapes)
}
