//! A target that takes connections and never answers: its own page waits for it a moment, no other page does.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use server::config::{Config, DatabaseSource};
use server::db::DatabaseUrl;
use shared::account::Role;

use super::{get, site_with};
use crate::probes::Answering;
use crate::site::Site;

/// Takes connections, keeps them and says nothing.
async fn mute() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            kept.push(connection);
        }
    });
    format!("postgres://postgres@127.0.0.1:{port}/records?sslmode=disable")
}

/// Twelve systems before and behind the one that answers, all of them on a target that does not.
fn among_mute(config: &mut Config, url: &DatabaseUrl) {
    let alive = config.systems.remove(0);
    for number in 0..12 {
        let mut hanging = alive.clone();
        hanging.slug = format!("mute-{number}").try_into().unwrap();
        hanging.database = DatabaseSource::Resolved(url.whole());
        hanging.health_url = None;
        config.systems.push(hanging);
    }
    config.systems.insert(6, alive);
}

async fn says(site: &Site, path: &str, what: &str) -> bool {
    let page = get(&site.app, path).await;
    page.status == StatusCode::OK && page.text.contains(what)
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_that_do_not_answer_delay_no_page_of_another_system() {
    let url: DatabaseUrl = mute().await.parse().unwrap();
    let application = Answering::start().await;
    let site = site_with(&application, |config| among_mute(config, &url)).await;
    let mut amina = site.app.client(Role::Administrator).await;
    server::status::begin(&site.app.state);
    // for longer than each of them is left in peace
    let until = Instant::now() + Duration::from_secs(15);
    for number in 1u32.. {
        let title = format!("News {number} of today");
        let news = json!({ "title": title, "body": "" });
        let answer = amina.post("/systems/obcms/updates", news).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        let told = Instant::now();
        while !says(&site, "/status/obcms", &title).await {
            let waited = told.elapsed();
            // one of them alone is waited for longer
            assert!(waited < Duration::from_secs(4), "{title} is not said");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if Instant::now() > until {
            break;
        }
    }
    // what can be told of the others is told
    for slug in ["mute-0", "mute-11"] {
        let page = get(&site.app, &format!("/status/{slug}")).await;
        assert_eq!(page.status, StatusCode::OK, "{slug}: {}", page.text);
    }
    assert!(says(&site, "/status", "/status/mute-7").await);
    site.app.state.shutdown.cancel();
}
