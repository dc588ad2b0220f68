//! The sample on PostgreSQL: the same tables and rows, and the whole migration there and back.

use server::db::{Access, Connection, Dialect};
use server::engine::executor::Outcome;
use server::engine::verification::{self, CheckResult};
use server::sample::{self, Options, Texts};

use super::demo::{demo, run_together};
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
    // what others do in other databases of the server is no reason to wait
    let mut neighbour = Connection::open(&world.url, Access::Write).await.unwrap();
    neighbour.begin_write().await.unwrap();
    let analyze = "ANALYZE pg_catalog.pg_database";
    neighbour.execute(analyze).await.unwrap();
    let created = sample::create_on(&world.url, &short(0)).await.unwrap();
    neighbour.close().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_makes_a_private_server_keeps_what_is_in_it_and_runs_on_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    // PostgreSQL does not run as root: whoever runs it has to reach its directory
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    for created in [true, false] {
        let mut create = demo(directory.path());
        create.args(["--postgres", "--create-only", "--format", "json"]);
        let output = create.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["created"].is_object(), created, "{report}");
    }
    let mut command = demo(directory.path());
    command.arg("--postgres");
    let place = directory.path().join("obcms-postgres");
    run_together(command, &place.join("run")).await;
    let left = place.join("cluster/postmaster.pid");
    assert!(!left.exists(), "the server goes on running");
}
