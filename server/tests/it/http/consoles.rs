//! Two consoles on one control store: what one gives out the other knows, and what one counts the other counts on.

use std::net::SocketAddr;

use axum::http::StatusCode;
use serde_json::json;
use server::accounts::links;
use server::config::DatabaseSource;

use crate::app::{Client, TestApp};
use crate::postgres::Database;

const PASSWORD: &str = "three quiet mountains";

/// The same browser at another console.
fn at(console: &TestApp, browser: &Client) -> Client {
    let mut there = console.anonymous();
    there.cookies.clone_from(&browser.cookies);
    there
}

#[tokio::test]
async fn links_sessions_and_throttling_are_shared() {
    let database = Database::new().await;
    let data = tempfile::tempdir().unwrap();
    let console = || {
        TestApp::start_with(|config| {
            config.data = data.path().to_owned();
            config.control_store = Some(DatabaseSource::Resolved(database.url.whole()));
        })
    };
    let (one, other) = (console().await, console().await);
    // a link of one console opens once, on whichever
    let link = links::first_run(&one.state.store, &one.clock).await;
    let path = link.unwrap().unwrap().path.expose().clone();
    let path = path.replace("/welcome/", "/invitations/");
    let body = json!({ "username": "amina", "name": "Amina", "password": PASSWORD });
    let mut amina = other.anonymous();
    let answer = amina.post(&path, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let again = one.anonymous().post(&path, &body).await;
    assert_ne!(again.status, StatusCode::OK, "{}", again.text);
    // her session opens both, and ends on both
    let mut here = at(&one, &amina);
    assert_eq!(here.get("/audit").await.status, StatusCode::OK);
    assert!(here.delete("/session").await.status.is_success());
    assert_eq!(amina.get("/audit").await.problem(), "not-signed-in");
    // wrong passwords are counted together
    let mut told = Vec::new();
    for console in [&one, &other, &one, &other, &one, &other, &one] {
        let mut stranger = console.anonymous();
        stranger.address = SocketAddr::new("192.0.2.1".parse().unwrap(), 50000);
        let wrong = json!({ "username": "amina", "password": "wrong" });
        told.push(stranger.post("/session", wrong).await.problem());
    }
    assert_eq!(told.last().unwrap(), "throttled", "{told:?}");
    assert_ne!(told[0], "throttled", "{told:?}");
}
