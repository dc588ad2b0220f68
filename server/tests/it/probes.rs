//! Health probes against an application that answers what a test wants: samples, verdicts, bounded history, baselines.

mod limits;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;
use server::moment::{Clock, Moment};
use server::probes;
use server::store::health::{self, Sample};
use server::systems::System;
use shared::account::Role;
use shared::health::{HealthView, Outcome, Verdict};

use crate::site::Site;

/// An application on a real socket whose status a test chooses.
pub struct Answering {
    pub address: String,
    status: Arc<AtomicU16>,
}

impl Answering {
    pub async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let answer = status.clone();
        let page = move || {
            let answer = answer.clone();
            async move {
                let status = StatusCode::from_u16(answer.load(Ordering::SeqCst)).unwrap();
                let word = if status.is_success() { "ok" } else { "error" };
                let body = json!({
                    "status": word, "mode": "obcms", "errors": 4, "database": { "ok": true, "connections": 7 },
                });
                (status, axum::Json(body))
            }
        };
        let router = axum::Router::new()
            .route("/health", get(page))
            .route("/broken", get(|| async { StatusCode::BAD_GATEWAY }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, status }
    }

    pub fn say(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// A site whose system is this application, with these views in each sample.
    pub async fn site(&self, views: &[&str]) -> Site {
        let address = self.address.clone();
        let views: Vec<String> = views.iter().map(|view| (*view).to_owned()).collect();
        Site::start_with(move |config| {
            let system = &mut config.systems[0];
            system.health_url = Some(format!("{address}/health").try_into().unwrap());
            system.application_url = Some(address.try_into().unwrap());
            system.probes.views = views;
        })
        .await
    }
}

fn system(site: &Site) -> Arc<System> {
    site.app.state.systems.get("obcms").unwrap()
}

async fn measure(site: &Site, times: u32) {
    for _ in 0..times {
        site.app.wait(Duration::from_secs(30));
        probes::measure_once(&site.app.state, &system(site))
            .await
            .unwrap();
    }
}

async fn view(site: &Site) -> HealthView {
    let view = probes::view(&site.app.state, &system(site), 24).await;
    view.unwrap()
}

async fn page(site: &Site) -> HealthView {
    let mut viewer = site.app.client(Role::Viewer).await;
    viewer.get("/systems/obcms/health?hours=24").await.read()
}

#[tokio::test]
async fn an_outage_is_told_after_three_bad_samples_and_its_end_after_two_good_ones() {
    let application = Answering::start().await;
    let site = application.site(&[]).await;
    let state = &site.app.state;
    let verdict = || async { probes::judge(state, &system(&site)).await.unwrap().verdict };
    assert_eq!(verdict().await, Verdict::NotEnoughEvidence);
    measure(&site, 3).await;
    assert_eq!(verdict().await, Verdict::Good);
    application.say(503);
    measure(&site, 2).await;
    assert_eq!(verdict().await, Verdict::Good);
    measure(&site, 1).await;
    assert_eq!(verdict().await, Verdict::Bad);
    application.say(200);
    measure(&site, 1).await;
    assert_eq!(verdict().await, Verdict::Bad);
    measure(&site, 1).await;
    assert_eq!(verdict().await, Verdict::Good);

    let page = page(&site).await;
    let today = page.days.last().unwrap();
    assert_eq!((today.measured_seconds, today.bad_seconds), (240, 90));
    assert_eq!(page.availability_percent, Some(62.5));
    let samples: u32 = page.points.iter().map(|point| point.samples).sum();
    assert_eq!(samples, 8);
    assert!(page.points.iter().all(|point| point.database_ms.is_some()));
}

#[tokio::test]
async fn three_months_are_shown_from_hours_and_what_lies_ahead_is_not() {
    let site = Site::start().await;
    let store = &site.app.state.store;
    let now = site.app.clock.now();
    let hours = |count: u64| Duration::from_secs(count * 3600);
    for (at, outcome) in [
        (now.minus(hours(91 * 24)), Outcome::Bad),
        (now.minus(hours(89 * 24)), Outcome::Bad),
        (now.minus(hours(1)), Outcome::Good),
        (now.plus(hours(30)), Outcome::Bad),
    ] {
        let sample = Sample {
            at,
            outcome,
            response_ms: Some(40),
            database_ms: None,
            errors: Some(1),
            connections: None,
            why: None,
        };
        health::append(store, "obcms", &sample, 30, 50)
            .await
            .unwrap();
    }
    let view = probes::view(&site.app.state, &system(&site), 90 * 24)
        .await
        .unwrap();
    let shown: Vec<_> = (view.points.iter())
        .map(|point| (point.samples, point.bad, point.response_max_ms))
        .collect();
    assert_eq!(shown, [(1, 1, Some(40)), (1, 0, Some(40))]);
    assert_eq!(view.days.len(), 90);
    assert_eq!(view.days[0].bad_seconds, 30);
    assert_eq!(view.availability_percent, Some(50.0));
}

#[tokio::test]
async fn a_view_that_does_not_render_makes_the_sample_bad_and_is_named() {
    let application = Answering::start().await;
    let site = application.site(&["/health", "/broken"]).await;
    measure(&site, 3).await;
    let judgement = probes::judge(&site.app.state, &system(&site))
        .await
        .unwrap();
    assert_eq!(judgement.verdict, Verdict::Bad);
    assert_eq!(judgement.reason, "/broken answered HTTP 502.");
}

#[tokio::test]
async fn each_probe_has_a_verdict_of_its_own_and_a_new_server_has_none_until_it_measured() {
    let application = Answering::start().await;
    let site = application.site(&["/health", "/broken"]).await;
    let before = view(&site).await.probes;
    let titles: Vec<&str> = before.iter().map(|probe| probe.title.as_str()).collect();
    assert_eq!(titles, ["Health address", "/health", "/broken", "Database"]);
    assert!(
        before
            .iter()
            .all(|probe| probe.verdict == Verdict::NotEnoughEvidence)
    );

    measure(&site, 3).await;
    let verdicts: Vec<Verdict> = view(&site)
        .await
        .probes
        .iter()
        .map(|probe| probe.verdict)
        .collect();
    assert_eq!(
        verdicts,
        [Verdict::Good, Verdict::Good, Verdict::Bad, Verdict::Good]
    );

    // an application that is not well says nothing about its pages
    application.say(500);
    measure(&site, 3).await;
    let verdicts: Vec<Verdict> = view(&site)
        .await
        .probes
        .iter()
        .map(|probe| probe.verdict)
        .collect();
    assert_eq!(
        verdicts,
        [
            Verdict::Bad,
            Verdict::NotEnoughEvidence,
            Verdict::NotEnoughEvidence,
            Verdict::Good
        ]
    );
}

#[tokio::test]
async fn an_application_that_says_of_itself_that_it_is_slow_is_slow() {
    let health = axum::Json(json!({
        "status": "ok", "errors": 0, "response_time_ms": 4200.5, "database": { "ok": true, "connections": 9 },
    }));
    let router = axum::Router::new().route("/health", get(move || async move { health }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/health", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let site = Site::start_with(move |config| {
        config.systems[0].health_url = Some(address.try_into().unwrap());
    })
    .await;
    measure(&site, 3).await;
    let view = view(&site).await;
    assert!(view.now.slow, "{:?}", view.now);
    let said = &view.probes[0].said;
    assert!(
        said.ends_with("4201 ms by its own clock, 9 database connections"),
        "{said}"
    );
}

#[tokio::test]
async fn a_watcher_that_falls_silent_leaves_nothing_that_may_be_concluded() {
    let application = Answering::start().await;
    let site = application.site(&[]).await;
    measure(&site, 5).await;
    assert_eq!(view(&site).await.now.verdict, Verdict::Good);
    // another process: what it knows of the last sample is the time that was written down
    let config = site.app.state.config.as_ref().clone();
    let state =
        server::state::AppState::new(config, site.app.state.store.clone(), site.app.clock.clone());
    let system = state.systems.get("obcms").unwrap();
    assert_eq!(
        probes::judge(&state, &system).await.unwrap().verdict,
        Verdict::Good
    );
    // nor does a clock that was set back make an old sample a fresh one
    let set_back = Clock::standing_at(site.app.clock.now().minus(Duration::from_secs(3600)));
    let earlier = server::state::AppState::new(
        site.app.state.config.as_ref().clone(),
        site.app.state.store.clone(),
        set_back,
    );
    assert_eq!(
        probes::judge(&earlier, &system).await.unwrap().verdict,
        Verdict::NotEnoughEvidence
    );
    site.app.wait(Duration::from_secs(600));
    let view = probes::view(&state, &system, 24).await.unwrap();
    assert_eq!(view.now.verdict, Verdict::NotEnoughEvidence);
    assert!(view.now.reason.contains("silent"), "{}", view.now.reason);
    assert!(
        view.probes
            .iter()
            .all(|probe| probe.verdict == Verdict::NotEnoughEvidence)
    );
}

#[tokio::test]
async fn a_clock_that_jumps_neither_wipes_the_history_nor_lets_it_grow_without_end() {
    let site = Site::start().await;
    let store = &site.app.state.store;
    let start = site.app.clock.now();
    let take = |at: Moment| Sample {
        at,
        outcome: Outcome::Good,
        response_ms: Some(3),
        database_ms: Some(1),
        errors: Some(0),
        connections: None,
        why: None,
    };
    for hour in 0..100 {
        let at = start.plus(Duration::from_secs(hour * 3600));
        health::append(store, "obcms", &take(at), 30, 50)
            .await
            .unwrap();
    }
    let far = start.plus(Duration::from_secs(86_400 * 5000));
    health::append(store, "obcms", &take(far), 30, 50)
        .await
        .unwrap();
    assert_eq!(
        health::newest(store, "obcms", 1000).await.unwrap().len(),
        50
    );
    let hours = health::hours(store, "obcms", 0..i64::MAX, 0, health::HOUR_MS)
        .await
        .unwrap();
    assert_eq!(hours.len(), 101, "a jump by years must not remove a day");
    // back again: the newest sample is the one that was taken last, whatever its time says
    health::append(store, "obcms", &take(start), 30, 50)
        .await
        .unwrap();
    let newest = health::newest(store, "obcms", 1).await.unwrap();
    assert_eq!(newest[0].at, start);
}

#[tokio::test]
async fn a_baseline_is_captured_once_under_its_name_and_only_from_enough_samples() {
    let application = Answering::start().await;
    let site = application.site(&[]).await;
    let mut operator = site.app.client(Role::Operator).await;
    let path = "/systems/obcms/health/baselines";
    let wanted = json!({ "name": "Before release 2.1", "minutes": 60 });
    measure(&site, 5).await;
    let refused = operator.post(path, &wanted).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    measure(&site, 20).await;
    let captured = operator.post(path, &wanted).await;
    assert_eq!(captured.status, StatusCode::CREATED, "{}", captured.text);
    assert_eq!(captured.json()["samples"], 25);
    assert_eq!(
        operator.post(path, &wanted).await.status,
        StatusCode::CONFLICT
    );
    for (name, minutes) in [("", 60), ("x", 0), ("x", 99_999)] {
        let answer = operator
            .post(path, json!({ "name": name, "minutes": minutes }))
            .await;
        assert_eq!(answer.problem(), "invalid", "{name} {minutes}");
    }
    assert_eq!(page(&site).await.baselines.len(), 1);
}
