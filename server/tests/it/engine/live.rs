//! The application goes on while it is migrated: no write of an old version fails, no row is
//! forgotten. And a real process is really killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use server::db::{Access, Connection, DatabaseUrl, Patience};
use server::engine::executor::Outcome;

use super::world::{PLAYBOOK, SMALL, Watch, World, applied, until};

/// An application version that knows no organization, on a connection of its own that it opened
/// before the migration and keeps.
async fn old_writer(url: DatabaseUrl, stop: &AtomicBool, written: &AtomicI64) {
    let patience = Patience(Duration::from_secs(60));
    let mut db = Connection::open_patiently(&url, Access::Write, patience)
        .await
        .unwrap();
    while !stop.load(Ordering::SeqCst) {
        let n = written.fetch_add(1, Ordering::SeqCst) + 1;
        let community =
            format!("INSERT INTO communities_community (name, code) VALUES ('w', 'W{n}')");
        db.execute(community)
            .await
            .expect("no write of the application may fail");
        let profile = "INSERT INTO communities_profile (text, community_id) \
                       VALUES ('w', last_insert_rowid())";
        db.execute(profile)
            .await
            .expect("no write of the application may fail");
        let project = "INSERT INTO project_ppa (title, office) VALUES ('w', 'OOBC')";
        db.execute(project)
            .await
            .expect("no write of the application may fail");
        let update = "UPDATE communities_community SET name = 'changed' WHERE id = 3";
        db.execute(update)
            .await
            .expect("no write of the application may fail");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    db.close().await;
}

async fn old_version_lives_through(journal_mode: &str) {
    let world = World::new(&SMALL, PLAYBOOK).await;
    world
        .rows(&format!("PRAGMA journal_mode = {journal_mode}"))
        .await;
    let (stop, written) = (AtomicBool::new(false), AtomicI64::new(0));
    let migrate = async {
        let after = |rows: i64| {
            let written = &written;
            async move {
                let until = written.load(Ordering::SeqCst) + rows;
                while written.load(Ordering::SeqCst) < until {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
        };
        for phase in ["organizations", "nullable", "populate"] {
            after(5).await;
            let outcome = world.drive(&until(phase), &Watch::new()).await.unwrap();
            assert_eq!(outcome, Outcome::Done);
        }
        after(5).await;
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(old_writer(world.url.clone(), &stop, &written), migrate);

    // every row was covered before anything is required
    let written = written.load(Ordering::SeqCst);
    for (table, rows) in [
        ("communities_community", 23),
        ("communities_profile", 41),
        ("project_ppa", 34),
    ] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE organization_id IS NULL");
        assert_eq!(world.count(&left).await, 0, "{table}");
        let all = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(world.count(&all).await, rows + written, "{table}");
    }
    assert_eq!(world.apply().await, Outcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_writes_all_the_while_and_every_row_gets_its_organization() {
    old_version_lives_through("wal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_a_rollback_journal_where_readers_block_writers() {
    old_version_lives_through("delete").await;
}

/// The connection that the application opened before sees the column as required.
#[tokio::test]
async fn an_open_connection_of_the_application_sees_each_change_of_the_schema() {
    let world = World::new(&SMALL, PLAYBOOK).await;
    let mut application = world.open().await;
    let insert = "INSERT INTO project_ppa (title, office) VALUES ('w', 'OOBC')";
    application.execute(insert).await.unwrap();
    world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    application.execute(insert).await.unwrap();
    assert_eq!(world.apply().await, Outcome::Done);
    let refused = application.execute(insert).await.unwrap_err().to_string();
    assert!(refused.contains("NOT NULL"), "{refused}");
    let known = "INSERT INTO project_ppa (title, organization_id) \
                 SELECT 'new', id FROM organizations_organization";
    application.execute(known).await.unwrap();
    let check = application.rows("PRAGMA integrity_check").await.unwrap();
    assert_eq!(check[0].string(0), "ok");
    world.undo().await;
    application.execute(insert).await.unwrap();
}

/// What the tests below start as a process of its own: drives the target named by a variable and
/// says at every boundary that it is there.
#[tokio::test]
async fn driven_by_another_process() {
    let Ok(path) = std::env::var("SWITCHYARD_TEST_TARGET") else {
        return;
    };
    let world = World::existing(path.into(), PLAYBOOK);
    let watch = Watch {
        chatty: true,
        ..Watch::new()
    };
    world.drive(&applied(), &watch).await.unwrap();
}

/// Starts that process and kills it when it has passed so many boundaries.
fn kill_after(world: &World, boundaries: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "engine::live::driven_by_another_process",
            "--nocapture",
        ])
        .env("SWITCHYARD_TEST_TARGET", world.url.path().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let passed = (output.lines().map_while(Result::ok))
        .filter(|line| line.contains("boundary"))
        .take(boundaries)
        .count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(passed, boundaries, "it ended before it could be killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_by_the_system_leaves_what_another_finishes() {
    let prepared = World::new(&SMALL, PLAYBOOK).await;
    let undisturbed = prepared.twin().await;
    undisturbed.apply().await;
    let expected = undisturbed.dump().await;
    for boundaries in [5, 10, 20, 30, 40] {
        let world = prepared.twin().await;
        kill_after(&world, boundaries);
        // another process, so it waits for no lease: the dead one's is free
        assert_eq!(
            world.apply().await,
            Outcome::Done,
            "killed after {boundaries}"
        );
        assert_eq!(world.dump().await, expected, "killed after {boundaries}");
    }
}
