//! The sample on PostgreSQL: the same tables and rows, and the whole migration there and back.

use server::db::{Access, Connection, Dialect};
use server::engine::executor::Outcome;
use server::engine::verification::{self, CheckResult};
use server::sample::{self, Options, Texts};

use crate::engine::world::World;

fn short(undecided: u32) -> Options {
    Options {
        texts: Texts::Short,
        undecided,
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_the_same_on_postgresql_and_migrates_there_and_back() {
    let world = World::on(Dialect::Postgres, &[], sample::PLAYBOOK).await;
    let created = sample::create_on(&world.url, &short(0)).await.unwrap();
    assert_eq!((created.tables, created.foreign_keys), (161, 361));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("db.sqlite3");
    let other = sample::create(&file, &short(0)).await.unwrap();
    assert_eq!(created.rows, other.rows);
    let again = sample::create_on(&world.url, &short(0)).await.unwrap_err();
    assert!(again.to_string().contains("empty database"), "{again}");

    let outcome = world.apply().await;
    assert_eq!(outcome, Outcome::Done);
    let mut db = Connection::open(&world.url, Access::Read).await.unwrap();
    let proof = verification::measure(&mut db, &world.playbook)
        .await
        .unwrap();
    let open: Vec<_> = proof
        .checks()
        .filter(|check| check.result != CheckResult::Passed)
        .collect();
    assert!(open.is_empty(), "{open:#?}");
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    db.close().await;
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}
