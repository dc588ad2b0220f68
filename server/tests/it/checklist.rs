//! Checklists: people tick what only they know, machines measure the rest, and nobody can tick in a machine's place.

use axum::http::StatusCode;
use serde_json::json;
use shared::account::Role;
use shared::checklist::{Checklist, ChecklistItem};

use crate::site::Site;

fn item<'a>(list: &'a Checklist, name: &str) -> &'a ChecklistItem {
    let mut items = list.sections.iter().flat_map(|section| &section.items);
    items.find(|item| item.name == name).expect("the item")
}

#[tokio::test]
async fn a_tick_names_the_person_and_can_be_taken_back() {
    let site = Site::start().await;
    let mut operator = site.app.client(Role::Operator).await;
    let path = "/systems/obcms/checklist/rollback-plan";
    let list: Checklist = operator
        .put(path, json!({ "done": true, "note": "wiki/rollback" }))
        .await
        .read();
    let ticked = item(&list, "rollback-plan");
    assert_eq!(
        (ticked.done, ticked.by.as_deref()),
        (true, Some("operator"))
    );
    assert_eq!(ticked.evidence, "wiki/rollback");
    let list: Checklist = operator.put(path, json!({ "done": false })).await.read();
    assert!(!item(&list, "rollback-plan").done);
    let audit = operator.get("/audit?action=checklist.ticked").await;
    assert!(audit.text.contains("rollback-plan"), "{}", audit.text);
}

#[tokio::test]
async fn what_a_machine_measures_is_not_ticked_by_hand() {
    let site = Site::start().await;
    let mut administrator = site.app.client(Role::Administrator).await;
    let answer = administrator
        .put(
            "/systems/obcms/checklist/backup-database",
            json!({ "done": true }),
        )
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let list: Checklist = administrator.get("/systems/obcms/checklist").await.read();
    assert!(!item(&list, "backup-database").done);
    assert!(item(&list, "database").done, "the target answers");
}

#[tokio::test]
async fn viewers_do_not_tick_and_unknown_items_are_not_kept() {
    let site = Site::start().await;
    let mut viewer = site.app.client(Role::Viewer).await;
    let tick = json!({ "done": true });
    let answer = viewer
        .put("/systems/obcms/checklist/rollback-plan", &tick)
        .await;
    assert_eq!(answer.problem(), "not-allowed");
    let mut operator = site.app.client(Role::Operator).await;
    let answer = operator
        .put("/systems/obcms/checklist/nothing", &tick)
        .await;
    assert_eq!(answer.problem(), "not-found");
    let long = json!({ "done": true, "note": "x".repeat(2001) });
    let answer = operator
        .put("/systems/obcms/checklist/rollback-plan", &long)
        .await;
    assert_eq!(answer.problem(), "invalid");
}

#[tokio::test]
async fn the_newest_report_answers_the_items_after_the_migration() {
    let site = Site::migrated().await;
    let mut operator = site.app.client(Role::Operator).await;
    let list: Checklist = operator.get("/systems/obcms/checklist").await.read();
    assert!(!item(&list, "records-assigned").done);
    operator.post("/systems/obcms/reports", ()).await;
    let list: Checklist = operator.get("/systems/obcms/checklist").await.read();
    let assigned = item(&list, "records-assigned");
    assert!(
        assigned.done && assigned.evidence.contains("report 1"),
        "{assigned:?}"
    );
}
