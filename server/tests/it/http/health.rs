//! What machines ask: alive, ready, numbers.

use axum::body::Body;
use axum::http::{Request, StatusCode};
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
