//! The same command twice at the same instant is carried out once, on every route that takes a key and on every console.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};
use server::config::DatabaseSource;
use server::reconcile;
use shared::account::Role;
use tokio::net::TcpListener;

use super::organizations::planned;
use super::pressed_twice::{entries, keyed};
use super::releasing::{keep, named};
use crate::app::{Client, TestApp};
use crate::postgres::Database;
use crate::site::{Site, run_is, tick_required};

/// A person with two hands, and the routes that were pressed.
struct Hands {
    client: Client,
    routes: BTreeSet<String>,
}

impl Hands {
    fn of(client: Client) -> Self {
        let routes = BTreeSet::new();
        Self { client, routes }
    }

    /// Presses twice at the same instant: one effect, told of once as `action`, and one answer. The same key for another
    /// request is refused, here and after it is done.
    async fn press(&mut self, route: &str, path: &str, body: Value, action: &str) -> Value {
        let key = format!("press of {path}");
        let before = entries(&mut self.client, action).await;
        let (mut left, mut right) = (self.client.clone(), self.client.clone());
        let (first, second) = tokio::join!(
            keyed(&mut left, path, &key, &body),
            keyed(&mut right, path, &key, &body)
        );
        assert!(first.status.is_success(), "{path}: {}", first.text);
        assert_eq!(first.status, second.status, "{path}: {}", second.text);
        assert_eq!(first.text, second.text, "{path}");
        let after = entries(&mut self.client, action).await;
        assert_eq!(
            after.as_u64(),
            before.as_u64().map(|before| before + 1),
            "{action}"
        );

        let other = match &body {
            // no body to differ in: another command
            Value::Null if route.ends_with("/backups") => self.again("/reports", &key, &body).await,
            Value::Null => self.again("/backups", &key, &body).await,
            body => {
                let mut other = body.clone();
                let texts = [
                    "fingerprint",
                    "reason",
                    "seen",
                    "model",
                    "confirm",
                    "note",
                    "title",
                ];
                let text = texts.into_iter().find(|name| body[*name].is_string());
                other[text.expect("a text to change")] = json!("another");
                self.again(path, &key, &other).await
            }
        };
        assert_eq!(other, "conflict", "{path}");
        self.routes.insert(route.to_owned());
        first.json()
    }

    async fn again(&mut self, path: &str, key: &str, body: &Value) -> String {
        keyed(&mut self.client, path, key, body).await.problem()
    }
}

/// Paths of the API that take a key, below a system.
fn routes_with_a_key() -> BTreeSet<String> {
    let document = serde_json::to_value(server::http::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .filter(|(_, path)| path["post"].to_string().contains("Idempotency-Key"))
        .map(|(path, _)| path.trim_start_matches("/systems/{system}").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_route_that_takes_a_key_carries_one_command_out() {
    let mut pressed = a_migration_and_back().await;
    pressed.extend(organizations_and_the_mode().await);
    pressed.extend(what_is_told_and_what_is_kept().await);
    assert_eq!(pressed, routes_with_a_key());
}

async fn a_migration_and_back() -> BTreeSet<String> {
    let site = Site::start().await;
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id IN (7, 8)")
        .await;
    reconcile::begin(&site.app.state);
    let mut hands = Hands::of(site.app.client_named("amina", Role::Administrator).await);
    let mut amina = hands.client.clone();
    let plan = amina.get("/systems/obcms/plan").await.json();
    let seen = json!({ "fingerprint": plan["fingerprint"] });
    // a refused command leaves its key free
    let refused = keyed(&mut amina, "/runs", "press of /runs", &seen).await;
    assert_eq!(refused.problem(), "gate-closed", "{}", refused.text);

    tick_required(&mut amina).await;
    let made = hands
        .press("/backups", "/backups", Value::Null, "backup.started")
        .await;
    amina
        .until("/systems/obcms/backups", "its proof", |all| {
            all[0]["name"] == made["name"] && all[0]["state"] == "verified"
        })
        .await;
    let ask = json!({ "action": "run", "fingerprint": plan["fingerprint"] });
    let asked = hands
        .press(
            "/approvals",
            "/approvals",
            ask.clone(),
            "approval.requested",
        )
        .await;
    // decided since, it is still the answer to that press, and no second request
    let mut jamil = Hands::of(site.app.client_named("jamil", Role::Administrator).await);
    let decide = format!("/approvals/{}", asked["id"]);
    let agree = json!({ "approve": true, "note": "Seen together" });
    jamil
        .press("/approvals/{id}", &decide, agree, "approval.given")
        .await;
    hands.routes.extend(jamil.routes);
    let late = keyed(&mut amina, "/approvals", "press of /approvals", &ask).await;
    assert_eq!(late.json(), asked, "{}", late.text);

    hands.press("/runs", "/runs", seen, "run.started").await;
    run_is(&mut amina, 1, "waiting-at-gate").await;
    let one = json!({ "model": "PPA", "assignments": [{ "key": "7", "organization": "OOBC" }] });
    hands
        .press("/decisions", "/decisions", one, "decision.made")
        .await;
    let rule =
        json!({ "model": "PPA", "preview": false, "rule": { "all": { "organization": "OOBC" } } });
    hands
        .press("/decisions/rule", "/decisions/rule", rule, "decision.made")
        .await;
    run_is(&mut amina, 1, "done").await;
    hands
        .press("/reports", "/reports", Value::Null, "report.measured")
        .await;

    let options = amina.get("/systems/obcms/rollback").await.json();
    let back = json!({
        "way": "undo-all", "fingerprint": options["undo_all"]["fingerprint"], "confirm": "OBCMS"
    });
    hands
        .press("/rollback", "/rollback", back, "rollback.started")
        .await;
    hands.routes
}

async fn organizations_and_the_mode() -> BTreeSet<String> {
    let (_site, amina) = planned().await;
    let mut hands = Hands::of(amina.clone());
    let mut amina = amina;
    let file = "code,name,kind,contact_name,contact_email\nY1,Office Y1,office,,\n";
    let file = base64::engine::general_purpose::STANDARD.encode(file);
    let path = "/organizations/import";
    let preview = json!({ "csv_base64": file, "preview": true });
    let preview = amina
        .post(&format!("/systems/obcms{path}"), preview)
        .await
        .json();
    let import = json!({ "csv_base64": file, "preview": false, "seen": preview["seen"] });
    hands
        .press(path, path, import, "organizations.imported")
        .await;

    let wave = "/waves/{number}/start";
    hands
        .press(
            wave,
            "/waves/0/start",
            Value::Null,
            "organizations.wave-started",
        )
        .await;
    let detail = amina.get("/systems/obcms/organizations/P1").await.json();
    let version = detail["organization"]["version"].clone();
    let suspend = json!({ "version": version, "to": "suspended", "reason": "Its office moves." });
    let path = "/organizations/P1/move";
    hands
        .press(
            "/organizations/{code}/move",
            path,
            suspend,
            "organization.moved",
        )
        .await;
    let switch = json!({ "to": "single", "confirm": "OBCMS" });
    hands
        .press("/mode", "/mode", switch, "mode.switch-started")
        .await;
    hands.routes
}

async fn what_is_told_and_what_is_kept() -> BTreeSet<String> {
    let site = Site::start().await;
    let mut hands = Hands::of(site.app.client_named("amina", Role::Administrator).await);
    let update = json!({ "title": "Work tonight", "body": "It takes an hour." });
    hands
        .press("/updates", "/updates", update, "notice.published")
        .await;
    let window =
        json!({ "title": "Restart", "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00" });
    hands
        .press("/windows", "/windows", window, "window.scheduled")
        .await;

    let kept = keep(&site, "20261120T015204.000Z");
    let release = format!("/kept/{}/release", named(&kept));
    let left = hands
        .press(
            "/kept/{name}/release",
            &release,
            json!({ "confirm": "OBCMS" }),
            "backup.kept-released",
        )
        .await;
    assert_eq!(left, json!([]));
    assert!(!kept.exists());
    hands.routes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_browser_that_is_gone_has_begun_is_ended_and_its_key_answers() {
    // the report asks an application that takes its time
    let application = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/health", application.local_addr().unwrap());
    let site = Site::start_with(move |config| {
        config.systems[0].health_url = Some(address.try_into().unwrap());
    })
    .await;
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    let mut gone = amina.clone();
    let request = tokio::spawn(async move {
        keyed(&mut gone, "/reports", "press", &Value::Null).await;
    });
    let asked = tokio::time::timeout(Duration::from_secs(30), application.accept());
    let asked = asked.await.expect("it was never begun").unwrap();
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    drop((asked, application));
    let answer = keyed(&mut amina, "/reports", "press", &Value::Null).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.json()["summary"]["number"], 1);
    assert_eq!(entries(&mut amina, "report.measured").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_consoles_carry_one_command_out_between_them() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let store = DatabaseSource::Resolved(database.url.whole());
    let site = Site::start_with(|config| {
        config.data = data.path().to_owned();
        config.control_store = Some(store.clone());
    })
    .await;
    let other = TestApp::start_with(|config| {
        config.data = data.path().to_owned();
        config.control_store = Some(store.clone());
        config.systems = site.app.state.config.systems.clone();
    })
    .await;
    let mut here = site.app.client_named("amina", Role::Administrator).await;
    let mut there = other.anonymous();
    there.cookies.clone_from(&here.cookies);
    let (first, second) = tokio::join!(
        keyed(&mut here, "/reports", "press", &Value::Null),
        keyed(&mut there, "/reports", "press", &Value::Null)
    );
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(first.text, second.text);
    assert_eq!(entries(&mut here, "report.measured").await, 1);
}
