//! Measures a PostgreSQL database at the moment of the open transaction: the same content as of a
//! SQLite file, read row by row as the server sends it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    Content, Digest, Identity, Properties, SequenceSpan, ServerIdentity, Shape, TableDigest,
    canonical,
};
use crate::db::{Connection, DatabaseUrl, DbError, Dialect, Row, Statement, qualified, quote};
use crate::engine::progress::{Stage, Tally};

/// Schemas that are the server's own.
const FOREIGN: &str = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";
/// Tables that hold content: not partitions, whose rows are read with their table, and not those
/// of extensions, which a dump leaves to the extension.
const TABLES: &str = "c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS \
     (SELECT 1 FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass \
      AND d.objid = c.oid AND d.deptype = 'e')";

/// Makes all answers of a session of one moment, whole, and in no hurry: where a policy would hide
/// rows the server answers with an error instead, and it may wait as long as the dump takes.
pub(in crate::engine) async fn begin(db: &mut Connection) -> Result<(), DbError> {
    db.execute("SET row_security = off").await?;
    db.execute("SET idle_in_transaction_session_timeout = 0")
        .await?;
    db.begin_read().await
}

/// Measures the whole content; `stage` says what it counts as.
pub(in crate::engine) async fn measure(
    db: &mut Connection,
    taken: Timestamp,
    stage: Stage,
    tally: &Tally,
) -> Result<Content, DbError> {
    let shapes = shapes(db).await?;
    let mut tables = Vec::with_capacity(shapes.len());
    let all = shapes.len() as u64;
    tally.set(stage, 0, all);
    for (done, (shape, partitioned)) in (1..).zip(&shapes) {
        tables.push(digest(db, shape, *partitioned).await?);
        tally.set(stage, done, all);
    }
    Ok(Content {
        taken,
        identity: Identity::Server(Box::new(identity(db).await?)),
        tables,
        // the server itself keeps every foreign key that it calls valid
        violations: Vec::new(),
        sequences: (sequences(db).await?.into_iter())
            .map(|(name, last)| SequenceSpan {
                name,
                before: last,
                after: last,
            })
            .collect(),
    })
}

/// Hashes one table over the columns of its shape.
pub(in crate::engine) async fn digest(
    db: &mut Connection,
    shape: &Shape,
    partitioned: bool,
) -> Result<TableDigest, DbError> {
    let mut sum = canonical::Sum::default();
    db.for_each(select(shape, partitioned, &shape.columns), |row| {
        sum.add(canonical::of(row.0.iter().map(Into::into)));
    })
    .await?;
    Ok(TableDigest {
        name: shape.name.clone(),
        columns: shape.columns.clone(),
        key: shape.key.clone(),
        rows: sum.rows(),
        content: sum.close(&shape.columns),
    })
}

/// Reads columns of a table; of one that others inherit from, its own rows alone.
pub(in crate::engine) fn select(shape: &Shape, partitioned: bool, columns: &[String]) -> Statement {
    let columns: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    let only = if partitioned { "" } else { "ONLY " };
    Statement::new(format!(
        "SELECT {} FROM {only}{}",
        columns.join(", "),
        Dialect::Postgres.relation(&shape.name)
    ))
}

/// The tables that hold content, by name, and whether each is partitioned.
pub(in crate::engine) async fn shapes(db: &mut Connection) -> Result<Vec<(Shape, bool)>, DbError> {
    let rows = db
        .rows(format!(
            "SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid), \
             c.relkind = 'p', a.attname::text, \
             (SELECT k.at FROM pg_index AS i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, at) \
              WHERE i.indrelid = c.oid AND i.indisprimary AND k.number = a.attnum) \
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 \
             AND NOT a.attisdropped AND a.attgenerated = '' \
             WHERE {TABLES} AND {FOREIGN} ORDER BY n.nspname, c.relname, a.attnum"
        ))
        .await?;
    let mut shapes: BTreeMap<String, (Shape, bool)> = BTreeMap::new();
    let mut keys: BTreeMap<String, BTreeMap<i64, String>> = BTreeMap::new();
    for row in &rows {
        let name = named(row);
        let entry = shapes.entry(name.clone()).or_insert_with(|| {
            let shape = Shape {
                name: name.clone(),
                columns: Vec::new(),
                key: Vec::new(),
            };
            (shape, row.integer(3) == 1)
        });
        // a table may have no column at all
        let Some(column) = row.text(4) else { continue };
        entry.0.columns.push(column.to_owned());
        if row.integer(5) > 0 {
            let key = keys.entry(name).or_default();
            key.insert(row.integer(5), column.to_owned());
        }
    }
    for (name, key) in keys {
        if let Some((shape, _)) = shapes.get_mut(&name) {
            shape.key = key.into_values().collect();
        }
    }
    Ok(shapes.into_values().collect())
}

/// The name of a table as the schema and the plan write it.
fn named(row: &Row) -> String {
    let (schema, visible) = (row.string(0), row.integer(2) == 1);
    qualified((!visible).then_some(schema.as_str()), &row.string(1))
}

/// What our role may not read of these tables, by name.
pub(in crate::engine) async fn unreadable(db: &mut Connection) -> Result<Vec<String>, DbError> {
    let rows = db
        .rows(format!(
            "SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid) FROM pg_class AS c \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {TABLES} AND {FOREIGN} \
             AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) \
             ORDER BY 1, 2"
        ))
        .await?;
    Ok(rows.iter().map(named).collect())
}

/// The last value that each sequence has given.
pub(in crate::engine) async fn sequences(
    db: &mut Connection,
) -> Result<BTreeMap<String, Option<i64>>, DbError> {
    let rows = db
        .rows(
            "SELECT schemaname::text, sequencename::text, \
             schemaname = current_schema() AS visible, last_value FROM pg_sequences \
             WHERE NOT cycle ORDER BY 1, 2",
        )
        .await?;
    Ok((rows.iter())
        .map(|row| (named(row), row.0[3].as_i64()))
        .collect())
}

async fn identity(db: &mut Connection) -> Result<ServerIdentity, DbError> {
    let place = db.url().to_string();
    let database = match db.url() {
        DatabaseUrl::Postgres(address) => address.database(),
        DatabaseUrl::Sqlite(_) => None,
    };
    let rows = db
        .rows(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()), \
             current_setting('server_version_num')::int / 10000, \
             current_setting('server_version'), pg_database_size(d.oid), d.datdba::regrole::text, \
             pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text, \
             CASE WHEN to_jsonb(d)->>'datlocprovider' = 'i' \
              THEN coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale') END, d.datconnlimit, \
             (SELECT json_agg(json_build_array(r.rolname, s.line)) FROM (SELECT setrole, \
              unnest(setconfig) AS line FROM pg_db_role_setting WHERE setdatabase = d.oid) AS s \
              LEFT JOIN pg_roles AS r ON r.oid = s.setrole)::text, \
             CASE WHEN d.datacl IS NULL THEN NULL ELSE \
             (SELECT coalesce(json_agg(json_build_array(r.rolname, g.privilege_type || \
              CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)), '[]') \
              FROM aclexplode(d.datacl) AS g LEFT JOIN pg_roles AS r ON r.oid = g.grantee)::text END, \
             CASE WHEN to_jsonb(d)->>'datlocprovider' = 'b' THEN to_jsonb(d)->>'datlocale' END \
             FROM pg_database AS d WHERE d.datname = current_database()",
        )
        .await?;
    let row = rows.first().ok_or_else(|| DbError::Statement {
        detail: "the server does not list the database that we are connected to".into(),
        sql: "SELECT ... FROM pg_database".into(),
    })?;
    Ok(ServerIdentity {
        place,
        server: row.string(0),
        database: database.unwrap_or_default(),
        major: u32::try_from(row.integer(1)).unwrap_or_default(),
        version: row.string(2),
        client: String::new(),
        size: row.integer(3).unsigned_abs(),
        properties: Properties {
            owner: unquoted(&row.string(4)),
            encoding: row.string(5),
            collate: row.string(6),
            ctype: row.string(7),
            icu_locale: row.text(8).map(str::to_owned),
            builtin_locale: row.text(12).map(str::to_owned),
            connection_limit: row.integer(9),
            settings: listed(row.text(10)).unwrap_or_default(),
            grants: listed(row.text(11)),
        },
        schema: schema(db).await?,
    })
}

/// A role's name as it is, where the server has quoted it.
fn unquoted(name: &str) -> String {
    match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

fn listed(text: Option<&str>) -> Option<Vec<(Option<String>, String)>> {
    text.and_then(|text| serde_json::from_str(text).ok())
}

/// Hash over what the schema consists of, without the text of expressions: the server may write
/// the same expression in another way after it has read it from a dump.
async fn schema(db: &mut Connection) -> Result<Digest, DbError> {
    let own = |class: &str, object: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.classid = '{class}'::regclass \
             AND d.objid = {object} AND d.deptype = 'e')"
        )
    };
    let relations = own("pg_class", "c.oid");
    let questions = [
        format!(
            "SELECT 'relation', n.nspname::text, c.relname::text, c.relkind::text, \
             c.relowner::regrole::text, c.relpersistence::text, c.relrowsecurity, \
             c.relforcerowsecurity, pg_get_partkeydef(c.oid) FROM pg_class AS c \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {relations} AND {FOREIGN} \
             ORDER BY 2, 3"
        ),
        format!(
            "SELECT 'column', n.nspname::text, c.relname::text, a.attname::text, \
             format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef, \
             a.attidentity::text, a.attgenerated::text FROM pg_attribute AS a \
             JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped \
             AND {relations} AND {FOREIGN} ORDER BY 2, 3, a.attnum"
        ),
        format!(
            "SELECT 'constraint', n.nspname::text, c.relname::text, k.conname::text, \
             k.contype::text, k.convalidated, k.condeferrable, k.confrelid::regclass::text, \
             k.confdeltype::text FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE k.contype <> 'n' AND {relations} AND {FOREIGN} ORDER BY 2, 3, 4"
        ),
        format!(
            "SELECT 'index', n.nspname::text, c.relname::text, x.relname::text, i.indisunique, \
             i.indisprimary, i.indnkeyatts, i.indpred IS NOT NULL, m.amname::text \
             FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid \
             JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             JOIN pg_am AS m ON m.oid = x.relam \
             WHERE i.indisvalid AND {relations} AND {FOREIGN} ORDER BY 2, 3, 4"
        ),
        format!(
            "SELECT 'trigger', n.nspname::text, c.relname::text, t.tgname::text, t.tgtype, \
             t.tgenabled::text, t.tgfoid::regproc::text FROM pg_trigger AS t \
             JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE NOT t.tgisinternal AND {relations} AND {FOREIGN} ORDER BY 2, 3, 4"
        ),
        format!(
            "SELECT 'policy', n.nspname::text, c.relname::text, p.polname::text, p.polcmd::text, \
             p.polpermissive FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid \
             JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {FOREIGN} ORDER BY 2, 3, 4"
        ),
        format!(
            "SELECT 'function', n.nspname::text, p.proname::text, \
             pg_get_function_identity_arguments(p.oid), p.prosrc, p.prosecdef FROM pg_proc AS p \
             JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE {} AND {FOREIGN} \
             ORDER BY 2, 3, 4",
            own("pg_proc", "p.oid")
        ),
        format!(
            "SELECT 'enum', n.nspname::text, t.typname::text, e.enumlabel::text FROM pg_enum AS e \
             JOIN pg_type AS t ON t.oid = e.enumtypid JOIN pg_namespace AS n ON n.oid = t.typnamespace \
             WHERE {FOREIGN} ORDER BY 2, 3, e.enumsortorder"
        ),
        "SELECT 'extension', extname::text FROM pg_extension ORDER BY 2".to_owned(),
    ];
    let mut hasher = Sha256::new();
    for question in questions {
        db.for_each(question, |row| {
            for value in &row.0 {
                let text = value.display();
                hasher.update((text.len() as u64).to_be_bytes());
                hasher.update(text);
            }
        })
        .await?;
    }
    Ok(Digest::of(hasher))
}
