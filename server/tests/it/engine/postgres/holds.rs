//! Between batches a run looks around: it holds while others suffer, and keeps the pace that is
//! wanted of it.

use std::sync::Mutex;
use std::time::Duration;

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, DatabaseUrl};
use server::engine::disk;
use server::engine::executor::{Event, Holds, Outcome};
use server::engine::pace::{self, Pace};
use server::engine::replication::{Replication, replication};

use crate::postgres::{copied, follow};

use super::super::world::{Watch, World, applied, until};
use super::{PLAYBOOK, large, statements};

/// Looks until something was reported; a minute at most.
pub(super) async fn told<T>(watch: &Watch, found: impl Fn(&Event) -> Option<T>) -> Option<T> {
    for _ in 0..12_000 {
        if let Some(found) = watch.events.lock().unwrap().iter().find_map(&found) {
            return Some(found);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

pub(super) fn held(event: &Event) -> Option<(String, String)> {
    match event {
        Event::Held { step, reason, .. } => Some((step.clone(), reason.clone())),
        _ => None,
    }
}

fn holding(holds: Holds) -> Watch {
    Watch {
        holds: Mutex::new(holds),
        ..Watch::new()
    }
}

fn logged(watch: &Watch, words: &str) -> bool {
    let events = watch.events.lock().unwrap();
    (events.iter()).any(|event| matches!(event, Event::Log { line, .. } if line.contains(words)))
}

/// The run has to hold, and to go on when what it waits for is over.
async fn holds_until<F: Future<Output = ()>>(
    world: &World,
    watch: &Watch,
    over: impl FnOnce() -> F,
) -> String {
    let goal = applied();
    let release = async {
        let found = told(watch, held).await;
        over().await;
        found
    };
    let (outcome, found) = tokio::join!(world.drive(&goal, watch), release);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    let (step, reason) = found.expect("the run did not hold");
    assert_eq!(step, "g.populate.child");
    assert!(logged(watch, &format!("The run holds for {reason}.")));
    assert!(logged(watch, "The run goes on."));
    reason
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_hold_while_someone_waits_for_a_lock_and_say_who_waits_for_whom() {
    let world = large(12_000).await;
    world
        .execute("CREATE TABLE elsewhere AS SELECT 1 AS id")
        .await;
    // before that an index is built, and waits for every session that works
    let goal = until("g.index.parent");
    world.drive(&goal, &Watch::new()).await.unwrap();
    let (mut holder, mut clerk) = (world.open().await, world.open().await);
    for (db, name) in [(&mut holder, "monthly report"), (&mut clerk, "clerk")] {
        let set = format!("SET application_name = '{name}'");
        db.execute(set).await.unwrap();
        db.execute("SET lock_timeout = 0").await.unwrap();
    }
    holder.begin_write().await.unwrap();
    holder.execute("UPDATE elsewhere SET id = 2").await.unwrap();
    let waiting =
        tokio::spawn(async move { clerk.execute("UPDATE elsewhere SET id = 3").await.unwrap() });
    let watch = holding(Holds {
        lock_wait: Duration::from_millis(1),
        ..Holds::default()
    });
    let reason = holds_until(&world, &watch, async || holder.roll_back().await).await;
    assert_eq!(waiting.await.unwrap(), 1);
    for words in ["clerk (process", "a lock of monthly report (process"] {
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_hold_while_the_disk_is_nearly_full_and_a_pause_is_heard() {
    let world = large(12_000).await;
    let full = Holds {
        free_bytes: u64::MAX,
        ..Holds::default()
    };
    let watch = holding(full);
    let reason = holds_until(&world, &watch, async || {
        *watch.holds.lock().unwrap() = Holds::default();
    })
    .await;
    assert!(
        reason.starts_with("the disk of the database, which has "),
        "{reason}"
    );
    assert!(reason.ends_with("iB left"), "{reason}");
}

/// A real standby: it makes batches wait, and is itself refused as a target.
#[tokio::test(flavor = "multi_thread")]
async fn batches_hold_for_a_standby_and_the_standby_is_no_target() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    copied(first.path(), &[second.path()]);
    follow(first.path(), second.path());
    let primary = Cluster::start(first.path(), Keep::ThrowAway).unwrap();
    let standby = Cluster::start(second.path(), Keep::ThrowAway).unwrap();
    let made = statements(12_000);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::at(primary.url("postgres").unwrap(), &made, PLAYBOOK).await;
    let follower: DatabaseUrl = standby.url("postgres").unwrap();
    let mut replica = follows(&world, &follower).await;
    super::refused::is_no_target(&world, &follower).await;

    replica.row("SELECT pg_wal_replay_pause()").await.unwrap();
    let slot = "SELECT pg_create_physical_replication_slot('archive', true)";
    world.rows(slot).await;
    let noise = "CREATE TABLE noise AS SELECT repeat('x', 1000) FROM generate_series(1, 2000)";
    world.execute(noise).await;
    let watch = holding(Holds {
        lag_bytes: 1 << 20,
        ..Holds::default()
    });
    let mut seen = None;
    let reason = holds_until(&world, &watch, async || {
        let mut db = world.open().await;
        seen = replication(&mut db).await.unwrap();
        replica.row("SELECT pg_wal_replay_resume()").await.unwrap();
    })
    .await;
    assert!(
        reason.starts_with("the standby reporting, which is "),
        "{reason}"
    );
    told_by_whoever_may_see_it(&world, seen.unwrap()).await;
}

/// While the run held, the standby and the slot were told with how far behind they are; to a role that may not see it,
/// that it may not.
async fn told_by_whoever_may_see_it(world: &World, seen: Replication) {
    let (standby, slot) = (&seen.replicas[0], &seen.slots[0]);
    assert!(seen.visible);
    assert_eq!(standby.name, "reporting");
    assert_eq!(standby.state.as_deref(), Some("streaming"));
    assert!(standby.behind_bytes > Some(1 << 20), "{standby:?}");
    assert_eq!((slot.name.as_str(), slot.active), ("archive", false));
    assert!(slot.kept_bytes > Some(1 << 20), "{slot:?}");

    world.execute("CREATE ROLE clerk LOGIN").await;
    let text = world
        .url
        .whole()
        .expose()
        .replace("user=postgres", "user=clerk");
    let clerk: DatabaseUrl = text.parse().unwrap();
    let mut db = Connection::open(&clerk, Access::Read).await.unwrap();
    let hidden = replication(&mut db).await.unwrap().unwrap();
    assert!(!hidden.visible);
    assert_eq!(hidden.replicas[0].behind_bytes, None);
    assert_eq!(disk::free(&mut db, None).await.unwrap(), None);
    assert!(!disk::is_elsewhere(&mut db).await.unwrap());
    let taken = disk::taken(&mut db).await.unwrap();
    assert!(taken.database > 1 << 20, "{taken:?}");
    assert_eq!(taken.log, None);
}

/// Waits until the standby has everything, a minute at most.
async fn follows(world: &World, follower: &DatabaseUrl) -> Connection {
    let mut replica = Connection::open(follower, Access::Read).await.unwrap();
    let all = "SELECT COUNT(*) FROM pg_stat_replication WHERE state = 'streaming' \
               AND replay_lsn >= pg_current_wal_lsn()";
    for _ in 0..3_000 {
        if world.count(all).await == 1 {
            return replica;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let last = replica.row("SELECT pg_last_wal_replay_lsn()::text").await;
    panic!("the standby does not follow: it is at {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_pace_is_heeded_while_the_run_goes_on_and_kept_for_whoever_goes_on() {
    let world = large(30_000).await;
    let mut db = world.open().await;
    let slow = Pace::percent(5).unwrap();
    assert!(!pace::set(&mut db, "1", slow).await.unwrap(), "no run yet");
    world
        .drive(&until("nullable"), &Watch::new())
        .await
        .unwrap();
    assert!(pace::set(&mut db, "1", slow).await.unwrap());
    assert!(!pace::set(&mut db, "2", slow).await.unwrap());
    let watch = Watch::new();
    let paces = |event: &Event| match event {
        Event::Pace { percent } => Some(*percent),
        _ => None,
    };
    let hurry = async {
        let first = told(&watch, paces).await;
        told(&watch, |event| {
            matches!(event, Event::Rows { .. }).then_some(())
        })
        .await;
        pace::set(&mut db, "1", Pace::FULL).await.unwrap();
        first
    };
    let goal = applied();
    let (outcome, first) = tokio::join!(world.drive(&goal, &watch), hurry);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert_eq!(first, Some(5));
    let heard: Vec<u8> = watch
        .events
        .lock()
        .unwrap()
        .iter()
        .filter_map(paces)
        .collect();
    assert_eq!(heard, [5, 100]);
    assert!(logged(&watch, "The run works 5 % of the time from now on."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_waits_for_a_transaction_says_for_whose() {
    let world = large(6_000).await;
    world
        .drive(&until("g.populate.parent"), &Watch::new())
        .await
        .unwrap();
    let mut writer = world.open().await;
    writer
        .execute("SET application_name = 'nightly import'")
        .await
        .unwrap();
    writer.begin_write().await.unwrap();
    writer
        .execute("UPDATE parent SET name = name WHERE id = 1")
        .await
        .unwrap();
    let watch = Watch::new();
    let release = async {
        let found = told(&watch, |event| match event {
            Event::Building {
                step,
                phase,
                waits_for: Some(whom),
                ..
            } => Some((step.clone(), phase.clone(), whom.clone())),
            _ => None,
        })
        .await;
        writer.roll_back().await;
        found
    };
    let goal = until("g.index.parent");
    let (outcome, found) = tokio::join!(world.drive(&goal, &watch), release);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    let (step, phase, whom) = found.expect("nobody was told for whom it waits");
    assert_eq!(step, "g.index.parent");
    assert!(phase.starts_with("waiting for"), "{phase}");
    assert!(whom.starts_with("nightly import (process"), "{whom}");
}

/// A build goes by transactions that are as old as its begin: two writers, one after the other, keep it once before it
/// reads the table and once after, when it has counted what it loaded.
#[tokio::test(flavor = "multi_thread")]
async fn the_build_of_an_index_says_how_far_it_is() {
    let world = large(6_000).await;
    world
        .drive(&until("g.populate.parent"), &Watch::new())
        .await
        .unwrap();
    let mut writers = [world.open().await, world.open().await];
    let write = |id: u32| format!("UPDATE parent SET name = name WHERE id = {id}");
    writers[0].begin_write().await.unwrap();
    writers[0].execute(write(1)).await.unwrap();
    let watch = Watch::new();
    let phase = |words: &'static str| {
        move |event: &Event| match event {
            Event::Building {
                phase, done, total, ..
            } if phase == words => Some((*done, *total)),
            _ => None,
        }
    };
    let release = async {
        let before = told(&watch, phase("waiting for writers before build")).await;
        writers[1].begin_write().await.unwrap();
        writers[1].execute(write(2)).await.unwrap();
        writers[0].roll_back().await;
        let after = told(&watch, phase("waiting for writers before validation")).await;
        writers[1].roll_back().await;
        (before, after)
    };
    let goal = until("g.index.parent");
    let (outcome, (before, after)) = tokio::join!(world.drive(&goal, &watch), release);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert_eq!(before, Some((0, 0)), "nothing was read yet");
    assert_eq!(after, Some((6_000, 6_000)), "every row was loaded");
}
