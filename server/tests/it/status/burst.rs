//! A burst of readers while a run goes on: it is answered from memory, and the run does what it does without readers.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::FutureExt as _;

use super::{FILES, announced, publish, site};
use crate::probes::Answering;
use crate::site::{Site, run_is, start_run};

/// Reads every file again and again until told to stop, and answers how often. An answer that is not there at the first
/// poll waited for something: the control store, a target, a lock or a timer.
async fn read(site: &Site, stop: tokio_util::sync::CancellationToken) -> u32 {
    let mut reader = site.app.anonymous();
    let mut answers = 0;
    while !stop.is_cancelled() {
        for path in FILES {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = reader.request(request).now_or_never();
            let answer = answer.unwrap_or_else(|| panic!("a reader of {path} waits"));
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            answers += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    answers
}

/// Runs the migration to its end beside so many readers, and answers the steps and the records that it left.
async fn run_beside(readers: usize) -> (Vec<(String, i64)>, u32) {
    let application = Answering::start().await;
    let site = site(&application).await;
    let mut amina = announced(&site).await;
    publish(&site).await;
    server::status::begin(&site.app.state);
    let stop = tokio_util::sync::CancellationToken::new();
    let site = std::sync::Arc::new(site);
    let reading: Vec<_> = (0..readers)
        .map(|_| {
            let (site, stop) = (site.clone(), stop.clone());
            tokio::spawn(async move { read(&site, stop).await })
        })
        .collect();
    start_run(&mut amina).await;
    server::reconcile::begin(&site.app.state);
    let run = run_is(&mut amina, 1, "done").await;
    stop.cancel();
    let mut answers = 0;
    for reader in reading {
        answers += reader.await.unwrap();
    }
    let steps = run["phases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|phase| phase["steps"].as_array().unwrap())
        .map(|step| {
            let rows = step["rows_done"].as_i64().unwrap_or_default();
            (step["key"].as_str().unwrap().to_owned(), rows)
        })
        .collect();
    site.app.state.shutdown.cancel();
    site.app.state.tasks.close();
    let ended = tokio::time::timeout(Duration::from_secs(30), site.app.state.tasks.wait());
    ended.await.expect("the run is left");
    (steps, answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_readers_wait_for_nothing_and_change_nothing_of_a_run() {
    let (alone, _) = run_beside(0).await;
    assert!(alone.len() > 5, "{alone:?}");
    let (beside, answers) = run_beside(200).await;
    assert_eq!(beside, alone);
    // each of them read every file at least once while it went on
    assert!(answers >= 200 * FILES.len() as u32, "{answers}");
}
