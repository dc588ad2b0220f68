//! Links for one audience: they open what the audience may see, until they end or are revoked, and give nothing away.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::status_link::{MadeStatusLink, StatusLink};

use super::{get, operator, site_with};
use crate::app::Client;
use crate::probes::Answering;
use crate::site::Site;

async fn private(application: &Answering) -> Site {
    site_with(application, |config| {
        config.systems[0].status.visibility = server::config::Visibility::Private;
    })
    .await
}

async fn make(client: &mut Client, audience: Value) -> MadeStatusLink {
    let body = json!({ "label": "Office of the Minister", "audience": audience, "days": 30 });
    let answer = client.post("/systems/obcms/status-links", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

fn path(made: &MadeStatusLink) -> String {
    made.address
        .strip_prefix("http://status.example.org")
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn each_audience_sees_its_part_of_a_private_system() {
    let application = Answering::start().await;
    let site = private(&application).await;
    site.world.apply().await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    server::runs::adopt(state, &system).await.unwrap();
    let mut operator = operator(&site).await;
    for (audience, shown, hidden) in [
        (
            json!("executive"),
            &["work", "availability"][..],
            &["coverage", "organization"][..],
        ),
        (
            json!("engineer"),
            &["work", "availability", "coverage"],
            &["organization"],
        ),
        (
            json!({ "organization": { "code": "OOBC" } }),
            &["organization"],
            &["coverage", "work"],
        ),
    ] {
        let link = path(&make(&mut operator, audience.clone()).await);
        let page = get(&site.app, &link).await;
        assert_eq!(page.status, StatusCode::OK, "{audience}");
        assert!(page.text.contains("name=\"robots\" content=\"noindex\""));
        assert_eq!(page.headers["cache-control"], "private, no-cache");
        let status = get(&site.app, &format!("{link}/status.json")).await.json();
        for part in shown {
            assert!(!status[part].is_null(), "{audience} {part}: {status:#}");
        }
        for part in hidden {
            assert!(status[part].is_null(), "{audience} {part}: {status:#}");
        }
        for file in ["feed.atom", "feed.json", "maintenance.ics", "badge.svg"] {
            let answer = get(&site.app, &format!("{link}/{file}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{file}");
        }
    }
    let own = make(&mut operator, json!({ "organization": { "code": "OOBC" } })).await;
    let page = get(&site.app, &path(&own)).await.text;
    assert!(
        page.contains("Office for Other Bangsamoro Communities"),
        "{page}"
    );
    // the address stands in the answer to the one who made it, and nowhere else
    let list = operator.get("/systems/obcms/status-links").await;
    assert_eq!(list.read::<Vec<StatusLink>>().len(), 4);
    let token = path(&own).replace("/s/", "");
    assert!(!list.text.contains(&token));
    let audit = operator.get("/audit?action=status.link-made").await.text;
    assert!(audit.contains("Office of the Minister") && !audit.contains(&token));
}

#[tokio::test]
async fn made_up_expired_and_revoked_links_look_like_one_that_never_was() {
    let application = Answering::start().await;
    let site = private(&application).await;
    let mut operator = operator(&site).await;
    let made = make(&mut operator, json!("executive")).await;
    let kept = make(&mut operator, json!("executive")).await;
    let nothing = get(&site.app, "/status/nowhere").await;
    let same = |answer: &crate::app::Answer, what: &str| {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}");
        assert_eq!(answer.text, nothing.text, "{what}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
    };
    same(&get(&site.app, "/s/made-up").await, "made up");
    let mut forged = path(&made);
    forged.replace_range(10..11, if &forged[10..11] == "A" { "B" } else { "A" });
    same(&get(&site.app, &forged).await, "forged");
    assert_eq!(get(&site.app, &path(&made)).await.status, StatusCode::OK);
    let revoke = format!("/systems/obcms/status-links/{}", made.link.id);
    let answer = operator.delete(&revoke).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    same(&get(&site.app, &path(&made)).await, "revoked");
    same(
        &get(&site.app, &format!("{}/status.json", path(&made))).await,
        "revoked",
    );
    assert_eq!(operator.delete(&revoke).await.status, StatusCode::NOT_FOUND);
    site.app.wait(Duration::from_secs(30 * 86_400 + 1));
    same(&get(&site.app, &path(&kept)).await, "expired");
}

#[tokio::test]
async fn a_link_is_refused_by_field_and_for_an_organization_that_is_not_there() {
    let application = Answering::start().await;
    let site = private(&application).await;
    let mut operator = operator(&site).await;
    let link =
        |label: &str, days: u32| json!({ "label": label, "audience": "executive", "days": days });
    for (body, field) in [
        (link(" ", 3), "label"),
        (link("x", 0), "days"),
        (link("x", 366), "days"),
    ] {
        let answer = operator.post("/systems/obcms/status-links", &body).await;
        assert_eq!(
            answer.json()["fields"][0]["field"],
            field,
            "{}",
            answer.text
        );
    }
    let nobody =
        json!({ "label": "x", "audience": { "organization": { "code": "NOPE" } }, "days": 3 });
    let answer = operator.post("/systems/obcms/status-links", nobody).await;
    assert!(answer.status.is_client_error(), "{}", answer.text);
}

#[tokio::test]
async fn the_key_of_links_is_readable_by_its_owner_alone_and_is_not_in_the_control_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let application = Answering::start().await;
    let site = private(&application).await;
    let mut operator = operator(&site).await;
    make(&mut operator, json!("executive")).await;
    let data = &site.app.state.config.data;
    let path = data.join("status-links.key");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read(&path).unwrap();
    let store = std::fs::read(site.app.control_store_file()).unwrap();
    assert!(!store.windows(key.len()).any(|part| part == key));
}
