//! The application goes on while a large table is migrated: clients of its old and of its new
//! version write and read at the same time, throughout every step.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use server::db::{Access, Connection, Dialect};
use server::engine::executor::Outcome;

use super::super::world::{Watch, World, until};
use super::{PLAYBOOK, statements};

/// What the clients share.
struct Office {
    world: World,
    /// How many rows each table has at first.
    rows: i64,
    stop: AtomicBool,
    /// Whether the old version inserts and moves no more: its successor was released everywhere.
    released: AtomicBool,
}

/// What one client did.
#[derive(Default)]
struct Client {
    rounds: AtomicI64,
    /// How often it counted a row up, in each of the tables.
    counted: AtomicI64,
    inserted: AtomicI64,
    deleted: AtomicI64,
    longest_ms: AtomicI64,
}

impl Office {
    async fn new(rows: u32) -> Self {
        let mut made = statements(rows);
        for table in ["parent", "child"] {
            let hits = format!("ALTER TABLE {table} ADD COLUMN hits bigint NOT NULL DEFAULT 0");
            made.push(hits);
        }
        let made: Vec<&str> = made.iter().map(String::as_str).collect();
        Self {
            world: World::on(Dialect::Postgres, &made, PLAYBOOK).await,
            rows: i64::from(rows),
            stop: AtomicBool::new(false),
            released: AtomicBool::new(false),
        }
    }

    async fn session(&self) -> Connection {
        let mut db = self.world.open().await;
        db.execute("SET lock_timeout = 0").await.unwrap();
        db
    }

    /// One statement of a client, which must change or answer exactly one row.
    async fn one(&self, db: &mut Connection, client: &Client, statement: &str) {
        let began = Instant::now();
        let changed = db.execute(statement).await;
        let changed = changed.expect("no statement of the application may fail");
        assert_eq!(changed, 1, "{statement}");
        let took = i64::try_from(began.elapsed().as_millis()).unwrap();
        client.longest_ms.fetch_max(took, Ordering::SeqCst);
    }

    /// A version of the application that knows no organization. It goes on to the end with the
    /// rows that are there, but inserts and moves rows only until the new one is everywhere.
    async fn old_version(&self, client: &Client) {
        let mut db = self.session().await;
        while !self.stop.load(Ordering::SeqCst) {
            let round = client.rounds.load(Ordering::SeqCst);
            if !self.released.load(Ordering::SeqCst) {
                let id = self.rows + 1 + round * 2;
                let moved = 1 + round * 13 % self.rows;
                for statement in [
                    format!("INSERT INTO parent (id, name) VALUES ({id}, 'old')"),
                    format!("INSERT INTO child (id, parent_id) VALUES ({id}, {id})"),
                    // along the foreign key to a parent that may be of another organization
                    format!(
                        "UPDATE child SET parent_id = (SELECT max(id) FROM parent \
                         WHERE name <> 'old') WHERE id = {moved}"
                    ),
                ] {
                    self.one(&mut db, client, &statement).await;
                }
                client.inserted.fetch_add(1, Ordering::SeqCst);
                if round % 3 == 0 {
                    let gone = format!("DELETE FROM child WHERE id = {id}");
                    self.one(&mut db, client, &gone).await;
                    client.deleted.fetch_add(1, Ordering::SeqCst);
                }
            }
            self.count_up(&mut db, client, 1 + round * 7 % self.rows)
                .await;
            client.rounds.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A version that gives each row an organization of its own choice, as soon as it finds the
    /// columns.
    async fn new_version(&self, client: &Client) {
        let mut db = self.session().await;
        let columns = "SELECT COUNT(*) FROM pg_attribute WHERE attname = 'organization_id' \
                       AND attrelid IN ('parent'::regclass, 'child'::regclass)";
        let second = "INSERT INTO organization (code, name) VALUES ('P', 'Two') \
                      ON CONFLICT DO NOTHING";
        let mut knows = false;
        while !self.stop.load(Ordering::SeqCst) {
            if !knows && db.count(columns).await.unwrap() == 2 {
                db.execute(second).await.unwrap();
                knows = true;
            }
            let round = client.rounds.load(Ordering::SeqCst);
            let id = self.rows + 2 + round * 2;
            let (column, value) = match (knows, round % 2) {
                (false, _) => ("", "".to_owned()),
                (true, 0) => (", organization_id", organization("P")),
                (true, _) => (", organization_id", organization("O")),
            };
            for statement in [
                format!("INSERT INTO parent (id, name{column}) VALUES ({id}, 'new'{value})"),
                format!("INSERT INTO child (id, parent_id{column}) VALUES ({id}, {id}{value})"),
            ] {
                self.one(&mut db, client, &statement).await;
            }
            client.inserted.fetch_add(1, Ordering::SeqCst);
            self.count_up(&mut db, client, 1 + round * 11 % self.rows)
                .await;
            client.rounds.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Counts a parent and a child up by one: an update that is lost is missed at the end.
    async fn count_up(&self, db: &mut Connection, client: &Client, id: i64) {
        for table in ["parent", "child"] {
            let statement = format!("UPDATE {table} SET hits = hits + 1 WHERE id = {id}");
            self.one(db, client, &statement).await;
        }
        client.counted.fetch_add(1, Ordering::SeqCst);
    }

    async fn reader(&self, client: &Client) {
        let mut db = Connection::open(&self.world.url, Access::Read)
            .await
            .unwrap();
        db.execute("SET lock_timeout = 0").await.unwrap();
        while !self.stop.load(Ordering::SeqCst) {
            let round = client.rounds.load(Ordering::SeqCst);
            let pair = format!(
                "SELECT c.note, p.name FROM child AS c JOIN parent AS p ON p.id = c.parent_id \
                 WHERE c.id = {}",
                1 + round * 17 % self.rows
            );
            self.one(&mut db, client, &pair).await;
            client.rounds.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until each client has done two more rounds.
    async fn all_at_work(&self, clients: &[Client]) {
        let rounds = |client: &Client| client.rounds.load(Ordering::SeqCst);
        let before: Vec<i64> = clients.iter().map(rounds).collect();
        for _ in 0..30_000 {
            let mut pairs = clients.iter().zip(&before);
            if pairs.all(|(client, before)| rounds(client) > before + 1) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("a client stands still: {before:?}");
    }

    async fn migrate(&self, clients: &[Client]) {
        self.all_at_work(clients).await;
        let plan = self.world.plan().await;
        for step in &plan.steps {
            if step.key.contains(".required.") && !self.released.swap(true, Ordering::SeqCst) {
                self.all_at_work(clients).await;
            }
            let goal = until(&step.key);
            let outcome = self.world.drive(&goal, &Watch::new()).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "{}", step.key);
            self.all_at_work(clients).await;
        }
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// The id of an organization, as a value of its own behind others.
fn organization(code: &str) -> String {
    format!(", (SELECT id FROM organization WHERE code = '{code}')")
}

async fn lives_through(rows: u32) {
    let office = Office::new(rows).await;
    let clients = [Client::default(), Client::default(), Client::default()];
    let began = Instant::now();
    tokio::join!(
        office.old_version(&clients[0]),
        office.new_version(&clients[1]),
        office.reader(&clients[2]),
        office.migrate(&clients),
    );
    let took = began.elapsed();
    let sum = |of: fn(&Client) -> &AtomicI64| -> i64 {
        (clients.iter())
            .map(|client| of(client).load(Ordering::SeqCst))
            .sum()
    };
    let inserted = sum(|client| &client.inserted);
    let world = &office.world;
    for (table, gone) in [("parent", 0), ("child", sum(|client| &client.deleted))] {
        let found = world
            .rows(&format!(
                "SELECT COUNT(*), COUNT(organization_id), SUM(hits)::int8 FROM {table}"
            ))
            .await;
        let expected = office.rows + inserted - gone;
        assert_eq!(found[0].integer(0), expected, "rows of {table} were lost");
        assert_eq!(found[0].integer(1), expected, "rows of {table} have none");
        let counted = sum(|client| &client.counted);
        assert_eq!(found[0].integer(2), counted, "updates of {table} were lost");
    }
    let differ = "SELECT COUNT(*) FROM child AS c JOIN parent AS p ON p.id = c.parent_id \
                  WHERE c.organization_id <> p.organization_id";
    assert_eq!(world.count(differ).await, 0, "old and new do not agree");
    let second = "SELECT COUNT(*) FROM child AS c JOIN organization AS o \
                  ON o.id = c.organization_id WHERE o.code = 'P'";
    assert!(
        world.count(second).await > 1,
        "nothing was to be told apart"
    );
    for (name, client) in ["old", "new", "reader"].iter().zip(&clients) {
        println!(
            "{name}: {} rounds in {took:?}, the longest statement took {} ms",
            client.rounds.load(Ordering::SeqCst),
            client.longest_ms.load(Ordering::SeqCst)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_write_and_read_throughout_every_step_and_nothing_is_lost() {
    lives_through(100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a million rows take a minute: cargo nextest run --run-ignored all"]
async fn both_versions_write_and_read_throughout_every_step_on_a_million_rows() {
    lives_through(1_000_000).await;
}
