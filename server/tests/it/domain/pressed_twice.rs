//! A command whose answer was lost is asked for again with the same key: it is answered as it was, and done once.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::reconcile;
use shared::account::Role;

use crate::app::{Answer, Client};
use crate::site::{Site, run_is, start_run};

/// POST below the system with a key.
pub(super) async fn keyed(client: &mut Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/api/v1/systems/obcms{path}"))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(body.to_string().into())
        .unwrap();
    client.request(request).await
}

/// The same command three times: twice with one key, which is done once, and once with another body, which is refused.
async fn once(client: &mut Client, path: &str, body: &Value, status: StatusCode) -> Value {
    let key = format!("press of {path}");
    let first = keyed(client, path, &key, body).await;
    assert_eq!(first.status, status, "{path}: {}", first.text);
    let second = keyed(client, path, &key, body).await;
    assert_eq!(
        (second.status, &second.text),
        (status, &first.text),
        "{path}"
    );
    first.json()
}

pub(super) async fn entries(client: &mut Client, action: &str) -> Value {
    let page = client.get(&format!("/audit?action={action}")).await.json();
    page["total"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_and_a_report_are_made_once() {
    let site = Site::start().await;
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let made = once(&mut amina, "/backups", &Value::Null, StatusCode::ACCEPTED).await;
    amina
        .until("/systems/obcms/backups", "one backup", |all| {
            all[0]["name"] == made["name"] && all[0]["state"] == "verified"
        })
        .await;
    // asked for again when it is long done, it is still the same one
    let late = keyed(&mut amina, "/backups", "press of /backups", &Value::Null).await;
    assert_eq!(late.json()["name"], made["name"]);
    let all = amina.get("/systems/obcms/backups").await.json();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");

    let report = once(&mut amina, "/reports", &Value::Null, StatusCode::CREATED).await;
    assert_eq!(report["summary"]["number"], 1);
    let all = amina.get("/systems/obcms/reports").await.json();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all:#}");
    assert_eq!(entries(&mut amina, "report.measured").await, 1);

    // the key of one person means nothing to another
    let mut jamil = site.app.client_named("jamil", Role::Operator).await;
    let other = keyed(&mut jamil, "/reports", "press of /reports", &Value::Null).await;
    assert_eq!(other.json()["summary"]["number"], 2, "{}", other.text);
    // and after a day it is forgotten
    site.app.wait(std::time::Duration::from_secs(25 * 3600));
    let mut jamil = site.app.client_named("jamil2", Role::Operator).await;
    keyed(&mut jamil, "/reports", "another", &Value::Null).await;
    let mut amina = site.app.client_named("amina2", Role::Administrator).await;
    let all = amina.get("/systems/obcms/reports").await.json();
    assert_eq!(all.as_array().unwrap().len(), 3, "{all:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollback_and_a_decision_are_made_once() {
    let site = Site::start().await;
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id = 7")
        .await;
    reconcile::begin(&site.app.state);
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    start_run(&mut amina).await;
    run_is(&mut amina, 1, "waiting-at-gate").await;

    let body =
        json!({ "model": "PPA", "preview": false, "rule": { "all": { "organization": "OOBC" } } });
    let decided = once(&mut amina, "/decisions/rule", &body, StatusCode::OK).await;
    assert_eq!(decided["assigned"], 1);
    assert_eq!(entries(&mut amina, "decision.made").await, 1);
    let again = amina.post("/systems/obcms/decisions/rule", &body).await;
    assert_ne!(again.json()["assigned"], 1, "without a key it is a new one");
    // another request under a used key is refused, not answered with somebody else's answer
    let path = "/decisions/rule";
    let other =
        json!({ "model": "PPA", "preview": true, "rule": { "all": { "organization": "OOBC" } } });
    let answer = keyed(&mut amina, path, &format!("press of {path}"), &other).await;
    assert_eq!(answer.problem(), "conflict", "{}", answer.text);

    run_is(&mut amina, 1, "done").await;
    let options = amina.get("/systems/obcms/rollback").await.json();
    let body = json!({
        "way": "undo-all", "fingerprint": options["undo_all"]["fingerprint"], "confirm": "OBCMS"
    });
    let record = once(&mut amina, "/rollback", &body, StatusCode::ACCEPTED).await;
    let ended = amina
        .until("/systems/obcms/rollback", "its end", |options| {
            options["current"]["state"] == "done"
        })
        .await;
    assert_eq!(ended["current"]["id"], record["id"]);
    assert_eq!(ended["history"], json!([]), "it is one rollback");
    assert_eq!(entries(&mut amina, "rollback.started").await, 1);
    let late = keyed(&mut amina, "/rollback", "press of /rollback", &body).await;
    assert_eq!(late.json()["id"], record["id"], "{}", late.text);
}
