//! A run holds while the application does not work or nobody measures it, says so to everybody, and goes on by itself.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::Visibility;
use server::{probes, reconcile};
use shared::account::Role;
use shared::evidence::IncidentKind;
use shared::state::GateState;

use super::sealed::{sealed, tells};
use crate::app::Client;
use crate::probes::Answering;
use crate::site::{Site, back_up, run_is, tick_required};

const RUN: &str = "/systems/obcms/runs/1";

async fn site(application: &Answering, health: bool) -> Site {
    let address = application.address.clone();
    Site::start_with(move |config| {
        let system = &mut config.systems[0];
        system.health_url = Some(format!("{address}/health").try_into().unwrap());
        system.holds.health = health;
        system.status.visibility = Visibility::Public;
    })
    .await
}

async fn measure(site: &Site, times: u32) {
    let system = site.app.state.systems.get("obcms").unwrap();
    for _ in 0..times {
        probes::measure_once(&site.app.state, &system)
            .await
            .unwrap();
    }
}

/// Everything is ready, and the run is wanted.
async fn start(site: &Site) -> Client {
    let mut amina = ready(site).await;
    begin(&mut amina, None).await;
    amina
}

async fn ready(site: &Site) -> Client {
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let news = json!({ "title": "Work begins today", "body": "" });
    let window =
        json!({ "title": "Work", "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00" });
    for (path, body) in [("updates", news), ("windows", window)] {
        let answer = amina.post(&format!("/systems/obcms/{path}"), body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    amina
}

async fn begin(client: &mut Client, until: Option<&str>) {
    let plan = client.get("/systems/obcms/plan").await.json();
    let start = json!({ "fingerprint": plan["fingerprint"], "until": until });
    let started = client.post("/systems/obcms/runs", start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
}

async fn is_held(client: &mut Client) -> Value {
    held(client, RUN).await
}

async fn held(client: &mut Client, path: &str) -> Value {
    let held = |run: &Value| run["progress"]["holds_for"] == "application";
    client.until(path, "a hold", held).await
}

async fn told(site: &Site, path: &str) -> String {
    crate::status::get(&site.app, path).await.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_holds_while_the_application_does_not_work_and_everybody_is_told() {
    let application = Answering::start().await;
    let site = site(&application, true).await;
    let mut amina = start(&site).await;
    application.say(500);
    measure(&site, 3).await;
    reconcile::begin(&site.app.state);
    let run = is_held(&mut amina).await;
    assert_eq!(run["progress"]["steps_done"], 0);
    let why = run["progress"]["waiting_for"].as_str().unwrap();
    assert!(
        why.starts_with("the application, which does not work: It said"),
        "{why}"
    );
    let system = site.app.state.systems.get("obcms").unwrap();
    server::status::refresh(&site.app.state, &system)
        .await
        .unwrap();
    let public: Value =
        serde_json::from_str(&told(&site, "/status/obcms/status.json").await).unwrap();
    assert_eq!(public["work"]["stage"], "waiting", "{public:#}");
    assert!(public["work"]["expected_end"].is_null());
    let sentence = public["work"]["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("The work waits so that"), "{sentence}");
    let numbers = told(&site, "/metrics").await;
    let line = "switchyard_run_held{system=\"obcms\"} 1";
    assert!(numbers.contains(line), "{numbers}");

    // a person is heard meanwhile
    for (command, state) in [("pause", "paused"), ("resume", "running")] {
        let body = json!({ "command": command });
        let answer = amina.post(&format!("{RUN}/commands"), body).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        run_is(&mut amina, 1, state).await;
    }
    is_held(&mut amina).await;
    application.say(200);
    measure(&site, 2).await;
    let run = run_is(&mut amina, 1, "done").await;
    assert!(run["progress"]["holds_for"].is_null());
    let log = amina.get(&format!("{RUN}/log")).await.text;
    assert!(log.contains("The run holds for the application"), "{log}");
    assert!(log.contains("The run goes on."), "{log}");
    let numbers = told(&site, "/metrics").await;
    assert!(numbers.contains("switchyard_run_held{system=\"obcms\"} 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_lets_one_run_go_on_all_the_same_and_the_public_is_not_told_why() {
    let application = Answering::start().await;
    let site = site(&application, true).await;
    let mut amina = ready(&site).await;
    let mut omar = site.app.client_named("omar", Role::Operator).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    let first = plan["phases"][0]["steps"][0]["key"].as_str().unwrap();
    begin(&mut amina, Some(first)).await;
    application.say(500);
    measure(&site, 3).await;
    reconcile::begin(&site.app.state);
    is_held(&mut amina).await;
    let closed = |run: &Value| run["waiting"]["name"] == "application";
    let run = amina.until(RUN, "the gate of the hold", closed).await;
    let says = run["waiting"]["evidence"].as_str().unwrap();
    assert!(
        says.starts_with("The run holds for the application, which does not work: It said"),
        "{says}"
    );

    let path = format!("{RUN}/gates/application/override");
    let reason = "The old report page is known to fail, says Jamil.";
    let answer = omar.post(&path, json!({ "reason": reason })).await;
    assert_eq!(answer.problem(), "not-allowed");
    let answer = amina.post(&path, json!({ "reason": "at night" })).await;
    assert_eq!(answer.problem(), "invalid");
    is_held(&mut amina).await;
    let answer = amina.post(&path, json!({ "reason": reason })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["overridden"]["by"], "amina");
    let run = run_is(&mut amina, 1, "paused").await;
    assert_eq!(run["progress"]["steps_done"], 1, "{run:#}");
    let system = site.app.state.systems.get("obcms").unwrap();
    let refreshed = server::status::refresh(&site.app.state, &system).await;
    refreshed.unwrap();
    for page in ["/status/obcms", "/status/obcms/status.json"] {
        let text = told(&site, page).await;
        assert!(!text.contains("Jamil") && !text.contains("amina"), "{text}");
    }
    let page = amina.get("/audit?action=gate.overridden").await.json();
    let entry = &page["entries"][0];
    assert_eq!(
        (&page["total"], &entry["actor"]),
        (&1.into(), &"amina".into())
    );
    assert!(
        entry["text"].as_str().unwrap().contains(reason),
        "{entry:#}"
    );

    // another run is another decision
    let abort = json!({ "command": "abort" });
    let answer = amina.post(&format!("{RUN}/commands"), abort).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let evidence = sealed(&mut amina, 1).await;
    assert!(
        tells(&evidence, IncidentKind::Override, reason),
        "{:?}",
        evidence.incidents
    );
    site.app.wait(Duration::from_secs(1));
    let news = json!({ "title": "Work goes on", "body": "" });
    let answer = amina.post("/systems/obcms/updates", news).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    // it works for the one who starts, and the samples do not say so yet
    application.say(200);
    begin(&mut amina, None).await;
    held(&mut amina, "/systems/obcms/runs/2").await;
    measure(&site, 2).await;
    let run = run_is(&mut amina, 2, "done").await;
    assert!(run["waiting"].is_null());
    let evidence = sealed(&mut amina, 2).await;
    let gate = (evidence.gates.iter()).find(|gate| gate.name == "application");
    assert_eq!(gate.unwrap().state, GateState::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_waits_for_the_first_sample_of_a_watcher_and_for_no_verdict() {
    let application = Answering::start().await;
    let site = site(&application, true).await;
    reconcile::begin(&site.app.state);
    // as when the console has just started
    site.app.state.probes.expect("obcms");
    let mut amina = start(&site).await;
    let run = is_held(&mut amina).await;
    assert_eq!(
        run["progress"]["waiting_for"],
        "the first look at the application's health"
    );
    measure(&site, 1).await;
    run_is(&mut amina, 1, "done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_stopped_on_purpose_is_waited_for_where_that_is_wanted_only() {
    let application = Answering::start().await;
    let site = site(&application, false).await;
    let mut amina = start(&site).await;
    application.say(500);
    measure(&site, 3).await;
    reconcile::begin(&site.app.state);
    run_is(&mut amina, 1, "done").await;
}
