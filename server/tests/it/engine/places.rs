//! Targets that are unlike the usual one: stored as UTF-16, or on a disk that is full.

use server::db::{Connection, Value};
use server::engine::backup;
use server::engine::executor::{Outcome, drive};
use server::engine::progress::Watch as Progress;
use server::engine::{loss, restore};

use super::world::{PLAYBOOK, SMALL, Watch, World, applied, until};

/// Longer than a drive of few small tables ever takes: past it, it tries the same thing for ever.
const ENDLESS: std::time::Duration = std::time::Duration::from_secs(60);

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
    leave(db, 0).await;
}

/// The database may grow by so many pages.
async fn leave(db: &mut Connection, spare: i64) {
    let pages = db.count("PRAGMA page_count").await.unwrap() + spare;
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

/// All definitions of a transaction are edited together at its end. Where the edit of one fails, the steps of the others
/// are tried without it, and kept.
#[tokio::test]
async fn a_definition_that_no_longer_fits_fails_its_step_alone() {
    // the text of this table's definition needs more pages than are left, those of the others do not
    let wide = SMALL[5].replacen('(', &format!("(/* {} */ ", "wide ".repeat(60_000)), 1);
    let statements = SMALL.map(|made| match made == SMALL[5] {
        true => wide.as_str(),
        false => made,
    });
    let world = World::new(&statements, PLAYBOOK).await;
    let twin = world.twin().await;
    let plan = world.plan().await;
    let populated = world
        .drive_plan("1", &plan, &until("populate"), &Watch::new())
        .await;
    assert_eq!(populated.unwrap(), Outcome::Done);
    // no page is free: a text that grows takes new ones
    world.execute("VACUUM").await;

    let mut db = world.open().await;
    leave(&mut db, 20).await;
    let (goal, watch) = (applied(), Watch::new());
    let driving = drive(&mut db, "1", &plan, &goal, &watch);
    let ended = tokio::time::timeout(ENDLESS, driving).await;
    let ended = ended.expect("it tried for ever").unwrap();
    db.close().await;
    let Outcome::Failed { step, error } = ended else {
        panic!("{ended:?}");
    };
    assert!(error.contains("Free disk space and resume"), "{error}");
    let states = world.states().await;
    assert_eq!(states[&step], "failed", "{states:?}");
    for (table, required) in [
        ("communities_community", true),
        ("communities_profile", true),
        ("project_ppa", false),
    ] {
        let found = world.column(table, "organization_id").await;
        assert_eq!(found, Some((required, true)), "{table}: {states:?}");
    }

    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(twin.apply().await, Outcome::Done);
    assert_eq!(world.dump().await, twin.dump().await);
}
