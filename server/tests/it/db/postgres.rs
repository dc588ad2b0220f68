//! PostgreSQL targets: values come back as they went in, and what cannot be used is told apart.

use std::time::Duration;

use server::db::{Access, Connection, DatabaseUrl, DbError, Patience, Statement, Value};
use server::engine::inspect;

use crate::postgres::Database;

async fn open(url: &DatabaseUrl) -> Connection {
    Connection::open(url, Access::Write).await.unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[tokio::test]
async fn values_of_every_kind_come_back_as_the_server_writes_them() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    db.execute("CREATE TYPE colour AS ENUM ('red', 'green')")
        .await
        .unwrap();
    db.execute(
        "CREATE TABLE kinds (a bool, b int2, c int4, d int8, e float8, f numeric(20, 4), g text, \
         h varchar(9), i bytea, j uuid, k date, l timestamp, m timestamptz, n jsonb, o colour, \
         p numeric)",
    )
    .await
    .unwrap();
    let values = vec![
        Value::Integer(1),
        Value::Integer(-7),
        Value::Integer(2_000_000_000),
        Value::Integer(i64::MIN),
        Value::Real(0.1),
        text("-1234567.0900"),
        text("Peñafrancia 🏝"),
        text("it's"),
        Value::Blob { blob: vec![0, 255] },
        text("0b6b9f5e-51a5-4c6e-8c0e-0a4f5a1d2e3f"),
        text("1969-12-31"),
        text("2024-02-29 23:59:59.000001"),
        text("2024-02-29 12:00:00+00"),
        text("{\"a\": [1, null]}"),
        text("green"),
        Value::Integer(12_345_678_901),
    ];
    let mut insert = Statement::new(format!(
        "INSERT INTO kinds VALUES ({})",
        vec!["?"; values.len()].join(", ")
    ));
    insert.values.clone_from(&values);
    assert_eq!(db.execute(insert).await.unwrap(), 1);
    // read once as text and once in the binary form that bound statements answer in
    let columns = "SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p FROM kinds";
    let plain = db.row(columns).await.unwrap().unwrap();
    assert_eq!(plain.0, values);
    let bound = Statement::new(format!("{columns} WHERE b = ?")).bind(-7);
    assert_eq!(db.row(bound).await.unwrap().unwrap().0, values);
    let nothing = Statement::new("SELECT ?::int4 IS NULL, ?::colour IS NULL, '?'")
        .bind(Value::Null)
        .bind(Value::Null);
    let row = db.row(nothing).await.unwrap().unwrap();
    assert_eq!(row.0, vec![1.into(), 1.into(), text("?")]);
    let sum = "SELECT SUM(d) FROM (VALUES (1::int8), (2)) AS v (d)";
    assert_eq!(db.count(sum).await.unwrap(), 3);
}

#[tokio::test]
async fn a_key_of_any_type_is_compared_as_its_type() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    for (kind, low, high) in [
        ("int4", Value::Integer(9), Value::Integer(10)),
        (
            "uuid",
            text("00000000-0000-0000-0000-000000000009"),
            text("00000000-0000-0000-0000-00000000000a"),
        ),
        ("numeric(9,2)", text("9.50"), text("10.00")),
        (
            "timestamptz",
            text("2024-01-01 09:00:00+00"),
            text("2024-01-01 10:00:00+00"),
        ),
    ] {
        let compare = Statement::new(format!("SELECT ?::{kind} < ?::{kind}"))
            .bind(low)
            .bind(high);
        assert_eq!(db.count(compare).await.unwrap(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_transaction_with_a_failed_statement_is_never_said_to_be_committed() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    db.execute("CREATE TABLE t (a int NOT NULL)").await.unwrap();
    db.begin_write().await.unwrap();
    db.execute("INSERT INTO t VALUES (1)").await.unwrap();
    let refused = db.execute("INSERT INTO t VALUES (NULL)").await.unwrap_err();
    assert!(matches!(refused, DbError::Constraint { .. }), "{refused:?}");
    assert!(db.commit().await.is_err());
    assert_eq!(db.count("SELECT COUNT(*) FROM t").await.unwrap(), 0);
    db.begin_write().await.unwrap();
    db.execute("INSERT INTO t VALUES (1)").await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM t").await.unwrap(), 1);
}

#[tokio::test]
async fn a_lock_is_waited_for_no_longer_than_the_patience() {
    let database = Database::new().await;
    let mut holder = open(&database.url).await;
    holder.execute("CREATE TABLE t (a int)").await.unwrap();
    holder.begin_write().await.unwrap();
    holder
        .execute("LOCK TABLE t IN ACCESS SHARE MODE")
        .await
        .unwrap();
    let patience = Patience(Duration::from_millis(50));
    let mut waiter = Connection::open_patiently(&database.url, Access::Write, patience)
        .await
        .unwrap();
    let refused = waiter.execute("ALTER TABLE t ADD b int").await.unwrap_err();
    assert!(refused.is_locked(), "{refused:?}");
    assert!(refused.remedy().contains("nothing was changed"));
}

#[tokio::test]
async fn what_a_role_has_set_for_its_sessions_does_not_cut_a_migration_short() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    let settings = "ALTER ROLE CURRENT_USER IN DATABASE name SET statement_timeout = '1ms'";
    let name = db
        .row("SELECT quote_ident(current_database())")
        .await
        .unwrap()
        .unwrap();
    db.execute(settings.replace("name", &name.string(0)))
        .await
        .unwrap();
    db.close().await;
    let mut db = open(&database.url).await;
    db.row("SELECT pg_sleep(0.05)::text").await.unwrap();
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_told_apart_with_a_remedy() {
    let database = Database::new().await;
    let DatabaseUrl::Postgres(address) = &database.url else {
        panic!("not PostgreSQL");
    };
    let missing = DatabaseUrl::Postgres(address.with_database("no_such_database").unwrap());
    let closed: DatabaseUrl = "postgres://me:hunter2@127.0.0.1:1/obcms".parse().unwrap();
    let unknown: DatabaseUrl = "postgres://me:hunter2@no-such-host.invalid/obcms"
        .parse()
        .unwrap();
    for url in [missing, closed, unknown] {
        let error = Connection::open(&url, Access::Read).await.unwrap_err();
        assert!(matches!(error, DbError::Unreachable { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(error.remedy().contains("Check the host"));
    }
}

#[tokio::test]
async fn a_session_that_only_reads_cannot_write() {
    let database = Database::new().await;
    let mut db = Connection::open(&database.url, Access::Read).await.unwrap();
    let refused = db.execute("CREATE TABLE t (a int)").await.unwrap_err();
    assert!(matches!(refused, DbError::ReadOnly { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_session_that_was_ended_says_that_resuming_is_safe() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    let pid = db.count("SELECT pg_backend_pid()").await.unwrap();
    let mut other = open(&database.url).await;
    other
        .execute(format!("SELECT pg_terminate_backend({pid})"))
        .await
        .unwrap();
    let error = loop {
        match db.count("SELECT 1").await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, DbError::ConnectionLost { .. }), "{error:?}");
}

#[tokio::test]
async fn the_schema_is_read_with_names_schemas_partitions_and_keys_of_every_kind() {
    let database = Database::new().await;
    let mut db = open(&database.url).await;
    let long = "l".repeat(63);
    for statement in [
        "CREATE SCHEMA archive",
        "CREATE TABLE parent (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
         code varchar(20) NOT NULL UNIQUE, twice bigint GENERATED ALWAYS AS (id * 2) STORED)",
        "CREATE TABLE archive.\"Case.1\" (a int, b text DEFAULT 'x', parent_id bigint \
         REFERENCES parent (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (b, a))",
        "CREATE TABLE \"Ñame of \"\"it\"\"\" (\"Schlüssel\" int PRIMARY KEY)",
        &format!("CREATE TABLE {long} (id int)"),
        "CREATE TABLE visit (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE INDEX lower_code ON parent (lower(code), id) WHERE id > 5",
        "CREATE VIEW codes AS SELECT code FROM parent",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "CREATE TRIGGER noted BEFORE UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION noted()",
    ] {
        db.execute(statement).await.unwrap();
    }
    let schema = inspect::inspect(&mut db).await.unwrap();
    let names: Vec<&str> = schema.tables.keys().map(String::as_str).collect();
    let quoted = "\"Ñame of \"\"it\"\"\"";
    assert_eq!(
        names,
        [quoted, "archive.\"Case.1\"", &long, "parent", "visit"]
    );
    let case = schema.table("archive.\"Case.1\"").unwrap();
    assert_eq!(case.primary_key, ["b", "a"]);
    let key = case.foreign_key("parent_id").unwrap();
    assert_eq!(
        (key.table.as_str(), key.on_delete.as_str()),
        ("parent", "CASCADE")
    );
    assert_eq!(key.referenced, ["id"]);
    let parent = schema.table("parent").unwrap();
    assert!(parent.column("twice").unwrap().generated);
    assert!(parent.column("id").unwrap().default.is_some());
    assert_eq!(parent.triggers[0].name, "noted");
    let index = parent
        .indexes
        .iter()
        .find(|index| index.name == "lower_code")
        .unwrap();
    assert!(index.partial && index.columns == [None, Some("id".to_owned())]);
    assert_eq!(schema.views[0].name, "codes");
    assert!(
        schema
            .table("visit")
            .unwrap()
            .sql
            .ends_with("PARTITION BY RANGE (at)")
    );

    // each definition is the same when it is read alone, and another one after a change
    let alone = inspect::definitions(&mut db, Some(&["parent".to_owned()]))
        .await
        .unwrap();
    assert_eq!(alone["parent"], parent.sql);
    db.execute("ALTER TABLE parent ALTER code DROP NOT NULL")
        .await
        .unwrap();
    let changed = inspect::definitions(&mut db, Some(&["parent".to_owned()]))
        .await
        .unwrap();
    assert_ne!(changed["parent"], parent.sql);
}
