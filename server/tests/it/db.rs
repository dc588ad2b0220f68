//! Targets that cannot be used: each is told apart, with what to do about it.

mod postgres;
mod replaced;
mod same;

use std::path::Path;

use server::db::{Access, Connection, DatabaseUrl, DbError};
use server::engine::executor::Outcome;

use crate::engine::world::{PLAYBOOK, SMALL, Watch, World, applied};

fn url(path: &Path) -> DatabaseUrl {
    DatabaseUrl::Sqlite(path.to_owned())
}

async fn refused(path: &Path) -> DbError {
    Connection::open(&url(path), Access::Read)
        .await
        .expect_err("it was opened")
}

#[tokio::test]
async fn a_missing_file_is_refused_and_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nothing.sqlite3");
    for access in [Access::Read, Access::Write] {
        let error = Connection::open(&url(&path), access).await.unwrap_err();
        assert!(matches!(error, DbError::Missing { .. }), "{error:?}");
    }
    assert!(!path.exists());
    let error = refused(dir.path()).await;
    assert!(matches!(error, DbError::CannotOpen { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("letter.txt");
    std::fs::write(&path, "Dear Ma'am, ".repeat(1_000)).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, DbError::NotADatabase { .. }), "{error:?}");
    assert!(error.remedy().contains("database file"));
}

#[tokio::test]
async fn a_damaged_database_is_named_as_such() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let path = world.url.path().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    // all pages but the first, which holds the header
    bytes[4_096..].fill(0xa5);
    std::fs::write(path, bytes).unwrap();
    let mut db = Connection::open(&world.url, Access::Read).await.unwrap();
    let error = db
        .rows("SELECT name FROM communities_community")
        .await
        .unwrap_err();
    assert!(matches!(error, DbError::Corrupt { .. }), "{error:?}");
    assert!(error.remedy().contains("verified backup"));
}

#[tokio::test]
async fn a_locked_database_is_waited_for_and_then_named_as_such() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let mut other = world.open().await;
    other.begin_write().await.unwrap();
    let mut db = Connection::open(&world.url, Access::Write).await.unwrap();
    let error = db.begin_write().await.unwrap_err();
    assert!(error.is_locked() && error.remedy().contains("nothing was changed"));
}

#[tokio::test]
async fn a_connection_that_only_reads_cannot_drive() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    let before = world.dump().await;
    let mut db = Connection::open(&world.url, Access::Read).await.unwrap();
    let watch = Watch::new();
    let refused = server::engine::drive(&mut db, "1", &plan, &applied(), &watch).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("read-only"), "{error}");
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn a_full_disk_fails_the_step_and_what_was_committed_is_kept() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .execute(
            "INSERT INTO project_ppa (title, office) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000) \
             SELECT 'PPA', 'OOBC' FROM n",
        )
        .await;
    let plan = world.plan().await;
    let mut db = world.open().await;
    let watch = Watch::new();
    let nullable = crate::engine::world::until("nullable");
    let driven = server::engine::drive(&mut db, "1", &plan, &nullable, &watch).await;
    assert_eq!(driven.unwrap(), Outcome::Done);
    let pages = db.count("PRAGMA page_count").await.unwrap();
    db.rows(format!("PRAGMA max_page_count = {}", pages + 2))
        .await
        .unwrap();
    let driven = server::engine::drive(&mut db, "1", &plan, &applied(), &watch).await;
    match driven.unwrap() {
        Outcome::Failed { error, .. } => {
            assert!(error.contains("is full. Free disk space"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    db.rows("PRAGMA max_page_count = 1000000").await.unwrap();
    let driven = server::engine::drive(&mut db, "1", &plan, &applied(), &watch).await;
    assert_eq!(driven.unwrap(), Outcome::Done);
}
