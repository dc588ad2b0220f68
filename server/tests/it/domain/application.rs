//! What the running application says of itself decides whether a run may start.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use server::config::{HttpAddress, PlaybookSource};
use shared::account::Role;

use crate::app::{Answer, Client};
use crate::site::{Site, back_up, tick, tick_required, with_modes};

/// An application whose health page a test writes.
#[derive(Clone)]
struct Application(Arc<Mutex<(u16, Value)>>);

impl Application {
    async fn start() -> (Self, String) {
        let says = Self(Arc::new(Mutex::new((200, json!({ "status": "ok" })))));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/health", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/health", get(Self::page))
            .route("/well", get(|| async { "well" }))
            .route(
                "/broken",
                get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
            )
            .with_state(says.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (says, address)
    }

    async fn page(State(says): State<Self>) -> (StatusCode, axum::Json<Value>) {
        let (status, body) = says.0.lock().unwrap().clone();
        (StatusCode::from_u16(status).unwrap(), axum::Json(body))
    }

    fn says(&self, status: u16, body: Value) {
        *self.0.lock().unwrap() = (status, body);
    }
}

async fn ready() -> (Site, Client, Application, Value) {
    let (application, address) = Application::start().await;
    let site = Site::start_with(|config| {
        with_modes(config);
        config.systems[0].health_url = Some(HttpAddress::try_from(address).unwrap());
    })
    .await;
    let mut amina = site.app.client(Role::Administrator).await;
    application.says(200, well());
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    (
        site,
        amina,
        application,
        json!({ "fingerprint": plan["fingerprint"] }),
    )
}

fn well() -> Value {
    json!({
        "status": "ok", "mode": "obcms", "version": "2.4.1", "default_organization": "OOBC",
        "database": { "ok": true, "name": "target.sqlite3" }
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = well();
    body[field] = value;
    body
}

async fn press(client: &mut Client, start: &Value) -> Answer {
    client.post("/systems/obcms/runs", start).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_old_ill_or_elsewhere_keeps_a_run_from_starting() {
    let (_site, mut amina, application, start) = ready().await;
    for (status, body, part) in [
        (200, with("mode", Value::Null), "its code is not ready"),
        (
            200,
            with("mode", "bmms".into()),
            "the application runs in bmms",
        ),
        (200, with("default_organization", "MOH".into()), "under MOH"),
        (
            200,
            with("database", json!({ "name": "other.sqlite3" })),
            "other.sqlite3",
        ),
        (
            503,
            with("status", "error".into()),
            "Preflight failed: The application is well",
        ),
    ] {
        application.says(status, body);
        let answer = press(&mut amina, &start).await;
        assert_eq!(answer.problem(), "gate-closed", "{part}: {}", answer.text);
        assert!(answer.text.contains(part), "{part}: {}", answer.text);
    }
    application.says(200, well());
    let answer = press(&mut amina, &start).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_application_does_not_say_a_person_ticks_and_what_it_says_nobody_does() {
    let (site, mut amina, application, start) = ready().await;
    application.says(200, with("default_organization", Value::Null));
    let answer = press(&mut amina, &start).await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
    assert!(
        answer.text.contains("Default organization"),
        "{}",
        answer.text
    );
    tick(&mut amina, "default-organization").await;
    let by_hand = |body: Value| json!({ "done": true, "note": body.to_string() });
    for measured in ["mode", "code-version", "database", "backup-database"] {
        let path = format!("/systems/obcms/checklist/{measured}");
        let answer = amina.put(&path, by_hand(json!("I am sure"))).await;
        assert_eq!(answer.problem(), "conflict", "{measured}: {}", answer.text);
    }
    let answer = press(&mut amina, &start).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    drop(site);
}

/// The checks of a section of a new report, each with its result and what was measured.
async fn reported(client: &mut Client, section: &str) -> Vec<(String, String, String)> {
    let answer = client.post("/systems/obcms/reports", Value::Null).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let report = answer.json();
    let sections = report["sections"].as_array().unwrap();
    let found = sections.iter().find(|found| found["name"] == section);
    let word = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    (found.unwrap()["checks"].as_array().unwrap().iter())
        .map(|check| {
            (
                word(check, "name"),
                word(check, "result"),
                word(check, "measured"),
            )
        })
        .collect()
}

fn of_name<'a>(checks: &'a [(String, String, String)], name: &str) -> &'a (String, String, String) {
    checks.iter().find(|check| check.0 == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_a_missing_context_and_no_active_organization_each_fail_their_own_check()
{
    let (application, address) = Application::start().await;
    let site = Site::migrated_with(|config| {
        with_modes(config);
        let system = &mut config.systems[0];
        let whole = address.replace("/health", "");
        system.application_url = Some(HttpAddress::try_from(whole).unwrap());
        system.health_url = Some(HttpAddress::try_from(address).unwrap());
        if let PlaybookSource::File(file) = &system.playbook {
            let text = std::fs::read_to_string(file).unwrap();
            let checks = "\n[checks]\nviews = [\"/well\", \"/broken\"]\n";
            std::fs::write(file, format!("{text}{checks}")).unwrap();
        }
    })
    .await;
    let mut amina = site.app.client(Role::Administrator).await;
    application.says(200, with("organization_context", "OOBC".into()));
    let views = reported(&mut amina, "views").await;
    assert_eq!(of_name(&views, "/well").1, "passed", "{views:?}");
    let broken = of_name(&views, "/broken");
    assert_eq!(broken.1, "failed", "{views:?}");
    assert!(broken.2.starts_with("HTTP 500"), "{views:?}");
    let middleware = reported(&mut amina, "middleware").await;
    assert!(
        middleware.iter().all(|check| check.1 == "passed"),
        "{middleware:?}"
    );

    application.says(200, with("organization_context", "missing".into()));
    let middleware = reported(&mut amina, "middleware").await;
    for (name, result, _) in &middleware {
        let expected = if name == "context" {
            "failed"
        } else {
            "passed"
        };
        assert_eq!(result, expected, "{middleware:?}");
    }

    let organizations = reported(&mut amina, "organizations").await;
    let active = of_name(&organizations, "active");
    assert_eq!((active.1.as_str(), active.2.as_str()), ("passed", "1 of 1"));
    site.world
        .execute("UPDATE organizations_organization SET is_active = 0")
        .await;
    let organizations = reported(&mut amina, "organizations").await;
    let active = of_name(&organizations, "active");
    assert_eq!((active.1.as_str(), active.2.as_str()), ("failed", "0 of 1"));
}
