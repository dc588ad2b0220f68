//! Two consoles on one control store: a session of one opens the other, what happens on one is seen on both, and when the
//! one that drives a run is killed the other ends it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use serde_json::json;
use server::db::{Access, Connection, DatabaseUrl, quote};
use server::engine::inspect;
use server::sample::{Options, Texts};
use sha2::{Digest as _, Sha256};

use super::machine::Machine;
use crate::postgres::Database;

/// Longest time from the kill until the other console leads.
pub(super) const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);

fn large() -> Options {
    Options {
        scale: NonZeroU32::new(8).unwrap(),
        undecided: 0,
        texts: Texts::Short,
        ..Options::default()
    }
}

/// What the running application writes all the time, and the present time.
const CHANGING: [&str; 6] = [
    "created_at",
    "updated_at",
    "applied",
    "households",
    "engagement_status",
    "progress",
];

/// A hash over every row of each table of the application, without what changes by itself.
async fn content(machine: &Machine) -> BTreeMap<String, String> {
    let url: DatabaseUrl = machine.installed().database.to_string().parse().unwrap();
    let mut db = Connection::open(&url, Access::Read).await.unwrap();
    let schema = inspect(&mut db).await.unwrap();
    let mut tables = BTreeMap::new();
    for table in schema.tables.values() {
        if table.name.starts_with("switchyard_") {
            continue;
        }
        let mut hash = Sha256::new();
        hash.update(&table.sql);
        let columns: Vec<String> = (table.columns.iter())
            .filter(|column| !CHANGING.contains(&column.name.as_str()))
            .map(|column| quote(&column.name))
            .collect();
        let order: Vec<String> = (1..=columns.len()).map(|at| at.to_string()).collect();
        let statement = format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            quote(&table.name),
            order.join(", ")
        );
        db.for_each(statement, |row| {
            let row = format!("{row:?}");
            // entered by the application's own writer
            if !row.contains("Community entered") {
                hash.update(row);
            }
        })
        .await
        .unwrap();
        tables.insert(table.name.clone(), hex::encode(hash.finalize()));
    }
    db.close().await;
    tables
}

/// What people tick.
fn item(machine: &Machine) -> String {
    let list = machine.get("/checklist");
    let mut items = (list["sections"].as_array().unwrap().iter())
        .flat_map(|section| section["items"].as_array().unwrap());
    let item = items.find(|item| item["required"] == true && item["automatic"] == false);
    item.unwrap()["name"].as_str().unwrap().to_owned()
}

/// The lines of the event stream of a console, until one contains a text.
pub(super) fn hear(mut lines: impl Iterator<Item = String>, wanted: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    lines.any(|line| {
        assert!(Instant::now() < deadline, "{wanted} was not heard");
        line.contains(wanted)
    })
}

/// A second system whose status anybody may read; nothing is done with it.
fn publish_another_system(machine: &Machine) {
    let path = machine.file("switchyard.toml");
    let configuration = std::fs::read_to_string(&path).unwrap()
        + "\n[[systems]]\nslug = \"notes\"\ntitle = \"Notes\"\ndatabase = \"sqlite:notes.sqlite3\"\n\
           playbook = \"obcms-to-bmms\"\n[systems.status]\nvisibility = \"public\"\n";
    std::fs::write(path, configuration).unwrap();
}

/// A public page, with its head.
fn page(machine: &Machine, path: &str) -> String {
    let mut stream = TcpStream::connect(machine.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        machine.address()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Opens the event stream.
pub(super) fn listen(machine: &Machine) -> impl Iterator<Item = String> + use<> {
    let mut stream = TcpStream::connect(machine.address()).unwrap();
    let wait = Some(Duration::from_secs(30));
    stream.set_read_timeout(wait).unwrap();
    write!(
        stream,
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        machine.address(),
        machine.cookie()
    )
    .unwrap();
    BufReader::new(stream).lines().map_while(Result::ok)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_share_sessions_events_and_work() {
    let database = Database::new().await;
    let options = Options {
        scale: NonZeroU32::MIN,
        ..large()
    };
    let mut machine = Machine::with_store(options, database.url.clone()).await;
    publish_another_system(&machine);
    machine.start();
    machine.swap();
    machine.start();
    // the cookie was made by neither and opens both; this one does not lead, so the other one drives the run
    let mut events = listen(&machine);
    assert!(hear(&mut events, "listening"));
    machine.swap();
    machine.tick(&item(&machine));
    assert!(hear(&mut events, "checklist"), "{}", machine.log());
    // what is published on either is on the public page of the other long before that is made anew in any case
    for title in ["Written here", "Written there"] {
        let update = json!({ "title": title, "body": "" });
        let (status, answer) = machine.call("POST", "/systems/notes/updates", Some(&update));
        assert_eq!(status, 201, "{answer:#}");
        let written = Instant::now();
        machine.swap();
        while !page(&machine, "/status/notes").contains(title) {
            let waited = written.elapsed();
            assert!(waited < Duration::from_secs(10), "{}", machine.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    machine.swap();
    machine.get_ready().await;
    let run = machine.start_run();
    machine.run_is(&run, "done").await;
    machine.swap();
    machine.run_is(&run, "done").await;
    machine.audit_says(&[("run.started", 1), ("run.done", 1), ("run.failed", 0)]);
    assert!(hear(&mut events, "progress"), "{}", machine.log());
    // asked to stop, the one that leads hands over at once
    machine.stop();
    machine.swap();
    leads(&machine, 2).await;
}

/// Waits until a console leads for the `count`th time since the machine was made.
async fn leads(machine: &Machine, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while machine.log().matches("this console leads now").count() < count {
        assert!(Instant::now() < deadline, "{}", machine.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_console_is_killed_is_ended_by_the_other_one() {
    // whenever the kill comes, the run is not done: nobody has decided yet
    let options = || Options {
        undecided: 23,
        ..large()
    };
    let undisturbed = {
        let database = Database::new().await;
        let mut machine = Machine::with_store(options(), database.url.clone()).await;
        machine.start();
        machine.get_ready().await;
        let run = machine.start_run();
        machine.run_is(&run, "waiting-at-gate").await;
        machine.decide();
        machine.run_is(&run, "done").await;
        let content = content(&machine).await;
        // before its control store is dropped
        machine.stop();
        content
    };
    let database = Database::new().await;
    let mut machine = Machine::with_store(options(), database.url.clone()).await;
    machine.start();
    leads(&machine, 1).await;
    machine.swap();
    machine.start();
    machine.get_ready().await;
    // told by the one that does not lead
    let run = machine.start_run();
    tokio::time::sleep(Duration::from_millis(100)).await;
    machine.swap();
    machine.kill();
    let killed = Instant::now();
    machine.swap();
    leads(&machine, 2).await;
    let took = killed.elapsed();
    assert!(took < TAKEN_OVER_WITHIN, "{took:?}\n{}", machine.log());
    machine.run_is(&run, "waiting-at-gate").await;
    machine.decide();
    machine.run_is(&run, "done").await;
    machine.audit_says(&[("run.started", 1), ("run.done", 1), ("run.failed", 0)]);
    assert_eq!(content(&machine).await, undisturbed);
}
