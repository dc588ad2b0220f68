//! Subscribing: twice agreed, stopped with one press, and telling nobody who subscribed.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use server::config::Visibility;
use shared::status_link::MadeStatusLink;
use shared::subscriber::Subscribers;

use super::sink::Sink;
use super::{
    newest, open, operator, publish, site, site_with, subscribe, subscribed, subscribed_at, told,
    work,
};
use crate::app::Client;

const FORM: &str = "/status/obcms/subscribe";
const A_FORM: &str = "application/x-www-form-urlencoded";

async fn link(client: &mut Client, audience: serde_json::Value) -> (MadeStatusLink, String) {
    let body = json!({ "label": "Office of the Minister", "audience": audience, "days": 30 });
    let made: MadeStatusLink = client
        .post("/systems/obcms/status-links", body)
        .await
        .read();
    let path = made
        .address
        .strip_prefix("http://status.example.org")
        .unwrap();
    let path = format!("{path}/subscribe");
    (made, path)
}

#[tokio::test]
async fn nobody_is_told_before_they_confirmed_and_opening_a_link_confirms_nothing() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = operator(&site).await;
    let answer = subscribe(&site, FORM, "amina@example.org").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.get("set-cookie").is_none());
    work(&site).await;
    publish(&mut operator, "Before", "x").await;
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), [""; 0]);
    let question = newest(&sink, "amina@example.org");
    assert!(question.header("list-unsubscribe").is_none());
    let confirm = question.path("/subscription/confirm/").unwrap();
    // programs that look for viruses open every link
    let looked = open(&site, Method::GET, &confirm, None).await;
    assert!(
        looked.text.contains("<form method=\"post\">"),
        "{}",
        looked.text
    );
    site.app.wait(Duration::from_secs(1));
    publish(&mut operator, "Still before", "x").await;
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), [""; 0]);
    let confirmed = open(&site, Method::POST, &confirm, Some("")).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.text);
    site.app.wait(Duration::from_secs(1));
    publish(&mut operator, "After", "You can **go on**.").await;
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), ["OBCMS: After"]);
    // and not again
    assert_eq!(work(&site).await, 0);
}

#[tokio::test]
async fn the_answer_is_the_same_for_known_unknown_and_invented_addresses_and_for_programs() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    subscribed(&site, &sink, "amina@example.org").await;
    let known = subscribe(&site, FORM, "amina@example.org").await;
    let unknown = subscribe(&site, FORM, "juana@example.org").await;
    let program = open(
        &site,
        Method::POST,
        FORM,
        Some("address=x%40example.org&website=buy"),
    )
    .await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    assert_eq!(
        (program.status, &program.text),
        (unknown.status, &unknown.text)
    );
    work(&site).await;
    let to: Vec<String> = sink.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(
        to,
        ["amina@example.org", "juana@example.org"],
        "who is told is not asked again, and programs are not"
    );
    for wrong in ["", "amina", "a@example.org\r\nBcc: b@example.org"] {
        let answer = subscribe(&site, FORM, wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_no_form_is_answered_with_a_page_that_says_what_to_do() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let long = format!("address={}", "a".repeat(10_000));
    for (kind, body, status) in [
        (
            Some("application/json"),
            "{}",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            None,
            "address=a%40example.org",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            Some(A_FORM),
            "address=a&address=b",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (Some(A_FORM), &long, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let mut request = Request::post(FORM);
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let answer = site.app.anonymous().request(request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert!(answer.headers.contains_key("content-security-policy"));
        assert!(answer.text.contains("That did not work"), "{}", answer.text);
        assert!(answer.text.contains("try again"), "{}", answer.text);
    }
}

#[tokio::test]
async fn one_press_of_the_mail_program_unsubscribes_and_the_address_is_forgotten() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = operator(&site).await;
    subscribed(&site, &sink, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    publish(&mut operator, "One", "x").await;
    work(&site).await;
    let mail = newest(&sink, "amina@example.org");
    assert_eq!(
        mail.header("list-unsubscribe-post").unwrap(),
        "List-Unsubscribe=One-Click"
    );
    let stop = mail.header("list-unsubscribe").unwrap();
    let stop = stop
        .strip_prefix("<http://status.example.org")
        .unwrap()
        .strip_suffix('>')
        .unwrap()
        .to_owned();
    let looked = open(&site, Method::GET, &stop, None).await;
    assert!(looked.text.contains("Stop"), "{}", looked.text);
    publish(&mut operator, "Two, which waits", "x").await;
    server::outbox::enqueue(&site.app.state).await.unwrap();
    let stopped = open(
        &site,
        Method::POST,
        &stop,
        Some("List-Unsubscribe=One-Click"),
    )
    .await;
    assert_eq!(stopped.status, StatusCode::OK);
    assert_eq!(work(&site).await, 0);
    assert_eq!(told(&sink, "amina@example.org"), ["OBCMS: One"]);
    // a second press, and an invented link, get the same answer
    let again = open(&site, Method::POST, &stop, Some("")).await;
    let invented = open(&site, Method::POST, "/subscription/stop/AAAA", Some("")).await;
    assert_eq!((again.status, again.text), (invented.status, invented.text));
    let left: i64 = server::store::sql::query_scalar("SELECT COUNT(*) FROM subscribers")
        .fetch_one(site.app.state.store.read())
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn links_that_are_too_old_changed_or_used_for_something_else_do_nothing() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    subscribe(&site, FORM, "amina@example.org").await;
    work(&site).await;
    let confirm = newest(&sink, "amina@example.org")
        .path("/subscription/confirm/")
        .unwrap();
    let token = confirm.rsplit('/').next().unwrap().to_owned();
    for path in [
        "/subscription/confirm/AAAA".to_owned(),
        format!("/subscription/confirm/{}", &token[1..]),
        format!("/subscription/confirm/B{}", &token[1..]),
    ] {
        let answer = open(&site, Method::POST, &path, Some("")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    open(
        &site,
        Method::POST,
        &format!("/subscription/stop/{token}"),
        Some(""),
    )
    .await;
    site.app.wait(Duration::from_secs(2 * 86_400));
    let late = open(&site, Method::POST, &confirm, Some("")).await;
    assert_eq!(late.status, StatusCode::NOT_FOUND);
    site.app.wait(Duration::from_secs(1));
    server::subscribers::sweep(&site.app.state).await.unwrap();
    let mut operator = site
        .app
        .client_named("later", shared::account::Role::Operator)
        .await;
    let view: Subscribers = operator.get("/systems/obcms/subscribers").await.read();
    assert_eq!((view.confirmed, view.pending), (0, 0));
}

#[tokio::test]
async fn who_asks_too_often_waits_and_nobody_is_flooded_with_questions() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut refused = 0;
    for _ in 0..40 {
        let answer = subscribe(&site, FORM, "victim@example.org").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers.contains_key("retry-after"));
            refused += 1;
        }
        work(&site).await;
    }
    assert!(refused > 0);
    assert_eq!(sink.mails().len(), 1);
    // an hour later somebody may ask once more
    site.app.wait(Duration::from_secs(3601));
    subscribe(&site, FORM, "victim@example.org").await;
    work(&site).await;
    assert_eq!(sink.mails().len(), 2);
}

#[tokio::test]
async fn a_private_system_is_subscribed_to_through_its_links_alone_and_ends_with_them() {
    let sink = Sink::start().await;
    let site = site_with(&sink, |config| {
        config.systems[0].status.visibility = Visibility::Private;
    })
    .await;
    let mut operator = operator(&site).await;
    let hidden = subscribe(&site, FORM, "amina@example.org").await;
    let unknown = subscribe(&site, "/status/nowhere/subscribe", "amina@example.org").await;
    assert_eq!(hidden.status, StatusCode::NOT_FOUND);
    assert_eq!(hidden.text, unknown.text);
    let (made, path) = link(&mut operator, json!("executive")).await;
    let page = open(
        &site,
        Method::GET,
        path.strip_suffix("/subscribe").unwrap(),
        None,
    )
    .await;
    assert!(
        page.text.contains(&format!("action=\"{path}\"")),
        "{}",
        page.text
    );
    subscribed_at(&site, &sink, &path, "amina@example.org").await;
    site.app.wait(Duration::from_secs(1));
    publish(&mut operator, "One", "x").await;
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), ["OBCMS: One"]);
    publish(&mut operator, "Two", "x").await;
    server::outbox::enqueue(&site.app.state).await.unwrap();
    let revoke = format!("/systems/obcms/status-links/{}", made.link.id);
    assert_eq!(
        operator.delete(&revoke).await.status,
        StatusCode::NO_CONTENT
    );
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), ["OBCMS: One"]);
    let revoked = subscribe(&site, &path, "amina@example.org").await;
    assert_eq!(revoked.text, unknown.text);
}

#[tokio::test]
async fn a_link_that_has_ended_tells_nobody_any_more() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = operator(&site).await;
    let (_, path) = link(&mut operator, json!("executive")).await;
    subscribed_at(&site, &sink, &path, "amina@example.org").await;
    site.app.wait(Duration::from_secs(31 * 86_400));
    server::subscribers::sweep(&site.app.state).await.unwrap();
    let mut operator = site
        .app
        .client_named("later", shared::account::Role::Operator)
        .await;
    publish(&mut operator, "Late", "x").await;
    work(&site).await;
    assert_eq!(told(&sink, "amina@example.org"), [""; 0]);
}

#[tokio::test]
async fn an_organization_is_told_of_itself_and_of_notices_and_of_nothing_else() {
    let sink = Sink::start().await;
    let site = crate::site::Site::migrated_with(|config| super::configure(config, sink.port)).await;
    let mut operator = operator(&site).await;
    let (_, own) = link(&mut operator, json!({ "organization": { "code": "OOBC" } })).await;
    subscribed_at(&site, &sink, &own, "office@example.org").await;
    subscribed(&site, &sink, "public@example.org").await;
    work(&site).await;
    site.app.wait(Duration::from_secs(1));
    let now = site.app.clock.now();
    let mut tx = site.app.state.store.write().await.unwrap();
    for (code, name) in [
        ("OOBC", "Office for Other Bangsamoro Communities"),
        ("MOH", "Ministry of Health"),
    ] {
        server::store::sql::query("INSERT INTO organizations (system, code, code_key, name, kind, stage, created, changed) VALUES ('obcms', $1, lower($1), $2, 'office', 'invited', $3, $3)")
            .bind(code)
            .bind(name)
            .bind(now.0)
            .execute(&mut *tx)
            .await
            .unwrap();
        server::store::sql::query("UPDATE organizations SET stage = 'prepared' WHERE code = $1")
            .bind(code)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    publish(&mut operator, "For all", "x").await;
    let system = site.app.state.systems.get("obcms").unwrap();
    server::runs::adopt(&site.app.state, &system).await.unwrap();
    let mut tx = site.app.state.store.write().await.unwrap();
    server::store::sql::query("UPDATE runs SET started = $1, finished = $1")
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    work(&site).await;
    let mut office = told(&sink, "office@example.org");
    office.sort();
    assert_eq!(
        office,
        [
            "OBCMS: For all",
            "OBCMS: OOBC is now invited",
            "OBCMS: OOBC is now prepared"
        ]
    );
    let mut public = told(&sink, "public@example.org");
    public.sort();
    assert_eq!(
        public,
        [
            "OBCMS: For all",
            "OBCMS: work has started",
            "OBCMS: work is done"
        ]
    );
}

#[tokio::test]
async fn operators_see_and_remove_subscribers_and_the_audit_log_keeps_no_address() {
    let sink = Sink::start().await;
    let site = site(&sink).await;
    let mut operator = operator(&site).await;
    subscribed(&site, &sink, "amina@example.org").await;
    subscribe(&site, FORM, "juana@example.org").await;
    let view: Subscribers = operator.get("/systems/obcms/subscribers").await.read();
    assert_eq!(
        (view.mail, view.confirmed, view.pending, view.waiting),
        (true, 1, 1, 1)
    );
    let found: Subscribers = operator
        .get("/systems/obcms/subscribers?address=JUANA")
        .await
        .read();
    assert_eq!(found.newest.len(), 1);
    let path = format!("/systems/obcms/subscribers/{}", found.newest[0].id);
    assert_eq!(operator.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(operator.delete(&path).await.status, StatusCode::NOT_FOUND);
    let audit = operator.get("/audit").await.text;
    assert!(audit.contains("subscriber.removed"), "{audit}");
    assert!(!audit.contains("example.org"), "{audit}");
    // without a mail server nobody can subscribe
    let without = site_with(&sink, |config| config.mail = None).await;
    assert_eq!(
        subscribe(&without, FORM, "amina@example.org").await.status,
        StatusCode::NOT_FOUND
    );
    let page = open(&without, Method::GET, "/status/obcms", None).await;
    assert!(!page.text.contains("<form"), "{}", page.text);
}
