//! What must not leave: secrets, hosts, paths, tables, SQL and accounts, planted everywhere and looked for in every
//! answer to people without an account, in every file, call and mail.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use server::config::{Config, Hook, Hooks, SecretSource};
use server::secret::Secret;
use server::store::sql;
use shared::status_link::MadeStatusLink;
use shared::webhook::MadeWebhook;

use super::{FILES, get, operator, publish, site_with};
use crate::app::Answer;
use crate::mail::sink::Sink;
use crate::probes::Answering;
use crate::site::Site;
use crate::webhooks::Receiver;

const SECRET: &str = "hunter2-of-the-hook";

/// A system whose configuration holds what must stay inside.
async fn secretive(application: &Answering, change: impl FnOnce(&mut Config)) -> Site {
    site_with(application, |config| {
        let system = &mut config.systems[0];
        system.hooks = Hooks {
            restart: Some(Hook {
                command: vec!["/opt/secret-place/restart".into(), SECRET.into()],
                timeout_seconds: 5,
            }),
            ..Hooks::default()
        };
        system.backups = Some("/srv/backup-vault".into());
        change(config);
    })
    .await
}

/// A run that was stopped half-way, with everything in its words that must stay inside, and an application that fails.
async fn plant(site: &Site, application: &Answering) {
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    site.world.apply().await;
    server::runs::adopt(state, &system).await.unwrap();
    let mut tx = state.store.write().await.unwrap();
    let planted = format!(
        "SELECT organization_id FROM project_ppa failed at db.internal.example: {SECRET} (amina-admin)"
    );
    sql::query(
        "UPDATE runs SET state = 'waiting-at-gate', reason = $1, started_by = 'amina-admin', title = $1, finished = NULL",
    )
    .bind(&planted)
    .execute(&mut *tx)
    .await
    .unwrap();
    sql::query("UPDATE run_steps SET error = $1, state = 'failed' WHERE position = 3")
        .bind(&planted)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    application.say(503);
    for _ in 0..4 {
        server::probes::measure_once(state, &system).await.unwrap();
    }
    let mut operator = operator(site).await;
    for (path, body) in [
        (
            "updates",
            json!({ "title": "Work has started", "body": "You can go on." }),
        ),
        (
            "windows",
            json!({ "title": "Restart", "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00" }),
        ),
    ] {
        let answer = operator.post(&format!("/systems/obcms/{path}"), body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    publish(site).await;
}

/// Somebody who is told by mail.
async fn subscriber(site: &Site) {
    let mut tx = site.app.state.store.write().await.unwrap();
    sql::query(
        "INSERT INTO subscribers (system, address, created, asked, confirmed) \
         VALUES ('obcms', 'sitti@people.example', 0, 0, 0)",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

fn needles(site: &Site, application: &Answering) -> Vec<String> {
    let mut needles: Vec<String> = [
        SECRET,
        "secret-place",
        "backup-vault",
        "hunter2",
        "db.internal",
        "project_ppa",
        "communities_community",
        "communities_profile",
        "organizations_organization",
        "organization_id",
        "SELECT",
        "sqlite",
        "amina-admin",
        "juana-operator",
        "BMMS_MODE",
        ".env",
        "/health",
        "127.0.0.1",
        "localhost",
        "fingerprint",
        "HTTP 503",
        "people.example",
        "mail-account",
        "of-the-mail-server",
        "2525",
        "insiders",
    ]
    .map(str::to_owned)
    .to_vec();
    needles.push(site.world.dir.path().display().to_string());
    needles.push(site.app.state.config.data.display().to_string());
    needles.push(application.address.replace("http://", ""));
    needles
}

fn tells_none(what: &str, told: &str, needles: &[String]) {
    let told = told.to_lowercase();
    for needle in needles {
        assert!(
            !told.contains(&needle.to_lowercase()),
            "{what} tells {needle}: {told}"
        );
    }
}

fn answer_tells_none(what: &str, answer: &Answer, needles: &[String]) {
    assert!(answer.headers.get("set-cookie").is_none(), "{what}");
    let told = format!("{:?}\n{}", answer.headers, answer.text);
    tells_none(what, &told, needles);
}

#[tokio::test]
async fn no_secret_host_table_statement_or_account_is_in_any_public_answer_or_file() {
    let application = Answering::start().await;
    let site = secretive(&application, |config| {
        crate::mail::configure(config, 2525);
        let mail = config.mail.as_mut().unwrap();
        mail.account = Some("mail-account".into());
        mail.password = Some(SecretSource::Resolved(Secret::new(
            crate::mail::PASSWORD.into(),
        )));
    })
    .await;
    subscriber(&site).await;
    plant(&site, &application).await;
    let needles = needles(&site, &application);
    for path in FILES {
        let answer = get(&site.app, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer_tells_none(path, &answer, &needles);
    }
    let out = tempfile::tempdir().unwrap();
    let written = server::status::export(&site.app.state, out.path())
        .await
        .unwrap();
    for path in written
        .files
        .iter()
        .chain([&out.path().join(".switchyard-files.json")])
    {
        let name = path.strip_prefix(out.path()).unwrap().display().to_string();
        let text = std::fs::read_to_string(path).unwrap();
        // the style and the script of every status page hold no word of any system
        if !name.starts_with("status-") {
            tells_none(&name, &text, &needles);
        }
    }
    // and it does tell what it is for
    let page = get(&site.app, "/status/obcms").await.text;
    for told in [
        "OBCMS is not available right now.",
        "Did not succeed",
        "Communities",
        "Work has started",
        "Asia/Manila",
    ] {
        assert!(page.contains(told), "the page does not say {told}");
    }
}

#[tokio::test]
async fn nor_is_any_behind_a_link_in_a_refusal_a_call_or_a_mail() {
    let application = Answering::start().await;
    let (sink, receiver) = (Sink::start().await, Receiver::start().await);
    let port = sink.port;
    let site = secretive(&application, |config| {
        crate::mail::configure(config, port);
        config.outgoing = serde_json::from_value(json!({ "allow": ["127.0.0.1"] })).unwrap();
    })
    .await;
    let mut amina = site
        .app
        .client_named("amina-admin", shared::account::Role::Administrator)
        .await;
    let hook = json!({ "label": "For insiders", "address": receiver.address });
    let made = amina.post("/systems/obcms/webhooks", hook).await;
    let _: MadeWebhook = made.read();
    subscriber(&site).await;
    site.app.wait(Duration::from_secs(1));
    plant(&site, &application).await;
    let needles = needles(&site, &application);

    let mut links = Vec::new();
    for audience in [
        json!("executive"),
        json!("engineer"),
        json!({ "organization": { "code": "OOBC" } }),
    ] {
        let body = json!({ "label": "For insiders", "audience": audience, "days": 30 });
        let made = amina.post("/systems/obcms/status-links", body).await;
        let made: MadeStatusLink = made.read();
        let link = made.address.replace("http://status.example.org", "");
        for file in [
            "",
            "/status.json",
            "/feed.atom",
            "/feed.json",
            "/maintenance.ics",
            "/badge.svg",
        ] {
            let answer = get(&site.app, &format!("{link}{file}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{audience} {file}");
            answer_tells_none(&format!("{audience} {file}"), &answer, &needles);
        }
        links.push(link);
    }
    let nowhere = [
        "/status/nowhere".to_owned(),
        "/status/obcms/none.html".to_owned(),
        "/s/nobody".to_owned(),
        format!("{}/none.html", links[0]),
        format!("{}x", links[0]),
        "/subscription/confirm/nobody".to_owned(),
    ];
    for path in &nowhere {
        let answer = get(&site.app, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answer_tells_none(path, &answer, &needles);
    }
    for address in ["not-an-address", "juana%40example.org"] {
        let answer = ask(&site, &format!("address={address}&website=")).await;
        answer_tells_none(address, &answer, &needles);
    }

    server::outbox::enqueue(&site.app.state).await.unwrap();
    server::webhooks::deliver_due(&site.app.state)
        .await
        .unwrap();
    let mut sending = server::mail::Sending::default();
    sending.deliver_due(&site.app.state).await.unwrap();
    let calls = receiver.calls();
    assert!(calls.len() >= 2, "{calls:?}");
    for (headers, body) in calls {
        let _: Value = serde_json::from_str(&body).unwrap();
        let mut headers = headers;
        // where the receiver is, it knows
        headers.remove(header::HOST);
        tells_none("a call", &format!("{headers:?}\n{body}"), &needles);
    }
    let mails = sink.mails();
    let to_sitti = mails
        .iter()
        .filter(|mail| mail.to == "sitti@people.example");
    assert!(to_sitti.count() >= 2, "{}", mails.len());
    for mail in &mails {
        // whom it is for, the mail says
        let told = mail.text.replace(&mail.to, "");
        tells_none("a mail", &told, &needles);
        tells_none("a mail", &mail.plain().replace(&mail.to, ""), &needles);
    }

    site.app.state.store.close().await;
    let stop = mails
        .iter()
        .find_map(|mail| mail.path("/subscription/stop/"));
    let stop = stop.expect("a way to stop");
    // what was open shows what it showed last, but where another console may have revoked it
    let mut closed = vec![stop.as_str()];
    if site.app.state.store.is_shared() {
        closed.push(&links[0]);
    } else {
        let last = get(&site.app, links[0].as_str()).await;
        assert_eq!(last.status, StatusCode::OK, "{}", last.text);
        answer_tells_none(links[0].as_str(), &last, &needles);
    }
    for path in closed {
        let answer = get(&site.app, path).await;
        assert!(answer.status.is_server_error(), "{path}: {}", answer.status);
        assert!(
            answer.text.starts_with("<!DOCTYPE html>"),
            "{}",
            answer.text
        );
        answer_tells_none(path, &answer, &needles);
    }
    let answer = ask(&site, "address=juana%40example.org&website=").await;
    assert!(answer.status.is_server_error(), "{}", answer.text);
    answer_tells_none("a form", &answer, &needles);
}

/// Sends the form of the public page.
async fn ask(site: &Site, form: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/status/obcms/subscribe")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()));
    site.app.anonymous().request(request.unwrap()).await
}

#[tokio::test]
async fn what_the_configuration_does_not_show_is_not_told() {
    let application = Answering::start().await;
    let site = site_with(&application, |config| {
        config.systems[0].status.show.clear();
    })
    .await;
    site.world.apply().await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    server::runs::adopt(state, &system).await.unwrap();
    server::probes::measure_once(state, &system).await.unwrap();
    publish(&site).await;
    let status = get(&site.app, "/status/obcms/status.json").await.json();
    for hidden in ["mode", "work", "coverage", "availability"] {
        assert!(status[hidden].is_null(), "{hidden}: {status:#}");
    }
}

#[tokio::test]
async fn unknown_private_and_misspelt_addresses_look_the_same() {
    let application = Answering::start().await;
    let private = site_with(&application, |config| {
        config.systems[0].status.visibility = server::config::Visibility::Private;
    })
    .await;
    let unknown = get(&private.app, "/status/nowhere").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for path in [
        "/status/obcms",
        "/status/OBCMS",
        "/status/obcms/status.json",
        "/status/obcms/feed.atom",
        "/status/obcms/nothing.txt",
        "/status/..%2F..%2Fetc%2Fpasswd",
        "/status/%00",
    ] {
        let answer = get(&private.app, path).await;
        assert_eq!(answer.status, unknown.status, "{path}");
        assert_eq!(answer.text, unknown.text, "{path}");
        let names = |answer: &crate::app::Answer| {
            let mut headers: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "x-request-id")
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            headers.sort();
            headers
        };
        assert_eq!(names(&answer), names(&unknown), "{path}");
    }
    let list = get(&private.app, "/status").await.text;
    assert!(!list.to_lowercase().contains("obcms"), "{list}");
    // capitals lead to a page that is public anyway, and to no other
    let public = super::site(&application).await;
    let redirected = get(&public.app, "/status/OBCMS").await;
    assert_eq!(redirected.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(redirected.headers["location"], "/status/obcms");
}
