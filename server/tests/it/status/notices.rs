//! Updates and maintenance windows: scheduled, changed with every version kept, resolved, and safe whatever people write.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::account::Role;
use shared::checklist::{Checklist, ChecklistItem};
use shared::notice::{Notices, WindowStage};

use super::{get, operator, publish, site};
use crate::app::Client;
use crate::probes::Answering;
use crate::site::Site;

const HOSTILE: &str =
    "<script>alert(1)</script> <img src=x onerror=alert(1)> & \"q\" ]]> \r\nATTACH:x";

async fn status(site: &Site) -> Value {
    publish(site).await;
    get(&site.app, "/status/obcms/status.json").await.json()
}

async fn write(client: &mut Client, path: &str, body: Value) -> Notices {
    let answer = client.post(&format!("/systems/obcms/{path}"), body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

#[tokio::test]
async fn an_update_is_published_when_its_time_comes_and_an_edit_shows_and_is_kept() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    let later =
        json!({ "title": "Planned", "body": "At **ten**.", "publish_at": "2026-11-20T11:00" });
    let notices = write(&mut operator, "updates", later).await;
    let update = &notices.updates[0];
    assert_eq!(update.publish_at, "2026-11-20T03:00:00Z");
    assert_eq!(status(&site).await["updates"], json!([]));
    site.app.wait(Duration::from_secs(3600));
    let shown = status(&site).await;
    assert_eq!(
        shown["updates"][0]["html"],
        "<p>At <strong>ten</strong>.</p>\n"
    );
    assert!(shown["updates"][0]["edited"].is_null());

    let path = format!("/systems/obcms/updates/{}", update.id);
    let change =
        json!({ "title": "Planned", "body": "At eleven.", "version": 1, "resolved": true });
    let changed: Notices = operator.put(&path, &change).await.read();
    assert_eq!(changed.updates[0].history[0].body, "At **ten**.");
    assert!(changed.updates[0].resolved.is_some());
    let shown = status(&site).await;
    assert_eq!(shown["updates"][0]["edited"], "2026-11-20T03:00:00Z");
    assert_eq!(shown["updates"][0]["published"], "2026-11-20T03:00:00Z");
    // who has not seen the change cannot overwrite it
    let stale = operator.put(&path, &change).await;
    assert_eq!(stale.problem(), "changed-meanwhile");
    let audit = operator.get("/audit?action=notice.changed").await;
    assert!(audit.text.contains("juana-operator"), "{}", audit.text);
}

#[tokio::test]
async fn a_window_begins_by_itself_and_is_over_only_when_somebody_says_so() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    let window = json!({
        "title": "Restart", "body": "Save your work.", "starts": "2026-11-20T11:00", "ends": "2026-11-20T12:00",
        "interruption_minutes": 5,
    });
    let notices = write(&mut operator, "windows", window.clone()).await;
    let id = notices.windows[0].id;
    let stage = |status: &Value| status["maintenance"][0]["stage"].clone();
    assert_eq!(stage(&status(&site).await), "scheduled");
    site.app.wait(Duration::from_secs(3600));
    assert_eq!(stage(&status(&site).await), "in-progress");
    site.app.wait(Duration::from_secs(3600));
    let overdue = status(&site).await;
    assert_eq!(overdue["maintenance"][0]["overdue"], true);
    let page = get(&site.app, "/status/obcms").await.text;
    assert!(page.contains("In progress, longer than planned"));

    let path = format!("/systems/obcms/windows/{id}");
    let next = |stage: &str, version: i64| {
        let mut next = window.clone();
        next["stage"] = json!(stage);
        next["version"] = json!(version);
        next
    };
    for (word, version) in [("verifying", 1), ("completed", 2)] {
        let answer = operator.put(&path, next(word, version)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    assert_eq!(stage(&status(&site).await), "completed");
    let reopened = operator.put(&path, next("scheduled", 3)).await;
    assert_eq!(reopened.status, StatusCode::CONFLICT, "{}", reopened.text);
    let calendar = get(&site.app, "/status/obcms/maintenance.ics").await.text;
    for line in [
        "DTSTART:20261120T030000Z",
        "DTEND:20261120T040000Z",
        "SEQUENCE:2",
        "SUMMARY:OBCMS: Restart",
    ] {
        assert!(
            calendar.contains(&format!("{line}\r\n")),
            "{line} is not in {calendar}"
        );
    }
    let kept: Notices = operator.get("/systems/obcms/notices").await.read();
    assert_eq!(kept.windows[0].stage, WindowStage::Completed);
    assert_eq!(kept.windows[0].history.len(), 2);
}

/// Every text that is HTML, at any depth.
fn htmls(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(html) if name == "html" || name == "content_html" => {
                        found.push(html.clone());
                    }
                    value => htmls(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| htmls(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_people_write_stays_text_in_every_form() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    write(
        &mut operator,
        "updates",
        json!({ "title": "<b>x</b> & \"y\"", "body": HOSTILE }),
    )
    .await;
    write(
        &mut operator,
        "windows",
        json!({ "title": "<i>w</i>; a,b", "body": HOSTILE, "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00" }),
    )
    .await;
    publish(&site).await;
    for path in ["/status", "/status/obcms", "/status/obcms/feed.atom"] {
        let text = get(&site.app, path).await.text;
        for raw in ["<script>alert", "<img", "<b>x", "<i>w"] {
            assert!(!text.contains(raw), "{path} holds {raw}: {text}");
        }
    }
    // in JSON titles and texts are words, and HTML is HTML that shows those words
    for path in ["/status/obcms/status.json", "/status/obcms/feed.json"] {
        let answer = get(&site.app, path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let mut html = Vec::new();
        htmls(&answer.json(), &mut html);
        assert_eq!(html.len(), 2, "{path}: {}", answer.text);
        for html in html {
            assert!(html.contains("&lt;script&gt;alert(1)"), "{path}: {html}");
            for raw in ["<script", "<img"] {
                assert!(!html.contains(raw), "{path} holds {raw}: {html}");
            }
        }
        assert!(answer.text.contains("<b>x</b> & "), "{}", answer.text);
    }
    let calendar = get(&site.app, "/status/obcms/maintenance.ics").await.text;
    let unfolded = calendar.replace("\r\n ", "");
    assert!(
        unfolded.lines().all(|line| !line.starts_with("ATTACH")),
        "{unfolded}"
    );
    assert!(
        unfolded.contains("SUMMARY:OBCMS: <i>w</i>\\; a\\,b"),
        "{unfolded}"
    );
    let preview = operator
        .post(
            "/systems/obcms/notices/preview",
            json!({ "title": "{system}", "body": HOSTILE, "fields": [] }),
        )
        .await
        .json();
    assert_eq!(preview["title"], "OBCMS");
    assert!(!preview["html"].as_str().unwrap().contains("<script"));
}

#[tokio::test]
async fn times_and_words_that_cannot_be_are_refused_by_field() {
    let application = Answering::start().await;
    let site = super::site_with(&application, |config| {
        config.systems[0].timezone = "Europe/Berlin".into();
    })
    .await;
    let mut operator = operator(&site).await;
    let window = |starts: &str, ends: &str| json!({ "title": "x", "starts": starts, "ends": ends });
    for (path, body, field) in [
        ("updates", json!({ "title": " " }), "title"),
        ("updates", json!({ "title": "x".repeat(161) }), "title"),
        ("updates", json!({ "title": "two\nlines" }), "title"),
        (
            "updates",
            json!({ "title": "x", "body": "x".repeat(5001) }),
            "body",
        ),
        ("updates", json!({ "title": "On {date}" }), "fields.date"),
        (
            "updates",
            json!({ "title": "x", "body": "{next}", "fields": [["next", "soon"]] }),
            "fields.next",
        ),
        (
            "updates",
            json!({ "title": "x", "publish_at": "soon" }),
            "publish_at",
        ),
        (
            "windows",
            window("2027-03-28T02:30", "2027-03-28T05:00"),
            "starts",
        ),
        (
            "windows",
            window("2027-10-31T02:30", "2027-10-31T05:00"),
            "starts",
        ),
        (
            "windows",
            window("2026-12-13T05:00", "2026-12-13T02:00"),
            "ends",
        ),
        (
            "windows",
            window("2026-12-13T05:00", "2027-12-13T02:00"),
            "ends",
        ),
        (
            "windows",
            window("2025-12-13T05:00", "2025-12-13T07:00"),
            "ends",
        ),
    ] {
        let answer = operator
            .post(&format!("/systems/obcms/{path}"), &body)
            .await;
        assert_eq!(answer.problem(), "invalid", "{body}: {}", answer.text);
        assert_eq!(answer.json()["fields"][0]["field"], field, "{body}");
    }
    let unknown = operator
        .put(
            "/systems/obcms/updates/77",
            json!({ "title": "x", "version": 1 }),
        )
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

fn item(list: &Checklist, name: &str) -> ChecklistItem {
    let mut items = list.sections.iter().flat_map(|section| &section.items);
    items.find(|item| item.name == name).unwrap().clone()
}

#[tokio::test]
async fn a_public_system_measures_that_people_were_told_and_a_window_lies_ahead() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    let names = ["stakeholders-notified", "maintenance-window"];
    for name in names {
        let list: Checklist = operator.get("/systems/obcms/checklist").await.read();
        let found = item(&list, name);
        assert!(
            found.automatic && !found.done && found.required,
            "{found:?}"
        );
        let tick = operator
            .put(
                &format!("/systems/obcms/checklist/{name}"),
                json!({ "done": true }),
            )
            .await;
        assert_eq!(tick.status, StatusCode::CONFLICT, "{}", tick.text);
    }
    write(&mut operator, "updates", json!({ "title": "Work planned" })).await;
    write(
        &mut operator,
        "windows",
        json!({ "title": "Restart", "starts": "2026-11-21T02:00", "ends": "2026-11-21T06:00" }),
    )
    .await;
    let list: Checklist = operator.get("/systems/obcms/checklist").await.read();
    for name in names {
        assert!(item(&list, name).done, "{:?}", item(&list, name));
    }
    site.app.wait(Duration::from_secs(2 * 86_400));
    let mut later = site.app.client_named("later", Role::Operator).await;
    let list: Checklist = later.get("/systems/obcms/checklist").await.read();
    assert!(!item(&list, "maintenance-window").done, "it is over");
}

#[tokio::test]
async fn a_private_system_has_a_person_tick_that_people_were_told() {
    let site = Site::start().await;
    let mut operator = operator(&site).await;
    let answer = operator
        .put(
            "/systems/obcms/checklist/stakeholders-notified",
            json!({ "done": true, "note": "Memo 12." }),
        )
        .await;
    let list: Checklist = answer.read();
    let found = item(&list, "stakeholders-notified");
    assert!(found.done && !found.automatic, "{found:?}");
}

async fn measured(client: &mut Client, name: &str) -> ChecklistItem {
    let list: Checklist = client.get("/systems/obcms/checklist").await.read();
    item(&list, name)
}

#[tokio::test]
async fn what_was_told_of_work_that_was_taken_back_counts_no_more() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    write(&mut operator, "updates", json!({ "title": "Work planned" })).await;
    assert!(measured(&mut operator, "stakeholders-notified").await.done);
    site.world.apply().await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    server::runs::adopt(state, &system).await.unwrap();
    site.app.wait(Duration::from_secs(3600));
    let mut tx = state.store.write().await.unwrap();
    server::store::sql::query("UPDATE runs SET state = 'rolled-back', finished = $1")
        .bind(site.app.clock.now().0)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let again = measured(&mut operator, "stakeholders-notified").await;
    assert!(!again.done, "{again:?}");
    site.app.wait(Duration::from_secs(60));
    write(&mut operator, "updates", json!({ "title": "A second try" })).await;
    let again = measured(&mut operator, "stakeholders-notified").await;
    assert!(
        again.done && again.evidence.contains("A second try"),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_private_system_that_somebody_has_a_link_to_measures_that_people_were_told() {
    let site = Site::start().await;
    let mut operator = operator(&site).await;
    assert!(
        !measured(&mut operator, "stakeholders-notified")
            .await
            .automatic
    );
    let link = json!({ "label": "Minister", "audience": "executive", "days": 1 });
    let made = operator.post("/systems/obcms/status-links", link).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let found = measured(&mut operator, "stakeholders-notified").await;
    assert!(found.automatic && !found.done, "{found:?}");
    write(&mut operator, "updates", json!({ "title": "Work planned" })).await;
    assert!(measured(&mut operator, "stakeholders-notified").await.done);
    // with the link nobody reads it any more
    let id = made.json()["link"]["id"].as_str().unwrap().to_owned();
    operator
        .delete(&format!("/systems/obcms/status-links/{id}"))
        .await;
    assert!(
        !measured(&mut operator, "stakeholders-notified")
            .await
            .automatic
    );
}

#[tokio::test]
async fn a_feed_tells_of_windows_and_of_what_is_resolved_under_names_that_stay() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    let update = json!({ "title": "Slow today", "body": "We look at it." });
    let update = write(&mut operator, "updates", update).await.updates[0].id;
    let window =
        json!({ "title": "Restart", "starts": "2026-11-20T11:00", "ends": "2026-11-20T13:00" });
    write(&mut operator, "windows", window).await;
    async fn feed(site: &Site) -> (Value, String) {
        publish(site).await;
        let answer = get(&site.app, "/status/obcms/feed.json").await;
        let changed = answer.headers["last-modified"].to_str().unwrap().to_owned();
        (answer.json(), changed)
    }
    let entry = |feed: &Value, name: &str| -> Value {
        let items = feed["items"].as_array().unwrap();
        let id = format!("http://status.example.org/status/obcms#{name}");
        items.iter().find(|one| one["id"] == *id).unwrap().clone()
    };
    let (first, changed) = feed(&site).await;
    assert_eq!(changed, "Fri, 20 Nov 2026 02:00:00 GMT");
    assert_eq!(
        entry(&first, "window-1")["title"],
        "Maintenance: Restart (scheduled)"
    );

    site.app.wait(Duration::from_secs(60));
    let resolved =
        json!({ "title": "Slow today", "body": "We look at it.", "version": 1, "resolved": true });
    let path = format!("/systems/obcms/updates/{update}");
    assert_eq!(operator.put(&path, resolved).await.status, StatusCode::OK);
    let (second, changed) = feed(&site).await;
    assert_eq!(changed, "Fri, 20 Nov 2026 02:01:00 GMT");
    let told = entry(&second, "update-1");
    assert_eq!(told["date_published"], "2026-11-20T02:00:00Z");
    assert_eq!(told["date_modified"], "2026-11-20T02:01:00Z");
    assert!(
        told["content_text"]
            .as_str()
            .unwrap()
            .contains("Resolved 20 Nov 2026, 10:01 (Asia/Manila).")
    );

    // a window that begins by itself is news too
    site.app.wait(Duration::from_secs(3600));
    let (third, changed) = feed(&site).await;
    assert_eq!(changed, "Fri, 20 Nov 2026 03:00:00 GMT");
    assert_eq!(
        entry(&third, "window-1")["title"],
        "Maintenance: Restart (in progress)"
    );
}
