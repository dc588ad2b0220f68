//! What must not leave: secrets, hosts, paths, tables, SQL and accounts, planted everywhere and looked for in every
//! public answer.

use axum::http::StatusCode;
use serde_json::json;
use server::config::{Hook, Hooks, SecretSource};
use server::secret::Secret;
use server::store::sql;

use super::{FILES, get, operator, publish, site_with};
use crate::probes::Answering;

const SECRET: &str = "hunter2-of-the-hook";

#[tokio::test]
async fn no_secret_host_table_statement_or_account_is_in_any_public_answer() {
    let application = Answering::start().await;
    let site = site_with(&application, |config| {
        let system = &mut config.systems[0];
        system.hooks = Hooks {
            restart: Some(Hook {
                command: vec!["/opt/secret-place/restart".into(), SECRET.into()],
                timeout_seconds: 5,
            }),
            ..Hooks::default()
        };
        system.backups = Some("/srv/backup-vault".into());
        crate::mail::configure(config, 2525);
        let mail = config.mail.as_mut().unwrap();
        mail.account = Some("mail-account".into());
        mail.password = Some(SecretSource::Resolved(Secret::new(
            crate::mail::PASSWORD.into(),
        )));
    })
    .await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    // a run that was stopped half-way, with everything in its words that must stay inside
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
    sql::query(
        "INSERT INTO subscribers (system, address, created, asked, confirmed) \
         VALUES ('obcms', 'sitti@people.example', 0, 0, 0)",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    application.say(503);
    for _ in 0..4 {
        server::probes::measure_once(state, &system).await.unwrap();
    }
    let mut operator = operator(&site).await;
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
    publish(&site).await;

    let directory = site.world.dir.path().display().to_string();
    let data = state.config.data.display().to_string();
    let host = application.address.replace("http://", "");
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
    ]
    .map(str::to_owned)
    .to_vec();
    needles.extend([directory, data, host]);
    for path in FILES {
        let answer = get(&site.app, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.headers.get("set-cookie").is_none(), "{path}");
        let sent = format!("{:?}\n{}", answer.headers, answer.text).to_lowercase();
        for needle in &needles {
            assert!(
                !sent.contains(&needle.to_lowercase()),
                "{path} tells {needle}: {}",
                answer.text
            );
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
