//! Each limit of `[systems.probes]` at work, and health answers that are too large, endless or none at all.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt as _;
use serde_json::json;
use server::config::ProbeConfig;
use server::probes;
use server::store::health::{self, HOUR_MS, Sample};
use server::store::sql;
use shared::health::{Outcome, Verdict};

use super::{measure, system, view};
use crate::site::Site;

/// What the health address answers next.
#[derive(Debug, Clone, Copy)]
enum Says {
    Errors(u64),
    After(Duration),
    Never,
    Huge,
    ForEver,
    Text,
}

async fn answer(says: Says) -> Response {
    match says {
        Says::Errors(errors) => {
            axum::Json(json!({ "status": "ok", "errors": errors })).into_response()
        }
        Says::After(time) => {
            tokio::time::sleep(time).await;
            axum::Json(json!({ "status": "ok" })).into_response()
        }
        Says::Never => std::future::pending().await,
        Says::Huge => vec![b' '; 3 * 1024 * 1024].into_response(),
        Says::ForEver => {
            let bytes = futures_util::stream::repeat_with(|| {
                Ok::<_, std::io::Error>(Bytes::from_static(b"x"))
            })
            .then(|byte| async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                byte
            });
            Body::from_stream(bytes.boxed()).into_response()
        }
        Says::Text => "All is well, thank you.".into_response(),
    }
}

/// A site whose application says what the test wants.
async fn saying(change: impl FnOnce(&mut ProbeConfig)) -> (Site, Arc<Mutex<Says>>) {
    let says = Arc::new(Mutex::new(Says::Errors(0)));
    let now = says.clone();
    let page = move || {
        let says = *now.lock().unwrap();
        answer(says)
    };
    let router = axum::Router::new().route("/health", get(page));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/health", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let site = Site::start_with(|config| {
        config.systems[0].health_url = Some(address.try_into().unwrap());
        change(&mut config.systems[0].probes);
    })
    .await;
    (site, says)
}

async fn next(site: &Site, says: &Mutex<Says>, what: Says) -> Outcome {
    *says.lock().unwrap() = what;
    site.app.wait(Duration::from_secs(30));
    let measured = probes::measure_once(&site.app.state, &system(site)).await;
    measured.unwrap()
}

async fn verdict(site: &Site) -> Verdict {
    let judged = probes::judge(&site.app.state, &system(site)).await;
    judged.unwrap().verdict
}

#[tokio::test]
async fn more_new_errors_than_are_accepted_make_a_sample_bad() {
    let (site, says) = saying(|probes| probes.most_errors = Some(5)).await;
    for (errors, outcome) in [
        (100, Outcome::Good),
        (105, Outcome::Good),
        (111, Outcome::Bad),
        // the application was started anew and counts from nothing
        (5, Outcome::Good),
        (12, Outcome::Bad),
    ] {
        assert_eq!(
            next(&site, &says, Says::Errors(errors)).await,
            outcome,
            "{errors}"
        );
    }
    let judged = view(&site).await.probes;
    let errors = judged
        .iter()
        .find(|probe| probe.title == "New errors")
        .unwrap();
    assert_eq!(errors.said, "7 new errors, at most 5 are accepted");
}

#[tokio::test]
async fn slow_is_what_takes_longer_than_the_configuration_says() {
    let (site, says) = saying(|probes| probes.slow_ms = 60).await;
    let late = Says::After(Duration::from_millis(120));
    assert_eq!(next(&site, &says, late).await, Outcome::Slow);
    let (site, says) = saying(|probes| probes.slow_ms = 30_000).await;
    assert_eq!(next(&site, &says, late).await, Outcome::Good);
}

#[tokio::test]
async fn counts_in_a_row_and_the_least_number_of_samples_are_those_of_the_configuration() {
    let (site, says) = saying(|probes| {
        probes.most_errors = Some(0);
        (
            probes.bad_samples,
            probes.good_samples,
            probes.minimum_samples,
        ) = (1, 3, 2);
    })
    .await;
    let mut errors = 0;
    for (bad, wanted) in [
        (false, Verdict::NotEnoughEvidence),
        (true, Verdict::Bad),
        (false, Verdict::Bad),
        (false, Verdict::Bad),
        (false, Verdict::Good),
        (true, Verdict::Bad),
    ] {
        errors += u64::from(bad);
        next(&site, &says, Says::Errors(errors)).await;
        assert_eq!(verdict(&site).await, wanted, "after {errors} errors");
    }
}

#[tokio::test]
async fn answers_without_an_end_or_a_measure_are_none_and_cost_no_more_than_the_limit() {
    let (site, says) = saying(|probes| probes.timeout_seconds = 1).await;
    for what in [Says::Never, Says::ForEver, Says::Huge] {
        let began = Instant::now();
        assert_eq!(next(&site, &says, what).await, Outcome::Bad, "{what:?}");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(60), "{what:?} took {took:?}");
    }
    assert_eq!(verdict(&site).await, Verdict::Bad);
}

#[tokio::test]
async fn an_answer_that_is_not_json_tells_at_least_that_the_application_is_up() {
    let (site, says) = saying(|probes| probes.timeout_seconds = 60).await;
    for _ in 0..3 {
        assert_eq!(next(&site, &says, Says::Text).await, Outcome::Good);
    }
    assert_eq!(verdict(&site).await, Verdict::Good);
}

#[tokio::test]
async fn a_database_that_does_not_answer_has_a_verdict_of_its_own() {
    let (site, _says) = saying(|_| ()).await;
    std::fs::remove_file(site.world.url.path().unwrap()).unwrap();
    measure(&site, 3).await;
    let view = view(&site).await;
    // whether the application works, its own answers say
    assert_eq!(view.now.verdict, Verdict::Good);
    let database = view
        .probes
        .iter()
        .find(|probe| probe.title == "Database")
        .unwrap();
    assert_eq!(database.verdict, Verdict::Bad, "{database:?}");
    assert!(view.points.iter().all(|point| point.database_ms.is_none()));
}

#[tokio::test]
async fn hours_that_are_older_than_ninety_days_go() {
    let site = Site::start().await;
    let store = &site.app.state.store;
    let now = site.app.clock.now();
    let hour = now.0.div_euclid(HOUR_MS);
    let mut tx = store.write().await.unwrap();
    sql::query(
        "INSERT INTO health_hours (system, hour, samples, bad, measured_seconds, bad_seconds, slow_seconds, answers, \
         response_sum_ms, response_max_ms, database_answers, database_sum_ms, errors) \
         WITH RECURSIVE back(h) AS (SELECT 1 UNION ALL SELECT h + 1 FROM back WHERE h < 2600) \
         SELECT 'obcms', $1 - h, 120, 0, 3600, 0, 0, 120, 4800, 400, 120, 360, 0 FROM back",
    )
    .bind(hour)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let sample = Sample {
        at: now,
        outcome: Outcome::Good,
        response_ms: Some(40),
        database_ms: None,
        errors: None,
        connections: None,
        why: None,
    };
    health::append(store, "obcms", &sample, 30, 50)
        .await
        .unwrap();
    let left = health::hours(store, "obcms", 0..i64::MAX, 0, HOUR_MS)
        .await
        .unwrap();
    // and one day more, for zones behind UTC
    assert_eq!(left.len(), 91 * 24, "{:?}", left.first());
    let view = probes::view(&site.app.state, &system(&site), 90 * 24).await;
    assert_eq!(view.unwrap().days.len(), 90);
}
