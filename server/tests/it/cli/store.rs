//! `switchyard store copy`: a control store moves from its file to a server with everything in it, or not at all.

use std::process::Output;

use serde_json::Value;
use server::db::{Access, Connection, DatabaseUrl};

use super::{switchyard, text};
use crate::killed::machine::Machine;
use crate::postgres::Database;

fn copy(machine: &Machine, to: &DatabaseUrl) -> Output {
    switchyard(&["store", "copy", "--to", to.whole().expose()])
        .current_dir(machine.directory.path())
        .output()
        .unwrap()
}

/// What it says when it refuses, with every part of that.
fn refused(output: &Output, words: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for words in words {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
}

async fn on(url: &DatabaseUrl, statement: &str) -> i64 {
    let mut db = Connection::open(url, Access::Write).await.unwrap();
    let answer = db.count(statement).await.unwrap();
    db.close().await;
    answer
}

fn file(machine: &Machine) -> DatabaseUrl {
    DatabaseUrl::Sqlite(machine.file("data/switchyard.sqlite3"))
}

/// What the console shows of what is in its control store.
fn shown(machine: &Machine) -> Vec<Value> {
    let pages = [
        "/systems/obcms/runs",
        "/systems/obcms/runs/1/log",
        "/systems/obcms/backups",
        "/systems/obcms/checklist",
        "/accounts",
    ];
    let mut shown = pages.map(|page| machine.call("GET", page, None).1);
    // what is measured is measured anew at each start
    for section in shown[3]["sections"].as_array_mut().unwrap() {
        let items = section["items"].as_array_mut().unwrap();
        items.retain(|item| item["automatic"] == false);
    }
    shown.to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_store_moves_to_a_server_with_everything_in_it_and_goes_on_there() {
    let database = Database::new().await;
    let mut machine = Machine::new(0, |_, command| command).await;
    machine.start();
    refused(
        &copy(&machine, &database.url),
        &["another console", "stop that one first"],
    );
    machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
    machine.stop();
    machine.start();
    let before = shown(&machine);
    machine.stop();
    let log = switchyard(&["audit", "verify", "--format", "json"])
        .current_dir(machine.directory.path())
        .output()
        .unwrap();
    let log: Value = serde_json::from_slice(&log.stdout).unwrap();
    assert_eq!(log["whole"], true, "{log:#}");

    let copied = copy(&machine, &database.url);
    let said = text(&copied.stdout);
    assert_eq!(copied.status.code(), Some(0), "{}", text(&copied.stderr));
    let entries = format!("The audit log has {} entries", log["entries"]);
    assert!(said.contains(&entries), "{said}");
    refused(
        &copy(&machine, &database.url),
        &["is not empty", "before the first start"],
    );

    machine.keep_in(&database.url);
    machine.start();
    // the cookie of before opens it
    assert_eq!(shown(&machine), before);
    // numbers go on behind those that were copied
    machine.get_ready().await;
    let (_, longer) = machine.call("GET", "/audit/verification", None);
    assert_eq!(longer["whole"], true, "{longer:#}");
    let entries = |log: &Value| log["entries"].as_u64();
    assert!(entries(&longer) > entries(&log), "{longer:#}");
    let samples = "SELECT MAX(id) FROM health_samples";
    let until_then = on(&file(&machine), samples).await;
    for _ in 0..200 {
        if on(&database.url, samples).await > until_then {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(on(&database.url, samples).await > until_then);
    assert!(
        !machine.log().contains("duplicate key"),
        "{}",
        machine.log()
    );
    refused(
        &copy(&machine, &database.url),
        &["a console serves from the control store"],
    );
    machine.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_store_that_cannot_be_copied_whole_is_not_copied_at_all() {
    let database = Database::new().await;
    let machine = Machine::new(0, |_, command| command).await;
    let rows = "SELECT (SELECT COUNT(*) FROM accounts) + (SELECT COUNT(*) FROM sessions)";
    on(&database.url, "CREATE TABLE application (id int)").await;
    refused(
        &copy(&machine, &database.url),
        &["it has the table application", "createdb"],
    );
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(on(&database.url, tables).await, 1, "tables were made");
    on(&database.url, "DROP TABLE application").await;

    // a text that PostgreSQL has no place for, in one of the last tables
    let name = "SELECT COUNT(*) FROM settings";
    on(
        &file(&machine),
        "INSERT INTO settings (name, value) VALUES ('odd', 'a' || char(0) || 'b')",
    )
    .await;
    refused(&copy(&machine, &database.url), &["0x00"]);
    assert_eq!(on(&database.url, rows).await, 0);
    assert_eq!(on(&database.url, name).await, 0);

    on(&file(&machine), "DELETE FROM settings WHERE name = 'odd'").await;
    let copied = copy(&machine, &database.url);
    assert_eq!(copied.status.code(), Some(0), "{}", text(&copied.stderr));
    assert_eq!(on(&database.url, rows).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_that_is_broken_is_named_where_it_is() {
    let database = Database::new().await;
    let mut machine = Machine::new(0, |_, command| command).await;
    machine.start();
    machine.get_ready().await;
    machine.stop();
    for statement in [
        "DROP TRIGGER audit_is_never_changed",
        "UPDATE audit SET text = 'Something else.' WHERE id = 2",
    ] {
        on(&file(&machine), statement).await;
    }
    refused(
        &copy(&machine, &database.url),
        &[
            "the audit log is broken at entry 2",
            "in the file as in its copy",
        ],
    );
}
