//! The control store on a PostgreSQL server: the same tables, consoles that share it,
//! and writers that follow each other.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use server::audit::{self, Entry};
use server::config::Config;
use server::db::{Access, Connection, DatabaseUrl};
use server::events::{Numbered, relay};
use server::moment::{Clock, Moment};
use server::refusal::{Kind, Refusal as _};
use server::state::AppState;
use server::store::{Opener, Store, StoreError, leases, sql};
use shared::event::{Event, Topic};
use shared::run::LogLine;
use shared::state::Level;

use super::fresh;
use crate::postgres::Database;

async fn console_in(database: &Database, data: &Path) -> Result<Store, StoreError> {
    let data = data.to_owned();
    Store::open_at(&database.url, Opener::Console { data }).await
}

/// A console with a data directory of its own.
async fn console(database: &Database) -> Result<Store, StoreError> {
    console_in(database, tempfile::tempdir().unwrap().path()).await
}

async fn command(database: &Database) -> Store {
    Store::open_at(&database.url, Opener::Command)
        .await
        .unwrap()
}

type Facts = BTreeSet<(String, String, String)>;

async fn facts(store: &Store, statement: &'static str) -> Facts {
    let rows: Vec<(String, String, String)> = sql::query_as(statement)
        .fetch_all(store.read())
        .await
        .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_columns_and_the_same_uniqueness() {
    let (_directory, file) = fresh().await;
    let database = Database::new().await;
    let server = console(&database).await.unwrap();
    let in_file = facts(
        &file,
        "SELECT m.name, p.name, (CASE p.type WHEN 'INTEGER' THEN 'bigint' WHEN 'TEXT' THEN 'text' \
           WHEN 'REAL' THEN 'double precision' WHEN 'BLOB' THEN 'bytea' ELSE p.type END) \
           || (CASE WHEN p.\"notnull\" THEN ' not null' ELSE '' END) \
         FROM sqlite_master m JOIN pragma_table_info(m.name) p \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'",
    )
    .await;
    let on_server = facts(
        &server,
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
           || (CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END) \
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .await;
    assert!(in_file.len() > 200, "{}", in_file.len());
    assert_eq!(in_file, on_server);
    // the columns of each unique index; a lone INTEGER PRIMARY KEY of SQLite has no index, but is one
    let in_file = facts(
        &file,
        "SELECT m.name, (SELECT group_concat(c, ',') FROM \
             (SELECT ii.name AS c FROM pragma_index_info(il.name) ii ORDER BY ii.name)), \
           CASE WHEN il.partial THEN 'some' ELSE 'all' END \
         FROM sqlite_master m JOIN pragma_index_list(m.name) il \
         WHERE m.type = 'table' AND il.\"unique\" AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
         UNION SELECT m.name, p.name, 'all' FROM sqlite_master m JOIN pragma_table_info(m.name) p \
         WHERE m.type = 'table' AND p.pk = 1 AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!' \
           AND (SELECT COUNT(*) FROM pragma_table_info(m.name) q WHERE q.pk > 0) = 1",
    )
    .await;
    let on_server = facts(
        &server,
        "SELECT CAST(t.relname AS TEXT), (SELECT string_agg(CAST(a.attname AS TEXT), ',' \
             ORDER BY CAST(a.attname AS TEXT) COLLATE \"C\") \
             FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = ANY (i.indkey)), \
           CASE WHEN i.indpred IS NULL THEN 'all' ELSE 'some' END \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.indisunique AND n.nspname = 'public'",
    )
    .await;
    assert!(in_file.len() > 30, "{in_file:?}");
    assert_eq!(in_file, on_server);
}

#[tokio::test]
async fn only_consoles_with_the_same_data_directory_serve_together() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let first = console_in(&database, data.path()).await.unwrap();
    let refused = console(&database).await.unwrap_err();
    assert!(matches!(refused, StoreError::OtherData { .. }), "{refused}");
    assert!(refused.remedy().unwrap().contains("shared file system"));
    let second = console_in(&database, data.path()).await.unwrap();
    second.prove_writable().await.unwrap();
    // a command may look and write beside them, wherever it runs
    let beside = command(&database).await;
    beside.prove_writable().await.unwrap();
    for store in [beside, first, second] {
        store.close().await;
    }
    // a directory that was lost and made anew is no reason to stay away
    for _ in 0..50 {
        match console(&database).await {
            // the server notices the end of a connection a moment later
            Err(StoreError::OtherData { .. }) => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            opened => return assert!(opened.is_ok(), "{opened:?}"),
        }
    }
    panic!("consoles that were closed still count");
}

#[tokio::test]
async fn tables_are_not_changed_under_consoles_that_serve() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let first = console_in(&database, data.path()).await.unwrap();
    let mut tx = first.write().await.unwrap();
    let older =
        "DELETE FROM schema_versions WHERE version = (SELECT MAX(version) FROM schema_versions)";
    sql::query(older).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let refused = console_in(&database, data.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Served { .. }), "{refused}");
    assert_eq!(refused.kind(), Kind::Unavailable);
    assert!(
        refused
            .remedy()
            .unwrap()
            .contains("Stop the other consoles")
    );
}

#[tokio::test]
async fn what_was_taken_over_is_not_written_by_the_one_before() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let one = console_in(&database, data.path()).await.unwrap();
    let other = console_in(&database, data.path()).await.unwrap();
    let long = Duration::from_secs(60);
    let first = leases::take(&one, "one", long).await.unwrap().unwrap();
    assert_eq!(leases::take(&other, "other", long).await.unwrap(), None);
    one.fenced(first).prove_writable().await.unwrap();
    // it stood still for too long
    assert!(leases::renew(&one, first, Duration::ZERO).await.unwrap());
    let second = leases::take(&other, "other", long).await.unwrap().unwrap();
    let refused = one.fenced(first).prove_writable().await.unwrap_err();
    assert!(matches!(refused, StoreError::TakenOver), "{refused}");
    assert!(!leases::renew(&one, first, long).await.unwrap());
    other.fenced(second).prove_writable().await.unwrap();
    // giving back what it has no longer takes nothing from the other one
    leases::release(&one, first).await.unwrap();
    assert_eq!(leases::take(&one, "one", long).await.unwrap(), None);
    leases::release(&other, second).await.unwrap();
    assert!(leases::take(&one, "one", long).await.unwrap().is_some());
}

#[tokio::test]
async fn work_that_excludes_other_consoles_is_free_when_the_one_that_does_it_is_gone() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let one = console_in(&database, data.path()).await.unwrap();
    let other = console_in(&database, data.path()).await.unwrap();
    let held = one
        .try_exclusive("backups of obcms")
        .await
        .unwrap()
        .unwrap();
    assert!(
        other
            .try_exclusive("backups of obcms")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        other
            .try_exclusive("backups of sims")
            .await
            .unwrap()
            .is_some()
    );
    drop(held);
    let waiting = other.exclusive("backups of obcms");
    let _held = tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap()
        .unwrap();
}

/// Ends every connection to the control store, as a restart of the server or a broken network does.
async fn cut_connections(database: &Database) {
    let mut db = Connection::open(&database.url, Access::Write)
        .await
        .unwrap();
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await
    .unwrap();
    db.close().await;
}

/// What the next events that readers of a console are told say, until `wanted` does.
async fn told(receiver: &mut tokio::sync::broadcast::Receiver<Numbered>, wanted: &Event) {
    let until = async { while *receiver.recv().await.unwrap().event != *wanted {} };
    tokio::time::timeout(Duration::from_secs(20), until)
        .await
        .unwrap_or_else(|_| panic!("{wanted:?} was not heard"));
}

#[tokio::test]
async fn events_of_one_console_reach_the_readers_of_the_other_and_a_gap_is_told() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let mut consoles = Vec::new();
    for _ in 0..2 {
        let store = console_in(&database, data.path()).await.unwrap();
        let state = AppState::new(Config::default(), store, Clock::system());
        let mut receiver = state.hub.listen(None).receiver;
        relay::begin(&state);
        // listening begins with asking for everything
        told(&mut receiver, &Event::Resync).await;
        consoles.push((state, receiver));
    }
    let (mut other, mut one) = (consoles.pop().unwrap(), consoles.pop().unwrap());
    let changed = |topic| Event::Changed {
        system: Some("obcms".into()),
        topic,
    };
    one.0.hub.changed("obcms", Topic::Mode);
    told(&mut other.1, &changed(Topic::Mode)).await;
    // what is too long for the channel is asked for
    let line = LogLine {
        id: 1,
        at: Moment(0).rfc3339(),
        level: Level::Info,
        step: None,
        text: "x".repeat(20_000),
    };
    one.0.hub.log("obcms", 1, vec![line]);
    told(&mut other.1, &changed(Topic::Run)).await;
    cut_connections(&database).await;
    told(&mut other.1, &Event::Resync).await;
    told(&mut one.1, &Event::Resync).await;
    other.0.hub.changed("obcms", Topic::Backups);
    told(&mut one.1, &changed(Topic::Backups)).await;
    for (state, _) in [one, other] {
        state.shutdown.cancel();
    }
}

#[tokio::test]
async fn the_audit_log_stays_one_chain_when_two_write_a_hundred_entries_at_once() {
    let database = Database::new().await;
    let server = console(&database).await.unwrap();
    let beside = command(&database).await;
    let write = |store: Store, who: &'static str| {
        tokio::spawn(async move {
            for number in 0..100 {
                let entry = Entry::of(who, "test.written", format!("entry {number}"), "written");
                audit::record(&store, Moment(number), entry).await.unwrap();
            }
        })
    };
    let (one, other) = (write(server.clone(), "amina"), write(beside, "bao"));
    one.await.unwrap();
    other.await.unwrap();
    let mut reader = server.reader().await.unwrap();
    let found = audit::verify(&mut reader).await.unwrap();
    assert!(found.whole, "broken at {:?}", found.broken_at);
    assert_eq!(found.entries, 200);
}

#[tokio::test]
async fn the_server_itself_refuses_to_change_shorten_or_empty_the_audit_log() {
    let database = Database::new().await;
    let store = console(&database).await.unwrap();
    let entry = Entry::by_itself("test.written", "entry", "written");
    audit::record(&store, Moment(1), entry).await.unwrap();
    for statement in [
        "UPDATE audit SET actor = 'bao'",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ] {
        let mut tx = store.write().await.unwrap();
        let refused = sql::query(statement).execute(&mut *tx).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_named_with_what_to_do_and_without_the_password() {
    let database = Database::new().await;
    let DatabaseUrl::Postgres(address) = &database.url else {
        panic!("{} is not PostgreSQL", database.url)
    };
    let missing = DatabaseUrl::Postgres(address.with_database("no_such_database").unwrap());
    let unknown = "postgres://u:hunter2@no-such-host.invalid/switchyard"
        .parse()
        .unwrap();
    for place in [missing, unknown] {
        let refused = Store::open_at(&place, Opener::Command).await.unwrap_err();
        assert!(matches!(refused, StoreError::Server(_)), "{refused:?}");
        assert!(refused.to_string().contains("control store"), "{refused}");
        assert!(refused.remedy().is_some());
        assert!(!refused.to_string().contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_on_a_server_is_refused_and_left_alone() {
    let database = Database::new().await;
    let store = console(&database).await.unwrap();
    let mut tx = store.write().await.unwrap();
    sql::query("INSERT INTO schema_versions (version, applied) VALUES (999, 0)")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let refused = console(&database).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 999, .. })));
}

#[tokio::test]
async fn a_reader_on_a_server_cannot_write() {
    let database = Database::new().await;
    let store = console(&database).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    let refused = sql::query("DELETE FROM settings")
        .execute(&mut *reader)
        .await;
    assert!(refused.unwrap_err().to_string().contains("read-only"));
}
