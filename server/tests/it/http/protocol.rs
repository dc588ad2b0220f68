//! What holds for every answer: problems, headers, ids, the refusal of other sites' commands.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use shared::account::Role;

use crate::app::TestApp;

#[tokio::test]
async fn an_unknown_address_of_the_api_is_a_problem_and_not_a_page() {
    let app = TestApp::start().await;
    for path in ["/nothing", "/../v9/session"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(answer.problem(), "not-found");
    }
    let answer = app.anonymous().get("/nothing").await;
    assert_eq!(answer.json()["detail"], "There is no /api/v1/nothing.");
}

#[tokio::test]
async fn a_problem_names_its_request_as_the_header_does() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/nothing").await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.json()["instance"], id);
}

#[tokio::test]
async fn a_wrong_method_is_a_problem() {
    let app = TestApp::start().await;
    let answer = app.anonymous().put("/openapi.json", ()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.problem(), "no-such-method");
}

#[tokio::test]
async fn answers_of_the_api_are_never_kept_and_load_nothing() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/session").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(
        answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .starts_with("default-src 'none'")
    );
}

#[tokio::test]
async fn who_is_asking_is_told_to_anyone() {
    let app = TestApp::start().await;
    let nobody = app.anonymous().get("/session").await.json();
    assert_eq!(nobody["first_run"], true);
    assert!(nobody["account"].is_null());
    let somebody = app.client(Role::Operator).await.get("/session").await;
    assert_eq!(somebody.json()["account"]["role"], "operator");
}

#[tokio::test]
async fn a_command_that_another_site_sends_is_refused() {
    let app = TestApp::start().await;
    let request = Request::post("/api/v1/session")
        .header(header::HOST, "127.0.0.1:8080")
        .header("sec-fetch-site", "cross-site")
        .body(Body::from("{}"))
        .unwrap();
    let answer = app.anonymous().request(request).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.problem(), "cross-site");
}
