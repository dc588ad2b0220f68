//! The pace of a run over the API: what was asked for last is shown, whatever the run does meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use server::config::{Hook, PlaybookSource};
use server::engine::pace;
use server::reconcile;
use server::store::runs;
use shared::account::Role;

use crate::site::{Site, run_is, start_run};

/// A hook after the last batch that waits for a file `go` of the target's directory.
fn hook(directory: &Path) -> Hook {
    let script = "cd \"$1\" && touch begun && while [ ! -e go ]; do sleep 0.05; done";
    let directory = directory.display().to_string();
    Hook {
        command: ["/bin/sh", "-c", script, "hook", &directory]
            .map(str::to_owned)
            .into(),
        timeout_seconds: 60,
    }
}

async fn until_there(file: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !file.exists() {
        assert!(Instant::now() < deadline, "{} was not made", file.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pace_that_is_set_after_the_last_batch_is_shown_when_the_run_waits_at_its_gate() {
    let site = Site::start_with(|config| {
        let system = &mut config.systems[0];
        let PlaybookSource::File(file) = &system.playbook else {
            panic!("a file");
        };
        let text = std::fs::read_to_string(file).unwrap();
        let waits = "\n[[hooks]]\nname = \"deploy\"\nat = \"after-populate\"\n";
        std::fs::write(file, format!("{text}{waits}")).unwrap();
        system.hooks.deploy = Some(hook(file.parent().unwrap()));
    })
    .await;
    let directory = site.world.dir.path();
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id = 7")
        .await;
    reconcile::begin(&site.app.state);
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    start_run(&mut amina).await;
    until_there(&directory.join("begun")).await;
    let path = "/systems/obcms/runs/1/pace";
    let set = amina.put(path, json!({ "percent": 50 })).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    std::fs::write(directory.join("go"), "").unwrap();
    let run = run_is(&mut amina, 1, "waiting-at-gate").await;
    assert_eq!(run["progress"]["pace"], 50, "{:#}", run["progress"]);

    // told to the target beside the console, it is shown when the gate was measured again
    let stored = runs::get(&site.app.state.store, "obcms", 1)
        .await
        .unwrap()
        .unwrap();
    let mut db = site.world.open().await;
    let slow = pace::Pace::percent(20).unwrap();
    assert!(pace::set(&mut db, &stored.journal_run, slow).await.unwrap());
    db.close().await;
    amina
        .until("/systems/obcms/runs/1", "the pace of the target", |run| {
            run["progress"]["pace"] == 20
        })
        .await;
}
