//! What the API says of a run on PostgreSQL while it goes on.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::db::{Access, Connection, Dialect};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_whom_it_waits_for_and_another_pace_reaches_the_journal() {
    let mut world = World::start_on(Dialect::Postgres, |_| ()).await;
    world.tick_required().await;
    world.back_up().await;
    let url = world.installed.database.clone();
    let mut report = Connection::open(&url, Access::Write).await.unwrap();
    for statement in [
        "SET application_name = 'monthly report'",
        "BEGIN",
        "LOCK TABLE communities_community IN ACCESS SHARE MODE",
    ] {
        report.execute(statement).await.unwrap();
    }
    let process = report.count("SELECT pg_backend_pid()").await.unwrap();
    let run = world.start_run().await;
    let page = format!("/runs/{run}");
    let waiting = |run: &Value| {
        run["progress"]["waiting_for"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    let shown = world
        .wait(&page, "the wait", |run| waiting(run).contains("process"))
        .await;
    let told = waiting(&shown);
    for words in [
        &format!("monthly report of postgres (process {process}, idle in transaction, its query "),
        "which has held a lock on communities_community for ",
        " of 120",
    ] {
        assert!(told.contains(words), "{words:?} is not in {told}");
    }
    assert_eq!(
        shown["progress"]["holds_for"],
        Value::Null,
        "it waits, and does not hold"
    );

    let path = format!("/systems/obcms{page}/pace");
    let answer = world
        .administrator
        .put(&path, json!({ "percent": 25 }))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let mut db = Connection::open(&url, Access::Read).await.unwrap();
    let kept = db.count("SELECT percent FROM switchyard_pace").await;
    assert_eq!(kept.unwrap(), 25);
    db.close().await;
    report.roll_back().await;
    let at_gate = world.run_is(run, "waiting-at-gate").await;
    assert_eq!(at_gate["progress"]["pace"], 25);
    assert_eq!(at_gate["progress"]["waiting_for"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_a_server_is_told_with_the_limits_of_its_holds() {
    let mut world = World::start_on(Dialect::Postgres, |declared| {
        declared["holds"] = json!({ "lag_mib": 0, "free_disk_mib": 512 });
    })
    .await;
    let target = world.get("/target").await;
    let disk = &target["disk"]["measured"];
    assert!(disk["free_bytes"].as_u64() <= disk["total_bytes"].as_u64());
    assert!(disk["free_bytes"].is_u64(), "{target:#}");
    assert!(
        target["database_bytes"].as_u64() > Some(10_000_000),
        "{target:#}"
    );
    assert!(target["log_bytes"].as_u64() > Some(1_000_000), "{target:#}");
    let nobody = json!({ "visible": true, "replicas": [], "slots": [] });
    assert_eq!(target["replication"], nobody);
    let limits = json!({ "behind_bytes": null, "lock_wait_ms": 2000, "free_bytes": 512 << 20 });
    assert_eq!(target["limits"], limits);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_a_file_is_told_and_nobody_can_follow_it() {
    let mut world = World::start().await;
    let target = world.get("/target").await;
    assert!(target["disk"]["measured"].is_object(), "{target:#}");
    assert!(
        target["database_bytes"].as_u64() > Some(1_000_000),
        "{target:#}"
    );
    assert!(target["log_bytes"].is_u64(), "{target:#}");
    assert_eq!(target["replication"], Value::Null);
}
