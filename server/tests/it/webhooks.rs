//! Webhooks against a real receiver: signed calls, each event once, receivers that fail, hang, redirect or never end.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use server::config::Config;
use server::webhooks;
use shared::account::Role;
use shared::webhook::{Delivery, DeliveryState, MadeWebhook, TriedCall, Webhook, WebhookKind};

use crate::app::Client;
use crate::site::Site;

/// How the receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Behaviour {
    Takes,
    Fails,
    IsGone,
    Redirects,
    StreamsForEver,
    Hangs,
}

/// A receiver on a real socket that keeps what it got.
pub struct Receiver {
    pub address: String,
    behaviour: Arc<Mutex<Behaviour>>,
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let behaviour = Arc::new(Mutex::new(Behaviour::Takes));
        let got = Arc::new(Mutex::new(Vec::new()));
        let (now, kept) = (behaviour.clone(), got.clone());
        let hook = move |headers: HeaderMap, body: Bytes| {
            let behaviour = *now.lock().unwrap();
            let text = String::from_utf8(body.to_vec()).unwrap();
            kept.lock().unwrap().push((headers, text));
            async move {
                if behaviour == Behaviour::Hangs {
                    std::future::pending::<()>().await;
                }
                answer(behaviour)
            }
        };
        let router = axum::Router::new().route("/hook", post(hook));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            behaviour,
            got,
        }
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Headers and body of every call.
    pub fn calls(&self) -> Vec<(HeaderMap, String)> {
        self.got.lock().unwrap().clone()
    }

    /// A header of a call, counted from 0.
    pub fn header(&self, call: usize, name: &str) -> String {
        let got = self.got.lock().unwrap();
        got[call].0[name].to_str().unwrap().to_owned()
    }

    /// Names of the events that came, in their order.
    pub fn events(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|(headers, _)| headers["switchyard-event"].to_str().unwrap().to_owned())
            .collect()
    }
}

fn answer(behaviour: Behaviour) -> Response {
    match behaviour {
        Behaviour::Takes | Behaviour::Hangs => StatusCode::NO_CONTENT.into_response(),
        Behaviour::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Behaviour::IsGone => StatusCode::GONE.into_response(),
        Behaviour::Redirects => {
            let to = [("location", "http://127.0.0.1:1/elsewhere")];
            (StatusCode::TEMPORARY_REDIRECT, to).into_response()
        }
        Behaviour::StreamsForEver => {
            let bytes = futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 65536]))
            });
            Body::from_stream(bytes.boxed()).into_response()
        }
    }
}

async fn site() -> Site {
    allowing(Some("127.0.0.1")).await
}

async fn allowing(network: Option<&str>) -> Site {
    let allow: Vec<Value> = network.into_iter().map(|one| json!(one)).collect();
    Site::start_with(|config: &mut Config| {
        config.outgoing = serde_json::from_value(json!({ "allow": allow })).unwrap();
        config.sessions.idle_minutes = 1440;
        config.sessions.absolute_hours = 168;
    })
    .await
}

async fn make(client: &mut Client, address: &str) -> MadeWebhook {
    let body = json!({ "label": "Help desk", "address": address });
    let answer = client.post("/systems/obcms/webhooks", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

async fn publish(client: &mut Client, title: &str) {
    let body = json!({ "title": title, "body": "You can **go on**." });
    let answer = client.post("/systems/obcms/updates", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
}

/// Fills the outbox and calls what is due.
async fn work(site: &Site) -> u32 {
    server::outbox::enqueue(&site.app.state).await.unwrap();
    webhooks::deliver_due(&site.app.state).await.unwrap()
}

async fn deliveries(client: &mut Client, id: i64) -> Vec<Delivery> {
    let path = format!("/systems/obcms/webhooks/{id}/deliveries");
    client.get(&path).await.read()
}

#[tokio::test]
async fn an_event_is_told_once_and_its_signature_can_be_checked() {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    publish(&mut administrator, "Before the webhook was made").await;
    site.app.wait(Duration::from_secs(1));
    let made = make(&mut administrator, &receiver.address).await;
    publish(&mut administrator, "Work has started").await;
    assert_eq!(work(&site).await, 1);
    // what is derived again, after a crash say, is not told again
    assert_eq!(work(&site).await, 0);
    let got = receiver.got.lock().unwrap().clone();
    assert_eq!(got.len(), 1);
    let (headers, body) = &got[0];
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(event["title"], "Work has started");
    assert_eq!(event["text"], "You can go on.");
    assert_eq!(event["kind"], "update");
    let signed = headers["switchyard-signature"].to_str().unwrap();
    let (seconds, signature) = signed
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(",v1="))
        .unwrap();
    let expected = webhooks::signature(&made.secret, seconds.parse().unwrap(), body);
    assert_eq!(signature, expected);
    // the secret is told once and is not kept
    let list = administrator.get("/systems/obcms/webhooks").await.text;
    assert!(!list.contains(&made.secret));
    let store = std::fs::read(site.app.control_store_file()).unwrap();
    let secret = made.secret.as_bytes();
    assert!(!store.windows(secret.len()).any(|part| part == secret));
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_in_order_with_growing_pauses_then_given_up_and_replayed()
 {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let made = make(&mut administrator, &receiver.address).await;
    receiver.behave(Behaviour::Fails);
    publish(&mut administrator, "First").await;
    publish(&mut administrator, "Second").await;
    assert_eq!(work(&site).await, 0);
    assert_eq!(
        receiver.events(),
        ["update-1"],
        "the second waits for the first"
    );
    // not before its time
    site.app.wait(Duration::from_secs(5));
    work(&site).await;
    assert_eq!(receiver.events().len(), 1);
    for _ in 0..11 {
        site.app.wait(Duration::from_secs(5 * 3600));
        work(&site).await;
    }
    // the session of two days ago has ended
    let mut administrator = site.app.client_named("later", Role::Administrator).await;
    let all = deliveries(&mut administrator, made.webhook.id).await;
    let first = all.iter().find(|one| one.event == "update-1").unwrap();
    assert_eq!(first.state, DeliveryState::Dead);
    assert_eq!(first.attempts, 12);
    assert_eq!(first.error.as_deref(), Some("the receiver answered 500"));
    // the second takes its turn now; and what was given up begins anew when a person says so
    receiver.behave(Behaviour::Takes);
    site.app.wait(Duration::from_secs(5 * 3600));
    assert_eq!(work(&site).await, 1);
    let path = format!("/systems/obcms/webhooks/{}/replay", made.webhook.id);
    administrator.post(&path, json!(null)).await;
    assert_eq!(work(&site).await, 1);
    let all = deliveries(&mut administrator, made.webhook.id).await;
    assert!(
        all.iter().all(|one| one.state == DeliveryState::Delivered),
        "{all:?}"
    );
}

#[tokio::test]
async fn a_receiver_that_streams_for_ever_redirects_or_is_gone_costs_nothing() {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let made = make(&mut administrator, &receiver.address).await;
    for (behaviour, state) in [
        (Behaviour::StreamsForEver, DeliveryState::Delivered),
        (Behaviour::IsGone, DeliveryState::Dead),
        (Behaviour::Redirects, DeliveryState::Waiting),
    ] {
        receiver.behave(behaviour);
        publish(&mut administrator, &format!("{behaviour:?}")).await;
        let began = Instant::now();
        work(&site).await;
        assert!(began.elapsed() < Duration::from_secs(9), "{behaviour:?}");
        let newest = &deliveries(&mut administrator, made.webhook.id).await[0];
        assert_eq!(newest.state, state, "{behaviour:?}: {newest:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_is_given_ten_seconds_and_holds_up_no_other() {
    let (hanging, quick) = (Receiver::start().await, Receiver::start().await);
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let stuck = make(&mut administrator, &hanging.address).await;
    make(&mut administrator, &quick.address).await;
    hanging.behave(Behaviour::Hangs);
    for title in ["One", "Two", "Three"] {
        publish(&mut administrator, title).await;
    }
    server::outbox::enqueue(&site.app.state).await.unwrap();
    let state = site.app.state.clone();
    let began = Instant::now();
    let delivering = tokio::spawn(async move { webhooks::deliver_due(&state).await.unwrap() });
    // all three reach the other one while the first call still hangs
    while quick.events().len() < 3 {
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{:?}",
            quick.events()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!delivering.is_finished());
    assert_eq!(delivering.await.unwrap(), 3);
    assert!(began.elapsed() < Duration::from_secs(60));
    let first = &deliveries(&mut administrator, stuck.webhook.id).await;
    let first = first.iter().find(|one| one.event == "update-1").unwrap();
    assert_eq!(first.state, DeliveryState::Waiting);
    let error = first.error.as_deref();
    assert_eq!(error, Some("the receiver did not answer within 10 s"));
}

#[tokio::test]
async fn a_webhook_is_tried_out_at_once_and_that_counts_as_no_event() {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let made = make(&mut administrator, &receiver.address).await;
    let path = format!("/systems/obcms/webhooks/{}/test", made.webhook.id);
    let tried: TriedCall = administrator.post(&path, json!(null)).await.read();
    assert_eq!((tried.taken, tried.error), (true, None));
    let (headers, body) = receiver.got.lock().unwrap()[0].clone();
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(event["kind"], "test");
    assert!(headers.contains_key("switchyard-signature"));
    receiver.behave(Behaviour::Fails);
    let tried: TriedCall = administrator.post(&path, json!(null)).await.read();
    assert_eq!(tried.error.as_deref(), Some("the receiver answered 500"));
    assert!(
        deliveries(&mut administrator, made.webhook.id)
            .await
            .is_empty()
    );
    let unknown = "/systems/obcms/webhooks/99/test";
    let unknown = administrator.post(unknown, json!(null)).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_address_inside_is_not_called_unless_the_configuration_allows_it() {
    let receiver = Receiver::start().await;
    let site = allowing(None).await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let port = receiver.address.rsplit(':').next().unwrap().to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "2130706433",
    ] {
        make(&mut administrator, &format!("http://{host}:{port}")).await;
        make(&mut administrator, &format!("https://{host}:{port}")).await;
    }
    publish(&mut administrator, "Work has started").await;
    assert_eq!(work(&site).await, 0);
    assert!(receiver.events().is_empty());
    for id in 1..=12 {
        let newest = deliveries(&mut administrator, id).await;
        assert_eq!(newest[0].state, DeliveryState::Waiting, "{newest:?}");
        assert!(newest[0].error.is_some());
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_a_removed_webhook_is_told_nothing() {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    for address in [
        "",
        "example.org",
        "file:///etc/passwd",
        "https://me:pw@example.org/",
    ] {
        let body = json!({ "label": "x", "address": address });
        let answer = administrator.post("/systems/obcms/webhooks", body).await;
        assert_eq!(
            answer.json()["fields"][0]["field"],
            "address",
            "{}",
            answer.text
        );
    }
    let made = make(&mut administrator, &receiver.address).await;
    publish(&mut administrator, "Work has started").await;
    server::outbox::enqueue(&site.app.state).await.unwrap();
    let path = format!("/systems/obcms/webhooks/{}", made.webhook.id);
    assert_eq!(
        administrator.delete(&path).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        administrator.delete(&path).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(work(&site).await, 0);
    assert!(receiver.events().is_empty());
}

#[tokio::test]
async fn a_webhook_is_told_only_of_the_kinds_that_it_was_made_for() {
    let (all, few) = (Receiver::start().await, Receiver::start().await);
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    make(&mut administrator, &all.address).await;
    let body = |kinds: Value| json!({ "label": "Windows", "address": few.address, "kinds": kinds });
    for kinds in [json!([]), json!(["test"])] {
        let answer = administrator
            .post("/systems/obcms/webhooks", body(kinds))
            .await;
        assert_eq!(
            answer.json()["fields"][0]["field"],
            "kinds",
            "{}",
            answer.text
        );
    }
    let made: MadeWebhook = administrator
        .post("/systems/obcms/webhooks", body(json!(["mode", "window"])))
        .await
        .read();
    assert_eq!(
        made.webhook.kinds,
        Some(vec![WebhookKind::Window, WebhookKind::Mode])
    );
    publish(&mut administrator, "Work has started").await;
    let window =
        json!({ "title": "Restart", "starts": "2026-11-20T03:00Z", "ends": "2026-11-20T05:00Z" });
    let answer = administrator.post("/systems/obcms/windows", window).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    work(&site).await;
    assert_eq!(few.events(), ["window-1-1"]);
    work(&site).await;
    assert_eq!(all.events(), ["update-1", "window-1-1"]);
    let list = administrator.get("/systems/obcms/webhooks").await;
    let kinds: Vec<_> = list
        .read::<Vec<Webhook>>()
        .into_iter()
        .map(|webhook| webhook.kinds)
        .collect();
    assert_eq!(kinds, [None, made.webhook.kinds]);
}

#[tokio::test]
async fn a_run_its_gate_its_end_its_way_back_a_switch_and_a_window_reach_a_webhook_once_each() {
    let receiver = Receiver::start().await;
    let site = site().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    make(&mut administrator, &receiver.address).await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    let window =
        json!({ "title": "Restart", "starts": "2026-11-20T02:30Z", "ends": "2026-11-20T04:30Z" });
    let answer = administrator.post("/systems/obcms/windows", window).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    site.world.apply().await;
    server::runs::adopt(state, &system).await.unwrap();
    let mut tx = state.store.write().await.unwrap();
    server::store::sql::query(
        "INSERT INTO mode_switches (id, system, from_mode, to_mode, state, by, started, finished, steps, answers) \
         VALUES (7, 'obcms', 'single', 'multi', 'went-back', 'amina', $1, $1, '[]', '[]')",
    )
    .bind(site.app.clock.now().plus(Duration::from_secs(120)).0)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    // what the driver writes as a run goes on
    for (minute, run, done) in [
        (0, "running", 0),
        (1, "waiting-at-gate", 3),
        (2, "waiting-at-gate", 3),
        (3, "running", 3),
        (4, "waiting-at-gate", 5),
        (5, "done", 9),
        (40, "rolling-back", 9),
        (41, "rolling-back", 4),
        (42, "rolled-back", 0),
    ] {
        let now = crate::app::START.plus(Duration::from_secs(minute * 60));
        site.app.wait(now.since(site.app.clock.now()));
        let ended = matches!(run, "done" | "rolled-back").then_some(now.0);
        let mut tx = state.store.write().await.unwrap();
        server::store::sql::query(
            "UPDATE runs SET state = $1, started = $2, finished = $3, steps_done = $4",
        )
        .bind(run)
        .bind(crate::app::START.0)
        .bind(ended)
        .bind(done)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        // one call at a time goes to each webhook, so that events keep their order
        server::outbox::enqueue(state).await.unwrap();
        for _ in 0..5 {
            webhooks::deliver_due(state).await.unwrap();
        }
    }
    let events = receiver.events();
    let runs: Vec<_> = events
        .iter()
        .filter(|name| name.starts_with("run"))
        .collect();
    assert_eq!(runs.len(), 6, "{events:?}");
    assert_eq!(runs[0], "run-1-started");
    assert!(runs[1].starts_with("run-1-waiting-"), "{events:?}");
    assert!(
        runs[2].starts_with("run-1-waiting-") && runs[1] != runs[2],
        "{events:?}"
    );
    assert!(runs[3].starts_with("run-1-done-"), "{events:?}");
    assert_eq!(runs[4], "run-1-rolling-back");
    assert!(runs[5].starts_with("run-1-rolled-back-"), "{events:?}");
    let others: Vec<_> = events
        .iter()
        .filter(|name| !name.starts_with("run"))
        .collect();
    assert_eq!(
        others,
        ["window-1-1", "mode-7", "window-1-1-begun"],
        "{events:?}"
    );
}
