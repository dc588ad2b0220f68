//! Links for one audience: they open what the audience may see, until they end or are revoked, and give nothing away.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use shared::status_link::{MadeStatusLink, StatusLink};

use super::{get, operator, site_with};
use crate::app::Client;
use crate::probes::Answering;
use crate::site::Site;

pub(super) async fn private(application: &Answering) -> Site {
    site_with(application, |config| {
        config.systems[0].status.visibility = server::config::Visibility::Private;
    })
    .await
}

pub(super) async fn make(client: &mut Client, audience: Value) -> MadeStatusLink {
    let body = json!({ "label": "Office of the Minister", "audience": audience, "days": 30 });
    let answer = client.post("/systems/obcms/status-links", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.read()
}

pub(super) fn path(made: &MadeStatusLink) -> String {
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
    // what cannot be read, and what no route has
    for unreadable in [
        "/status/%FF",
        "/status/obcms/%FF",
        "/status/obcms/one/two",
        "/status/obcms/",
        "/s/%FF",
        "/s/%C0%AF/status.json",
        "/s/one/two/three",
        "/subscription/confirm/%FF",
        "/subscription/nothing",
    ] {
        same(&get(&site.app, unreadable).await, unreadable);
    }
    for path in ["/status/obcms", "/status/nowhere", "/s/made-up"] {
        same(&ask(&site, Method::PUT, path).await, path);
    }
    site.app.wait(Duration::from_secs(30 * 86_400 + 1));
    same(&get(&site.app, &path(&kept)).await, "expired");
    // however it is asked for
    for (link, what) in [
        ("/s/made-up".to_owned(), "made up"),
        (path(&made), "revoked"),
        (path(&kept), "expired"),
    ] {
        let head = ask(&site, Method::HEAD, &link).await;
        assert_eq!(head.status, StatusCode::NOT_FOUND, "HEAD of {what}");
        assert_eq!(head.headers["cache-control"], "no-store", "HEAD of {what}");
        let form = format!("{link}/subscribe");
        same(&ask(&site, Method::POST, &form).await, what);
        let back = ask(&site, Method::GET, &form).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{what}");
    }
}

async fn ask(site: &Site, method: Method, path: &str) -> crate::app::Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded");
    let request = request.body("address=amina%40example.org".to_owned().into());
    site.app.anonymous().request(request.unwrap()).await
}

#[tokio::test]
async fn a_slug_in_capitals_leads_to_each_file_and_to_the_form_of_a_public_system_only() {
    let application = Answering::start().await;
    let public = site_with(&application, |_| ()).await;
    for file in ["feed.atom", "status.json", "maintenance.ics", "badge.svg"] {
        let answer = get(&public.app, &format!("/status/OBCMS/{file}")).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT, "{file}");
        assert_eq!(answer.headers["location"], format!("/status/obcms/{file}"));
    }
    let form = ask(&public, Method::POST, "/status/Obcms/subscribe").await;
    assert_eq!(form.headers["location"], "/status/obcms/subscribe");
    let unknown = get(&public.app, "/status/OBCMS/nothing%0d%0aset-cookie:x").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let hidden = private(&application).await;
    for path in ["/status/OBCMS/feed.atom", "/status/OBCMS/subscribe"] {
        let method = if path.ends_with("subscribe") {
            Method::POST
        } else {
            Method::GET
        };
        let answer = ask(&hidden, method, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
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
