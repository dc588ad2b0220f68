//! Reads the schema of a PostgreSQL target from its catalogue: ordinary and partitioned tables of
//! every schema but the server's own. Partitions belong to their table and are not listed.

use std::collections::BTreeMap;

use crate::db::{Connection, DbError, Dialect, Row, Statement, qualified, quote};
use crate::engine::ddl;
use crate::engine::schema::{
    Column, Constraint, ForeignKey, Index, IndexOrigin, IndexPart, Marks, RowSecurity, Schema,
    Table, Trigger, View,
};

/// Whether no row has NULL in the column `a`: a constraint that was not checked for the rows that were there (`NOT NULL` of
/// PostgreSQL 18 may be `NOT VALID`) promises nothing of them.
pub(in crate::engine) const NOT_NULL: &str = "(a.attnotnull AND NOT EXISTS (SELECT 1 \
     FROM pg_constraint AS n WHERE n.conrelid = a.attrelid AND n.contype = 'n' \
     AND n.conkey = ARRAY[a.attnum] AND NOT n.convalidated))";

/// Tables by their number in the catalogue.
type Tables = BTreeMap<i64, Table>;

pub(super) async fn schema(db: &mut Connection) -> Result<Schema, DbError> {
    let mut tables = tables(db, None).await?;
    keys(db, &mut tables).await?;
    indexes(db, &mut tables).await?;
    triggers(db, &mut tables).await?;
    security(db, &mut tables).await?;
    let views = views(db).await?;
    let server = db
        .count("SELECT current_setting('server_version_num')::int8")
        .await?;
    Ok(Schema {
        dialect: Dialect::Postgres,
        tables: (tables.into_values())
            .map(|table| (table.name.clone(), table))
            .collect(),
        views,
        server: Some(server),
    })
}

/// The definitions of all tables, or of some, by name.
pub(super) async fn definitions(
    db: &mut Connection,
    only: Option<&[String]>,
) -> Result<BTreeMap<String, String>, DbError> {
    let tables = tables(db, only).await?;
    Ok((tables.into_values())
        .map(|table| (table.name, table.sql))
        .collect())
}

/// A query about tables that were found, with their numbers in place of `TABLES`: the server then looks up these alone, and
/// plans no search for their names again.
fn about(tables: &Tables, sql: &str) -> String {
    let numbers: Vec<String> = tables.keys().map(i64::to_string).collect();
    sql.replace(
        "TABLES",
        &format!("ANY ('{{{}}}'::oid[])", numbers.join(",")),
    )
}

/// All tables, or those that are named.
async fn tables(db: &mut Connection, only: Option<&[String]>) -> Result<Tables, DbError> {
    let mut statement = Statement::new(
        "SELECT t.oid::int8, n.nspname::text, t.relname::text, pg_table_is_visible(t.oid), \
         pg_get_partkeydef(t.oid), CASE WHEN t.relkind = 'p' THEN (SELECT json_agg(json_build_array( \
          CASE WHEN NOT pg_table_is_visible(c.oid) THEN n.nspname END, c.relname) \
          ORDER BY c.oid)::text FROM pg_partition_tree(t.oid) AS p JOIN pg_class AS c \
          ON c.oid = p.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
          WHERE p.isleaf AND c.relkind = 'r') END \
         FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace \
         WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition \
         AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
    );
    if let Some(only) = only {
        let listed = vec!["to_regclass(?)"; only.len()].join(", ");
        statement.sql.push_str(&format!(" AND t.oid IN ({listed})"));
        let names = only.iter().map(|name| Dialect::Postgres.relation(name));
        statement.values.extend(names.map(Into::into));
    }
    let mut tables = Tables::new();
    let mut endings = BTreeMap::new();
    for row in db.rows(statement).await? {
        let (schema, name) = (row.string(1), row.string(2));
        let visible = row.integer(3) == 1;
        let name = qualified((!visible).then_some(schema.as_str()), &name);
        endings.insert(row.integer(0), row.text(4).map(str::to_owned));
        tables.insert(
            row.integer(0),
            Table {
                name,
                sql: String::new(),
                columns: Vec::new(),
                primary_key: Vec::new(),
                rowid: false,
                strict: false,
                autoincrement: false,
                partitions: partitions(row.text(5)),
                foreign_keys: Vec::new(),
                indexes: Vec::new(),
                triggers: Vec::new(),
                security: RowSecurity::default(),
                rows: None,
            },
        );
    }
    let mut lines = columns(db, &mut tables).await?;
    for (table, line) in constraints(db, &tables).await? {
        lines.entry(table).or_default().push(line);
    }
    for (number, table) in &mut tables {
        let partitioned = endings.get(number).cloned().flatten();
        table.sql = format!(
            "CREATE TABLE {} ({}){}",
            Dialect::Postgres.relation(&table.name),
            lines.remove(number).unwrap_or_default().join(", "),
            partitioned.map_or_else(String::new, |by| format!(" PARTITION BY {by}"))
        );
    }
    Ok(tables)
}

/// The names of partitions, given as JSON with the schema of those that need it.
fn partitions(text: Option<&str>) -> Vec<String> {
    let listed: Vec<(Option<String>, String)> = text
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    (listed.iter())
        .map(|(schema, name)| qualified(schema.as_deref(), name))
        .collect()
}

/// Reads the columns and answers the lines of each table's definition.
async fn columns(
    db: &mut Connection,
    tables: &mut Tables,
) -> Result<BTreeMap<i64, Vec<String>>, DbError> {
    let statement = about(
        tables,
        &format!(
            "SELECT a.attrelid::int8, a.attname::text, format_type(a.atttypid, a.atttypmod), {NOT_NULL}, \
             pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text \
             FROM pg_attribute AS a \
             LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = TABLES AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attrelid, a.attnum"
        ),
    );
    let mut lines: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in db.rows(statement).await? {
        let number = row.integer(0);
        let Some(table) = tables.get_mut(&number) else {
            continue;
        };
        let column = column(&row);
        let mut line = format!("{} {}", quote(&column.name), column.declared_type);
        if column.not_null {
            line.push_str(" NOT NULL");
        }
        match &column.default {
            Some(value) if column.generated => {
                let kept = match row.text(6) {
                    Some("v") => "VIRTUAL",
                    _ => "STORED",
                };
                line.push_str(&format!(" GENERATED ALWAYS AS ({value}) {kept}"));
            }
            Some(value) if column.is_identity() => line.push_str(&format!(" {value}")),
            Some(value) => line.push_str(&format!(" DEFAULT {value}")),
            None => {}
        }
        lines.entry(number).or_default().push(line);
        table.columns.push(column);
    }
    Ok(lines)
}

fn column(row: &Row) -> Column {
    let identity = match row.text(5) {
        Some("a") => Some("GENERATED ALWAYS AS IDENTITY".to_owned()),
        Some("d") => Some("GENERATED BY DEFAULT AS IDENTITY".to_owned()),
        _ => None,
    };
    Column {
        name: row.string(1),
        declared_type: row.string(2),
        not_null: row.integer(3) == 1,
        default: identity.or_else(|| row.text(4).map(str::to_owned)),
        generated: row.text(6).is_some_and(|kind| !kind.is_empty()),
    }
}

/// The lines of all constraints, each with its table.
async fn constraints(db: &mut Connection, tables: &Tables) -> Result<Vec<(i64, String)>, DbError> {
    let statement = about(
        tables,
        "SELECT conrelid::int8, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE conrelid = TABLES AND contype IN ('p', 'u', 'f', 'c', 'x') AND conparentid = 0 \
         ORDER BY conrelid, contype, conname",
    );
    let rows = db.rows(statement).await?;
    Ok((rows.iter())
        .map(|row| {
            let line = format!("CONSTRAINT {} {}", quote(&row.string(1)), row.string(2));
            (row.integer(0), line)
        })
        .collect())
}

/// Reads primary and foreign keys.
async fn keys(db: &mut Connection, tables: &mut Tables) -> Result<(), DbError> {
    let statement = about(
        tables,
        "SELECT k.conrelid::int8, k.contype::text, k.confdeltype::text, k.confupdtype::text, \
         (SELECT json_agg(a.attname ORDER BY u.at)::text FROM unnest(k.conkey) \
          WITH ORDINALITY AS u (number, at) \
          JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number), \
         (SELECT json_agg(a.attname ORDER BY u.at)::text FROM unnest(k.confkey) \
          WITH ORDINALITY AS u (number, at) \
          JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.number), \
         f.relname::text, fn.nspname::text, pg_table_is_visible(f.oid) \
         FROM pg_constraint AS k LEFT JOIN pg_class AS f ON f.oid = k.confrelid \
         LEFT JOIN pg_namespace AS fn ON fn.oid = f.relnamespace \
         WHERE k.conrelid = TABLES AND k.contype IN ('p', 'f') AND k.conparentid = 0 \
         ORDER BY k.conrelid, k.contype, k.conname",
    );
    for row in db.rows(statement).await? {
        let Some(table) = tables.get_mut(&row.integer(0)) else {
            continue;
        };
        if row.text(1) == Some("p") {
            table.primary_key = names(row.text(4));
            continue;
        }
        let visible = row.integer(8) == 1;
        let schema = row.string(7);
        table.foreign_keys.push(ForeignKey {
            columns: names(row.text(4)),
            table: qualified((!visible).then_some(schema.as_str()), &row.string(6)),
            referenced: names(row.text(5)),
            on_delete: action(row.text(2)),
            on_update: action(row.text(3)),
        });
    }
    Ok(())
}

/// A list of names as JSON; an empty one for none.
fn names(text: Option<&str>) -> Vec<String> {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn action(code: Option<&str>) -> String {
    match code {
        Some("c") => "CASCADE",
        Some("n") => "SET NULL",
        Some("d") => "SET DEFAULT",
        Some("r") => "RESTRICT",
        _ => "NO ACTION",
    }
    .to_owned()
}

/// An index that broke off while it was built serves nobody, and is not listed.
async fn indexes(db: &mut Connection, tables: &mut Tables) -> Result<(), DbError> {
    let statement = about(
        tables,
        "SELECT i.indrelid::int8, c.relname::text, i.indisunique, i.indpred IS NOT NULL, \
         i.indisprimary, k.oid IS NOT NULL, pg_get_indexdef(i.indexrelid), \
         (SELECT json_agg(a.attname ORDER BY u.at)::text FROM unnest(i.indkey::int2[]) \
          WITH ORDINALITY AS u (number, at) LEFT JOIN pg_attribute AS a \
          ON a.attrelid = i.indrelid AND a.attnum = u.number AND u.number > 0 \
          WHERE u.at <= i.indnkeyatts), \
         pg_get_constraintdef(k.oid), quote_ident(s.spcname), \
         i.indisreplident OR EXISTS (SELECT 1 FROM pg_partition_tree(i.indexrelid) AS p \
          JOIN pg_index AS part ON part.indexrelid = p.relid WHERE part.indisreplident), \
         obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint'), i.indisclustered \
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
         LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace \
         LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x') \
         WHERE i.indrelid = TABLES AND i.indisvalid ORDER BY i.indrelid, c.relname",
    );
    for row in db.rows(statement).await? {
        let Some(table) = tables.get_mut(&row.integer(0)) else {
            continue;
        };
        let made = row.integer(5) == 0;
        let columns: Vec<Option<String>> = (row.text(7))
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let sql = match row.text(9) {
            Some(tablespace) => ddl::in_tablespace(&row.string(6), tablespace),
            None => row.string(6),
        };
        table.indexes.push(Index {
            name: row.string(1),
            unique: row.integer(2) == 1,
            partial: row.integer(3) == 1,
            origin: match (row.integer(4), made) {
                (1, _) => IndexOrigin::PrimaryKey,
                (_, true) => IndexOrigin::Created,
                (_, false) => IndexOrigin::Unique,
            },
            columns,
            sql: made.then(|| sql.clone()),
            constraint: row.text(8).map(|definition| Constraint {
                definition: definition.to_owned(),
                index: sql,
            }),
            replica_identity: row.integer(10) == 1,
            marks: marks(&row, 11),
            parts: Vec::new(),
        });
    }
    index_parts(db, tables).await
}

/// Comments and mark of an index, read from this place of a row on.
fn marks(row: &Row, at: usize) -> Marks {
    Marks {
        comment: row.text(at).map(str::to_owned),
        constraint_comment: row.text(at + 1).map(str::to_owned),
        clustered: row.integer(at + 2) == 1,
    }
}

/// Reads the parts of indexes over partitioned tables.
async fn index_parts(db: &mut Connection, tables: &mut Tables) -> Result<(), DbError> {
    let statement = about(
        tables,
        "SELECT i.indrelid::int8, c.relname::text, n.nspname::text, l.relname::text, \
         pg_table_is_visible(l.oid), part.relname::text, \
         CASE WHEN part.reloptions IS DISTINCT FROM c.reloptions \
         THEN COALESCE(array_to_json(part.reloptions)::text, '[]') END, \
         CASE WHEN part.reltablespace <> c.reltablespace THEN quote_ident((SELECT s.spcname \
          FROM pg_tablespace AS s, pg_database AS d WHERE d.datname = current_database() \
          AND s.oid = COALESCE(NULLIF(part.reltablespace, 0), d.dattablespace))) END, \
         obj_description(part.oid, 'pg_class'), obj_description(k.oid, 'pg_constraint'), x.indisclustered \
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relkind = 'I' \
         CROSS JOIN LATERAL pg_partition_tree(c.oid) AS p \
         JOIN pg_index AS x ON x.indexrelid = p.relid \
         JOIN pg_class AS part ON part.oid = x.indexrelid JOIN pg_class AS l ON l.oid = x.indrelid \
         JOIN pg_namespace AS n ON n.oid = l.relnamespace \
         LEFT JOIN pg_constraint AS k ON k.conindid = part.oid AND k.contype IN ('p', 'u', 'x') \
         WHERE i.indrelid = TABLES AND i.indisvalid AND p.level > 0 \
         ORDER BY i.indrelid, c.relname, p.level, part.oid",
    );
    for row in db.rows(statement).await? {
        let index = (tables.get_mut(&row.integer(0)))
            .and_then(|table| (table.indexes.iter_mut()).find(|index| index.name == row.string(1)));
        let Some(index) = index else { continue };
        let schema = row.string(2);
        let visible = row.integer(4) == 1;
        index.parts.push(IndexPart {
            table: qualified((!visible).then_some(schema.as_str()), &row.string(3)),
            name: row.string(5),
            marks: marks(&row, 8),
            options: (row.text(6)).map(|options| names(Some(options))),
            tablespace: row.text(7).map(str::to_owned),
        });
    }
    Ok(())
}

async fn triggers(db: &mut Connection, tables: &mut Tables) -> Result<(), DbError> {
    let statement = about(
        tables,
        "SELECT g.tgrelid::int8, g.tgname::text, pg_get_triggerdef(g.oid) FROM pg_trigger AS g \
         WHERE g.tgrelid = TABLES AND NOT g.tgisinternal \
         ORDER BY g.tgrelid, g.tgname",
    );
    for row in db.rows(statement).await? {
        if let Some(table) = tables.get_mut(&row.integer(0)) {
            table.triggers.push(Trigger {
                name: row.string(1),
                sql: row.string(2),
            });
        }
    }
    Ok(())
}

async fn security(db: &mut Connection, tables: &mut Tables) -> Result<(), DbError> {
    let statement = about(
        tables,
        "SELECT c.oid::int8, c.relrowsecurity, c.relforcerowsecurity, \
         (SELECT json_agg(p.polname ORDER BY p.polname)::text FROM pg_policy AS p \
          WHERE p.polrelid = c.oid) FROM pg_class AS c WHERE c.oid = TABLES",
    );
    for row in db.rows(statement).await? {
        if let Some(table) = tables.get_mut(&row.integer(0)) {
            table.security = RowSecurity {
                enabled: row.integer(1) == 1,
                forced: row.integer(2) == 1,
                policies: names(row.text(3)),
            };
        }
    }
    Ok(())
}

async fn views(db: &mut Connection) -> Result<Vec<View>, DbError> {
    let statement = "SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid), \
         pg_get_viewdef(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'information_schema' \
         AND n.nspname !~ '^pg_' ORDER BY c.oid";
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let visible = row.integer(2) == 1;
            let schema = row.string(0);
            View {
                name: qualified((!visible).then_some(schema.as_str()), &row.string(1)),
                sql: row.string(3),
            }
        })
        .collect())
}
