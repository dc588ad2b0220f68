//! Rights: every route of the document with every role. A route without a line here fails, and so does a line without
//! a route.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::json;
use shared::account::Role;

use crate::app::{Client, TestApp};

/// Who may, at least.
#[derive(Debug, Clone, Copy, PartialEq)]
enum May {
    /// Anybody, signed in or not.
    Anyone,
    /// Each account.
    Viewer,
    Operator,
    Administrator,
    /// An administrator whose password was confirmed a short while ago.
    FreshAdministrator,
}
use May::{Administrator, Anyone, FreshAdministrator, Operator, Viewer};

/// Who may what: method, and path as in the document.
const RIGHTS: &[(May, &[&str])] = &[
    (
        Anyone,
        &[
            "GET /invitations/{token}",
            "POST /invitations/{token}",
            "GET /openapi.json",
            "DELETE /session",
            "GET /session",
            "POST /session",
        ],
    ),
    (
        Viewer,
        &[
            "PUT /account/password",
            "DELETE /account/sessions",
            "GET /account/sessions",
            "DELETE /account/sessions/{id}",
            "GET /audit",
            "GET /audit/verification",
            "GET /events",
            "POST /session/confirm",
            "GET /systems",
            "GET /systems/{system}",
            "GET /systems/{system}/all",
            "GET /systems/{system}/approvals",
            "GET /systems/{system}/backups",
            "GET /systems/{system}/checklist",
            "GET /systems/{system}/coverage",
            "GET /systems/{system}/coverage.csv",
            "GET /systems/{system}/coverage/{model}/unassigned",
            "GET /systems/{system}/data",
            "GET /systems/{system}/data/{model}",
            "GET /systems/{system}/health",
            "GET /systems/{system}/kept",
            "GET /systems/{system}/mode",
            "GET /systems/{system}/notices",
            "GET /systems/{system}/organizations",
            "GET /systems/{system}/organizations/{code}",
            "GET /systems/{system}/plan",
            "GET /systems/{system}/reports",
            "GET /systems/{system}/reports/{number}",
            "GET /systems/{system}/reports/{number}/compare",
            "GET /systems/{system}/reports/{number}/report.json",
            "GET /systems/{system}/reports/{number}/report.md",
            "GET /systems/{system}/rollback",
            "GET /systems/{system}/rollback/cost",
            "GET /systems/{system}/runs",
            "GET /systems/{system}/runs/{run}",
            "GET /systems/{system}/runs/{run}/evidence",
            "GET /systems/{system}/runs/{run}/log",
            "GET /systems/{system}/runs/{run}/log.txt",
            "GET /systems/{system}/target",
        ],
    ),
    (
        Operator,
        &[
            "GET /audit.csv",
            "POST /systems/{system}/approvals",
            "POST /systems/{system}/backups",
            "POST /systems/{system}/backups/{name}/verify",
            "PUT /systems/{system}/checklist/{item}",
            "POST /systems/{system}/health/baselines",
            "POST /systems/{system}/notices/preview",
            "POST /systems/{system}/organizations",
            "POST /systems/{system}/organizations/import",
            "PATCH /systems/{system}/organizations/{code}",
            "POST /systems/{system}/organizations/{code}/isolation",
            "POST /systems/{system}/preflight",
            "POST /systems/{system}/reports",
            "PUT /systems/{system}/rollbacks/{id}/tasks/{task}",
            "POST /systems/{system}/runs",
            "POST /systems/{system}/runs/{run}/commands",
            "GET /systems/{system}/runs/{run}/evidence.zip",
            "PUT /systems/{system}/runs/{run}/pace",
            "GET /systems/{system}/status-links",
            "POST /systems/{system}/status-links",
            "DELETE /systems/{system}/status-links/{id}",
            "GET /systems/{system}/subscribers",
            "POST /systems/{system}/subscribers/replay",
            "DELETE /systems/{system}/subscribers/{id}",
            "POST /systems/{system}/updates",
            "PUT /systems/{system}/updates/{id}",
            "PUT /systems/{system}/waves",
            "GET /systems/{system}/webhooks",
            "GET /systems/{system}/webhooks/{id}/deliveries",
            "POST /systems/{system}/webhooks/{id}/replay",
            "POST /systems/{system}/webhooks/{id}/test",
            "POST /systems/{system}/windows",
            "PUT /systems/{system}/windows/{id}",
        ],
    ),
    (
        Administrator,
        &[
            "GET /accounts",
            "POST /accounts",
            "POST /systems/{system}/decisions",
            "POST /systems/{system}/decisions/rule",
            "POST /systems/{system}/organizations/{code}/move",
            "GET /systems/{system}/rollback/export",
            "POST /systems/{system}/runs/{run}/gates/{gate}/override",
            "POST /systems/{system}/waves/{number}/start",
            "POST /systems/{system}/webhooks",
            "DELETE /systems/{system}/webhooks/{id}",
        ],
    ),
    (
        FreshAdministrator,
        &[
            "PATCH /accounts/{id}",
            "POST /accounts/{id}/reset",
            "POST /systems/{system}/approvals/{id}",
            "POST /systems/{system}/kept/{name}/release",
            "POST /systems/{system}/mode",
            "POST /systems/{system}/rollback",
        ],
    ),
];

/// The same, line by line.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, May)> {
    RIGHTS.iter().flat_map(|(may, routes)| {
        let parted = routes.iter().filter_map(|route| route.split_once(' '));
        parted.map(|(method, path)| (method, path, *may))
    })
}

/// Routes of the document.
fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(server::http::document()).unwrap();
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
                .map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

#[test]
fn every_route_has_a_line_and_every_line_a_route() {
    let table: BTreeSet<_> = lines()
        .map(|(method, path, _)| (method.to_owned(), path.to_owned()))
        .collect();
    let written: usize = RIGHTS.iter().map(|(_, routes)| routes.len()).sum();
    assert_eq!(table.len(), written, "a line stands twice");
    let documented = documented();
    let missing: Vec<_> = documented.difference(&table).collect();
    let gone: Vec<_> = table.difference(&documented).collect();
    assert!(missing.is_empty(), "routes without a line: {missing:?}");
    assert!(gone.is_empty(), "lines without a route: {gone:?}");
}

/// What a request met: a refusal because of rights, or something behind it.
#[derive(Debug, PartialEq)]
enum Met {
    NotSignedIn,
    NotAllowed,
    PasswordNeeded,
    LetThrough,
}

async fn met(client: &mut Client, method: &str, path: &str) -> Met {
    let path = path
        .split('/')
        .map(|part| match part {
            "{system}" => "nowhere",
            "{run}" | "{id}" | "{number}" => "1",
            part if part.starts_with('{') => "unknown",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/");
    let method: Method = method.parse().unwrap();
    let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
    let answer = client.head_of(method, &path, body).await;
    match (answer.status, answer.problem().as_str()) {
        (StatusCode::UNAUTHORIZED, "not-signed-in") => Met::NotSignedIn,
        (StatusCode::FORBIDDEN, "not-allowed") => Met::NotAllowed,
        (StatusCode::FORBIDDEN, "password-needed") => Met::PasswordNeeded,
        (status, _) => {
            assert!(
                !status.is_server_error(),
                "{path}: {status} {}",
                answer.text
            );
            Met::LetThrough
        }
    }
}

#[tokio::test]
async fn each_role_is_let_through_exactly_where_the_table_says() {
    for (method, path, may) in lines() {
        // a server for each route: signing out, say, must not end the session of the next line
        let app = TestApp::start().await;
        for role in [
            None,
            Some(Role::Viewer),
            Some(Role::Operator),
            Some(Role::Administrator),
        ] {
            let mut client = match role {
                None => app.anonymous(),
                Some(role) => app.client(role).await,
            };
            let least = match may {
                Anyone => None,
                Viewer => Some(Role::Viewer),
                Operator => Some(Role::Operator),
                Administrator | FreshAdministrator => Some(Role::Administrator),
            };
            let expected = match (role, least) {
                (_, None) => Met::LetThrough,
                (None, Some(_)) => Met::NotSignedIn,
                (Some(role), Some(least)) if role < least => Met::NotAllowed,
                _ => Met::LetThrough,
            };
            assert_eq!(
                met(&mut client, method, path).await,
                expected,
                "{method} {path} as {role:?}"
            );
        }
    }
}

#[tokio::test]
async fn destructive_routes_ask_for_the_password_again_after_ten_minutes() {
    for (method, path, may) in lines() {
        if !matches!(may, Administrator | FreshAdministrator) {
            continue;
        }
        let app = TestApp::start().await;
        let mut client = app.client(Role::Administrator).await;
        app.wait(std::time::Duration::from_secs(601));
        let expected = if may == FreshAdministrator {
            Met::PasswordNeeded
        } else {
            Met::LetThrough
        };
        assert_eq!(
            met(&mut client, method, path).await,
            expected,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn what_a_role_may_not_do_is_written_down_under_its_system() {
    let app = TestApp::start().await;
    let mut viewer = app.client(Role::Viewer).await;
    assert_eq!(viewer.get("/accounts").await.problem(), "not-allowed");
    let page = viewer.get("/audit?action=access.refused").await.json();
    let entry = &page["entries"][0];
    assert_eq!(entry["actor"], "viewer");
    assert_eq!(entry["object"], "GET /api/v1/accounts");
    assert_eq!(entry["refused"], true);
    assert_eq!(entry["address"], "127.0.0.1");
}

#[tokio::test]
async fn a_changed_role_and_a_disabled_account_take_effect_at_the_next_request() {
    let app = TestApp::start().await;
    let mut administrator = app.client(Role::Administrator).await;
    let mut other = app.client_named("amina", Role::Operator).await;
    assert_eq!(other.get("/audit.csv").await.status, StatusCode::OK);
    let change = json!({ "version": 1, "role": "viewer" });
    let answer = administrator.patch("/accounts/account-amina", change).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(other.get("/audit.csv").await.problem(), "not-allowed");
    let change = json!({ "version": 2, "disabled": true });
    administrator.patch("/accounts/account-amina", change).await;
    assert_eq!(other.get("/audit").await.problem(), "not-signed-in");
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_any_case_after_its_limit() {
    let app = TestApp::start().await;
    let mut idle = app.client(Role::Viewer).await;
    app.wait(std::time::Duration::from_secs(3599));
    assert_eq!(idle.get("/audit").await.status, StatusCode::OK);
    app.wait(std::time::Duration::from_secs(3600));
    assert_eq!(idle.get("/audit").await.problem(), "not-signed-in");

    let app = TestApp::start().await;
    let mut busy = app.client(Role::Viewer).await;
    for _ in 0..23 {
        app.wait(std::time::Duration::from_secs(30 * 60));
        assert_eq!(busy.get("/audit").await.status, StatusCode::OK);
    }
    app.wait(std::time::Duration::from_secs(30 * 60));
    assert_eq!(busy.get("/audit").await.problem(), "not-signed-in");
}
