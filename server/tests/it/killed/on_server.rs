//! Two consoles on one control store, and a target on a server: when the one that drives a run is killed, or stands still,
//! the other one goes on behind its last batch. Two real processes; nothing is written twice.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use server::db::Dialect;
use server::engine::executor::Outcome;

use super::machine::Machine;
use super::shared::{TAKEN_OVER_WITHIN, hear, listen};
use crate::engine::world::World;
use crate::postgres::Database;

/// Rows that follow their parent; each writing of one is noted by the application, and takes it a while as long as it is
/// slow: on no machine are all of them done before a test has looked.
const TABLES: [&str; 9] = [
    "CREATE TABLE parent (id bigint PRIMARY KEY, name text)",
    "CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent (id))",
    "CREATE TABLE written (child bigint NOT NULL)",
    "CREATE TABLE slow (id int)",
    "INSERT INTO parent SELECT i, 'parent ' || i FROM generate_series(1, 1000) AS i",
    "INSERT INTO child SELECT i, 1 + i % 1000 FROM generate_series(1, 12000) AS i",
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN INSERT INTO written VALUES (NEW.id); \
     IF EXISTS (SELECT FROM slow) THEN PERFORM pg_sleep(0.001); END IF; RETURN NULL; END $$",
    "CREATE TRIGGER noted AFTER UPDATE ON child FOR EACH ROW EXECUTE FUNCTION note()",
    "ANALYZE",
];

const PLAYBOOK: &str = "format = 1\nname = \"large\"\ntitle = \"L\"\nkind = \"tenancy\"\n\
    [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
    name = \"One\"\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n\
    [[groups.models]]\nlabel = \"Parent\"\ntable = \"parent\"\n\
    [[groups.models]]\nlabel = \"Child\"\nplural = \"Children\"\ntable = \"child\"\n\
    organization = { through = \"parent_id\" }\n";

const FENCING: &str = "SELECT fencing FROM switchyard_lease";
const POPULATED: &str = "SELECT COUNT(*) FROM child WHERE organization_id IS NOT NULL";
const JOURNAL: &str =
    "SELECT md5(string_agg(j::text, ',' ORDER BY key)) FROM switchyard_journal AS j";

/// Two consoles, their target, and a run that populates slowly. The one that does not drive it is the one that is asked.
struct Populating {
    machine: Machine,
    world: World,
    /// What the target is to be in the end.
    expected: String,
    run: String,
    /// How the other console's stream of events goes on.
    events: Receiver<(Instant, Value)>,
    /// The lease of the one that drives.
    fencing: i64,
    /// Dropped last.
    _store: Database,
}

impl Populating {
    async fn begin() -> Self {
        let world = World::on(Dialect::Postgres, &TABLES, PLAYBOOK).await;
        let twin = world.twin().await;
        assert_eq!(twin.apply().await, Outcome::Done);
        let expected = twin.dump().await;
        let store = Database::new().await;
        let mut machine = Machine::with_target(&world.url, PLAYBOOK, store.url.clone()).await;
        machine.start();
        machine.swap();
        machine.start();
        let mut stream = listen(&machine);
        assert!(hear(&mut stream, "listening"));
        let (told, events) = channel();
        std::thread::spawn(move || {
            for line in stream {
                let event = line.strip_prefix("data: ").map(serde_json::from_str);
                if let Some(Ok(event)) = event
                    && told.send((Instant::now(), event)).is_err()
                {
                    return;
                }
            }
        });
        machine.get_ready().await;
        world.execute("INSERT INTO slow VALUES (1)").await;
        let run = machine.start_run();
        let deadline = Instant::now() + Duration::from_secs(60);
        // the run adds the column some moments later
        let there = "SELECT COUNT(*) FROM pg_attribute WHERE attrelid = 'child'::regclass \
                     AND attname = 'organization_id'";
        while world.count(there).await == 0 || world.count(POPULATED).await == 0 {
            assert!(Instant::now() < deadline, "{}", machine.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let fencing = world.count(FENCING).await;
        Self {
            machine,
            world,
            expected,
            run,
            events,
            fencing,
            _store: store,
        }
    }

    /// Waits until the other one drives; answers how long after `stopped` that was.
    async fn is_taken_over(&self, stopped: Instant) -> Duration {
        while self.world.count(FENCING).await == self.fencing {
            // far more than is promised: a machine with many tests is slow, and how long it took is compared below
            let log = self.machine.log();
            assert!(stopped.elapsed() < Duration::from_secs(60), "nobody: {log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stopped.elapsed()
    }

    /// How long after `stopped` the other console's stream told of batches that came after the rows that were done then.
    fn was_told(&self, stopped: Instant, done: i64) -> Duration {
        let wait = Duration::from_secs(60);
        loop {
            let (at, event) = self.events.recv_timeout(wait).expect("an event");
            let progress = &event["progress"]["progress"];
            let further = progress["step"] == "g.populate.child"
                && progress["rows_done"].as_i64() > Some(done);
            if further {
                assert_eq!(format!("/runs/{}", progress["run"]), self.run);
                return at.saturating_duration_since(stopped);
            }
        }
    }

    /// Goes on without rests until the run has ended; it is the same one, and nothing was done twice.
    async fn ends_well(&self) {
        self.world.execute("DELETE FROM slow").await;
        self.machine.run_is(&self.run, "done").await;
        let runs = self.machine.get("/runs");
        assert_eq!(runs.as_array().unwrap().len(), 1, "{runs:#}");
        let each_once =
            "SELECT (COUNT(*) = 12000 AND COUNT(DISTINCT child) = 12000)::int FROM written";
        assert_eq!(self.world.count(each_once).await, 1);
        assert_eq!(self.world.count(FENCING).await, self.fencing + 1);
        let events = [("run.started", 1), ("run.done", 1), ("run.failed", 0)];
        self.machine.audit_says(&events);
        // thousands of lines that nobody reads
        assert!(
            self.world.dump().await == self.expected,
            "the targets differ"
        );
        assert_eq!(self.world.leftovers().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_on_a_server_whose_console_is_killed_is_ended_by_the_other_one() {
    let mut populating = Populating::begin().await;
    populating.machine.swap();
    populating.machine.kill();
    let killed = Instant::now();
    populating.machine.swap();
    let done = populating.world.count(POPULATED).await;
    let took = populating.is_taken_over(killed).await;
    let told = populating.was_told(killed, done);
    println!("driven by the other one after {took:?}, which told of a batch after {told:?}");
    assert!(
        told < TAKEN_OVER_WITHIN,
        "{told:?}\n{}",
        populating.machine.log()
    );
    populating.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_wakes_up_after_the_other_one_took_its_run_over_writes_nothing_more() {
    let mut populating = Populating::begin().await;
    populating.machine.swap();
    let asleep = Pid::from_raw(i32::try_from(populating.machine.process()).unwrap());
    kill(asleep, Signal::SIGSTOP).unwrap();
    let stopped = Instant::now();
    populating.machine.swap();
    let done = populating.world.count(POPULATED).await;
    let took = populating.is_taken_over(stopped).await;
    let told = populating.was_told(stopped, done);
    println!("driven by the other one after {took:?}, which told of a batch after {told:?}");
    // in the middle of what its successor does
    kill(asleep, Signal::SIGCONT).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !populating
        .machine
        .log()
        .contains("this console leads no longer")
    {
        assert!(Instant::now() < deadline, "{}", populating.machine.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    populating.ends_well().await;
    let journal = populating.world.rows(JOURNAL).await;
    // it shows what the other one did, and adds nothing
    populating.machine.swap();
    populating.machine.run_is(&populating.run, "done").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let events = [("run.started", 1), ("run.done", 1), ("run.failed", 0)];
    populating.machine.audit_says(&events);
    assert_eq!(populating.world.rows(JOURNAL).await, journal);
    assert_eq!(
        populating.world.count(FENCING).await,
        populating.fencing + 1
    );
}
