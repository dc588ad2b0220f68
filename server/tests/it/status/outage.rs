//! What readers get while nothing new can be put together: the last state, at once, and the word that it is old.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::FutureExt as _;
use serde_json::json;

use super::{FILES, get, links, operator, publish, site};
use crate::app::TestApp;
use crate::probes::Answering;
use crate::site::Site;

const OLD: &str = "Not checked since";

/// A site that says that all is well.
async fn well() -> Site {
    let application = Answering::start().await;
    let site = site(&application).await;
    let system = site.app.state.systems.get("obcms").unwrap();
    for _ in 0..3 {
        server::probes::measure_once(&site.app.state, &system)
            .await
            .unwrap();
    }
    publish(&site).await;
    site
}

/// Whether the page shows that it is old; every page that is not carries the sentence for its script.
fn is_old(page: &str) -> bool {
    assert!(page.contains(OLD), "{page}");
    !page.contains("<template")
}

/// Two hundred readers of every file. An answer that is not there at the first poll waited for something.
async fn burst(app: &TestApp) {
    for _ in 0..200 {
        let mut reader = app.anonymous();
        for path in FILES {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = reader.request(request).now_or_never();
            let answer = answer.unwrap_or_else(|| panic!("a reader of {path} waits"));
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        }
        // what is made behind the readers has its turn
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn without_the_control_store_every_file_is_answered_and_says_that_it_is_old() {
    let site = well().await;
    for path in ["/status", "/status/obcms"] {
        let page = get(&site.app, path).await.text;
        assert!(!is_old(&page), "{path}: {page}");
        assert!(page.contains("As of "), "{page}");
    }
    site.app.state.store.close().await;
    std::fs::remove_file(site.world.url.path().unwrap()).unwrap();
    site.app.wait(Duration::from_secs(61));
    burst(&site.app).await;
    for path in ["/status", "/status/obcms"] {
        let page = get(&site.app, path).await.text;
        assert!(is_old(&page), "{path}: {page}");
        // since when it is not checked, and nothing that claims more
        assert!(page.contains("datetime=\"2026-11-20T02:00:00Z\""), "{page}");
        assert!(!page.contains("data-state=\"done\""), "{page}");
        let told = get(&site.app, &format!("{path}/status.json")).await.json();
        assert_eq!(told["stale"], true, "{told:#}");
        assert_eq!(told["checked"], "2026-11-20T02:00:00Z", "{told:#}");
    }
    let badge = get(&site.app, "/status/obcms/badge.svg").await.text;
    assert!(badge.contains("OBCMS: Not known"), "{badge}");
    // a day later too
    site.app.wait(Duration::from_secs(86_400));
    burst(&site.app).await;
}

#[tokio::test]
async fn a_control_store_that_does_not_answer_holds_up_no_reader() {
    let site = well().await;
    let store = &site.app.state.store;
    // every connection is taken: whoever asks for one waits for many seconds
    let mut taken = Vec::new();
    while let Ok(reader) = tokio::time::timeout(Duration::from_secs(1), store.reader()).await {
        taken.push(reader.unwrap());
        assert!(taken.len() < 100, "connections without end");
    }
    site.app.wait(Duration::from_secs(61));
    burst(&site.app).await;
    assert!(is_old(&get(&site.app, "/status/obcms").await.text));
    // it answers again, and one of the next readers sees to it that the page is new
    taken.clear();
    for _ in 0..300 {
        site.app.wait(Duration::from_secs(5));
        if !is_old(&get(&site.app, "/status/obcms").await.text) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the page stays old");
}

#[tokio::test]
async fn without_the_control_store_a_link_that_was_open_shows_its_last_page_until_it_ends() {
    let application = Answering::start().await;
    let site = links::private(&application).await;
    let mut operator = operator(&site).await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        let made = links::make(&mut operator, json!("engineer")).await;
        paths.push((links::path(&made), made.link.id));
    }
    let [(open, _), (revoked, id), (never, _)] = &paths[..] else {
        panic!("{paths:?}");
    };
    for path in [open, revoked] {
        let page = get(&site.app, path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!is_old(&page.text), "{}", page.text);
    }
    let answer = operator
        .delete(&format!("/systems/obcms/status-links/{id}"))
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    site.app.state.store.close().await;
    for wait in [61, 86_400] {
        site.app.wait(Duration::from_secs(wait));
        let page = get(&site.app, open).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert_eq!(page.headers["cache-control"], "private, no-cache");
        assert!(is_old(&page.text), "{}", page.text);
        assert!(page.text.contains("datetime=\"2026-11-20T02:00:00Z\""));
        let told = get(&site.app, &format!("{open}/status.json")).await.json();
        assert_eq!(told["stale"], true, "{told:#}");
    }
    let nothing = get(&site.app, "/s/made-up").await;
    let closed = get(&site.app, revoked).await;
    assert_eq!(
        (closed.status, &closed.text),
        (nothing.status, &nothing.text)
    );
    // nobody knows whether it is open: it is not shown
    let unknown = get(&site.app, never).await;
    assert!(unknown.status.is_server_error(), "{}", unknown.status);
    assert!(unknown.text.contains("Look again in a minute."));
    site.app.wait(Duration::from_secs(30 * 86_400));
    let ended = get(&site.app, open).await;
    assert_eq!((ended.status, &ended.text), (nothing.status, &nothing.text));
}

#[tokio::test]
async fn before_anything_was_made_an_outage_is_told_on_a_page_and_not_as_json() {
    let application = Answering::start().await;
    let site = site(&application).await;
    site.app.state.store.close().await;
    let signed = "/s/MDAwMDAwMDAwMDAwMDAwMDAw.ffffffffffffffffffffffffffffffff";
    for path in ["/status", "/status/obcms", "/status/obcms/feed.atom"] {
        let answer = get(&site.app, path).await;
        assert!(answer.status.is_server_error(), "{path}: {}", answer.status);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("style-src 'self'"), "{policy}");
        assert!(
            answer.text.contains("Look again in a minute."),
            "{}",
            answer.text
        );
        for inside in ["pool", "sql", "store", "closed"] {
            assert!(
                !answer.text.to_lowercase().contains(inside),
                "{}",
                answer.text
            );
        }
    }
    // what is no link needs no control store to be none
    assert_eq!(get(&site.app, signed).await.status, StatusCode::NOT_FOUND);
}
