//! Reads the [`Schema`] of a target. It reads catalogues only: rows are counted when asked.

mod postgres;

use std::collections::BTreeMap;

pub(in crate::engine) use postgres::NOT_NULL;

use super::schema::{
    Column, ForeignKey, Index, IndexOrigin, Marks, RowSecurity, Schema, Table, Trigger, View,
};
use crate::db::{Connection, DbError, Dialect, Statement};

/// Reads the whole schema, in a handful of queries whatever the number of tables.
pub async fn inspect(db: &mut Connection) -> Result<Schema, DbError> {
    match db.dialect() {
        Dialect::Sqlite => sqlite(db).await,
        Dialect::Postgres => postgres::schema(db).await,
    }
}

/// Whether there is a table of that name.
pub async fn has_table(db: &mut Connection, table: &str) -> Result<bool, DbError> {
    let statement = match db.dialect() {
        Dialect::Sqlite => Statement::new(
            "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?)",
        )
        .bind(table),
        Dialect::Postgres => {
            Statement::new("SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass(?)")
                .bind(db.dialect().relation(table))
        }
    };
    Ok(db.count(statement).await? > 0)
}

/// The text of the definition of every table, or of some of them, by the table's name: what the
/// world is compared with.
pub async fn definitions(
    db: &mut Connection,
    only: Option<&[String]>,
) -> Result<BTreeMap<String, String>, DbError> {
    if db.dialect() == Dialect::Postgres {
        return postgres::definitions(db, only).await;
    }
    let mut statement = Statement::new("SELECT name, sql FROM sqlite_schema WHERE type = 'table'");
    if let Some(only) = only {
        let listed = vec!["?"; only.len()].join(", ");
        statement.sql.push_str(&format!(" AND name IN ({listed})"));
        let names = only.iter().map(|name| name.as_str().into());
        statement.values.extend(names);
    }
    let rows = db.rows(statement).await?;
    Ok((rows.iter())
        .map(|row| (row.string(0), row.string(1)))
        .collect())
}

/// Counts the rows of the named tables (those that exist) into the schema.
pub async fn count_rows(
    db: &mut Connection,
    schema: &mut Schema,
    tables: impl IntoIterator<Item = &str>,
) -> Result<(), DbError> {
    let dialect = db.dialect();
    for name in tables {
        let Some(table) = schema.table(name).map(|table| table.name.clone()) else {
            continue;
        };
        let rows = db
            .count(format!("SELECT COUNT(*) FROM {}", dialect.relation(&table)))
            .await?;
        if let Some(table) = schema.table_mut(&table) {
            table.rows = Some(rows.unsigned_abs());
        }
    }
    Ok(())
}

async fn sqlite(db: &mut Connection) -> Result<Schema, DbError> {
    let mut tables = sqlite_tables(db).await?;
    sqlite_columns(db, &mut tables).await?;
    sqlite_foreign_keys(db, &mut tables).await?;
    sqlite_indexes(db, &mut tables).await?;
    let mut views = Vec::new();
    let statement = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
                     WHERE type IN ('trigger', 'view') ORDER BY rowid";
    for row in db.rows(statement).await? {
        let (name, sql) = (row.string(1), row.string(3));
        if row.text(0) == Some("view") {
            views.push(View { name, sql });
        } else if let Some(table) = tables.get_mut(row.text(2).unwrap_or_default()) {
            table.triggers.push(Trigger { name, sql });
        }
    }
    Ok(Schema {
        dialect: Dialect::Sqlite,
        tables,
        views,
        server: None,
    })
}

async fn sqlite_tables(db: &mut Connection) -> Result<BTreeMap<String, Table>, DbError> {
    let statement = "SELECT l.name, m.sql, l.wr, l.strict FROM pragma_table_list AS l \
         JOIN sqlite_schema AS m ON m.type = 'table' AND m.name = l.name \
         WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut tables = BTreeMap::new();
    for row in db.rows(statement).await? {
        let (name, sql) = (row.string(0), row.string(1));
        tables.insert(
            name.clone(),
            Table {
                autoincrement: super::ddl::has_word(&sql, "AUTOINCREMENT"),
                name,
                sql,
                columns: Vec::new(),
                primary_key: Vec::new(),
                rowid: row.integer(2) == 0,
                strict: row.integer(3) == 1,
                partitions: Vec::new(),
                foreign_keys: Vec::new(),
                indexes: Vec::new(),
                triggers: Vec::new(),
                security: RowSecurity::default(),
                rows: None,
            },
        );
    }
    Ok(tables)
}

async fn sqlite_columns(
    db: &mut Connection,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DbError> {
    let statement = "SELECT m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden \
         FROM sqlite_schema AS m JOIN pragma_table_xinfo(m.name) AS c \
         WHERE m.type = 'table' ORDER BY m.name, c.cid";
    let mut keys: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for row in db.rows(statement).await? {
        let Some(table) = tables.get_mut(row.text(0).unwrap_or_default()) else {
            continue;
        };
        let name = row.string(1);
        if row.integer(5) > 0 {
            keys.entry(table.name.clone())
                .or_default()
                .insert(row.integer(5), name.clone());
        }
        table.columns.push(Column {
            name,
            declared_type: row.string(2),
            not_null: row.integer(3) != 0,
            default: row.text(4).map(str::to_owned),
            generated: row.integer(6) != 0,
        });
    }
    for (name, key) in keys {
        if let Some(table) = tables.get_mut(&name) {
            table.primary_key = key.into_values().collect();
        }
    }
    Ok(())
}

async fn sqlite_foreign_keys(
    db: &mut Connection,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DbError> {
    let statement = "SELECT m.name, k.id, k.\"table\", k.\"from\", k.\"to\", k.on_delete, k.on_update \
         FROM sqlite_schema AS m JOIN pragma_foreign_key_list(m.name) AS k \
         WHERE m.type = 'table' ORDER BY m.name, k.id DESC, k.seq";
    let mut last = None;
    for row in db.rows(statement).await? {
        let Some(table) = tables.get_mut(row.text(0).unwrap_or_default()) else {
            continue;
        };
        let constraint = (table.name.clone(), row.integer(1));
        if last.as_ref() != Some(&constraint) {
            table.foreign_keys.push(ForeignKey {
                columns: Vec::new(),
                table: row.string(2),
                referenced: Vec::new(),
                on_delete: row.string(5),
                on_update: row.string(6),
            });
            last = Some(constraint);
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(row.string(3));
            key.referenced.extend(row.text(4).map(str::to_owned));
        }
    }
    Ok(())
}

async fn sqlite_indexes(
    db: &mut Connection,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DbError> {
    let statement = Statement::new(
        "SELECT m.name, i.name, i.\"unique\", i.origin, i.partial, c.name, s.sql \
         FROM sqlite_schema AS m JOIN pragma_index_list(m.name) AS i \
         JOIN pragma_index_info(i.name) AS c \
         LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name \
         WHERE m.type = 'table' ORDER BY m.name, i.seq DESC, c.seqno",
    );
    for row in db.rows(statement).await? {
        let Some(table) = tables.get_mut(row.text(0).unwrap_or_default()) else {
            continue;
        };
        let name = row.string(1);
        if table.indexes.last().is_none_or(|index| index.name != name) {
            table.indexes.push(Index {
                name,
                unique: row.integer(2) != 0,
                partial: row.integer(4) != 0,
                origin: match row.text(3) {
                    Some("pk") => IndexOrigin::PrimaryKey,
                    Some("u") => IndexOrigin::Unique,
                    _ => IndexOrigin::Created,
                },
                columns: Vec::new(),
                sql: row.text(6).map(str::to_owned),
                constraint: None,
                replica_identity: false,
                marks: Marks::default(),
                parts: Vec::new(),
            });
        }
        if let Some(index) = table.indexes.last_mut() {
            index.columns.push(row.text(5).map(str::to_owned));
        }
    }
    Ok(())
}
