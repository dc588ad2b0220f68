//! A driver that is gone or stands still is replaced within seconds, one that is at work is not, however
//! long its statement takes; and one that wakes up behind its successor changes nothing.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use server::db::{Access, Connection};
use server::engine::DriveError;
use server::engine::executor::{Event, Outcome};

use super::super::world::{Watch, World, applied, until};
use super::{PLAYBOOK, large};

/// Longest time until somebody else drives.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

/// The lock of the session that drives.
const LOCK: &str = "SELECT pg_advisory_lock(7375726379617264)";

/// Asks again until it is so; answers how long that took.
async fn wait_for(world: &World, what: &str, at_most: Duration) -> Duration {
    let began = Instant::now();
    while world.count(what).await != 1 {
        assert!(began.elapsed() < at_most, "{what} after {at_most:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

/// A console of its own that drives the target's run, or begins one.
fn console(world: &World) -> Child {
    let playbook = world.dir.path().join("test.toml");
    std::fs::write(&playbook, PLAYBOOK).unwrap();
    Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .arg("run")
        .arg(&playbook)
        .args(["--quiet-seconds", "0", "--database", &world.url.to_string()])
        .current_dir(world.dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

const FENCING: &str = "SELECT fencing FROM switchyard_lease";
const POPULATED: &str = "SELECT COUNT(*) FROM child WHERE organization_id IS NOT NULL";

/// Stops a console in the middle of a long populate in this way; another one is begun again and again
/// until it drives. Answers the one that was stopped.
async fn taken_over_from(world: &World, stop: Signal) -> Child {
    world
        .drive(&until("g.index.parent"), &Watch::new())
        .await
        .unwrap();
    world.execute("INSERT INTO slow VALUES (1)").await;
    let mut first = console(world);
    let begun = format!("SELECT (({POPULATED}) > 0)::int");
    wait_for(world, &begun, Duration::from_secs(60)).await;
    let before = world.count(FENCING).await;
    send(&first, stop);
    if stop == Signal::SIGKILL {
        first.wait().unwrap();
    }
    let stopped = Instant::now();
    let mut second = console(world);
    while world.count(FENCING).await == before {
        assert!(stopped.elapsed() < TAKEN_OVER_WITHIN, "nobody took over");
        if second.try_wait().unwrap().is_some() {
            second = console(world);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("taken over {:?} after {stop}", stopped.elapsed());
    assert_eq!(world.count(FENCING).await, before + 1);
    world.execute("DELETE FROM slow").await;
    assert!(second.wait().unwrap().success());
    first
}

/// Rows of which each takes the application a while, as long as it is slow: on no machine are all of them done before a test
/// has looked.
async fn slowly(rows: u32) -> World {
    let world = large(rows).await;
    for statement in [
        "CREATE TABLE slow (id int)",
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF EXISTS (SELECT FROM slow) THEN PERFORM pg_sleep(0.001); END IF; RETURN NULL; END $$",
        "CREATE TRIGGER lingering AFTER UPDATE ON child FOR EACH ROW EXECUTE FUNCTION linger()",
    ] {
        world.execute(statement).await;
    }
    world
}

async fn undisturbed(world: &World) -> String {
    let twin = world.twin().await;
    assert_eq!(twin.apply().await, Outcome::Done);
    twin.dump().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_stands_still_is_replaced_and_changes_nothing_when_it_wakes_up() {
    let world = slowly(12_000).await;
    let expected = undisturbed(&world).await;
    let mut first = taken_over_from(&world, Signal::SIGSTOP).await;
    let journal = "SELECT md5(string_agg(j::text, ',' ORDER BY key)) FROM switchyard_journal AS j";
    let ended = (world.dump().await, world.rows(journal).await);
    assert_eq!(ended.0, expected);
    let fencing = world.count(FENCING).await;
    send(&first, Signal::SIGCONT);
    assert!(!first.wait().unwrap().success(), "it does not know");
    assert_eq!((world.dump().await, world.rows(journal).await), ended);
    assert_eq!(world.count(FENCING).await, fencing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_is_killed_is_replaced() {
    let world = slowly(12_000).await;
    let expected = undisturbed(&world).await;
    taken_over_from(&world, Signal::SIGKILL).await;
    assert_eq!(world.dump().await, expected);
}

/// The session lives, and the lease is another's: what the number alone keeps out.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_driver_whose_fencing_number_is_another_s_is_refused() {
    let world = slowly(12_000).await;
    world
        .drive(&until("g.populate.parent"), &Watch::new())
        .await
        .unwrap();
    world.execute("INSERT INTO slow VALUES (1)").await;
    let (goal, watch) = (applied(), Watch::new());
    let (refused, populated) = tokio::join!(world.drive(&goal, &watch), stolen(&world));
    assert!(matches!(refused, Err(DriveError::LeaseLost)), "{refused:?}");
    assert!((1..12_000).contains(&populated), "{populated} rows by then");
    assert_eq!(world.count(POPULATED).await, populated);
    world.execute("DELETE FROM slow").await;
    assert_eq!(world.apply().await, Outcome::Done);
}

/// Takes the lease between two batches as a successor does, but for its session; answers how many rows have an
/// organization then.
async fn stolen(world: &World) -> i64 {
    let steal =
        format!("UPDATE switchyard_lease SET fencing = fencing + 1 WHERE ({POPULATED}) > 0");
    let mut db = world.open().await;
    for _ in 0..2_000 {
        db.begin_write().await.unwrap();
        // a batch holds the row for as long as it takes
        if let Ok(1) = db.execute(steal.as_str()).await {
            let populated = db.count(POPULATED).await.unwrap();
            db.commit().await.unwrap();
            db.close().await;
            return populated;
        }
        db.roll_back().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("no batch was waited for");
}

/// Another machine's process number says nothing here: only the server can tell that it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_a_session_whose_console_is_gone_ends_within_seconds() {
    let world = large(1).await;
    let mut db = Connection::open(&world.url, Access::Write).await.unwrap();
    let process = db.count("SELECT pg_backend_pid()").await.unwrap();
    db.rows(LOCK).await.unwrap();
    let long = db.execute("SELECT pg_sleep(600)");
    assert!(
        tokio::time::timeout(Duration::from_millis(200), long)
            .await
            .is_err()
    );
    drop(db);
    let gone = format!("SELECT (COUNT(*) = 0)::int FROM pg_stat_activity WHERE pid = {process}");
    let took = wait_for(&world, &gone, Duration::from_secs(60)).await;
    println!("the session ended after {took:?}");
}

/// The lease would have run out while it waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_waits_for_longer_than_a_lease_lasts_is_at_work_and_keeps_it() {
    let world = large(6_000).await;
    let mut reader = world.open().await;
    reader.begin_write().await.unwrap();
    let lock = "LOCK TABLE parent IN ACCESS SHARE MODE";
    reader.execute(lock).await.unwrap();
    let (goal, watch) = (applied(), Watch::new());
    let other = Watch {
        owner: "another console".into(),
        ..Watch::new()
    };
    let tries = async {
        let waits = |event: &Event| matches!(event, Event::Waiting { .. });
        let began = Instant::now();
        while !watch.events.lock().unwrap().iter().any(waits) {
            assert!(began.elapsed() < Duration::from_secs(30), "nobody waits");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(13) {
            let driven = world.drive(&goal, &other).await;
            let held =
                matches!(&driven, Err(DriveError::Driven { owner, .. }) if owner == "a test");
            assert!(held, "{driven:?} after {:?}", began.elapsed());
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        reader.roll_back().await;
    };
    let (outcome, ()) = tokio::join!(world.drive(&goal, &watch), tries);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert_eq!(world.count(FENCING).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_our_role_may_not_end_is_named() {
    let world = large(10).await;
    let role = format!("keeper_{}", std::process::id());
    for statement in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("ALTER TABLE parent OWNER TO {role}"),
        format!("ALTER TABLE child OWNER TO {role}"),
        format!("GRANT CREATE ON SCHEMA public TO {role}"),
    ] {
        world.execute(statement).await;
    }
    let ours = World {
        url: world.url_as(&role),
        dir: tempfile::tempdir().unwrap(),
        database: None,
        playbook: world.playbook.clone(),
        options: world.options.clone(),
    };
    let goal = until("organizations");
    ours.drive(&goal, &Watch::new()).await.unwrap();
    let mut theirs = world.open().await;
    theirs.rows(LOCK).await.unwrap();
    let watch = Watch {
        owner: "another console".into(),
        ..Watch::new()
    };
    let refused = ours.drive(&applied(), &watch).await.unwrap_err();
    let said = refused.to_string();
    for words in [
        "a test, which gives no sign of life",
        "of postgres) this role may not end",
    ] {
        assert!(said.contains(words), "{said}");
    }
    theirs.close().await;
    let outcome = ours.drive(&applied(), &watch).await;
    assert_eq!(outcome.unwrap(), Outcome::Done);
    world.execute(format!("DROP OWNED BY {role} CASCADE")).await;
    world.execute(format!("DROP ROLE {role}")).await;
}
