//! What the server refuses whatever a page shows, each with its kind and a remedy.

use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use shared::account::Role;

use super::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_starts_only_when_everything_it_needs_is_there_and_only_once() {
    let mut world = World::start().await;
    let plan = world.get("/plan").await;
    let body = json!({ "fingerprint": plan["fingerprint"] });
    let start = "/systems/obcms/runs";

    let answer = world.administrator.post(start, body.clone()).await;
    assert_eq!(answer.problem(), "gate-closed");
    assert!(answer.text.contains("checklist"), "{}", answer.text);

    let stale = json!({ "fingerprint": "0000" });
    let answer = world.administrator.post(start, stale).await;
    assert_eq!(answer.problem(), "changed-meanwhile");

    world.tick_required().await;
    world.back_up().await;
    let first = keyed(&mut world, &body).await;
    assert_eq!(first.0, StatusCode::ACCEPTED, "{}", first.1);
    let second = keyed(&mut world, &body).await;
    assert_eq!(first.1, second.1, "the same key answers the same");

    let number = first.1["number"].as_i64().unwrap();
    world.run_is(number, "waiting-at-gate").await;
    let answer = world.administrator.post(start, body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);

    // a gate of coverage is nobody's to override
    let run = world.get(&format!("/runs/{number}")).await;
    let gate = run["waiting"]["name"].as_str().unwrap();
    let path = format!("/systems/obcms/runs/{number}/gates/{gate}/override");
    let reason = json!({ "reason": "We want to go on now." });
    let answer = world.administrator.post(&path, reason).await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);

    // paused, resumed, ended: only what is wanted is stored
    let commands = format!("/runs/{number}/commands");
    let paused = world.post(&commands, json!({ "command": "pause" })).await;
    assert_eq!(paused["state"], "paused");
    world.post(&commands, json!({ "command": "resume" })).await;
    world.run_is(number, "waiting-at-gate").await;
    let ended = world.post(&commands, json!({ "command": "abort" })).await;
    assert_eq!(ended["state"], "aborted");
    let answer = world
        .administrator
        .post(
            &format!("/systems/obcms{commands}"),
            json!({ "command": "resume" }),
        )
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

async fn keyed(world: &mut World, body: &Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/systems/obcms/runs")
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "the-same-press")
        .body(body.to_string().into())
        .unwrap();
    let answer = world.administrator.request(request).await;
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_application_that_does_not_come_up_in_the_new_mode_is_taken_back() {
    let mut world = World::start_with(|declared| {
        declared["hooks"]["restart"]["timeout_seconds"] = json!(10);
    })
    .await;
    world.migrate().await;
    let file = world.installed.environment_file.clone();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\nSAMPLE_FAIL_IN_MODE=bmms\n")).unwrap();
    // the conditions are tested elsewhere: here the switch itself
    let state = world.app.state.clone();
    let mut tx = state.store.write().await.unwrap();
    for (number, code) in ["A1", "A2", "A3"].iter().enumerate() {
        let record = server::store::organizations::Record {
            code: (*code).into(),
            name: format!("Office {number}"),
            kind: "office".into(),
            stage: shared::organization::Stage::Prepared,
            wave: None,
            contact_name: String::new(),
            contact_email: String::new(),
            isolation: None,
            suspended_reason: None,
            changed: state.clock.now(),
            version: 0,
        };
        assert!(
            server::store::organizations::save(&mut tx, "obcms", &record, 0)
                .await
                .unwrap()
        );
    }
    tx.commit().await.unwrap();
    for item in [
        "staging-validated",
        "training-complete",
        "default-organization-agreed",
        "oversight-agreed",
    ] {
        world.tick(item).await;
    }
    world
        .post("/mode", json!({ "to": "multi", "confirm": "BMMS" }))
        .await;
    let ended = world
        .wait("/mode", "the end of the switch", |view| {
            view["switch"]["state"] != "running"
        })
        .await;
    assert_eq!(
        ended["switch"]["state"], "went-back",
        "{:#}",
        ended["switch"]
    );
    assert_eq!(ended["application_value"], "obcms");
    assert_eq!(ended["file_value"], "obcms");
    assert!(ended["switch"]["downtime_ms"].as_u64() > Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn organizations_wait_for_their_table_and_codes_are_unique() {
    let mut world = World::start().await;
    let wanted = json!({ "code": "MOH", "name": "Ministry of Health", "kind": "ministry" });
    let path = "/systems/obcms/organizations";
    let answer = world.administrator.post(path, wanted.clone()).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    world.migrate().await;
    let answer = world.administrator.post(path, wanted).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let twice = json!({ "code": "moh", "name": "Another", "kind": "ministry" });
    let answer = world.administrator.post(path, twice).await;
    assert_eq!(answer.problem(), "invalid");
    // nobody works before the system serves many organizations
    let detail = world.get("/organizations/MOH").await;
    let body = json!({ "version": detail["organization"]["version"], "to": "active" });
    let answer = world
        .administrator
        .post("/systems/obcms/organizations/MOH/move", body)
        .await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
    // the default organization stays
    let oobc = world.get("/organizations/OOBC").await;
    let body = json!({ "version": oobc["organization"]["version"], "to": "suspended", "reason": "a test" });
    let answer = world
        .administrator
        .post("/systems/obcms/organizations/OOBC/move", body)
        .await;
    assert_eq!(answer.problem(), "gate-closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_system_run_backup_or_gate_is_not_found() {
    let world = World::start().await;
    let mut viewer = world.app.client(Role::Viewer).await;
    for path in [
        "/systems/nothing",
        "/systems/obcms/runs/9",
        "/systems/obcms/runs/9/log",
        "/systems/obcms/coverage/Nothing/unassigned",
    ] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.problem(), "not-found", "{path}: {}", answer.text);
    }
    let mut operator = world.app.client(Role::Operator).await;
    let answer = operator
        .post("/systems/obcms/backups/nothing/verify", Value::Null)
        .await;
    assert_eq!(answer.problem(), "not-found");
}
