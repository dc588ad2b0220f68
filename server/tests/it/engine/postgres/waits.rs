//! Locks that the migration waits for: who has them is said, nobody queues behind it for long, and
//! an autovacuum gives way.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection};
use server::engine::executor::{Event, Outcome};

use super::super::world::{Watch, World, applied, until};
use super::{PLAYBOOK, large, statements};

/// Whom a run said that it waits for.
fn blockers(watch: &Watch) -> Vec<String> {
    let events = watch.events.lock().unwrap();
    let blocker = |event: &Event| match event {
        Event::Waiting { blocker, .. } => blocker.clone(),
        _ => None,
    };
    events.iter().filter_map(blocker).collect()
}

/// Uses the table that is waited for until it is told to stop, and answers how long the longest
/// statement took. Its own patience with a lock is twenty times that of the migration: a machine has
/// to stand still for a second to fail it, and a migration that queues without an end fails it on any.
async fn third_party(world: &World, write: &str, stop: &AtomicBool) -> Duration {
    let mut db = Connection::open(&world.url, Access::Write).await.unwrap();
    db.execute("SET lock_timeout = '1s'").await.unwrap();
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::SeqCst) {
        let began = Instant::now();
        (db.execute(write).await).expect("someone queued for longer than a second");
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    longest
}

/// In a minute the run asks about 55 times. It rests less between its attempts here, so that the
/// same number of them takes some seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_for_a_minute_keeps_nobody_waiting_behind_the_migration() {
    const ASKED: u32 = 60;
    let world = large(6_000).await;
    let mut reader = world.open().await;
    for statement in [
        "SET application_name = 'monthly report'",
        "BEGIN",
        "LOCK TABLE parent IN ACCESS SHARE MODE",
    ] {
        reader.execute(statement).await.unwrap();
    }
    let stop = AtomicBool::new(false);
    let watch = Watch {
        longest_wait: Some(Duration::from_millis(40)),
        ..Watch::new()
    };
    let asked = || {
        let events = watch.events.lock().unwrap();
        let enough =
            |event: &Event| matches!(event, Event::Waiting { attempt, .. } if *attempt > ASKED);
        events.iter().any(enough)
    };
    let release = async {
        for _ in 0..12_000 {
            if asked() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.store(true, Ordering::SeqCst);
        reader.roll_back().await;
    };
    let goal = applied();
    let (outcome, (), reads, writes) = tokio::join!(
        world.drive(&goal, &watch),
        release,
        third_party(&world, "SELECT name FROM parent WHERE id = 1", &stop),
        third_party(&world, "UPDATE parent SET name = name WHERE id = 2", &stop),
    );
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert!(
        asked(),
        "the lock was asked for less often than in a minute"
    );
    println!("the longest read took {reads:?}, the longest write {writes:?}");
    let told = blockers(&watch);
    for words in [
        "monthly report of postgres (process",
        "idle in transaction, its query ",
        "has held a lock on parent for ",
    ] {
        assert!(told.iter().all(|told| told.contains(words)), "{told:?}");
    }
    assert!(told.len() > 20, "{told:?}");
}

/// The oldest session on the table is not the one that is waited for, and the lock that is waited
/// for need not be of the step's own table.
#[tokio::test(flavor = "multi_thread")]
async fn who_blocks_is_who_holds_the_lock_that_is_waited_for_on_whatever_table() {
    let world = large(6_000).await;
    let goal = until("organizations");
    world.drive(&goal, &Watch::new()).await.unwrap();
    let mut sessions = Vec::new();
    for (name, lock) in [
        ("old reader", "LOCK TABLE organization IN ACCESS SHARE MODE"),
        ("clerk", "LOCK TABLE organization IN ROW EXCLUSIVE MODE"),
    ] {
        let mut db = world.open().await;
        let name = format!("SET application_name = '{name}'");
        for statement in [&name, "BEGIN", lock] {
            db.execute(statement).await.unwrap();
        }
        sessions.push(db);
    }
    let watch = Watch {
        // on a busy machine whoever looks is not in time at each attempt
        attempts: Some(20),
        longest_wait: Some(Duration::from_millis(100)),
        ..Watch::new()
    };
    let Outcome::Failed { step, error } = world.drive(&applied(), &watch).await.unwrap() else {
        panic!("the lock was granted");
    };
    assert!(step.starts_with("g.nullable."), "{step}");
    let told = blockers(&watch);
    assert!(!told.is_empty(), "nobody was named");
    for told in told.iter().chain([&error]) {
        assert!(told.contains("clerk of postgres (process"), "{told}");
        assert!(told.contains("has held a lock on organization"), "{told}");
    }
    for mut db in sessions {
        db.roll_back().await;
    }
    assert_eq!(world.apply().await, Outcome::Done);
}

/// A run that may ask for a lock once only has nobody who saw for whom it waited: then it names who has held a lock on the
/// table for longest.
#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_at_the_first_attempt_names_who_has_held_the_table_for_longest() {
    let world = large(6_000).await;
    world
        .drive(&until("organizations"), &Watch::new())
        .await
        .unwrap();
    let mut sessions = Vec::new();
    for name in ["monthly report", "late reader"] {
        let mut db = world.open().await;
        let name = format!("SET application_name = '{name}'");
        for statement in [&name, "BEGIN", "LOCK TABLE parent IN ACCESS SHARE MODE"] {
            db.execute(statement).await.unwrap();
        }
        sessions.push(db);
    }
    let watch = || Watch {
        attempts: Some(1),
        ..Watch::new()
    };
    let first = watch();
    let Outcome::Failed { step, error } = world.drive(&applied(), &first).await.unwrap() else {
        panic!("the lock was granted");
    };
    assert_eq!(step, "g.nullable.parent");
    assert!(blockers(&first).is_empty(), "it waited");
    let named = "monthly report of postgres (process";
    assert!(
        error.contains(named) && error.contains("a lock on parent"),
        "{error}"
    );

    let mut sessions = sessions.into_iter();
    sessions.next().unwrap().roll_back().await;
    let Outcome::Failed { error, .. } = world.drive(&applied(), &watch()).await.unwrap() else {
        panic!("the lock was granted");
    };
    assert!(
        error.contains("late reader of postgres (process"),
        "{error}"
    );
    sessions.next().unwrap().roll_back().await;
    assert_eq!(world.apply().await, Outcome::Done);
}

/// Transactions of this database that ended with a rollback, once all other sessions are gone and have told of theirs.
async fn rollbacks(world: &World) -> i64 {
    let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid()";
    for _ in 0..500 {
        if world.count(others).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world
        .count("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        .await
}

/// What is tried twice is written twice and locks twice; the server counts what was taken back.
#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_in_the_way_each_transaction_of_steps_goes_through_in_one_try() {
    let world = large(6_000).await;
    let before = rollbacks(&world).await;
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(rollbacks(&world).await - before, 0);
    assert_eq!(
        world.drive(&super::undone(), &Watch::new()).await.unwrap(),
        Outcome::Done
    );
    assert_eq!(rollbacks(&world).await - before, 0, "undoing");

    // with somebody in the way the same count tells it
    let mut reader = world.open().await;
    for statement in ["BEGIN", "LOCK TABLE parent IN ACCESS SHARE MODE"] {
        reader.execute(statement).await.unwrap();
    }
    let watch = Watch {
        attempts: Some(3),
        ..Watch::new()
    };
    let outcome = world.drive(&applied(), &watch).await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    reader.roll_back().await;
    reader.close().await;
    let tried = rollbacks(&world).await - before;
    assert!(tried >= 3, "{tried}");
}

/// A server that vacuums whatever has one dead row, a page each 100 ms.
async fn vacuuming(directory: &Path, rows: u32) -> (Cluster, World) {
    let cluster = Cluster::start(directory, Keep::ThrowAway).unwrap();
    let mut made = statements(rows);
    made.push(
        "ALTER TABLE child SET (autovacuum_vacuum_cost_delay = 100, \
         autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1, \
         autovacuum_vacuum_scale_factor = 0)"
            .into(),
    );
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::at(cluster.url("postgres").unwrap(), &made, PLAYBOOK).await;
    for statement in [
        "ALTER SYSTEM SET autovacuum_naptime = 1",
        "SELECT pg_reload_conf()",
    ] {
        world.execute(statement).await;
    }
    (cluster, world)
}

/// Waits until an autovacuum is at work on the table; half a minute at most.
async fn at_work(world: &World) {
    world.execute("UPDATE child SET note = note").await;
    let works = "SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' \
                 AND query LIKE '%public.child%'";
    for _ in 0..1_500 {
        if world.count(works).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no autovacuum began");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autovacuum_at_work_on_a_large_table_gives_way_to_each_step() {
    let directory = tempfile::tempdir().unwrap();
    let (_cluster, world) = vacuuming(directory.path(), 12_000).await;
    for phase in ["nullable", "populate", "required"] {
        at_work(&world).await;
        let watch = Watch {
            attempts: Some(4),
            ..Watch::new()
        };
        let outcome = world.drive(&until(phase), &watch).await.unwrap();
        assert_eq!(outcome, Outcome::Done, "{phase}: {:?}", blockers(&watch));
    }
    at_work(&world).await;
    let watch = Watch {
        attempts: Some(4),
        ..Watch::new()
    };
    let outcome = world.drive(&super::undone(), &watch).await.unwrap();
    assert_eq!(outcome, Outcome::Done, "{:?}", blockers(&watch));
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autovacuum_at_work_on_a_small_table_is_named_and_gives_way() {
    let directory = tempfile::tempdir().unwrap();
    let (_cluster, world) = vacuuming(directory.path(), 5_000).await;
    at_work(&world).await;
    let watch = Watch {
        attempts: Some(4),
        ..Watch::new()
    };
    let outcome = world.drive(&until("nullable"), &watch).await.unwrap();
    let told = blockers(&watch);
    assert_eq!(outcome, Outcome::Done, "{told:?}");
    assert!(
        told.iter()
            .any(|told| told.starts_with("autovacuum (process")),
        "{told:?}"
    );
}
