//! The backup of a run: it waits for another one that is being written or verified, says so, and goes on by itself; and it
//! stays when the run is undone.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use server::moment::Clock;
use server::{backups, reconcile};
use shared::account::Role;

use crate::app::Client;
use crate::site::{Site, back_up, run_is, start_run, tick_required};

async fn start(client: &mut Client) {
    let plan = client.get("/systems/obcms/plan").await.json();
    let seen = json!({ "fingerprint": plan["fingerprint"] });
    let started = client.post("/systems/obcms/runs", seen).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
}

async fn waits(client: &mut Client) -> Value {
    client
        .until("/systems/obcms/runs/1", "that it waits", |run| {
            assert_ne!(run["summary"]["state"], "failed", "{run:#}");
            run["progress"]["holds_for"] == "backup"
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_waits_for_a_backup_that_is_being_written_and_begins_by_itself() {
    let site = Site::start().await;
    // backups have the clock of the wall
    let set_clock = || {
        let clock = &site.app.clock;
        clock.advance(Clock::system().now().since(clock.now()));
    };
    set_clock();
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    // older than the run, which makes one of its own
    set_clock();
    let system = site.app.state.systems.get("obcms").unwrap();
    let other = system.claim("backup").unwrap();
    reconcile::begin(&site.app.state);

    start(&mut amina).await;
    let run = waits(&mut amina).await;
    let reason = run["progress"]["waiting_for"].as_str().unwrap();
    assert!(reason.starts_with("another backup, which is "), "{reason}");
    assert_eq!(run["progress"]["steps_done"], 0, "{run:#}");

    // a pause is heard while it waits
    let pause = json!({ "command": "pause" });
    let paused = amina.post("/systems/obcms/runs/1/commands", &pause).await;
    assert!(paused.status.is_success(), "{}", paused.text);
    run_is(&mut amina, 1, "paused").await;
    let resume = json!({ "command": "resume" });
    amina.post("/systems/obcms/runs/1/commands", &resume).await;
    waits(&mut amina).await;

    drop(other);
    run_is(&mut amina, 1, "done").await;
    let all = amina.get("/systems/obcms/backups").await.json();
    let made_for: Vec<&Value> = (all.as_array().unwrap().iter())
        .map(|backup| &backup["made_for"])
        .collect();
    assert_eq!(
        made_for,
        ["amina, before a run", "amina, by hand"],
        "{all:#}"
    );
}

/// Somebody may begin one between the look and the step.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_backup_of_a_run_waits_for_one_that_was_begun_in_the_last_moment() {
    let site = Site::start().await;
    let system = site.app.state.systems.get("obcms").unwrap();
    let other = system.claim("backup").unwrap();
    let making = backups::make(&site.app.state, &system, "amina", "before a run");
    let ending = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(other);
    };
    let (made, ()) = tokio::join!(making, ending);
    assert_eq!(made.unwrap().made_for, "amina, before a run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_way_of_a_system_says_that_the_backup_stays_when_every_step_is_undone() {
    let site = Site::start().await;
    reconcile::begin(&site.app.state);
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    start_run(&mut amina).await;
    run_is(&mut amina, 1, "done").await;
    let options = amina.get("/systems/obcms/rollback").await.json();
    let back = json!({
        "way": "undo-all", "fingerprint": options["undo_all"]["fingerprint"], "confirm": "OBCMS"
    });
    let began = amina.post("/systems/obcms/rollback", back).await;
    assert_eq!(began.status, StatusCode::ACCEPTED, "{}", began.text);
    run_is(&mut amina, 1, "rolled-back").await;
    let overview = amina.get("/systems/obcms").await.json();
    let stages = overview["journey"].as_array().unwrap();
    let backup = stages.iter().find(|stage| stage["title"] == "0. Backup");
    let backup = backup.unwrap_or_else(|| panic!("{stages:#?}"));
    assert_eq!(
        (&backup["tone"], &backup["note"]),
        (&json!("done"), &json!("1 of 1 step"))
    );
    let undone = |stage: &&Value| stage["note"].as_str().unwrap().ends_with(" undone");
    assert!(stages.iter().any(|stage| undone(&stage)), "{stages:#?}");
}
