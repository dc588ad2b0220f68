//! Backups that are not what they should be: seen in the list, refused before a run and before a restore.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::store::backups::{self as rows, Verification};
use server::store::sql;
use shared::account::Role;
use shared::event::Event;
use shared::work::WorkOn;

use crate::app::Client;
use crate::site::{Site, back_up, tick_required};

async fn listed(client: &mut Client, name: &str) -> Value {
    let all = client.get("/systems/obcms/backups").await.json();
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == *name);
    found
        .unwrap_or_else(|| panic!("no {name} in {all:#}"))
        .clone()
}

fn place(site: &Site, name: &str) -> PathBuf {
    site.app.directory.path().join("backups/obcms").join(name)
}

/// The file of its database: the largest there.
fn database(site: &Site, name: &str) -> PathBuf {
    let files = std::fs::read_dir(place(site, name)).unwrap();
    files
        .map(|file| file.unwrap().path())
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap()
}

/// No run may start: a verified backup is missing.
async fn no_run(client: &mut Client, why: &str) {
    let plan = client.get("/systems/obcms/plan").await.json();
    let body = json!({ "fingerprint": plan["fingerprint"] });
    let answer = client.post("/systems/obcms/runs", body).await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
    assert!(answer.text.contains(why), "{}", answer.text);
}

async fn verified_again(client: &mut Client, name: &str) -> Value {
    let path = format!("/systems/obcms/backups/{name}/verify");
    let answer = client.post(&path, Value::Null).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    client
        .until("/systems/obcms/backups", "the verification", |all| {
            all.as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == *name && one["state"] != "verifying")
        })
        .await;
    listed(client, name).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_backup_is_seen_and_allows_nothing() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    tick_required(&mut amina).await;
    let name = back_up(&mut amina).await;
    let file = std::fs::File::options()
        .write(true)
        .open(database(&site, &name))
        .unwrap();
    file.set_len(4096).unwrap();
    let seen = listed(&mut amina, &name).await;
    assert_eq!(seen["state"], "unusable", "{seen:#}");
    assert!(
        seen["trouble"].as_str().unwrap().contains("truncated"),
        "{seen:#}"
    );
    no_run(&mut amina, "No backup was restored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_is_found_by_the_next_verification_and_by_a_restore() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    tick_required(&mut amina).await;
    let name = back_up(&mut amina).await;
    let file = database(&site, &name);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    // a restore reads every byte before it touches the target
    let before = std::fs::read(site.world.url.path().unwrap()).unwrap();
    let options = amina.get("/systems/obcms/rollback").await.json();
    let cost = &options["restores"][0]["cost"];
    server::reconcile::begin(&site.app.state);
    let way = json!({ "restore": { "backup": name } });
    let body = json!({ "way": way, "fingerprint": cost["fingerprint"], "confirm": "OBCMS" });
    let answer = amina.post("/systems/obcms/rollback", body).await;
    if answer.status == StatusCode::ACCEPTED {
        let ended = amina
            .until("/systems/obcms/rollback", "its end", |options| {
                options["current"]["state"] != "running"
            })
            .await;
        assert_eq!(
            ended["current"]["state"], "failed",
            "{:#}",
            ended["current"]
        );
        let why = ended["current"]["error"].as_str().unwrap();
        assert!(why.contains("damaged"), "{why}");
    } else {
        assert!(answer.text.contains("damaged"), "{}", answer.text);
    }
    assert!(std::fs::read(site.world.url.path().unwrap()).unwrap() == before);

    let seen = verified_again(&mut amina, &name).await;
    assert_eq!(seen["state"], "unusable", "{seen:#}");
    assert!(
        seen["trouble"].as_str().unwrap().contains("damaged"),
        "{seen:#}"
    );
    no_run(&mut amina, "No backup was restored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_database_counts_for_nothing_here() {
    let other = Site::start().await;
    let mut omar = other.app.client(Role::Administrator).await;
    let name = back_up(&mut omar).await;
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    tick_required(&mut amina).await;
    std::fs::create_dir_all(place(&site, &name)).unwrap();
    for file in std::fs::read_dir(place(&other, &name)).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), place(&site, &name).join(file.file_name())).unwrap();
    }
    let seen = listed(&mut amina, &name).await;
    assert_eq!(seen["state"], "unusable", "{seen:#}");
    assert!(
        seen["trouble"]
            .as_str()
            .unwrap()
            .contains("another database"),
        "{seen:#}"
    );
    no_run(&mut amina, "No backup was restored").await;
    let options = amina.get("/systems/obcms/rollback").await.json();
    assert_eq!(options["restores"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_too_old_allows_no_run() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    // the snapshot carries the time of the machine, which is not the clock of this test
    let taken = amina.get("/systems/obcms/backups").await.json()[0]["taken"].clone();
    let taken = server::moment::Moment::parse(taken.as_str().unwrap()).unwrap();
    let wait = taken.since(site.app.clock.now()) + Duration::from_secs(25 * 3600);
    site.app.wait(wait);
    let mut amina = site.app.client_named("later", Role::Administrator).await;
    no_run(&mut amina, "older than 24 hours").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_not_make_backups_makes_none() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let answer = viewer.post("/systems/obcms/backups", Value::Null).await;
    assert_eq!(answer.problem(), "not-allowed");
    let mut omar = site.app.client(Role::Operator).await;
    let all = omar.get("/systems/obcms/backups").await.json();
    assert_eq!(all, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_the_numbers_sees_how_old_the_newest_verified_backup_is() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let numbers = async || {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        site.app.anonymous().request(request).await.text
    };
    let age = "switchyard_backup_age_seconds{system=\"obcms\"} ";
    assert!(!numbers().await.contains(age), "there is no backup yet");
    let name = back_up(&mut amina).await;
    assert!(numbers().await.contains(age));
    // one that is gone is not counted any more
    std::fs::remove_dir_all(place(&site, &name)).unwrap();
    assert!(!numbers().await.contains(age));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restore_has_kept_is_listed_and_released_once_by_who_types_the_name() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let name = back_up(&mut amina).await;
    assert_eq!(
        amina.get("/systems/obcms/kept").await.json(),
        json!([]),
        "nothing was restored yet"
    );
    server::reconcile::begin(&site.app.state);
    let options = amina.get("/systems/obcms/rollback").await.json();
    let fingerprint = &options["restores"][0]["cost"]["fingerprint"];
    let way = json!({ "restore": { "backup": name } });
    let body = json!({ "way": way, "fingerprint": fingerprint, "confirm": "OBCMS" });
    let answer = amina.post("/systems/obcms/rollback", body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    amina
        .until("/systems/obcms/rollback", "its end", |options| {
            options["current"]["state"] == "done"
        })
        .await;

    let kept = amina.get("/systems/obcms/kept").await.json();
    let one = &kept[0];
    let named = one["name"].as_str().unwrap();
    assert!(named.contains(".before-restore-"), "{kept:#}");
    assert!(one["size_bytes"].as_u64().unwrap() > 0 && one["since"].is_string());
    let file = site.world.url.path().unwrap().with_file_name(named);
    assert!(file.exists());

    let path = format!("/systems/obcms/kept/{named}/release");
    let typo = amina.post(&path, json!({ "confirm": "OBCM" })).await;
    assert_eq!(typo.problem(), "invalid", "{}", typo.text);
    let live = site.world.url.path().unwrap().file_name().unwrap();
    let not_kept = format!("/systems/obcms/kept/{}/release", live.to_string_lossy());
    let body = json!({ "confirm": "OBCMS" });
    let refused = amina.post(&not_kept, body.clone()).await;
    assert_eq!(refused.problem(), "not-found", "{}", refused.text);
    assert!(file.exists());

    let left = amina.post(&path, body.clone()).await;
    assert_eq!((left.status, left.json()), (StatusCode::OK, json!([])));
    assert!(!file.exists());
    let again = amina.post(&path, body).await;
    assert_eq!(again.problem(), "not-found", "{}", again.text);
    let audit = amina.get("/audit?action=backup.kept-released").await.json();
    assert_eq!(audit["total"], 1, "{audit:#}");
}

/// What is written down is what every console shows, and what is left of it after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn how_far_a_restore_is_stands_in_its_record_while_it_goes_on() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let name = back_up(&mut amina).await;
    let mut tx = site.app.state.store.write().await.unwrap();
    for statement in [
        "CREATE TABLE written_down (steps TEXT NOT NULL)",
        "CREATE TRIGGER written_down AFTER UPDATE ON rollbacks \
         BEGIN INSERT INTO written_down VALUES (NEW.steps); END",
    ] {
        sql::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut told = site.app.state.hub.listen(None).receiver;
    server::reconcile::begin(&site.app.state);
    let options = amina.get("/systems/obcms/rollback").await.json();
    let fingerprint = &options["restores"][0]["cost"]["fingerprint"];
    let way = json!({ "restore": { "backup": name } });
    let body = json!({ "way": way, "fingerprint": fingerprint, "confirm": "OBCMS" });
    let answer = amina.post("/systems/obcms/rollback", body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let ended = amina
        .until("/systems/obcms/rollback", "its end", |options| {
            options["current"]["state"] == "done"
        })
        .await;

    let written: Vec<String> = sql::query_scalar("SELECT steps FROM written_down")
        .fetch_all(site.app.state.store.read())
        .await
        .unwrap();
    let is_told = |steps: &String| {
        let steps: Value = serde_json::from_str(steps).unwrap();
        steps.as_array().unwrap().iter().any(|step| {
            step["title"] == "Restore the backup"
                && step["state"] == "running"
                && step["detail"].as_str().unwrap().ends_with(" %")
                && step["progress"]["total"].as_u64().unwrap() > 0
        })
    };
    assert!(written.iter().any(is_told), "{written:#?}");

    // and pages are told, of the steps that there are
    let steps = ended["current"]["steps"].as_array().unwrap().len();
    let mut far = 0;
    while let Ok(numbered) = told.try_recv() {
        if let Event::Work {
            work: WorkOn::Rollback { step, .. },
            progress,
            ..
        } = &*numbered.event
        {
            assert!(usize::try_from(*step).unwrap() < steps);
            assert!(progress.words.contains(": "), "{progress:?}");
            far += 1;
        }
    }
    assert!(far > 0, "nobody was told how far it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_a_backup_is_is_told_and_listed_while_it_goes_on_and_no_longer() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let mut told = site.app.state.hub.listen(None).receiver;
    let name = back_up(&mut amina).await;
    let mut words = Vec::new();
    while let Ok(numbered) = told.try_recv() {
        if let Event::Work {
            system,
            work,
            progress,
        } = &*numbered.event
        {
            assert_eq!(system, "obcms");
            assert_eq!(*work, WorkOn::Backup { name: name.clone() });
            words.push(progress.words.clone());
        }
    }
    assert!(!words.is_empty(), "nobody was told how far it is");
    assert_eq!(listed(&mut amina, &name).await["progress"], Value::Null);

    // as while it is verified again
    let system = site.app.state.systems.get("obcms").unwrap();
    let _busy = system.claim("backup").unwrap();
    let mut tx = site.app.state.store.write().await.unwrap();
    rows::set_verification(&mut tx, "obcms", &name, Verification::Begun)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let shown = listed(&mut amina, &name).await;
    assert_eq!(shown["state"], "verifying");
    assert!(words.contains(&shown["progress"]["words"].as_str().unwrap().to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_being_written_stands_in_the_list_once_and_a_broken_off_one_as_unusable() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let now = site.app.state.clock.now();
    let mut tx = site.app.state.store.write().await.unwrap();
    rows::insert(&mut tx, "obcms", "obcms-2", now, "amina", "by hand")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for name in ["obcms-1.unfinished", "obcms-2.unfinished"] {
        std::fs::create_dir_all(place(&site, name)).unwrap();
    }
    let system = site.app.state.systems.get("obcms").unwrap();
    let names = |all: &Value| -> Vec<(String, String)> {
        let word = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        let mut names: Vec<_> = (all.as_array().unwrap().iter())
            .map(|one| (word(one, "name"), word(one, "state")))
            .collect();
        names.sort();
        names
    };
    let pair = |name: &str, state: &str| (name.to_owned(), state.to_owned());

    let busy = system.claim("backup").unwrap();
    let all = amina.get("/systems/obcms/backups").await.json();
    let expected = [
        pair("obcms-1.unfinished", "unusable"),
        pair("obcms-2", "writing"),
    ];
    assert_eq!(names(&all), expected, "{all:#}");

    drop(busy);
    let all = amina.get("/systems/obcms/backups").await.json();
    let expected = [
        pair("obcms-1.unfinished", "unusable"),
        pair("obcms-2.unfinished", "unusable"),
    ];
    assert_eq!(names(&all), expected, "{all:#}");
}
