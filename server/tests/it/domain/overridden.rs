//! Overriding a gate: by an administrator, with a written reason, where it may be overridden at all.

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::reconcile;
use shared::account::Role;
use shared::evidence::IncidentKind;

use super::sealed::{sealed, tells};
use crate::app::Client;
use crate::site::{Site, back_up, run_is, start_run, tick_required};

/// A run that waits because the old application still writes rows without an organization.
async fn waiting(client: &mut Client, site: &Site) -> (i64, String) {
    reconcile::begin(&site.app.state);
    tick_required(client).await;
    back_up(client).await;
    let plan = client.get("/systems/obcms/plan").await.json();
    let steps: Vec<&Value> = plan["phases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|phase| phase["steps"].as_array().unwrap())
        .collect();
    let populated = steps
        .iter()
        .rev()
        .map(|step| step["key"].as_str().unwrap())
        .find(|key| key.contains(".populate."))
        .unwrap();
    let start = json!({ "fingerprint": plan["fingerprint"], "until": populated });
    let started = client.post("/systems/obcms/runs", start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    run_is(client, 1, "paused").await;
    site.world
        .execute("INSERT INTO communities_community (name, code) VALUES ('Late', 'LATE')")
        .await;
    let resume = json!({ "command": "resume" });
    client.post("/systems/obcms/runs/1/commands", resume).await;
    let run = run_is(client, 1, "waiting-at-gate").await;
    let gate = run["waiting"]["name"].as_str().unwrap().to_owned();
    assert_eq!(run["waiting"]["overridable"], true, "{:#}", run["waiting"]);
    (1, gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_is_measured_again_and_again_is_told_once_and_once_that_it_opened() {
    let site = Site::start().await;
    reconcile::begin(&site.app.state);
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    site.world
        .execute("UPDATE project_ppa SET office = NULL WHERE id <= 3")
        .await;
    start_run(&mut amina).await;
    run_is(&mut amina, 1, "waiting-at-gate").await;
    for id in 1..=3 {
        let one = json!({ "key": id.to_string(), "organization": "OOBC" });
        let body = json!({ "model": "PPA", "assignments": [one] });
        let answer = amina.post("/systems/obcms/decisions", body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let state = if id < 3 { "waiting-at-gate" } else { "done" };
        let path = "/systems/obcms/runs/1";
        amina
            .until(path, state, |run| {
                let left = format!("{} of", 3 - id);
                let says = run["waiting"]["evidence"].as_str();
                run["summary"]["state"] == *state
                    && (id == 3 || says.is_some_and(|says| says.starts_with(&left)))
            })
            .await;
    }
    let log = amina.get("/systems/obcms/runs/1/log").await.json();
    let lines = |part: &str| {
        let lines = log["lines"].as_array().unwrap();
        let says = |line: &&Value| line["text"].as_str().unwrap().contains(part);
        lines.iter().filter(says).count()
    };
    assert_eq!(lines("have no organization"), 1, "{log:#}");
    assert_eq!(lines("holds now: All of the"), 1, "{log:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_overrides_with_a_reason_that_stands_in_audit_and_log() {
    let site = Site::start_with(|config| config.systems[0].quiet_seconds = Some(3600)).await;
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let mut omar = site.app.client_named("omar", Role::Operator).await;
    let (run, gate) = waiting(&mut amina, &site).await;
    let path = format!("/systems/obcms/runs/{run}/gates/{gate}/override");
    let reason = "The old release was stopped at 02:10, seen by Jamil.";

    let answer = omar.post(&path, json!({ "reason": reason })).await;
    assert_eq!(answer.problem(), "not-allowed");
    for empty in ["", "   ", "because"] {
        let answer = amina.post(&path, json!({ "reason": empty })).await;
        assert_eq!(answer.problem(), "invalid", "{empty:?}: {}", answer.text);
    }
    let unknown = format!("/systems/obcms/runs/{run}/gates/nothing/override");
    let answer = amina.post(&unknown, json!({ "reason": reason })).await;
    assert_eq!(answer.problem(), "not-found");
    assert_eq!(
        amina.get("/systems/obcms/runs/1").await.json()["summary"]["state"],
        "waiting-at-gate"
    );

    let answer = amina.post(&path, json!({ "reason": reason })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let overridden = answer.json();
    assert_eq!(overridden["state"], "overridden");
    assert_eq!(overridden["overridden"]["by"], "amina");
    assert_eq!(overridden["overridden"]["reason"], reason);
    // each table has such a gate, and each is somebody's responsibility
    let mut last = gate;
    let mut count = 1;
    loop {
        let now = amina
            .until("/systems/obcms/runs/1", "the next gate", |run| {
                run["summary"]["state"] == "done"
                    || (run["summary"]["state"] == "waiting-at-gate"
                        && run["waiting"]["name"]
                            .as_str()
                            .is_some_and(|name| name != last))
            })
            .await;
        if now["summary"]["state"] == "done" {
            break;
        }
        last = now["waiting"]["name"].as_str().unwrap().to_owned();
        let path = format!("/systems/obcms/runs/{run}/gates/{last}/override");
        let answer = amina.post(&path, json!({ "reason": reason })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        count += 1;
    }

    let page = amina.get("/audit?action=gate.overridden").await.json();
    assert_eq!(page["total"], count);
    let entry = &page["entries"][0];
    assert_eq!(entry["actor"], "amina");
    assert!(
        entry["text"].as_str().unwrap().contains(reason),
        "{entry:#}"
    );
    let log = amina.get("/systems/obcms/runs/1/log").await.json();
    let told = log["lines"].as_array().unwrap().iter().any(|line| {
        let text = line["text"].as_str().unwrap();
        text.contains("amina overrode") && text.contains(reason)
    });
    assert!(told, "{log:#}");
    // and in the evidence, sealed
    let evidence = sealed(&mut amina, run).await;
    assert!(
        tells(&evidence, IncidentKind::Override, reason),
        "{:?}",
        evidence.incidents
    );
    // the row that came late has its organization all the same
    let left = "SELECT COUNT(*) FROM communities_community WHERE organization_id IS NULL";
    assert_eq!(site.world.count(left).await, 0);
}
