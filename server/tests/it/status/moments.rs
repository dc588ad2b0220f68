//! A change is on the page as soon as it is made, with the publisher at work and whatever makes it.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use shared::event::Topic;

use super::{announced, get, operator, site, site_with};
use crate::probes::Answering;
use crate::site::{Site, run_is, start_run};

/// Waits until the page says it: not as long as until everything is made anew in any case, which is every 15 seconds.
async fn told(site: &Site, what: &str) {
    let began = Instant::now();
    loop {
        let page = get(&site.app, "/status/obcms").await.text;
        if page.contains(what) {
            return;
        }
        let waited = began.elapsed();
        assert!(
            waited < Duration::from_secs(10),
            "{what} is not said: {page}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Lets a second pass, and the publisher see that it did.
async fn second(site: &Site) {
    site.app.wait(Duration::from_secs(1));
    site.app.state.hub.changed("obcms", Topic::Health);
    let now = site.app.clock.now().rfc3339();
    told(site, &format!("data-checked=\"{now}\"")).await;
}

#[tokio::test]
async fn what_is_planned_for_a_moment_is_on_the_page_when_it_comes() {
    let application = Answering::start().await;
    let site = site(&application).await;
    server::status::begin(&site.app.state);
    let mut operator = operator(&site).await;
    let update =
        json!({ "title": "Work begins now", "body": "", "publish_at": "2026-11-20T02:00:02Z" });
    let window = json!({ "title": "Restart", "starts": "2026-11-20T02:00:04Z", "ends": "2026-11-20T02:00:06Z" });
    for (path, body) in [("updates", update), ("windows", window)] {
        let answer = operator.post(&format!("/systems/obcms/{path}"), body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    for (before, after) in [
        ("Scheduled: ", "Work begins now"),
        ("Scheduled: ", "In progress: "),
        ("In progress: ", "In progress, longer than planned: "),
    ] {
        second(&site).await;
        let page = get(&site.app, "/status/obcms").await.text;
        assert!(page.contains(before) && !page.contains(after), "{page}");
        // nobody does anything; the time comes
        site.app.wait(Duration::from_secs(1));
        told(&site, after).await;
    }
    site.app.state.shutdown.cancel();
}

#[tokio::test]
async fn a_watcher_that_falls_silent_is_on_the_page_when_it_does() {
    let application = Answering::start().await;
    let site = site_with(&application, |config| {
        let probes = &mut config.systems[0].probes;
        (probes.interval_seconds, probes.timeout_seconds) = (1, 1);
    })
    .await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    for _ in 0..3 {
        server::probes::measure_once(state, &system).await.unwrap();
    }
    // as for a console that reads what another one measures
    state.probes.forget();
    server::status::begin(state);
    for _ in 0..4 {
        second(&site).await;
        told(&site, "OBCMS is working.").await;
    }
    site.app.wait(Duration::from_secs(1));
    told(&site, "Nobody can tell right now").await;
    state.shutdown.cancel();
}

#[tokio::test]
async fn an_outage_is_on_the_page_as_soon_as_the_sample_that_decides() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let state = &site.app.state;
    let system = state.systems.get("obcms").unwrap();
    server::status::begin(state);
    let measure = || async {
        for _ in 0..3 {
            server::probes::measure_once(state, &system).await.unwrap();
        }
    };
    measure().await;
    told(&site, "OBCMS is working.").await;
    application.say(503);
    measure().await;
    told(&site, "OBCMS is not available right now.").await;
    state.shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_paused_is_on_the_page_at_once() {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut amina = announced(&site).await;
    // a record that nobody can place keeps the run at a gate
    site.world
        .execute("UPDATE project_ppa SET office = 'NOBODY' WHERE id = 7")
        .await;
    start_run(&mut amina).await;
    server::status::begin(&site.app.state);
    server::reconcile::begin(&site.app.state);
    run_is(&mut amina, 1, "waiting-at-gate").await;
    told(&site, "the last record belongs").await;
    let pause = json!({ "command": "pause" });
    let paused = amina.post("/systems/obcms/runs/1/commands", pause).await;
    assert!(paused.status.is_success(), "{}", paused.text);
    run_is(&mut amina, 1, "paused").await;
    told(&site, "The work is paused.").await;
    site.app.state.shutdown.cancel();
    site.app.state.tasks.close();
    let ended = tokio::time::timeout(Duration::from_secs(30), site.app.state.tasks.wait());
    ended.await.expect("the run is left");
}
