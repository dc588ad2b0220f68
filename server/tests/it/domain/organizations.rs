//! Organizations over weeks: waves, the days that each is watched, suspending one without touching another, and changes
//! that fail half-way between the target and the control store.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};
use server::db::{Access, Connection, Dialect};
use server::engine::executor::Outcome;
use server::reconcile;
use server::store::sql;
use shared::account::Role;

use crate::app::{Answer, Client, TestApp};
use crate::site::{Site, with_modes};

const DAY: Duration = Duration::from_secs(24 * 3600);
const CODES: [&str; 7] = ["P1", "P2", "P3", "W1", "W2", "X1", "X2"];

/// A migrated system that serves many organizations, with seven prepared ones in three waves.
pub(super) async fn planned() -> (Site, Client) {
    let site = Site::migrated_with(with_modes).await;
    std::fs::write(site.environment_file(), "BMMS_MODE=bmms\n").unwrap();
    let mut amina = administrator(&site.app).await;
    let rows: String = CODES
        .iter()
        .map(|code| format!("{code},Office {code},office,Safia Amir,safia@{code}.example\n"))
        .collect();
    let csv = format!("code,name,kind,contact_name,contact_email\n{rows}");
    let imported = import(&mut amina, csv.as_bytes()).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
    for code in CODES {
        prepare(&mut amina, code).await;
    }
    let waves = json!({ "waves": [
        { "title": "Pilot", "organizations": ["P1", "P2", "P3"], "soak_days": 14 },
        { "title": "First", "organizations": ["W1", "W2"], "soak_days": 7 },
        { "title": "Second", "organizations": ["X1", "X2"], "soak_days": 7 },
    ] });
    let answer = amina.put("/systems/obcms/waves", waves).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    (site, amina)
}

/// Another administrator: sessions do not last for weeks.
async fn administrator(app: &TestApp) -> Client {
    let name = format!("amina{}", app.clock.now().0);
    app.client_named(&name, Role::Administrator).await
}

/// Looks at the preview of a file, then imports exactly that.
pub async fn import(client: &mut Client, file: &[u8]) -> Answer {
    let file = base64::engine::general_purpose::STANDARD.encode(file);
    let path = "/systems/obcms/organizations/import";
    let preview = client
        .post(path, json!({ "csv_base64": file, "preview": true }))
        .await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    let seen = preview.json()["seen"].clone();
    let body = json!({ "csv_base64": file, "preview": false, "seen": seen });
    client.post(path, body).await
}

async fn detail(client: &mut Client, code: &str) -> Value {
    let path = format!("/systems/obcms/organizations/{code}");
    client.get(&path).await.json()
}

async fn prepare(client: &mut Client, code: &str) {
    let path = format!("/systems/obcms/organizations/{code}");
    let version = detail(client, code).await["organization"]["version"].clone();
    let change = json!({ "version": version, "ticks": [["data-owner", true]], "people": [{
        "name": "Amina", "email": "amina@example.org", "role": "organization-administrator",
        "training": "2026-12-15", "trained": true
    }] });
    let answer = client.patch(&path, change).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    client.post(&format!("{path}/isolation"), Value::Null).await;
    let answer = move_to(client, code, "prepared").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

async fn move_to(client: &mut Client, code: &str, to: &str) -> Answer {
    let version = detail(client, code).await["organization"]["version"].clone();
    let path = format!("/systems/obcms/organizations/{code}/move");
    let body = json!({ "version": version, "to": to, "reason": "Asked for by its head." });
    client.post(&path, body).await
}

async fn start_wave(client: &mut Client, number: u32) -> Answer {
    let path = format!("/systems/obcms/waves/{number}/start");
    client.post(&path, Value::Null).await
}

async fn stages(client: &mut Client) -> Vec<(String, String)> {
    let list = client.get("/systems/obcms/organizations").await.json();
    let mut stages: Vec<_> = list["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap().to_owned();
            (text("code"), text("stage"))
        })
        .filter(|(code, _)| CODES.contains(&code.as_str()))
        .collect();
    stages.sort();
    stages
}

async fn active(site: &Site) -> Vec<String> {
    let rows = site
        .world
        .rows("SELECT code FROM organizations_organization WHERE is_active = 1 ORDER BY code")
        .await;
    rows.iter().map(|row| row.string(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_go_live_one_after_the_other_each_after_its_days() {
    let (site, mut amina) = planned().await;
    assert_eq!(active(&site).await, ["OOBC"]);
    let early = start_wave(&mut amina, 1).await;
    assert_eq!(early.problem(), "gate-closed");
    assert!(early.text.contains("Pilot"), "{}", early.text);
    let alone = move_to(&mut amina, "W1", "active").await;
    assert_eq!(alone.problem(), "gate-closed", "its wave has not started");

    let pilot = start_wave(&mut amina, 0).await;
    assert_eq!(pilot.status, StatusCode::OK, "{}", pilot.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P2", "P3"]);
    assert_eq!(start_wave(&mut amina, 0).await.problem(), "gate-closed");

    site.app.wait(DAY * 14 - Duration::from_secs(60));
    let mut amina = administrator(&site.app).await;
    let early = start_wave(&mut amina, 1).await;
    assert_eq!(early.problem(), "gate-closed");
    assert!(early.text.contains("14 days"), "{}", early.text);
    let early = move_to(&mut amina, "P1", "active").await;
    assert_eq!(early.problem(), "gate-closed", "{}", early.text);

    site.app.wait(Duration::from_secs(61));
    let moved = move_to(&mut amina, "P1", "active").await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.text);
    let first = start_wave(&mut amina, 1).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P2", "P3", "W1", "W2"]);
    assert_eq!(start_wave(&mut amina, 2).await.problem(), "gate-closed");

    // a wave that has started keeps its organizations
    let waves = json!({ "waves": [
        { "title": "Pilot", "organizations": ["P1", "P2", "P3"], "soak_days": 14 },
        { "title": "First", "organizations": ["W1"], "soak_days": 0 },
    ] });
    let answer = amina.put("/systems/obcms/waves", waves).await;
    assert_eq!(answer.problem(), "invalid", "{}", answer.text);

    site.app.wait(DAY * 7);
    let mut amina = administrator(&site.app).await;
    let second = start_wave(&mut amina, 2).await;
    assert_eq!(second.status, StatusCode::OK, "{}", second.text);
    assert_eq!(active(&site).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspending_one_touches_no_other_and_it_comes_back() {
    let (site, mut amina) = planned().await;
    start_wave(&mut amina, 0).await;
    let others = "SELECT id, code, name, org_type, is_active, metadata, created_at, updated_at \
         FROM organizations_organization WHERE code <> 'P2' ORDER BY id";
    let rest = [
        others,
        "SELECT id, name, code, organization_id FROM communities_community ORDER BY id",
        "SELECT id, text, community_id, organization_id FROM communities_profile ORDER BY id",
        "SELECT id, title, office, organization_id FROM project_ppa ORDER BY id",
    ];
    let before = contents(&site, &rest).await;
    let without_reason = {
        let version = detail(&mut amina, "P2").await["organization"]["version"].clone();
        let body = json!({ "version": version, "to": "suspended", "reason": " " });
        amina
            .post("/systems/obcms/organizations/P2/move", body)
            .await
    };
    assert_eq!(without_reason.problem(), "invalid");
    let answer = move_to(&mut amina, "P2", "suspended").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P3"]);
    assert_eq!(contents(&site, &rest).await, before);
    let listed = stages(&mut amina).await;
    let suspended: Vec<_> = listed
        .iter()
        .filter(|(_, stage)| stage == "suspended")
        .collect();
    assert_eq!(suspended.len(), 1);
    let seen = detail(&mut amina, "P2").await;
    let why = seen["organization"]["blocked"].as_str().unwrap();
    assert_eq!(why, "Asked for by its head.");

    let answer = move_to(&mut amina, "P2", "active").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P2", "P3"]);
    assert_eq!(contents(&site, &rest).await, before);
    let page = amina.get("/audit?action=organization.moved").await.json();
    let texts: Vec<_> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        texts[0].contains("P2") && texts[1].contains("Suspended P2"),
        "{texts:?}"
    );
}

async fn contents(site: &Site, statements: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for statement in statements {
        all.push(format!("{:?}", site.world.rows(statement).await));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_says_otherwise_than_its_stage_is_shown() {
    let (site, mut amina) = planned().await;
    start_wave(&mut amina, 0).await;
    site.world
        .execute("UPDATE organizations_organization SET is_active = 0 WHERE code = 'P1'")
        .await;
    let seen = detail(&mut amina, "P1").await;
    let why = seen["organization"]["blocked"].as_str().unwrap();
    assert!(why.contains("people cannot work"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollback_took_away_can_be_added_prepared_and_started_again() {
    let (site, mut amina) = planned().await;
    start_wave(&mut amina, 0).await;
    // as restoring a backup from before the onboarding leaves the target
    site.world
        .execute("DELETE FROM organizations_organization WHERE code <> 'OOBC'")
        .await;
    let again = "code,name,kind,contact_name,contact_email\nP1,Office P1,office,Safia Amir,safia@p1.example\n";
    let answer = import(&mut amina, again.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let by_hand = json!({ "code": "P2", "name": "Office P2", "kind": "office" });
    let answer = amina.post("/systems/obcms/organizations", by_hand).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.json()["stage"], "invited");
    let seen = detail(&mut amina, "P1").await;
    assert_eq!(
        seen["people"].as_array().unwrap().len(),
        1,
        "its people are known"
    );
    prepare(&mut amina, "P1").await;
    let waves =
        json!({ "waves": [{ "title": "Pilot", "organizations": ["P1"], "soak_days": 14 }] });
    let answer = amina.put("/systems/obcms/waves", waves).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = start_wave(&mut amina, 0).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(active(&site).await, ["OOBC", "P1"]);
}

/// Another process that holds the target's write lock until dropped.
async fn lock(site: &Site) -> Connection {
    let mut db = Connection::open(&site.world.url, Access::Write)
        .await
        .unwrap();
    db.begin_write().await.unwrap();
    db
}

async fn left(site: &Site) -> i64 {
    sql::query_scalar("SELECT COUNT(*) FROM organization_intents")
        .fetch_one(site.app.state.store.read())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wave_that_cannot_reach_the_target_leaves_nobody_half_moved() {
    let (site, mut amina) = planned().await;
    let before = stages(&mut amina).await;
    let lock = lock(&site).await;
    let answer = start_wave(&mut amina, 0).await;
    assert_eq!(answer.problem(), "unavailable", "{}", answer.text);
    lock.close().await;
    assert_eq!(stages(&mut amina).await, before);
    assert_eq!(active(&site).await, ["OOBC"]);
    assert_eq!(left(&site).await, 0);
    let again = start_wave(&mut amina, 0).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P2", "P3"]);
}

/// Lets the control store fail where the audit entry of a wave or a move would be written.
async fn break_the_store(site: &Site, broken: bool) {
    let statement = if broken {
        "CREATE TRIGGER broken BEFORE INSERT ON audit \
         WHEN NEW.action IN ('organizations.wave-started', 'organization.moved') \
         BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    } else {
        "DROP TRIGGER broken"
    };
    let mut tx = site.app.state.store.write().await.unwrap();
    tx.script(statement).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reached_the_target_is_carried_on_after_the_control_store_failed() {
    let (site, mut amina) = planned().await;
    break_the_store(&site, true).await;
    let answer = start_wave(&mut amina, 0).await;
    assert_eq!(answer.problem(), "internal", "{}", answer.text);
    assert_eq!(active(&site).await, ["OOBC", "P1", "P2", "P3"]);
    // in between it is seen, not hidden
    let seen = detail(&mut amina, "P1").await;
    let why = seen["organization"]["blocked"].as_str().unwrap();
    assert!(why.contains("people can work"), "{why}");
    assert_eq!(left(&site).await, 1);

    break_the_store(&site, false).await;
    reconcile::begin(&site.app.state);
    let path = "/systems/obcms/organizations/P1";
    amina
        .until(path, "the rest of the change", |one| {
            one["organization"]["stage"] == "pilot"
        })
        .await;
    assert_eq!(left(&site).await, 0);
    let page = amina
        .get("/audit?action=organizations.wave-started")
        .await
        .json();
    assert_eq!(page["total"], 1);
    assert!(
        page["entries"][0]["actor"]
            .as_str()
            .unwrap()
            .starts_with("amina")
    );
    assert_eq!(start_wave(&mut amina, 0).await.problem(), "gate-closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_reach_the_target_is_dropped_and_told() {
    let (site, mut amina) = planned().await;
    break_the_store(&site, true).await;
    let answer = start_wave(&mut amina, 0).await;
    assert_eq!(answer.problem(), "internal");
    // as after a power cut in which the target lost what it had not written to its disk
    site.world
        .execute("UPDATE organizations_organization SET is_active = 0 WHERE code LIKE 'P%'")
        .await;
    break_the_store(&site, false).await;
    reconcile::begin(&site.app.state);
    let path = "/audit?action=organization.not-changed";
    amina
        .until(path, "the end of the change", |page| page["total"] == 1)
        .await;
    assert_eq!(left(&site).await, 0);
    let listed = stages(&mut amina).await;
    assert!(
        listed.iter().all(|(_, stage)| stage == "prepared"),
        "{listed:?}"
    );
}

/// Another writer of the application's table is nothing that a change of an organization would wait for.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_an_organization_does_not_count_the_rows_of_the_target() {
    let site = Site::on(Dialect::Postgres, |_| ()).await;
    assert_eq!(site.world.apply().await, Outcome::Done);
    let mut amina = administrator(&site.app).await;
    let version = detail(&mut amina, "OOBC").await["organization"]["version"].clone();

    // nobody can read the rows of a migrated table
    let mut other = site.world.open().await;
    other.begin_write().await.unwrap();
    let lock = "LOCK TABLE communities_profile IN ACCESS EXCLUSIVE MODE";
    other.execute(lock).await.unwrap();
    let change = json!({ "version": version, "name": "Office", "ticks": [["data-owner", true]] });
    let path = "/systems/obcms/organizations/OOBC";
    let answer = amina.patch(path, change).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["organization"]["name"], "Office");
    // the rows that its page shows are there all the same
    assert_eq!(
        answer.json()["rows"],
        detail(&mut amina, "OOBC").await["rows"]
    );
    other.roll_back().await;
}
