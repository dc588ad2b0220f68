//! Where a second administrator is asked for: the actions themselves refuse without an approval of exactly this, and
//! use it up.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::Config;
use server::reconcile;
use shared::account::Role;

use crate::app::{Client, TestApp};
use crate::site::{Site, back_up, run_is, tick_required, with_modes};

pub(super) fn strict(config: &mut Config) {
    config.approvals.require_second_administrator = true;
}

async fn administrator(app: &TestApp, name: &str) -> Client {
    app.client_named(name, Role::Administrator).await
}

/// Asks for an approval and answers its identifier.
pub(super) async fn ask(client: &mut Client, action: &str, fingerprint: &Value) -> i64 {
    let body = json!({ "action": action, "fingerprint": fingerprint });
    let answer = client.post("/systems/obcms/approvals", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

pub(super) async fn approve(client: &mut Client, id: i64) -> String {
    let path = format!("/systems/obcms/approvals/{id}");
    let answer = client.post(&path, json!({ "approve": true })).await;
    match answer.status {
        StatusCode::OK => "approved".into(),
        _ => answer.problem(),
    }
}

pub(super) async fn state_of(client: &mut Client, id: i64) -> Value {
    let list = client.get("/systems/obcms/approvals").await.json();
    let found = list.as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap()["state"].clone()
}

/// What a command that needs an approval answers without one.
pub(super) async fn lacks_approval(client: &mut Client, path: &str, body: &Value) {
    let answer = client.post(&format!("/systems/obcms{path}"), body).await;
    assert_eq!(answer.problem(), "conflict", "{}", answer.text);
    assert!(
        answer.text.contains("second administrator"),
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_needs_the_approval_of_somebody_else_for_exactly_its_plan() {
    let site = Site::start_with(strict).await;
    let mut amina = administrator(&site.app, "amina").await;
    let mut jamil = administrator(&site.app, "jamil").await;
    let mut omar = site.app.client_named("omar", Role::Operator).await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    assert_eq!(plan["needs_approval"], true);
    let start = json!({ "fingerprint": plan["fingerprint"] });
    lacks_approval(&mut amina, "/runs", &start).await;

    let id = ask(&mut amina, "run", &plan["fingerprint"]).await;
    lacks_approval(&mut amina, "/runs", &start).await;
    assert_eq!(
        approve(&mut amina, id).await,
        "not-allowed",
        "her own request"
    );
    assert_eq!(approve(&mut omar, id).await, "not-allowed", "an operator");
    assert_eq!(approve(&mut jamil, id).await, "approved");

    let refused = ask(&mut omar, "run", &plan["fingerprint"]).await;
    let path = format!("/systems/obcms/approvals/{refused}");
    let no = json!({ "approve": false, "note": "Not on a Friday." });
    assert_eq!(jamil.post(&path, no).await.status, StatusCode::OK);
    assert_eq!(state_of(&mut amina, refused).await, "refused");
    assert_eq!(
        approve(&mut jamil, refused).await,
        "conflict",
        "a refusal stands"
    );

    // the target changes: what was approved is not what would run
    site.world
        .execute("ALTER TABLE project_ppa ADD COLUMN note text")
        .await;
    assert_eq!(state_of(&mut amina, id).await, "void");
    let listed = amina.get("/systems/obcms/approvals").await.json();
    let void = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == id);
    let why = void.unwrap()["void"].as_str().unwrap();
    assert!(why.contains("Ask jamil again"), "{why}");
    let answer = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(answer.problem(), "changed-meanwhile");
    let plan = amina.get("/systems/obcms/plan").await.json();
    let start = json!({ "fingerprint": plan["fingerprint"] });
    lacks_approval(&mut amina, "/runs", &start).await;

    // an approval that waits too long
    let id = ask(&mut omar, "run", &plan["fingerprint"]).await;
    assert_eq!(approve(&mut jamil, id).await, "approved");
    site.app.wait(Duration::from_secs(5 * 3600));
    let mut amina = administrator(&site.app, "amina2").await;
    let mut jamil = administrator(&site.app, "jamil2").await;
    assert_eq!(state_of(&mut amina, id).await, "expired");
    lacks_approval(&mut amina, "/runs", &start).await;

    let id = ask(&mut amina, "run", &plan["fingerprint"]).await;
    assert_eq!(approve(&mut jamil, id).await, "approved");
    let started = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    let run = amina.get("/systems/obcms/runs/1").await.json();
    assert_eq!(run["approved_by"], "jamil2");
    assert_eq!(state_of(&mut amina, id).await, "used");

    // once: the next run of the same plan needs another
    let ended = amina
        .post(
            "/systems/obcms/runs/1/commands",
            json!({ "command": "abort" }),
        )
        .await;
    assert!(ended.status.is_success(), "{}", ended.text);
    lacks_approval(&mut amina, "/runs", &start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_needs_one_for_exactly_its_cost() {
    let site = Site::start_with(strict).await;
    reconcile::begin(&site.app.state);
    let mut amina = administrator(&site.app, "amina").await;
    let mut jamil = administrator(&site.app, "jamil").await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    let id = ask(&mut jamil, "run", &plan["fingerprint"]).await;
    assert_eq!(approve(&mut amina, id).await, "approved");
    let start = json!({ "fingerprint": plan["fingerprint"] });
    let started = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    run_is(&mut amina, 1, "done").await;

    let options = amina.get("/systems/obcms/rollback").await.json();
    assert_eq!(options["needs_approval"], true);
    let all = options["undo_all"]["fingerprint"].clone();
    let groups = options["groups"].as_array().unwrap();
    let group = groups.iter().find(|one| one["name"] == "projects").unwrap();
    let partial = group["cost"]["fingerprint"].clone();
    let undo_all = json!({ "way": "undo-all", "fingerprint": all, "confirm": "OBCMS" });
    let undo_one = json!({
        "way": { "partial": { "groups": ["projects"] } }, "fingerprint": partial, "confirm": "OBCMS"
    });
    lacks_approval(&mut amina, "/rollback", &undo_all).await;

    // an approval of the one way is none of the other
    let one = ask(&mut amina, "rollback", &partial).await;
    assert_eq!(approve(&mut amina, one).await, "not-allowed");
    assert_eq!(approve(&mut jamil, one).await, "approved");
    lacks_approval(&mut amina, "/rollback", &undo_all).await;

    let every = ask(&mut amina, "rollback", &all).await;
    assert_eq!(approve(&mut jamil, every).await, "approved");
    let mut omar = site.app.client_named("omar", Role::Operator).await;
    let refused = omar.post("/systems/obcms/rollback", &undo_one).await;
    assert_eq!(refused.problem(), "not-allowed", "approved or not");
    let begun = amina.post("/systems/obcms/rollback", &undo_one).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text);
    amina
        .until("/systems/obcms/rollback", "the rollback", |options| {
            options["current"]["state"] == "done"
        })
        .await;
    assert_eq!(state_of(&mut amina, one).await, "used");
    // what undoing everything costs is another thing now
    assert_eq!(state_of(&mut amina, every).await, "void");
    let answer = amina.post("/systems/obcms/rollback", &undo_all).await;
    assert_eq!(answer.problem(), "changed-meanwhile", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_of_the_mode_needs_one_and_the_page_names_what_it_is_bound_to() {
    let site = Site::migrated_with(|config| {
        strict(config);
        with_modes(config);
    })
    .await;
    let mut amina = administrator(&site.app, "amina").await;
    let mut jamil = administrator(&site.app, "jamil").await;
    site.prepare_pilot(&mut amina).await;
    let view = amina.get("/systems/obcms/mode").await.json();
    assert_eq!(view["needs_approval"], true);
    assert_eq!(view["refused"], Value::Null);
    let switch = json!({ "to": "multi", "confirm": "BMMS" });
    lacks_approval(&mut amina, "/mode", &switch).await;

    let id = ask(&mut amina, "mode", &view["fingerprint"]).await;
    assert_eq!(approve(&mut jamil, id).await, "approved");
    // the audit log tells who asked and who agreed, not that it was done
    for (action, did) in [
        ("requested", "Asked for an approval: "),
        ("given", "Approved: "),
    ] {
        let page = amina.get(&format!("/audit?action=approval.{action}")).await;
        let text = page.json()["entries"][0]["text"].clone();
        assert!(text.as_str().unwrap().starts_with(did), "{text}");
    }
    // a condition that does not hold any more
    let untick = json!({ "done": false, "note": "" });
    amina
        .put("/systems/obcms/checklist/staging-validated", untick)
        .await;
    assert_eq!(state_of(&mut amina, id).await, "void");
    let answer = amina.post("/systems/obcms/mode", &switch).await;
    assert_eq!(answer.problem(), "gate-closed");
    crate::site::tick(&mut amina, "staging-validated").await;

    let begun = amina.post("/systems/obcms/mode", &switch).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text);
    assert_eq!(state_of(&mut amina, id).await, "used");
}
