//! The public status as files: what is written, what they link to, and what is taken away again.

use std::time::{Duration, Instant};

use serde_json::json;
use server::config::{Config, Visibility};

use super::{get, operator, site, site_with};
use crate::probes::Answering;

#[tokio::test]
async fn exported_files_link_only_to_files_that_are_there() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut operator = operator(&site).await;
    let window =
        json!({ "title": "Restart", "starts": "2026-12-13T02:00", "ends": "2026-12-13T06:00" });
    operator.post("/systems/obcms/windows", window).await;
    let out = tempfile::tempdir().unwrap();
    let written = server::status::export(&site.app.state, out.path())
        .await
        .unwrap();
    assert_eq!(written.files.len(), 11);
    for page in ["index.html", "obcms/index.html"] {
        let path = out.path().join(page);
        let html = std::fs::read_to_string(&path).unwrap();
        for attribute in ["href=\"", "src=\""] {
            for link in html.split(attribute).skip(1) {
                let link = link.split('"').next().unwrap();
                if link.starts_with('#') {
                    continue;
                }
                let target = path.parent().unwrap().join(link);
                assert!(target.is_file(), "{page} links to {link}");
            }
        }
    }
    // nothing half-written stays behind
    let left: Vec<_> = std::fs::read_dir(out.path().join("obcms"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_copy_on_another_host_has_no_form_and_leads_to_the_page_that_has_one() {
    let application = Answering::start().await;
    let site = site_with(&application, |config| {
        let mail =
            json!({ "server": "127.0.0.1", "encryption": "none", "from": "status@example.org" });
        config.mail = Some(serde_json::from_value(mail).unwrap());
    })
    .await;
    let live = get(&site.app, "/status/obcms").await.text;
    assert!(
        live.contains("action=\"/status/obcms/subscribe\""),
        "{live}"
    );
    let out = tempfile::tempdir().unwrap();
    server::status::export(&site.app.state, out.path())
        .await
        .unwrap();
    let copy = std::fs::read_to_string(out.path().join("obcms/index.html")).unwrap();
    assert!(!copy.contains("<form"), "{copy}");
    let there = "href=\"http://status.example.org/status/obcms#subscribe\"";
    assert!(copy.contains(there), "{copy}");
}

#[tokio::test]
async fn the_mirror_follows_what_is_published() {
    let application = Answering::start().await;
    let mirror = tempfile::tempdir().unwrap();
    let directory = mirror.path().join("status");
    let configured = directory.clone();
    let site = site_with(&application, move |config| {
        config.status.mirror = Some(configured);
    })
    .await;
    server::status::begin(&site.app.state);
    let mut operator = operator(&site).await;
    operator
        .post(
            "/systems/obcms/updates",
            json!({ "title": "Work has started" }),
        )
        .await;
    let began = Instant::now();
    loop {
        let page = std::fs::read_to_string(directory.join("obcms/index.html")).unwrap_or_default();
        if page.contains("Work has started") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    site.app.state.shutdown.cancel();
}

#[tokio::test]
async fn what_is_no_longer_public_leaves_the_mirror_at_the_next_start_and_files_of_others_stay() {
    let application = Answering::start().await;
    let mirror = tempfile::tempdir().unwrap();
    let directory = mirror.path();
    let before = site(&application).await;
    server::status::export(&before.app.state, directory)
        .await
        .unwrap();
    for foreign in ["robots.txt", "obcms/notes.txt"] {
        std::fs::write(directory.join(foreign), "ours").unwrap();
    }
    let configured = directory.to_owned();
    let after = site_with(&application, move |config| {
        config.systems[0].status.visibility = Visibility::Private;
        config.status.mirror = Some(configured);
    })
    .await;
    server::status::begin(&after.app.state);
    let began = Instant::now();
    while directory.join("obcms/index.html").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "it stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    after.app.state.shutdown.cancel();
    after.app.state.tasks.close();
    after.app.state.tasks.wait().await;
    let mut left: Vec<String> = walk(directory);
    left.retain(|name| !name.starts_with("status-"));
    left.sort();
    assert_eq!(
        left,
        [
            ".switchyard-files.json",
            "index.html",
            "obcms/notes.txt",
            "robots.txt",
            "status.json"
        ]
    );
    for name in left {
        let told = std::fs::read_to_string(directory.join(&name)).unwrap();
        assert!(!told.to_lowercase().contains("obcms"), "{name}: {told}");
    }
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            names.extend(
                walk(&path)
                    .into_iter()
                    .map(|below| format!("{name}/{below}")),
            );
        } else {
            names.push(name);
        }
    }
    names
}

#[tokio::test]
async fn an_export_takes_away_a_system_of_another_name_and_leaves_one_that_did_not_change() {
    let application = Answering::start().await;
    let out = tempfile::tempdir().unwrap();
    let named = |slug: &str| {
        let slug = slug.to_owned().try_into().unwrap();
        move |config: &mut Config| config.systems[0].slug = slug
    };
    let before = site_with(&application, named("obcms")).await;
    server::status::export(&before.app.state, out.path())
        .await
        .unwrap();
    let unchanged = server::status::write_mirror(&before.app.state, out.path(), &[]).await;
    assert_eq!(unchanged.unwrap().removed, Vec::<std::path::PathBuf>::new());
    assert!(out.path().join("obcms/badge.svg").exists());

    let after = site_with(&application, named("records")).await;
    let written = server::status::export(&after.app.state, out.path())
        .await
        .unwrap();
    assert_eq!(written.removed.len(), 6, "{:?}", written.removed);
    assert!(!out.path().join("obcms").exists());
    assert!(out.path().join("records/index.html").exists());
}
