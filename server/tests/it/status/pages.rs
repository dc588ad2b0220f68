//! The pages themselves: complete without script, small, conditional, quick to change, and readable when all else is down.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;

use super::{FILES, announced, get, get_knowing, operator, publish, site};
use crate::probes::Answering;
use crate::site::{run_is, start_run};

#[tokio::test]
async fn a_page_is_complete_without_script_and_under_60_kb_with_all_it_loads() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    for _ in 0..3 {
        server::probes::measure_once(state, &system).await.unwrap();
    }
    publish(&site).await;
    for path in ["/status", "/status/obcms"] {
        let page = get(&site.app, path).await;
        let html = &page.text;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            !html.contains(" style=") && !html.contains("<style"),
            "{path}"
        );
        assert!(!html.contains(" onclick=") && !html.contains("<iframe"));
        assert!(html.contains("lang=\"en\"") && html.contains("name=\"viewport\""));
        assert!(html.contains("property=\"og:title\""));
        let mut bytes = html.len();
        for attribute in ["href=\"", "src=\""] {
            for link in html.split(attribute).skip(1) {
                let link = link.split('"').next().unwrap();
                assert!(
                    link.starts_with('#') || link.starts_with("/status"),
                    "{path} loads or links {link}"
                );
                if link.ends_with(".css") || link.ends_with(".js") {
                    let loaded = get(&site.app, link).await;
                    assert_eq!(loaded.status, StatusCode::OK, "{link}");
                    assert!(
                        loaded.headers["cache-control"]
                            .to_str()
                            .unwrap()
                            .contains("immutable")
                    );
                    bytes += loaded.text.len();
                }
            }
        }
        assert!(bytes < 60_000, "{path} takes {bytes} bytes");
    }
    let page = get(&site.app, "/status/obcms").await.text;
    assert!(page.contains("OBCMS is working. You can use it as usual."));
    assert!(
        page.contains("20 Nov 2026, 10:00"),
        "Manila is eight hours ahead"
    );
}

/// What other programs show of a page: its title, and what its head says of it.
fn shown(page: &str) -> Vec<(String, String)> {
    let between = |text: &str, from: &str, to: &str| {
        let (_, rest) = text.split_once(from)?;
        Some(rest.split_once(to)?.0.to_owned())
    };
    let head = page.split_once("</head>").unwrap().0;
    let title = between(head, "<title>", "</title>").unwrap();
    let said = head.split("<meta ").skip(1).filter_map(|tag| {
        let name = between(tag, "property=\"", "\"").or_else(|| between(tag, "name=\"", "\""))?;
        Some((name, between(tag, "content=\"", "\"")?))
    });
    std::iter::once(("title".to_owned(), title))
        .chain(said)
        .collect()
}

#[tokio::test]
async fn what_other_programs_show_of_a_page_says_the_state_and_nothing_else() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    for (status, title, says) in [
        (
            200,
            "Working: OBCMS status",
            "OBCMS is working. You can use it as usual.",
        ),
        (
            503,
            "Unavailable: OBCMS status",
            "OBCMS is not available right now.",
        ),
    ] {
        application.say(status);
        for _ in 0..3 {
            server::probes::measure_once(state, &system).await.unwrap();
        }
        publish(&site).await;
        let shown = shown(&get(&site.app, "/status/obcms").await.text);
        let all: Vec<(&str, &str)> = shown
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_str()))
            .collect();
        let address = "http://status.example.org/status/obcms";
        let picture = format!("{address}/badge.svg");
        let expected = [
            ("title", title),
            ("viewport", "width=device-width, initial-scale=1"),
            ("color-scheme", "light dark"),
            ("description", says),
            ("og:type", "website"),
            ("og:title", title),
            ("og:description", says),
            ("og:url", address),
            ("og:site_name", state.config.status.title.as_str()),
            ("og:image", picture.as_str()),
            ("og:image:type", "image/svg+xml"),
            ("og:image:alt", title),
        ];
        assert_eq!(all, expected);
    }
    let list = shown(&get(&site.app, "/status").await.text);
    let says = |name: &str| list.iter().find(|(found, _)| found == name);
    let headline = says("og:description").unwrap().1.as_str();
    assert_eq!(headline, "One system is not available.");
    // nothing is said of what is not published
    let nothing = shown(&get(&site.app, "/status/nowhere").await.text);
    let names: Vec<&str> = nothing.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["title", "viewport", "color-scheme", "robots"]);
}

/// What is ready is answered before the routes: nobody may see which of the two answered.
#[tokio::test]
async fn a_page_that_is_ready_is_answered_as_one_that_is_made_for_the_reader() {
    let application = Answering::start().await;
    let site = site(&application).await;
    for path in FILES
        .iter()
        .filter(|path| path.starts_with("/status/obcms"))
    {
        // the first reader of all has it made; written with %63 for the letter c, the routes answer it each time
        let by_routes = get(&site.app, &path.replace("obcms", "ob%63ms")).await;
        let ready = get(&site.app, path).await;
        assert_eq!(ready.status, StatusCode::OK, "{path}");
        assert_eq!(ready.text, by_routes.text, "{path}");
        for (name, value) in &by_routes.headers {
            if name != "x-request-id" {
                assert_eq!(ready.headers.get(name), Some(value), "{path} {name}");
            }
        }
    }
    let unknown = get(&site.app, "/status/obcms/none.html").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_can_tell_is_said_when_nothing_was_measured() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let page = get(&site.app, "/status/obcms").await.text;
    assert!(
        page.contains("Nobody can tell right now whether OBCMS works."),
        "{page}"
    );
    let system = site.app.state.systems.get("obcms").unwrap();
    server::probes::measure_once(&site.app.state, &system)
        .await
        .unwrap();
    publish(&site).await;
    let page = get(&site.app, "/status/obcms").await.text;
    assert!(
        page.contains("We have just begun to measure OBCMS."),
        "{page}"
    );
    let badge = get(&site.app, "/status/obcms/badge.svg").await;
    assert_eq!(badge.headers["content-type"], "image/svg+xml");
    assert!(badge.text.contains("OBCMS: Not known"), "{}", badge.text);
}

#[tokio::test]
async fn a_reader_that_has_the_newest_is_told_so_and_a_feed_changes_only_with_its_updates() {
    let application = Answering::start().await;
    let site = site(&application).await;
    for path in FILES {
        let first = get(&site.app, path).await;
        let etag = first.headers["etag"].to_str().unwrap().to_owned();
        let again = get_knowing(&site.app, path, Some(&etag)).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.text.is_empty());
        assert!(
            first.headers["cache-control"]
                .to_str()
                .unwrap()
                .contains("max-age=1,"),
            "{path}"
        );
    }
    let etag = |answer: crate::app::Answer| answer.headers["etag"].to_str().unwrap().to_owned();
    let feed = etag(get(&site.app, "/status/obcms/feed.atom").await);
    let page = etag(get(&site.app, "/status/obcms").await);
    site.app.wait(Duration::from_secs(120));
    publish(&site).await;
    assert_eq!(etag(get(&site.app, "/status/obcms/feed.atom").await), feed);
    assert_ne!(etag(get(&site.app, "/status/obcms").await), page);
}

#[tokio::test]
async fn feed_readers_are_understood_in_every_way_they_ask() {
    let application = Answering::start().await;
    let site = site(&application).await;
    for path in [
        "/status/obcms/feed.atom",
        "/status/obcms/feed.json",
        "/status/obcms/maintenance.ics",
    ] {
        let first = get(&site.app, path).await;
        let etag = first.headers["etag"].to_str().unwrap().to_owned();
        for (known, wanted) in [
            (format!("W/{etag}"), StatusCode::NOT_MODIFIED),
            (format!("\"older\", {etag}"), StatusCode::NOT_MODIFIED),
            (format!("{etag},W/\"older\""), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"older\"".to_owned(), StatusCode::OK),
            ("W/\"older\"".to_owned(), StatusCode::OK),
            (etag.trim_matches('"').to_owned(), StatusCode::OK),
            (String::new(), StatusCode::OK),
        ] {
            let answer = get_knowing(&site.app, path, Some(&known)).await;
            assert_eq!(answer.status, wanted, "{path} with {known}");
            assert_eq!(
                answer.headers["etag"].to_str().unwrap(),
                etag,
                "{path} with {known}"
            );
        }
        let request = axum::http::Request::head(path).body(axum::body::Body::empty());
        let head = site.app.anonymous().request(request.unwrap()).await;
        assert_eq!(
            (head.status, head.text.as_str()),
            (StatusCode::OK, ""),
            "{path}"
        );
        assert_eq!(head.headers["etag"].to_str().unwrap(), etag);
    }
}

#[tokio::test]
async fn a_feed_reader_that_knows_only_the_time_of_change_is_understood_and_a_tag_counts_for_more()
{
    let application = Answering::start().await;
    let site = site(&application).await;
    let nothing = get(&site.app, "/status/obcms/feed.atom").await;
    assert!(!nothing.headers.contains_key("last-modified"));
    let mut operator = operator(&site).await;
    operator
        .post(
            "/systems/obcms/updates",
            json!({ "title": "Work has started" }),
        )
        .await;
    publish(&site).await;
    for path in ["/status/obcms/feed.atom", "/status/obcms/feed.json"] {
        for (since, tag, wanted) in [
            (
                "Fri, 20 Nov 2026 02:00:00 GMT",
                None,
                StatusCode::NOT_MODIFIED,
            ),
            (
                "Fri, 20 Nov 2026 09:00:00 GMT",
                None,
                StatusCode::NOT_MODIFIED,
            ),
            ("Fri, 20 Nov 2026 01:59:59 GMT", None, StatusCode::OK),
            ("yesterday", None, StatusCode::OK),
            ("", None, StatusCode::OK),
            (
                "Fri, 20 Nov 2026 09:00:00 GMT",
                Some("\"older\""),
                StatusCode::OK,
            ),
        ] {
            let mut request = axum::http::Request::builder()
                .uri(path)
                .header("if-modified-since", since);
            if let Some(tag) = tag {
                request = request.header("if-none-match", tag);
            }
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = site.app.anonymous().request(request).await;
            assert_eq!(answer.status, wanted, "{path} since {since}, tag {tag:?}");
            assert_eq!(
                answer.headers["last-modified"],
                "Fri, 20 Nov 2026 02:00:00 GMT"
            );
        }
    }
}

#[tokio::test]
async fn a_change_is_on_the_page_at_once() {
    let application = Answering::start().await;
    let site = site(&application).await;
    server::status::begin(&site.app.state);
    get(&site.app, "/status/obcms").await;
    let mut operator = operator(&site).await;
    let body = json!({ "title": "Work has started", "body": "" });
    operator.post("/systems/obcms/updates", body).await;
    let began = Instant::now();
    while !get(&site.app, "/status/obcms")
        .await
        .text
        .contains("Work has started")
    {
        // every 15 seconds everything is made anew in any case
        assert!(began.elapsed() < Duration::from_secs(10), "it is not there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    site.app.state.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_left_to_decide_are_counted_when_the_run_begins_to_wait_for_them() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut amina = announced(&site).await;
    start_run(&mut amina).await;
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id = 7")
        .await;
    // counted while no record has an organization yet
    publish(&site).await;
    server::reconcile::begin(&site.app.state);
    run_is(&mut amina, 1, "waiting-at-gate").await;
    publish(&site).await;
    let page = get(&site.app, "/status/obcms").await.text;
    assert!(page.contains("the last record belongs"), "{page}");
    // while people decide no end is promised; while the work goes on it is a range, in the zone of the system
    assert!(!page.contains("Expected end"), "{page}");
    site.app.state.shutdown.cancel();
    site.app.state.tasks.close();
    let ended = tokio::time::timeout(Duration::from_secs(30), site.app.state.tasks.wait());
    ended.await.expect("the run is left");
    let progress = json!({
        "run": 1, "state": "running", "step": null, "step_title": null, "rows_done": 400, "rows_total": 1000,
        "steps_done": 3, "steps_total": 9, "rows_per_second": 100.0, "batch_size": 100, "step_left_ms": null,
        "run_left_ms": [600_000, 1_500_000], "longest_lock_ms": 1, "waiting_for": null, "elapsed_ms": 5000,
    });
    let mut tx = site.app.state.store.write().await.unwrap();
    server::store::sql::query("UPDATE runs SET state = 'running', progress = $1")
        .bind(progress.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    publish(&site).await;
    let page = get(&site.app, "/status/obcms").await.text;
    let ahead = &page[page.find("Expected end: between").expect("a range")..];
    for end in ["2026-11-20T02:10:00Z", "2026-11-20T02:25:00Z"] {
        assert!(
            ahead.contains(&format!("datetime=\"{end}\"")),
            "{end}: {ahead}"
        );
    }
}

#[tokio::test]
async fn a_burst_of_readers_asks_neither_the_control_store_nor_the_target() {
    let application = Answering::start().await;
    let site = site(&application).await;
    publish(&site).await;
    // both are gone: whoever asks them fails
    site.app.state.store.close().await;
    std::fs::remove_file(site.world.url.path().unwrap()).unwrap();
    let readers: Vec<_> = (0..200)
        .map(|_| {
            let mut reader = site.app.anonymous();
            tokio::spawn(async move {
                for path in FILES {
                    let request = axum::http::Request::builder().uri(path);
                    let answer = reader
                        .request(request.body(axum::body::Body::empty()).unwrap())
                        .await;
                    assert_eq!(answer.status, StatusCode::OK, "{path}");
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
}
