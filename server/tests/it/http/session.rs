//! Signing in and out through the API: cookies, sessions, throttling, and what an attacker can and cannot learn.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use server::accounts::links;
use shared::account::SessionView;

use crate::app::{Answer, Client, TestApp};

const PASSWORD: &str = "three quiet mountains";

fn credentials(username: &str, password: &str) -> Value {
    json!({ "username": username, "password": password })
}

/// A server with the account `amina`, and the browser that made it.
async fn with_amina() -> (TestApp, Client) {
    with_amina_at(|_| ()).await
}

async fn with_amina_at(change: impl FnOnce(&mut server::config::Config)) -> (TestApp, Client) {
    let app = TestApp::start_with(change).await;
    let link = links::first_run(&app.state.store, &app.clock).await;
    let path = link.unwrap().unwrap().path.expose().clone();
    let mut amina = app.anonymous();
    let body = json!({ "username": "amina", "name": "Amina", "password": PASSWORD });
    let answer = amina
        .post(&path.replace("/welcome/", "/invitations/"), body)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    (app, amina)
}

fn from(app: &TestApp, address: &str) -> Client {
    let mut client = app.anonymous();
    client.address = SocketAddr::new(address.parse().unwrap(), 50000);
    client
}

#[tokio::test]
async fn signing_in_makes_a_new_token_and_ends_the_one_before() {
    let (app, amina) = with_amina().await;
    let mut browser = amina.clone();
    let answer = browser
        .post("/session", credentials("Amina", PASSWORD))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut before = amina.clone();
    assert_eq!(before.get("/audit").await.problem(), "not-signed-in");
    assert_eq!(browser.get("/audit").await.status, StatusCode::OK);
    drop(app);
}

#[tokio::test]
async fn cookies_are_for_this_site_and_no_script() {
    let (app, _) = with_amina().await;
    let answer = app
        .anonymous()
        .post("/session", credentials("amina", PASSWORD))
        .await;
    for cookie in answer.headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"));
        assert!(
            !cookie.contains("Secure"),
            "plain http has no secure cookies"
        );
    }
    let (app, _) = with_amina_at(|config| {
        config.public_address = Some(
            "https://switchyard.example.org"
                .to_owned()
                .try_into()
                .unwrap(),
        );
    })
    .await;
    let answer = app
        .anonymous()
        .post("/session", credentials("amina", PASSWORD))
        .await;
    for cookie in answer.headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"));
        assert!(cookie.contains("; Path=/;"));
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let (_app, mut amina) = with_amina().await;
    let mut thief = amina.clone();
    assert_eq!(
        amina.delete("/session").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(thief.get("/audit").await.problem(), "not-signed-in");
    assert_eq!(
        amina.delete("/session").await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others() {
    let (app, mut amina) = with_amina().await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = app.anonymous();
        other.post("/session", credentials("amina", PASSWORD)).await;
        others.push(other);
    }
    let sessions: Vec<SessionView> = amina.get("/account/sessions").await.read();
    assert_eq!(sessions.len(), 4);
    assert_eq!(sessions.iter().filter(|session| session.current).count(), 1);
    let other = sessions.iter().find(|session| !session.current).unwrap();
    let path = format!("/account/sessions/{}", other.id);
    assert_eq!(amina.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(amina.delete(&path).await.problem(), "not-found");
    amina.delete("/account/sessions").await;
    for other in &mut others {
        assert_eq!(other.get("/audit").await.problem(), "not-signed-in");
    }
    assert_eq!(amina.get("/audit").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_of_another_account_cannot_be_ended() {
    let (app, mut amina) = with_amina().await;
    let mut viewer = app.client(shared::account::Role::Viewer).await;
    let sessions: Vec<SessionView> = amina.get("/account/sessions").await.read();
    let path = format!("/account/sessions/{}", sessions[0].id);
    assert_eq!(viewer.delete(&path).await.problem(), "not-found");
    assert_eq!(amina.get("/audit").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_password_is_changed_only_by_whoever_knows_it() {
    let (app, mut amina) = with_amina().await;
    let mut other = app.anonymous();
    other.post("/session", credentials("amina", PASSWORD)).await;
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let answer = amina
        .put("/account/password", change("wrong", "four loud rivers"))
        .await;
    assert_eq!(answer.problem(), "invalid");
    assert_eq!(answer.json()["fields"][0]["field"], "current");
    let answer = amina
        .put("/account/password", change(PASSWORD, "short"))
        .await;
    assert_eq!(answer.json()["fields"][0]["field"], "new");
    let answer = amina
        .put("/account/password", change(PASSWORD, "four loud rivers"))
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert_eq!(other.get("/audit").await.problem(), "not-signed-in");
    assert_eq!(amina.get("/audit").await.status, StatusCode::OK);
}

#[tokio::test]
async fn confirming_the_password_makes_destructive_actions_possible_for_ten_minutes() {
    let (app, mut amina) = with_amina().await;
    app.wait(Duration::from_secs(700));
    let change = json!({ "version": 99 });
    let path = "/accounts/nobody";
    assert_eq!(
        amina.patch(path, &change).await.problem(),
        "password-needed"
    );
    let confirm = |password: &str| json!({ "password": password });
    let answer = amina.post("/session/confirm", confirm("wrong")).await;
    assert_eq!(answer.problem(), "invalid");
    assert_eq!(
        amina.patch(path, &change).await.problem(),
        "password-needed"
    );
    let answer = amina.post("/session/confirm", confirm(PASSWORD)).await;
    assert!(answer.json()["fresh_until"].is_string());
    assert_eq!(amina.patch(path, &change).await.problem(), "not-found");
    app.wait(Duration::from_secs(601));
    assert_eq!(
        amina.patch(path, &change).await.problem(),
        "password-needed"
    );
}

#[tokio::test]
async fn confirming_is_throttled_too() {
    let (app, mut amina) = with_amina().await;
    let wrong = json!({ "password": "wrong" });
    for _ in 0..10 {
        let answer = amina.post("/session/confirm", &wrong).await;
        assert_eq!(answer.problem(), "invalid");
    }
    let answer = amina.post("/session/confirm", &wrong).await;
    assert_eq!(answer.problem(), "throttled");
    app.wait(Duration::from_secs(2));
    let right = json!({ "password": PASSWORD });
    let answer = amina.post("/session/confirm", right).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_are_answered_alike() {
    let (app, _) = with_amina().await;
    let mut told = Vec::new();
    let mut shortest = [Duration::MAX; 2];
    // fewer than are slowed down; the shortest is without what else the machine had to do
    for _ in 0..4 {
        for (who, username, address) in [(0, "amina", "192.0.2.1"), (1, "nobody", "192.0.2.2")] {
            let started = Instant::now();
            let answer = from(&app, address)
                .post("/session", credentials(username, "wrong"))
                .await;
            shortest[who] = shortest[who].min(started.elapsed());
            let mut problem = answer.json();
            problem["instance"].take();
            told.push((answer.status, problem));
        }
    }
    assert_eq!(told[0].0, StatusCode::UNAUTHORIZED);
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    // both did the work of one hash, which is nearly all there is
    let [known, unknown] = shortest;
    assert!(unknown > known / 4, "{unknown:?} and {known:?}");
}

#[tokio::test]
async fn the_log_never_repeats_what_was_typed_as_an_unknown_name() {
    let (app, mut amina) = with_amina().await;
    let typed = "my password by mistake";
    from(&app, "192.0.2.1")
        .post("/session", credentials(typed, "x"))
        .await;
    let page = amina.get("/audit?action=session.refused").await;
    assert_eq!(page.json()["entries"][0]["object"], "unknown account");
    assert!(!page.text.contains(typed));
}

#[tokio::test]
async fn tries_are_slowed_down_after_five_and_the_wait_grows() {
    let (app, _) = with_amina().await;
    let mut attacker = from(&app, "192.0.2.1");
    let mut waits = Vec::new();
    for _ in 0..5 {
        let answer = attacker.post("/session", credentials("amina", "x")).await;
        assert_eq!(answer.problem(), "not-signed-in");
    }
    for _ in 0..4 {
        let answer = attacker.post("/session", credentials("amina", "x")).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let wait: u64 = answer.headers[header::RETRY_AFTER]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        waits.push(wait);
        app.wait(Duration::from_secs(wait));
        attacker.post("/session", credentials("amina", "x")).await;
    }
    assert_eq!(waits, [1, 2, 4, 8]);
}

#[tokio::test]
async fn a_thousand_tries_at_once_check_five_passwords_and_lock_nobody_out() {
    let (app, amina) = with_amina().await;
    let tries = (0..1000).map(|number| {
        let mut attacker = from(&app, "192.0.2.1");
        async move {
            let guess = format!("guess {number}");
            attacker
                .post("/session", credentials("amina", &guess))
                .await
        }
    });
    let attack = futures_util::future::join_all(tries);
    // from the browser that she signed in with before, while the attack goes on, even from the same address
    let mut known = amina.clone();
    known.address = SocketAddr::new("192.0.2.1".parse().unwrap(), 50001);
    let (answers, own) = tokio::join!(
        attack,
        known.post("/session", credentials("amina", PASSWORD))
    );
    assert_eq!(own.status, StatusCode::OK, "{}", own.text);
    let checked = |answer: &&Answer| answer.problem() == "not-signed-in";
    assert_eq!(answers.iter().filter(checked).count(), 5);
    assert!(
        answers
            .iter()
            .all(|answer| ["not-signed-in", "throttled"].contains(&answer.problem().as_str()))
    );
    // and from a new device elsewhere
    let mut elsewhere = from(&app, "198.51.100.7");
    let answer = elsewhere
        .post("/session", credentials("amina", PASSWORD))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts_without_end() {
    let (app, _) = with_amina().await;
    let mut attacker = from(&app, "192.0.2.1");
    let mut checked = 0;
    for number in 0..40 {
        let answer = attacker
            .post("/session", credentials(&format!("name{number}"), "x"))
            .await;
        checked += u32::from(answer.problem() == "not-signed-in");
    }
    assert_eq!(checked, 30);
}

#[tokio::test]
async fn a_device_of_one_account_is_no_way_around_the_throttle_of_another() {
    let (_app, mut amina) = with_amina().await;
    let new = json!({ "username": "bao", "name": "Bao", "role": "viewer" });
    amina.post("/accounts", new).await;
    let mut attacker = amina.clone();
    attacker
        .cookies
        .retain(|(name, _)| name.ends_with("device"));
    attacker.address = SocketAddr::new("192.0.2.1".parse().unwrap(), 50000);
    for _ in 0..5 {
        attacker.post("/session", credentials("bao", "x")).await;
    }
    let answer = attacker.post("/session", credentials("bao", "x")).await;
    assert_eq!(answer.problem(), "throttled");
}
