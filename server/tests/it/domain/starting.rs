//! Starting: what a target that is not well is refused with, and who of two wins.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::db::{Access, Connection};
use server::reconcile;
use shared::account::Role;

use crate::app::Client;
use crate::site::{Site, back_up, run_is, tick_required};

async fn preflight(client: &mut Client) -> Value {
    let answer = client.post("/systems/obcms/preflight", Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// The checks that failed, each with evidence and a remedy.
fn failed(found: &Value) -> Vec<String> {
    let checks = found["checks"].as_array().unwrap();
    let failed: Vec<&Value> = checks.iter().filter(|one| one["passed"] == false).collect();
    for check in &failed {
        assert!(
            check["evidence"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
            "{check:#}"
        );
        assert!(
            check["remedy"].as_str().is_some_and(|text| text.len() > 5),
            "{check:#}"
        );
    }
    failed
        .iter()
        .map(|check| check["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn ready(site: &Site) -> (Client, Value) {
    let mut amina = site.app.client_named("amina", Role::Administrator).await;
    tick_required(&mut amina).await;
    back_up(&mut amina).await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    (amina, json!({ "fingerprint": plan["fingerprint"] }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_target_passes_every_check() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    let found = preflight(&mut amina).await;
    assert_eq!(failed(&found), Vec::<String>::new(), "{found:#}");
    // kept with the plan
    let plan = amina.get("/systems/obcms/plan").await.json();
    assert_eq!(plan["preflight"]["checks"], found["checks"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_constraint_over_all_organizations_is_told_with_its_collisions_and_keeps_no_run_from_starting()
 {
    let site = Site::start().await;
    // two codes that differ by case and a space alone
    site.world
        .execute("UPDATE communities_community SET code = 'c1 ' WHERE code = 'C2'")
        .await;
    site.world
        .execute("DROP INDEX communities_profile_community_id")
        .await;
    let (mut amina, start) = ready(&site).await;
    let found = preflight(&mut amina).await;
    let advice: Vec<&Value> = (found["checks"].as_array().unwrap().iter())
        .filter(|check| {
            ["unique-at-risk", "no-index-on-foreign-key"].contains(&check["name"].as_str().unwrap())
        })
        .collect();
    let said: Vec<&str> = advice
        .iter()
        .map(|check| check["evidence"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "communities_profile.community_id has no index.",
            "code of communities_community is unique over all organizations; 2 rows nearly collide already."
        ]
    );
    for check in advice {
        assert_eq!(
            (&check["passed"], &check["warning"]),
            (&json!(true), &json!(true))
        );
        assert!(check["remedy"].is_string(), "{check:#}");
    }
    assert_eq!(found["passed"], true, "{found:#}");
    let answer = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_locked_by_another_writer_is_said_and_no_run_starts() {
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    let mut lock = Connection::open(&site.world.url, Access::Write)
        .await
        .unwrap();
    lock.begin_write().await.unwrap();
    let found = preflight(&mut amina).await;
    assert!(!failed(&found).is_empty(), "{found:#}");
    let answer = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
    assert!(answer.text.contains("Preflight"), "{}", answer.text);
    lock.close().await;
    let answer = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_missing_no_database_or_corrupt_is_said_on_every_page() {
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    let path = site.world.url.path().unwrap().to_owned();
    let whole = std::fs::read(&path).unwrap();
    let mut corrupt = whole.clone();
    for byte in &mut corrupt[4096..] {
        *byte ^= 0x5a;
    }
    for bytes in [
        None,
        Some(b"this is a letter, and no database at all".repeat(200)),
        Some(corrupt),
    ] {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
        }
        match &bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let found = preflight(&mut amina).await;
        assert!(!failed(&found).is_empty(), "{found:#}");
        for page in [
            "",
            "/plan",
            "/coverage",
            "/organizations",
            "/rollback",
            "/checklist",
        ] {
            let answer = amina.get(&format!("/systems/obcms{page}")).await;
            let problem = answer.problem();
            assert!(
                answer.status == StatusCode::OK
                    || problem == "unavailable"
                    || problem == "conflict",
                "{page}: {}",
                answer.text
            );
            assert!(
                answer.status == StatusCode::OK || answer.json()["remedy"].is_string(),
                "{page}: {}",
                answer.text
            );
        }
        let answer = amina.post("/systems/obcms/runs", &start).await;
        assert!(
            answer.status.is_client_error() || answer.problem() == "unavailable",
            "{}",
            answer.text
        );
    }
    std::fs::write(&path, whole).unwrap();
    assert_eq!(failed(&preflight(&mut amina).await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_may_not_be_written_is_said_and_no_run_starts() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    let path = site.world.url.path().unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    // the superuser writes what nobody may
    if std::fs::File::options().write(true).open(path).is_ok() {
        return;
    }
    let found = preflight(&mut amina).await;
    assert!(
        failed(&found).contains(&"file-writable".to_owned()),
        "{found:#}"
    );
    let answer = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(answer.problem(), "gate-closed", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_checked_before_a_run_or_a_way_back_is_not_told_of_the_target_after_it() {
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    preflight(&mut amina).await;
    reconcile::begin(&site.app.state);
    let started = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    run_is(&mut amina, 1, "done").await;
    let plan = amina.get("/systems/obcms/plan").await.json();
    assert!(plan["preflight"].is_null(), "{:#}", plan["preflight"]);

    preflight(&mut amina).await;
    let ways = amina.get("/systems/obcms/rollback").await.json();
    let fingerprint = ways["undo_all"]["fingerprint"].clone();
    let wanted = json!({ "way": "undo-all", "fingerprint": fingerprint, "confirm": "OBCMS" });
    let begun = amina.post("/systems/obcms/rollback", wanted).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    let plan = amina.get("/systems/obcms/plan").await.json();
    assert!(plan["preflight"].is_null(), "{:#}", plan["preflight"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_went_stale_between_click_and_step_stops_the_run_there() {
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    let started = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    // accepted, not driven yet: now a row appears that no rule can place
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id = 7")
        .await;
    reconcile::begin(&site.app.state);
    let run = run_is(&mut amina, 1, "waiting-at-gate").await;
    let evidence = run["waiting"]["evidence"].as_str().unwrap();
    assert!(evidence.starts_with("1 of 34"), "{evidence}");
    // who watches the numbers sees it too
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let numbers = site.app.anonymous().request(request).await.text;
    let waiting = "switchyard_runs{system=\"obcms\",state=\"waiting-at-gate\"} 1";
    assert!(numbers.contains(waiting), "{numbers}");
    let required = "SELECT COUNT(*) FROM pragma_table_info('project_ppa') \
                    WHERE name = 'organization_id' AND \"notnull\" = 1";
    assert_eq!(site.world.count(required).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_that_name_with_another_meaning_is_refused_with_its_table() {
    let site = Site::start().await;
    let mut amina = site.app.client(Role::Administrator).await;
    site.world
        .execute("ALTER TABLE project_ppa ADD COLUMN organization_id text NOT NULL DEFAULT 'none'")
        .await;
    let found = preflight(&mut amina).await;
    assert!(failed(&found).contains(&"plan".to_owned()), "{found:#}");
    let plan = amina.get("/systems/obcms/plan").await.json();
    let refusals = plan["refusals"].as_array().unwrap();
    assert!(!refusals.is_empty());
    assert!(
        refusals[0].to_string().contains("project_ppa"),
        "{refusals:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_administrators_who_start_at_once_one_starts_a_run() {
    let site = Site::start().await;
    let (mut amina, start) = ready(&site).await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let (first, second) = tokio::join!(
        amina.post("/systems/obcms/runs", &start),
        jamil.post("/systems/obcms/runs", &start)
    );
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(
        statuses,
        [StatusCode::ACCEPTED, StatusCode::CONFLICT],
        "{} {}",
        first.text,
        second.text
    );
    let runs = amina.get("/systems/obcms/runs").await.json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    // and another one beside it does not start either
    let third = amina.post("/systems/obcms/runs", &start).await;
    assert_eq!(third.problem(), "conflict", "{}", third.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_roll_back_at_once_one_does_and_its_tasks_wait_for_people() {
    let site = Site::start().await;
    reconcile::begin(&site.app.state);
    let (mut amina, start) = ready(&site).await;
    amina.post("/systems/obcms/runs", &start).await;
    run_is(&mut amina, 1, "done").await;
    let mut jamil = site.app.client_named("jamil", Role::Administrator).await;
    let options = amina.get("/systems/obcms/rollback").await.json();
    let body = json!({
        "way": "undo-all", "fingerprint": options["undo_all"]["fingerprint"], "confirm": "OBCMS"
    });
    let (first, second) = tokio::join!(
        amina.post("/systems/obcms/rollback", &body),
        jamil.post("/systems/obcms/rollback", &body)
    );
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(
        statuses,
        [StatusCode::ACCEPTED, StatusCode::CONFLICT],
        "{} {}",
        first.text,
        second.text
    );
    let ended = amina
        .until("/systems/obcms/rollback", "its end", |options| {
            options["current"]["state"] == "done"
        })
        .await;
    let id = ended["current"]["id"].as_i64().unwrap();
    assert_eq!(ended["history"], json!([]));

    let mut omar = site.app.client_named("omar", Role::Operator).await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let task = |name: &str| format!("/systems/obcms/rollbacks/{id}/tasks/{name}");
    let note = json!({ "note": "The list query took 4 s at 09:10.", "done": true });
    assert_eq!(
        viewer.put(&task("cause"), &note).await.problem(),
        "not-allowed"
    );
    let empty = json!({ "note": "  ", "done": true });
    assert_eq!(omar.put(&task("cause"), empty).await.problem(), "invalid");
    let long = json!({ "note": "x".repeat(20_001), "done": false });
    assert_eq!(
        omar.put(&task("post-mortem"), long).await.problem(),
        "invalid"
    );
    assert_eq!(omar.put(&task("party"), &note).await.problem(), "not-found");
    for name in [
        "cause",
        "post-mortem",
        "staging",
        "re-migration",
        "stakeholders",
    ] {
        let answer = omar.put(&task(name), &note).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
    }
    let options = viewer.get("/systems/obcms/rollback").await.json();
    for written in options["current"]["tasks"].as_array().unwrap() {
        assert_eq!(written["done"], true, "{written:#}");
        assert_eq!(written["by"], "omar");
        assert!(written["note"].as_str().unwrap().contains("4 s"));
    }
    let page = viewer.get("/audit?action=rollback.task").await.json();
    assert_eq!(page["total"], 5);
}
