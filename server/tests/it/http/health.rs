//! What machines ask: alive, ready, numbers.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use server::config::SecretSource;
use server::secret::Secret;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::app::{Answer, TestApp};

async fn get(app: &TestApp, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    app.anonymous().request(request).await
}

#[tokio::test]
async fn ready_means_that_the_control_store_can_be_written() {
    let app = TestApp::start().await;
    assert_eq!(get(&app, "/readyz").await.text, "ready\n");
    let mut other = SqliteConnectOptions::new()
        .filename(app.control_store_file())
        .connect()
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let answer = get(&app, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "unavailable");
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.json()["instance"], id);
    // it lives all the same: a restart would not help
    assert_eq!(get(&app, "/healthz").await.status, StatusCode::OK);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(get(&app, "/readyz").await.status, StatusCode::OK);
    app.state.shutdown.cancel();
    assert_eq!(
        get(&app, "/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn numbers_count_what_was_answered_and_refused() {
    let app = TestApp::start().await;
    app.anonymous().get("/accounts").await;
    let text = get(&app, "/metrics").await.text;
    for line in [
        "switchyard_http_requests_total{method=\"GET\",status=\"401\"} 1",
        "switchyard_http_request_seconds_count 1",
        "switchyard_event_streams 0",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// Asks for the numbers from this address, with these headers.
async fn numbers(app: &TestApp, from: &str, headers: &[(&str, &str)]) -> Answer {
    let mut client = app.anonymous();
    client.address = from.parse().unwrap();
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.request(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn without_a_token_numbers_are_for_programs_on_the_same_machine() {
    let app = TestApp::start().await;
    for from in ["127.0.0.1:40000", "[::1]:40000", "[::ffff:127.0.0.1]:40000"] {
        assert_eq!(
            numbers(&app, from, &[]).await.status,
            StatusCode::OK,
            "{from}"
        );
    }
    let near = "127.0.0.1:40000";
    for (from, headers) in [
        ("10.0.0.7:40000", &[][..]),
        ("[2001:db8::7]:40000", &[]),
        // a proxy on this machine asks for somebody else
        (near, &[("x-forwarded-for", "203.0.113.9")]),
        (near, &[("x-forwarded-for", "127.0.0.1")]),
        (near, &[("forwarded", "for=203.0.113.9")]),
        (near, &[("via", "1.1 proxy")]),
        ("10.0.0.7:40000", &[("authorization", "Bearer anything")]),
    ] {
        let answer = numbers(&app, from, headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{from} {headers:?}");
        assert_eq!(answer.problem(), "not-allowed");
        assert!(!answer.text.contains("switchyard_"), "{}", answer.text);
    }
}

#[tokio::test]
async fn with_a_token_numbers_are_for_whoever_sends_it_from_wherever() {
    let app = TestApp::start_with(|config| {
        let token = Secret::new("scraped-every-minute".to_owned());
        config.metrics.token = Some(SecretSource::Resolved(token));
    })
    .await;
    let far = "203.0.113.9:40000";
    let sent = ("authorization", "Bearer scraped-every-minute");
    let told = numbers(&app, far, &[sent, ("x-forwarded-for", "203.0.113.9")]).await;
    assert_eq!(told.status, StatusCode::OK);
    assert!(
        told.text.contains("switchyard_event_streams 0"),
        "{}",
        told.text
    );
    for headers in [
        &[][..],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer scraped-every-minut")],
        &[("authorization", "Bearer scraped-every-minute2")],
        &[("authorization", "Basic scraped-every-minute")],
        &[("cookie", "token=scraped-every-minute")],
    ] {
        // nearness does not replace it
        let answer = numbers(&app, "127.0.0.1:40000", headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        assert!(!answer.text.contains("scraped"), "{}", answer.text);
    }
}
