//! Accounts through the API: the first one, invitations, new passwords, roles, and the last administrator.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::json;
use server::accounts::links;
use shared::account::{Account, InvitedAccount, Role, Session};

use crate::app::{Client, TestApp};

const PASSWORD: &str = "three quiet mountains";

/// Path of the API for a link of the console.
fn api_path(link: &str) -> String {
    link.replace("/welcome/", "/invitations/")
}

async fn first_link(app: &TestApp) -> String {
    let link = links::first_run(&app.state.store, &app.clock).await;
    api_path(link.unwrap().unwrap().path.expose())
}

fn accept(username: &str) -> serde_json::Value {
    json!({ "username": username, "name": "Amina", "password": PASSWORD })
}

/// A server whose first administrator is Amina, signed in.
async fn with_amina() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let link = first_link(&app).await;
    let mut amina = app.anonymous();
    let answer = amina.post(&link, accept("amina")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    (app, amina)
}

#[tokio::test]
async fn the_first_link_makes_an_administrator_once() {
    let (app, mut amina) = with_amina().await;
    let session: Session = amina.get("/session").await.read();
    assert_eq!(session.account.unwrap().role, Role::Administrator);
    assert!(session.fresh_until.is_some());
    assert!(!session.first_run);
    let again = links::first_run(&app.state.store, &app.clock).await;
    assert!(again.unwrap().is_none(), "an account exists");
}

#[tokio::test]
async fn a_link_works_once_also_for_two_browsers_at_the_same_time() {
    let app = TestApp::start().await;
    let link = first_link(&app).await;
    let tries = (0..4).map(|number| {
        let (mut client, link) = (app.anonymous(), link.clone());
        async move { client.post(&link, accept(&format!("amina{number}"))).await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let made = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(made, 1);
    for answer in answers {
        assert!(answer.status == StatusCode::OK || answer.problem() == "not-found");
    }
}

#[tokio::test]
async fn the_first_link_ends_with_the_hour_and_with_the_next_one() {
    let app = TestApp::start().await;
    let old = first_link(&app).await;
    let new = first_link(&app).await;
    assert_eq!(app.anonymous().get(&old).await.problem(), "not-found");
    let offer = app.anonymous().get(&new).await.json();
    assert_eq!(offer["first_run"], true);
    app.wait(Duration::from_secs(3600));
    assert_eq!(app.anonymous().get(&new).await.problem(), "not-found");
    let answer = app.anonymous().post(&new, accept("amina")).await;
    assert_eq!(answer.problem(), "not-found");
}

#[tokio::test]
async fn a_link_that_was_not_accepted_is_kept_and_says_what_is_wrong() {
    let app = TestApp::start().await;
    let link = first_link(&app).await;
    let wrong = json!({ "username": "switchyard", "name": "", "password": "short" });
    let answer = app.anonymous().post(&link, wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> = answer.json()["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["username", "name", "password"]);
    let answer = app.anonymous().post(&link, accept("amina")).await;
    assert_eq!(answer.status, StatusCode::OK);
}

async fn invite(amina: &mut Client, username: &str, role: &str) -> InvitedAccount {
    let new = json!({ "username": username, "name": "Bao", "role": role });
    let answer = amina.post("/accounts", new).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_and_gets_the_invited_role() {
    let (app, mut amina) = with_amina().await;
    let invited = invite(&mut amina, "bao", "operator").await;
    assert!(invited.account.invited);
    let mut bao = app.anonymous();
    let offer = bao.get(&api_path(&invited.link)).await.json();
    assert_eq!(offer["username"], "bao");
    // the name of the account is the inviter's choice
    let answer = bao.post(&api_path(&invited.link), accept("root")).await;
    let account = answer.read::<Session>().account.unwrap();
    assert_eq!(
        (account.username.as_str(), account.role),
        ("bao", Role::Operator)
    );
    assert_eq!(bao.get("/accounts").await.problem(), "not-allowed");
}

#[tokio::test]
async fn a_name_that_is_taken_in_any_case_is_refused() {
    let (_app, mut amina) = with_amina().await;
    let new = json!({ "username": "AMINA", "name": "Other", "role": "viewer" });
    let answer = amina.post("/accounts", new).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["fields"][0]["field"], "username");
}

#[tokio::test]
async fn a_new_password_by_link_ends_every_session_and_the_old_password() {
    let (app, mut amina) = with_amina().await;
    let invited = invite(&mut amina, "bao", "viewer").await;
    let mut bao = app.anonymous();
    bao.post(&api_path(&invited.link), accept("")).await;
    let id = &invited.account.id;
    let reset: InvitedAccount = amina
        .post(&format!("/accounts/{id}/reset"), json!({}))
        .await
        .read();
    let mut elsewhere = app.anonymous();
    let body = json!({ "name": "", "password": "four loud rivers and a bridge" });
    let answer = elsewhere.post(&api_path(&reset.link), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["account"]["name"], "Amina", "the name stays");
    assert_eq!(bao.get("/audit").await.problem(), "not-signed-in");
    let sign_in = json!({ "username": "bao", "password": PASSWORD });
    let answer = app.anonymous().post("/session", sign_in).await;
    assert_eq!(answer.problem(), "not-signed-in");
}

#[tokio::test]
async fn the_last_administrator_cannot_be_demoted_or_disabled() {
    let (app, mut amina) = with_amina().await;
    let session: Session = amina.get("/session").await.read();
    let account = session.account.unwrap();
    let path = format!("/accounts/{}", account.id);
    for change in [json!({ "role": "viewer" }), json!({ "disabled": true })] {
        let mut change = change;
        change["version"] = account.version.into();
        let answer = amina.patch(&path, change).await;
        assert_eq!(answer.problem(), "conflict", "{}", answer.text);
    }
    // an invited administrator who never came does not count
    invite(&mut amina, "bao", "administrator").await;
    let change = json!({ "version": account.version, "role": "viewer" });
    assert_eq!(amina.patch(&path, &change).await.problem(), "conflict");
    app.client_named("caro", Role::Administrator).await;
    assert_eq!(amina.patch(&path, &change).await.status, StatusCode::OK);
}

#[tokio::test]
async fn two_administrators_who_demote_each_other_leave_one() {
    let app = TestApp::start().await;
    let mut one = app.client_named("one", Role::Administrator).await;
    let mut two = app.client_named("two", Role::Administrator).await;
    let change = json!({ "version": 1, "role": "viewer" });
    let (first, second) = tokio::join!(
        one.patch("/accounts/account-two", &change),
        two.patch("/accounts/account-one", &change)
    );
    let done = [&first, &second]
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(done, 1, "{} {}", first.text, second.text);
}

#[tokio::test]
async fn a_change_based_on_an_older_version_is_refused() {
    let app = TestApp::start().await;
    let mut administrator = app.client(Role::Administrator).await;
    app.client_named("bao", Role::Viewer).await;
    let rename = |version: i64, name: &str| json!({ "version": version, "name": name });
    let path = "/accounts/account-bao";
    let answer = administrator.patch(path, rename(1, "Bao N.")).await;
    assert_eq!(answer.read::<Account>().version, 2);
    let answer = administrator.patch(path, rename(1, "Bao M.")).await;
    assert_eq!(answer.problem(), "changed-meanwhile");
    let answer = administrator
        .patch("/accounts/nobody", rename(1, "x"))
        .await;
    assert_eq!(answer.problem(), "not-found");
}

#[tokio::test]
async fn a_link_from_the_command_line_makes_another_administrator_and_is_written_down() {
    let (app, mut amina) = with_amina().await;
    let link = links::recovery(&app.state.store, &app.clock, None)
        .await
        .unwrap();
    let mut bao = app.anonymous();
    let answer = bao.post(&api_path(link.path.expose()), accept("bao")).await;
    assert_eq!(answer.json()["account"]["role"], "administrator");
    let page = amina.get("/audit?action=account.link-made").await.json();
    assert_eq!(page["entries"][0]["actor"], "command line");
}
