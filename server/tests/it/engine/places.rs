//! Targets that are unlike the usual one: stored as UTF-16, or on a disk that is full.

use server::db::{Connection, Value};
use server::engine::backup;
use server::engine::executor::{Outcome, drive};
use server::engine::progress::Watch as Progress;
use server::engine::{loss, restore};

use super::world::{PLAYBOOK, SMALL, Watch, World, applied, until};

async fn utf_16() -> World {
    let statements: Vec<&str> = ["PRAGMA encoding = 'UTF-16le'"]
        .into_iter()
        .chain(SMALL)
        .collect();
    let world = World::new(&statements, PLAYBOOK).await;
    let encoding = world.rows("PRAGMA encoding").await;
    assert_eq!(encoding[0].value(0), &Value::from("UTF-16le"));
    world
}

#[tokio::test]
async fn a_database_in_utf_16_is_migrated_and_undone_like_any_other() {
    let world = utf_16().await;
    let usual = World::new(&SMALL, PLAYBOOK).await;
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(usual.apply().await, Outcome::Done);
    assert_eq!(world.dump().await, usual.dump().await);
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(usual.undo().await, Outcome::Done);
    assert_eq!(world.dump().await, usual.dump().await);
}

#[tokio::test]
async fn a_backup_of_a_database_in_utf_16_is_proved_compared_and_restored() {
    let world = utf_16().await;
    let before = world.dump().await;
    let backups = world.dir.path().join("backups");
    let taken = backup::take(&world.url, &backups, "first", Progress::nobody())
        .await
        .unwrap();
    let proved = backup::verify(&taken.path, backup::Scratch::Beside, Progress::nobody())
        .await
        .unwrap();
    assert!(proved.rows > 98);
    world
        .execute("UPDATE project_ppa SET title = 'Tulay sa Peñaranda' WHERE id = 3")
        .await;
    let whole = backup::open(&taken.path).unwrap();
    let lost = loss::since(&world.url, &whole, None, Progress::nobody())
        .await
        .unwrap();
    let tables: Vec<&str> = (lost.tables.iter())
        .map(|table| table.table.as_str())
        .collect();
    assert_eq!(tables, ["project_ppa"]);
    let rules = backup::Acceptance::default();
    restore::restore(&taken.path, &world.url, &rules, Progress::nobody())
        .await
        .unwrap();
    assert_eq!(world.dump().await, before);
}

/// The database may not grow any more, as on a full disk: SQLite answers with the same code.
async fn fill(db: &mut Connection) {
    let pages = db.count("PRAGMA page_count").await.unwrap();
    let most = db
        .count(format!("PRAGMA max_page_count = {pages}"))
        .await
        .unwrap();
    assert_eq!(most, pages);
}

#[tokio::test]
async fn a_full_disk_fails_the_step_keeps_what_was_committed_and_the_run_goes_on_with_space() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let plan = world.plan().await;
    world
        .drive_plan("1", &plan, &until("nullable"), &Watch::new())
        .await
        .unwrap();
    let mut db = world.open().await;
    fill(&mut db).await;
    let failed = drive(&mut db, "1", &plan, &applied(), &Watch::new())
        .await
        .unwrap();
    db.close().await;
    match failed {
        Outcome::Failed { error, .. } => {
            assert!(error.contains("Free disk space and resume"), "{error}");
            let place = world.dir.path().display().to_string();
            assert!(!error.contains(&place), "it names a directory: {error}");
        }
        other => panic!("{other:?}"),
    }
    let states = world.states().await;
    assert!(
        states.values().all(|state| *state != "running"),
        "{states:?}"
    );
    let indexes = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' \
                   AND name LIKE '%organization_id%'";
    let done = (states.iter())
        .filter(|(key, state)| key.contains(".index.") && **state == "done")
        .count();
    assert_eq!(world.count(indexes).await, i64::try_from(done).unwrap());

    assert_eq!(world.apply().await, Outcome::Done);
}
