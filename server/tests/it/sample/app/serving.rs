//! The application serves and writes before, during and after the migration.

use std::time::Duration;

use server::sample::app::{self, AppError, Start};
use tokio_util::sync::CancellationToken;

use super::{PAGES, Running, migrate, open, small_sample, write_environment_file, written};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_renders_before_the_migration() {
    let app = Running::start("obcms", |_| {}).await;
    for page in PAGES {
        let (status, body) = app.get(page).await;
        assert_eq!(status, 200, "{page}: {body}");
        assert!(body.contains("OOBC"), "{page}");
    }
    assert!(app.get("/communities").await.1.contains("1 to 50 of 234"));
    assert!(
        app.get("/communities?page=5")
            .await
            .1
            .contains("201 to 234 of 234")
    );
    assert_eq!(app.get("/nothing").await.0, 404);
    assert_eq!(
        app.get("/ocm").await.0,
        404,
        "one organization has no aggregated view"
    );
    let (status, health) = app.health().await;
    assert_eq!(status, 200);
    assert_eq!(health["status"], "ok");
    assert_eq!(health["mode"], "obcms");
    assert_eq!(health["organization_context"], serde_json::Value::Null);
    assert_eq!(health["database"]["ok"], true);
    assert_eq!(app.get("/health/").await.0, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bmms_mode_on_a_database_that_was_not_migrated_is_unwell() {
    let (directory, database) = small_sample(|_| {}).await;
    let app = Running::over(directory, database, "bmms", |_| {}).await;
    let (status, health) = app.health().await;
    assert_eq!(status, 503);
    assert_eq!(health["status"], "error");
    assert_eq!(app.get("/communities").await.0, 500);
    assert_eq!(app.health().await.1["errors"], 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_reading_and_writing_while_the_column_is_added() {
    let app = Running::start("obcms", |start| {
        start.write_every = Some(Duration::from_millis(5));
    })
    .await;
    written(&app, 20).await;
    migrate(&app.database).await;
    for page in PAGES {
        assert_eq!(app.get(page).await.0, 200, "{page}");
    }
    let before = app.health().await.1["writes"].as_u64().unwrap();
    written(&app, before + 20).await;
    let (status, health) = app.health().await;
    assert_eq!(status, 200);
    assert_eq!(health["organization_context"], "OOBC");
    assert_eq!(health["failed_writes"], 0);
    assert_eq!(health["errors"], 0);
    let mut connection = open(&app.database).await;
    let newest = "SELECT organization_id FROM communities_community ORDER BY id DESC LIMIT 1";
    assert_eq!(connection.count(newest).await.unwrap(), 1);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_writer_never_fills_the_organization() {
    let app = Running::start("bmms", |start| {
        start.write_every = Some(Duration::from_millis(5));
        start.old_writer = true;
    })
    .await;
    written(&app, 12).await;
    let mut connection = open(&app.database).await;
    let empty = "SELECT COUNT(*) FROM communities_community WHERE organization_id IS NULL";
    assert!(connection.count(empty).await.unwrap() >= 2);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_put_in_place_of_the_old_one_is_noticed() {
    let app = Running::start("obcms", |_| {}).await;
    assert!(!app.get("/policies").await.1.contains("Restored policy"));
    let (_other, replacement) = small_sample(|_| {}).await;
    let mut connection = open(&replacement).await;
    connection
        .execute("UPDATE recommendations_policy SET title = 'Restored policy' WHERE id = 28")
        .await
        .unwrap();
    connection.close().await;
    std::fs::rename(&replacement, &app.database).unwrap();
    assert!(app.get("/policies").await.1.contains("Restored policy"));
    app.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refuses_to_start_in_the_mode_it_is_told_to_fail_in() {
    let (directory, _database) = small_sample(|_| {}).await;
    let environment_file = directory.path().join(".env");
    write_environment_file(&environment_file, "bmms", "SAMPLE_FAIL_IN_MODE=bmms");
    let start = Start {
        environment_file,
        listen: "127.0.0.1:0".parse().unwrap(),
        write_every: None,
        old_writer: false,
    };
    let error = app::serve(&start, CancellationToken::new(), |_| {}).await;
    assert!(matches!(error, Err(AppError::ToldToFail(_))), "{error:?}");
}
