//! Files of organizations over the API: what is wrong is named with its row, the import is the preview, and nothing is
//! imported half.

use axum::http::StatusCode;
use base64::Engine as _;
use serde_json::{Value, json};
use server::config::PlaybookSource;
use server::db::{Access, Connection};
use shared::account::Role;

use super::organizations::import;
use crate::app::{Answer, Client};
use crate::site::Site;

const HEAD: &str = "code,name,kind,contact_name,contact_email\n";

/// A migrated system whose application knows three kinds of organizations.
async fn site() -> (Site, Client) {
    let site = Site::migrated_with(|config| {
        let PlaybookSource::File(file) = &config.systems[0].playbook else {
            panic!("a file");
        };
        let text = std::fs::read_to_string(file).unwrap();
        let with = "type = \"org_type\"\ntypes = [\"ministry\", \"office\", \"agency\"]\n";
        std::fs::write(file, text.replace("type = \"org_type\"\n", with)).unwrap();
    })
    .await;
    let operator = site.app.client(Role::Operator).await;
    (site, operator)
}

async fn preview(client: &mut Client, file: &[u8]) -> Answer {
    let file = base64::engine::general_purpose::STANDARD.encode(file);
    let body = json!({ "csv_base64": file, "preview": true });
    client
        .post("/systems/obcms/organizations/import", body)
        .await
}

async fn count(site: &Site) -> i64 {
    site.world
        .count("SELECT COUNT(*) FROM organizations_organization")
        .await
}

/// The file is refused as a whole, with this in the field and in the message.
async fn refused(site: &Site, client: &mut Client, file: &[u8], field: &str, message: &str) {
    let before = count(site).await;
    let answer = import(client, file).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text
    );
    let problem = answer.json();
    let found = problem["fields"].as_array().unwrap().iter().any(|one| {
        one["field"].as_str().unwrap().contains(field)
            && one["message"].as_str().unwrap().contains(message)
    });
    assert!(found, "{field}: {message}: {problem:#}");
    assert_eq!(count(site).await, before, "nothing of it may be imported");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_one_wrong_row_is_refused_as_a_whole_with_row_and_remedy() {
    let (site, mut client) = site().await;
    let with = |row: &str| format!("{HEAD}MOH,Ministry of Health,ministry,,\n{row}\n").into_bytes();
    let bad: [(Vec<u8>, &str, &str); 7] = [
        (
            with("moh,Again,office,,"),
            "row 3, code",
            "Line 2 has the code",
        ),
        (
            with("MFBM,Finance,bureau,,"),
            "row 3, kind",
            "ministry, office, agency",
        ),
        (
            with("MFBM,=cmd|' /C calc'!A0,office,,"),
            "row 3, name",
            "formula",
        ),
        (
            with("MFBM,Finance,office,,+639"),
            "row 3, contact_email",
            "",
        ),
        (with("M,Finance,office,,"), "row 3, code", "2 to 20"),
        (with("MFBM,Finance"), "line 3", "2 cells"),
        (
            [with("MFBM,Pe"), vec![0xf1, b'a', b'\n']].concat(),
            "line",
            "UTF-8",
        ),
    ];
    for (file, field, message) in &bad {
        refused(&site, &mut client, file, field, message).await;
    }
    let empty = preview(&mut client, b"").await.json();
    assert_eq!(empty["problems"].as_array().unwrap().len(), 1, "{empty:#}");
    let not_base64 = json!({ "csv_base64": "%%%", "preview": true });
    let path = "/systems/obcms/organizations/import";
    assert_eq!(client.post(path, not_base64).await.problem(), "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_in_use_is_a_change_of_that_organization_and_no_second_one() {
    let (site, mut client) = site().await;
    let first = format!("{HEAD}MOH,Ministry of Health,ministry,,\n");
    assert_eq!(
        import(&mut client, first.as_bytes()).await.status,
        StatusCode::OK
    );
    let again = format!("{HEAD}moh,Ministry of Health and Healing,ministry,,\n");
    let seen = preview(&mut client, again.as_bytes()).await.json();
    assert_eq!(
        (seen["new"].as_u64(), seen["changed"].as_u64()),
        (Some(0), Some(1))
    );
    assert_eq!(
        import(&mut client, again.as_bytes()).await.status,
        StatusCode::OK
    );
    let named = "SELECT COUNT(*) FROM organizations_organization \
                 WHERE code = 'MOH' AND name = 'Ministry of Health and Healing'";
    assert_eq!(site.world.count(named).await, 1);
    let alike = "SELECT COUNT(*) FROM organizations_organization WHERE lower(code) = 'moh'";
    assert_eq!(site.world.count(alike).await, 1);

    // entered by hand, the same rules hold
    let path = "/systems/obcms/organizations";
    let unknown = json!({ "code": "BUR", "name": "A bureau", "kind": "bureau" });
    let answer = client.post(path, unknown).await;
    assert_eq!(
        answer.json()["fields"][0]["field"],
        "kind",
        "{}",
        answer.text
    );
    let version =
        client.get(&format!("{path}/MOH")).await.json()["organization"]["version"].clone();
    let change = json!({ "version": version, "kind": "bureau" });
    let answer = client.patch(&format!("{path}/MOH"), change).await;
    assert_eq!(
        answer.json()["fields"][0]["field"],
        "kind",
        "{}",
        answer.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_rows_are_imported_as_previewed_and_one_more_is_refused() {
    let (site, mut client) = site().await;
    let row = |number: usize| format!("C{number},\"Office {number}, Peñafrancia\",office,,\n");
    let mut file = HEAD.to_owned();
    file.extend((0..10_000).map(row));
    let seen = preview(&mut client, file.as_bytes()).await.json();
    assert_eq!(
        (seen["new"].as_u64(), seen["to_fix"].as_u64()),
        (Some(10_000), Some(0))
    );
    assert_eq!(count(&site).await, 1, "a preview changes nothing");
    let done = import(&mut client, file.as_bytes()).await;
    assert_eq!(done.status, StatusCode::OK, "{}", &done.text[..500]);
    let done = done.json();
    assert_eq!(done["rows"], seen["rows"], "the import is the preview");
    assert_eq!(count(&site).await, 10_001);
    let inactive = "SELECT COUNT(*) FROM organizations_organization WHERE is_active = 0";
    assert_eq!(site.world.count(inactive).await, 10_000);
    let same = preview(&mut client, file.as_bytes()).await.json();
    assert_eq!(same["same"].as_u64(), Some(10_000));
    file.push_str(&row(10_000));
    let more = preview(&mut client, file.as_bytes()).await.json();
    let why = more["problems"][0]["message"].as_str().unwrap();
    assert!(why.contains("10000 rows"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_the_target_does_not_take_leaves_nothing_behind() {
    let (site, mut client) = site().await;
    let file = format!("{HEAD}MOH,Ministry of Health,ministry,,\nMFBM,Finance,ministry,,\n");
    let mut lock = Connection::open(&site.world.url, Access::Write)
        .await
        .unwrap();
    lock.begin_write().await.unwrap();
    let answer = import(&mut client, file.as_bytes()).await;
    assert_eq!(answer.problem(), "unavailable", "{}", answer.text);
    lock.close().await;
    assert_eq!(count(&site).await, 1);
    let list = client.get("/systems/obcms/organizations").await.json();
    assert_eq!(list["organizations"].as_array().unwrap().len(), 1);
    // a row that the table refuses in the middle of the file
    site.world
        .execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON organizations_organization \
             WHEN NEW.code = 'MFBM' BEGIN SELECT RAISE(ABORT, 'no room'); END",
        )
        .await;
    let answer = import(&mut client, file.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert_eq!(count(&site).await, 1);
    site.world.execute("DROP TRIGGER refuse").await;
    let answer = import(&mut client, file.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(count(&site).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_void_once_somebody_else_changed_an_organization() {
    let (_site, mut client) = site().await;
    let file = base64::engine::general_purpose::STANDARD
        .encode(format!("{HEAD}MOH,Ministry of Health,ministry,,\n"));
    let path = "/systems/obcms/organizations/import";
    let body = json!({ "csv_base64": file, "preview": true });
    let seen: Value = client.post(path, body).await.json()["seen"].clone();
    let other = json!({ "code": "MFBM", "name": "Finance", "kind": "ministry" });
    client.post("/systems/obcms/organizations", other).await;
    let body = json!({ "csv_base64": file, "preview": false, "seen": seen });
    assert_eq!(client.post(path, body).await.problem(), "changed-meanwhile");
}
