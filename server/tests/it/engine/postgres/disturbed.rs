//! What happens to a server while a run goes on: it is restarted, its disk is full, locks are not
//! granted. Nothing is lost, and driving again ends it.

use std::path::Path;
use std::sync::Mutex;

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, DbError};
use server::engine::DriveError;
use server::engine::executor::{Event, Holds, Outcome};

use super::super::world::{Watch, World, applied, until};
use super::holds::{held, told};
use super::small_disk::SmallDisk;
use super::{PLAYBOOK, large, statements};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A server of the test's own with the tables in it.
async fn on_own(directory: &Path, rows: u32) -> (Cluster, World) {
    let cluster = Cluster::start(directory, Keep::ThrowAway).unwrap();
    let made = statements(rows);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::at(cluster.url("postgres").unwrap(), &made, PLAYBOOK).await;
    (cluster, world)
}

async fn ended_well(world: &World) {
    assert_eq!(world.apply().await, Outcome::Done);
    for table in ["parent", "child"] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE organization_id IS NULL");
        assert_eq!(world.count(&left).await, 0, "{table}");
        let column = world.column(table, "organization_id").await;
        assert_eq!(column, Some((true, true)), "{table}");
    }
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_restarted_in_the_middle_fails_no_step_and_the_run_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (cluster, world) = on_own(directory.path(), 12_000).await;
    let undisturbed = Watch::new();
    world.drive(&until("nullable"), &undisturbed).await.unwrap();
    let place = directory.path().to_owned();
    let cluster = std::sync::Arc::new(Mutex::new(Some(cluster)));
    for at in [12, 30, 60] {
        let (cluster, place) = (cluster.clone(), place.clone());
        let watch = Watch {
            disturb: Some((
                at,
                Box::new(move || {
                    let mut cluster = cluster.lock().unwrap();
                    drop(cluster.take());
                    *cluster = Some(Cluster::start(&place, Keep::ThrowAway).unwrap());
                }),
            )),
            ..Watch::new()
        };
        let broken = world.drive(&applied(), &watch).await.unwrap_err();
        assert!(
            matches!(broken, DriveError::Db(DbError::ConnectionLost { .. })),
            "at {at}: {broken:?}"
        );
        let states = world.states().await;
        assert!(
            !states.values().any(|state| *state == "failed"),
            "{states:?}"
        );
    }
    ended_well(&world).await;
}

/// The kernel says that no space is left, for the file in which a table's free space is kept: a
/// batch that makes the table longer cannot be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_the_step_with_a_remedy_and_the_run_goes_on_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    let (cluster, world) = on_own(directory.path(), 12_000).await;
    let goal = until("nullable");
    world.drive(&goal, &Watch::new()).await.unwrap();
    let file = world.rows("SELECT pg_relation_filepath('child')").await[0].string(0);
    let file = directory.path().join("cluster").join(file + "_fsm");
    drop(cluster);
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    let _cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();

    let Outcome::Failed { step, error } = world.apply().await else {
        panic!("the disk was not full");
    };
    assert_eq!(step, "g.populate.child");
    for words in ["the disk of ", " is full", "Free disk space and resume"] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(world.states().await["g.populate.child"], "failed");
    std::fs::remove_file(&file).unwrap();
    ended_well(&world).await;
}

/// A table in a tablespace of its own, on a file system that is nearly full: the run holds while it may, and fails no more than
/// a step where it may not. Where none can be mounted, the test before this one stands alone for what is promised.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_tablespace_fails_the_step_with_a_remedy_and_the_run_goes_on_when_there_is_space() {
    let directory = tempfile::tempdir().unwrap();
    // taken away behind the server that uses it
    let disk;
    let (_cluster, world) = on_own(directory.path(), 12_000).await;
    let like = directory.path().join("cluster");
    disk = SmallDisk::mounted(&directory.path().join("small"), "16m", &like);
    let Some(disk) = &disk else {
        println!("NOT TESTED: a small file system needs the right to mount one");
        return;
    };
    let place = disk.tablespace();
    let made = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
    world.execute(made).await;
    let moved = "ALTER TABLE child SET TABLESPACE small";
    world.execute(moved).await;
    let goal = until("nullable");
    world.drive(&goal, &Watch::new()).await.unwrap();
    let filled = disk.fill(64 * 1024);

    let anyway = Holds {
        free_bytes: 0,
        ..Holds::default()
    };
    let (goal, watch) = (applied(), Watch::new());
    let insist = async {
        let found = told(&watch, held).await;
        *watch.holds.lock().unwrap() = anyway;
        found.expect("the run did not hold").1
    };
    let (outcome, reason) = tokio::join!(world.drive(&goal, &watch), insist);
    let begin = "the disk of the tablespace small, which has ";
    assert!(reason.starts_with(begin), "{reason}");
    let Outcome::Failed { step, error } = outcome.unwrap() else {
        panic!("the disk was not full");
    };
    assert_eq!(step, "g.populate.child");
    for words in ["the disk of ", " is full", "Free disk space and resume"] {
        assert!(error.contains(words), "{error}");
    }
    std::fs::remove_file(&filled).unwrap();
    let outcome = world.drive(&goal, &watch).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    ended_well(&world).await;
}

#[tokio::test]
async fn a_lock_that_is_never_granted_fails_nothing_and_says_who_has_it() {
    let world = large(6_000).await;
    let mut report = world.open().await;
    let name = "SET application_name = 'monthly report'";
    report.execute(name).await.unwrap();
    report.begin_write().await.unwrap();
    let lock = "LOCK TABLE child IN ACCESS SHARE MODE";
    report.execute(lock).await.unwrap();
    let watch = Watch {
        attempts: Some(4),
        ..Watch::new()
    };
    let Outcome::Failed { step, error } = world.drive(&applied(), &watch).await.unwrap() else {
        panic!("the lock was granted");
    };
    assert_eq!(step, "g.nullable.child");
    for words in [
        "another session holds a lock",
        "monthly report of postgres (process",
        "has held a lock on child",
        "Wait until the other session has finished, or end it, and resume",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let waits = |event: &&Event| matches!(event, Event::Waiting { attempts: 4, .. });
    assert_eq!(watch.events.lock().unwrap().iter().filter(waits).count(), 3);
    // the other table did not wait for it, and the step itself has not failed
    let states = world.states().await;
    assert_eq!(states["g.nullable.parent"], "done");
    assert_eq!(states["g.nullable.child"], "pending");
    report.roll_back().await;
    ended_well(&world).await;
}

/// Our session waits for a lock for a twentieth of the time after which the server looks for a
/// deadlock, and gives way. The clerk's own time is longer than any stall of a busy machine: it
/// goes on only because of that.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_deadlock_the_migration_gives_way_and_the_application_goes_on() {
    let world = large(12_000).await;
    world
        .drive(&until("g.populate.parent"), &Watch::new())
        .await
        .unwrap();
    let (mut clerk, mut observer) = (world.open().await, world.open().await);
    let never_first = "SET lock_timeout = 0; SET deadlock_timeout = '5min'";
    clerk.execute(never_first).await.unwrap();
    clerk.begin_write().await.unwrap();
    let late = "UPDATE child SET note = 'late' WHERE id = 2400";
    clerk.execute(late).await.unwrap();
    let watch = Watch::new();
    let application = async {
        // the first batch has the first rows and waits for one of its last
        let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND wait_event_type = 'Lock'";
        for _ in 0..5_000 {
            if observer.count(waits).await.unwrap() > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let early = "UPDATE child SET note = 'early' WHERE id = 1";
        clerk
            .execute(early)
            .await
            .expect("the application was ended");
        clerk.commit().await.unwrap();
    };
    let goal = applied();
    let (outcome, ()) = tokio::join!(world.drive(&goal, &watch), application);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    let waited = |event: &Event| matches!(event, Event::Waiting { .. });
    assert!(watch.events.lock().unwrap().iter().any(waited));
    let notes = "SELECT COUNT(*) FROM child WHERE note IN ('early', 'late') \
                 AND organization_id IS NOT NULL";
    assert_eq!(world.count(notes).await, 2);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_that_the_server_breaks_up_is_waited_for_as_any_lock() {
    let world = large(10).await;
    let (mut ours, mut theirs) = (world.open().await, world.open().await);
    for db in [&mut ours, &mut theirs] {
        db.execute("SET lock_timeout = 0").await.unwrap();
        db.begin_write().await.unwrap();
    }
    ours.execute("SET LOCAL deadlock_timeout = '1ms'")
        .await
        .unwrap();
    theirs
        .execute("SET LOCAL deadlock_timeout = '1min'")
        .await
        .unwrap();
    let update = |id: u8| format!("UPDATE parent SET name = 'x' WHERE id = {id}");
    ours.execute(update(1)).await.unwrap();
    theirs.execute(update(2)).await.unwrap();
    let waiting = tokio::spawn(async move { theirs.execute(update(1)).await.unwrap() });
    let mut observer = Connection::open(&world.url, Access::Read).await.unwrap();
    for _ in 0..5_000 {
        let waits = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
        if observer.count(waits).await.unwrap() > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let broken = ours
        .execute("UPDATE parent SET name = 'y' WHERE id = 2")
        .await;
    let broken = broken.unwrap_err();
    assert!(broken.is_locked(), "{broken:?}");
    assert!(broken.to_string().contains("deadlock"), "{broken}");
    ours.roll_back().await;
    assert_eq!(waiting.await.unwrap(), 1);
}

/// Some of the rows of nearly every batch are locked for longer than a batch waits. Each batch has
/// its own patience, and meets fewer of them the smaller it becomes.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_whose_rows_are_locked_all_the_time_is_populated_with_few_attempts() {
    let rows = 100_000;
    let world = large(rows).await;
    let before = until("g.index.parent");
    world.drive(&before, &Watch::new()).await.unwrap();
    let watch = Watch {
        attempts: Some(12),
        ..Watch::new()
    };
    let stop = AtomicBool::new(false);
    let writer = async {
        let mut db = world.open().await;
        db.execute("SET lock_timeout = 0").await.unwrap();
        let mut locked: u32 = 0;
        while !stop.load(Ordering::SeqCst) {
            db.begin_write().await.unwrap();
            let at = locked * 7_919 % 2_500;
            let some = format!("UPDATE child SET note = 'busy' WHERE id % 2500 = {at}");
            db.execute(some).await.unwrap();
            tokio::time::sleep(Duration::from_millis(80)).await;
            db.commit().await.unwrap();
            locked += 1;
        }
        locked
    };
    let goal = until("g.populate.child");
    let migrate = async {
        let outcome = world.drive(&goal, &watch).await.unwrap();
        stop.store(true, Ordering::SeqCst);
        outcome
    };
    let (outcome, locked) = tokio::join!(migrate, writer);
    assert_eq!(outcome, Outcome::Done, "after {locked} locks");
    let waits = |event: &&Event| matches!(event, Event::Waiting { .. });
    let waited = watch.events.lock().unwrap().iter().filter(waits).count();
    assert!(waited > 12, "only {waited} batches met a locked row");
    ended_well(&world).await;
}
