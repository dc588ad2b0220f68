//! The environment file, the hook and the people around a switch of the mode, when they are not as they should be. The
//! application of this system never answers: what is proved is what the server writes, starts and says.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::config::Config;
use server::reconcile;
use shared::account::Role;

use crate::app::{Answer, Client};
use crate::site::{Site, tick, with_modes};

const SWITCH: &str = "/systems/obcms/mode";

/// Everything holds; the restart hook is this shell command, run in the directory of the target.
async fn ready(hook: &str) -> (Site, Client) {
    let script = hook.to_owned();
    let site = Site::migrated_with(|config: &mut Config| {
        with_modes(config);
        let file = config.systems[0].environment_file.clone().unwrap();
        let directory = file.parent().unwrap().display().to_string();
        let hook = config.systems[0].hooks.restart.as_mut().unwrap();
        hook.command = ["/bin/sh", "-c", "cd \"$1\" && eval \"$2\"", "hook"]
            .map(str::to_owned)
            .to_vec();
        hook.command.extend([directory, script]);
    })
    .await;
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    site.prepare_pilot(&mut amina).await;
    (site, amina)
}

async fn press(client: &mut Client) -> Answer {
    client
        .post(SWITCH, json!({ "to": "multi", "confirm": "BMMS" }))
        .await
}

async fn ended(site: &Site, client: &mut Client) -> Value {
    reconcile::begin(&site.app.state);
    let view = client
        .until(SWITCH, "the end of the switch", |view| {
            view["switch"]["state"] != "running"
        })
        .await;
    view["switch"].clone()
}

fn variable(site: &Site) -> String {
    std::fs::read_to_string(site.environment_file()).unwrap()
}

fn made_by_the_hook(site: &Site, name: &str) -> PathBuf {
    site.world.dir.path().join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_lacks_the_variable_is_refused_before_anything_is_done() {
    let (site, mut amina) = ready("touch restarted").await;
    for text in [
        None,
        Some("# BMMS_MODE=obcms\n"),
        Some("BMMS_MODE=maintenance\n"),
        Some("BMMS_MODE=obcms\nBMMS_MODE=bmms\n"),
    ] {
        match text {
            Some(text) => std::fs::write(site.environment_file(), text).unwrap(),
            None => std::fs::remove_file(site.environment_file()).unwrap(),
        }
        let view = amina.get(SWITCH).await.json();
        assert!(view["trouble"].is_string(), "{text:?}: {view:#}");
        let answer = press(&mut amina).await;
        assert_eq!(answer.problem(), "conflict", "{text:?}: {}", answer.text);
        let remedy = answer.json()["remedy"].as_str().unwrap().to_owned();
        assert!(remedy.contains("BMMS_MODE"), "{remedy}");
        if let Some(text) = text {
            assert_eq!(variable(&site), text);
        }
    }
    assert!(!made_by_the_hook(&site, "restarted").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_protected_file_stays_as_it_is_and_nothing_is_restarted() {
    use std::os::unix::fs::PermissionsExt as _;
    let (site, mut amina) = ready("touch restarted").await;
    let protected = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(site.environment_file(), protected).unwrap();
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    let switch = ended(&site, &mut amina).await;
    assert_eq!(switch["state"], "went-back", "{switch:#}");
    assert!(
        switch["error"].as_str().unwrap().contains("read-only"),
        "{switch:#}"
    );
    assert_eq!(variable(&site), "BMMS_MODE=obcms\n");
    assert!(!made_by_the_hook(&site, "restarted").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_somebody_wrote_between_click_and_write_stays() {
    let (site, mut amina) = ready("touch restarted").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    std::fs::write(site.environment_file(), "BMMS_MODE=maintenance\n").unwrap();
    let switch = ended(&site, &mut amina).await;
    assert_eq!(switch["state"], "went-back", "{switch:#}");
    let why = switch["error"].as_str().unwrap();
    assert!(
        why.contains("maintenance") && why.contains("left so"),
        "{why}"
    );
    assert_eq!(variable(&site), "BMMS_MODE=maintenance\n");
    assert!(!made_by_the_hook(&site, "restarted").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_went_stale_between_click_and_step_stops_the_switch() {
    let (site, mut amina) = ready("touch restarted").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    let untick = json!({ "done": false, "note": "" });
    amina
        .put("/systems/obcms/checklist/training-complete", untick)
        .await;
    let switch = ended(&site, &mut amina).await;
    assert_eq!(switch["state"], "went-back", "{switch:#}");
    let why = switch["error"].as_str().unwrap();
    assert!(why.contains("Training complete"), "{why}");
    assert_eq!(variable(&site), "BMMS_MODE=obcms\n");
    assert!(!made_by_the_hook(&site, "restarted").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_is_named_with_its_last_line_and_the_variable_is_set_back() {
    let (site, mut amina) = ready("echo once >> restarted; echo no such unit obcms; exit 3").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    let switch = ended(&site, &mut amina).await;
    assert_eq!(switch["state"], "failed", "the application never answers");
    let why = switch["error"].as_str().unwrap();
    assert!(
        why.contains("no such unit obcms") && why.contains('3'),
        "{why}"
    );
    assert_eq!(variable(&site), "BMMS_MODE=obcms\n");
    let restarts = std::fs::read_to_string(made_by_the_hook(&site, "restarted")).unwrap();
    assert_eq!(restarts.lines().count(), 2, "there and back");
    // and it can be tried again
    tick(&mut amina, "training-complete").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_hangs_is_ended_with_everything_it_started() {
    let (site, mut amina) = ready("sleep 600 & echo $! > child; sleep 600").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    let switch = ended(&site, &mut amina).await;
    let why = switch["error"].as_str().unwrap();
    assert!(why.contains("took longer than 3 s"), "{why}");
    assert_eq!(variable(&site), "BMMS_MODE=obcms\n");
    let child = std::fs::read_to_string(made_by_the_hook(&site, "child")).unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.trim()));
    let deadline = Instant::now() + Duration::from_secs(60);
    let lives = || std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("State:\tZ"));
    while lives() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!lives(), "what the hook started goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_floods_its_output_is_told_short() {
    let (site, mut amina) = ready("yes planted | head -c 2000000; echo the end; exit 1").await;
    assert_eq!(press(&mut amina).await.status, StatusCode::ACCEPTED);
    ended(&site, &mut amina).await;
    let answer = amina.get(SWITCH).await;
    assert!(answer.text.len() < 20_000, "{} bytes", answer.text.len());
    assert!(answer.text.contains("the end"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_administrators_who_press_at_once_one_begins_the_switch() {
    let (site, mut amina) = ready("true").await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let (first, second) = tokio::join!(press(&mut amina), press(&mut jamil));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(
        statuses,
        [StatusCode::ACCEPTED, StatusCode::CONFLICT],
        "{} {}",
        first.text,
        second.text
    );
    let page = amina.get("/audit?action=mode.switch-started").await.json();
    assert_eq!(page["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_the_dialog_was_open_changes_nothing_and_the_page_can_go_on() {
    let (site, mut amina) = ready("true").await;
    site.app.wait(Duration::from_secs(3601));
    let late = press(&mut amina).await;
    assert_eq!(late.problem(), "not-signed-in");
    let mut again = site.app.client_named("amina2", Role::Administrator).await;
    let view = again.get(SWITCH).await.json();
    assert_eq!(view["switch"], Value::Null, "nothing was begun");
    // signed in again, but too long ago for something destructive
    site.app.wait(Duration::from_secs(601));
    assert_eq!(press(&mut again).await.problem(), "password-needed");
    assert_eq!(variable(&site), "BMMS_MODE=obcms\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_asked_for_again_with_the_same_key_is_the_same_switch() {
    let (_site, mut amina) = ready("true").await;
    let mut answers = Vec::new();
    for to in ["multi", "multi", "single"] {
        let body = json!({ "to": to, "confirm": if to == "multi" { "BMMS" } else { "OBCMS" } });
        let request = axum::http::Request::post(format!("/api/v1{SWITCH}"))
            .header("content-type", "application/json")
            .header("idempotency-key", "the-same-press")
            .body(body.to_string().into())
            .unwrap();
        answers.push(amina.request(request).await);
    }
    assert_eq!(
        answers[0].status,
        StatusCode::ACCEPTED,
        "{}",
        answers[0].text
    );
    assert_eq!(answers[0].text, answers[1].text);
    assert_eq!(answers[2].problem(), "conflict", "{}", answers[2].text);
    let page = amina.get("/audit?action=mode.switch-started").await.json();
    assert_eq!(page["total"], 1);
}
