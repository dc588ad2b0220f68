//! The sample on PostgreSQL: the same tables and rows, and the whole migration there and back.

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, Dialect};
use server::engine::executor::Outcome;
use server::engine::verification::{self, CheckResult};
use server::sample::{self, Options, Texts};

use super::demo::{demo, run_together};
use crate::engine::world::World;
use crate::postgres::Database;

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

/// What `demo --database` answers to its end.
fn in_database(directory: &std::path::Path, url: &str) -> std::process::Output {
    let mut command = demo(directory);
    command
        .args(["--create-only", "--format", "json", "--database", url])
        .env_remove("PGPASSWORD");
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_makes_its_sample_in_a_named_database_and_keeps_it() {
    let (database, directory) = (Database::new().await, tempfile::tempdir().unwrap());
    for created in [true, false] {
        let output = in_database(directory.path(), database.url.whole().expose());
        assert!(output.status.success(), "{output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["created"].is_object(), created, "{report}");
    }
    let settings = std::fs::read_to_string(directory.path().join("obcms-postgres/.env")).unwrap();
    assert!(settings.contains("DATABASE_URL=postgres"), "{settings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_refuses_a_database_that_it_cannot_have_and_says_what_to_do() {
    let own = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(own.path(), Keep::ThrowAway).unwrap();
    let url = cluster.url("postgres").unwrap();
    let mut db = Connection::open(&url, Access::Write).await.unwrap();
    for statement in [
        "CREATE TABLE invoices (id int)",
        "CREATE ROLE clerk LOGIN PASSWORD 'correct-horse'",
    ] {
        db.execute(statement).await.unwrap();
    }
    let file = own.path().join("cluster/pg_hba.conf");
    let rules = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("local all clerk scram-sha-256\n{rules}")).unwrap();
    db.row("SELECT pg_reload_conf()").await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let refusal = |url: &str| {
        let output = in_database(directory.path(), url);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refusal(url.whole().expose());
    assert!(said.contains("has tables already"), "{said}");
    assert!(said.contains("createdb"), "{said}");
    assert_eq!(
        db.count("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'")
            .await
            .unwrap(),
        1
    );

    let whole = url.whole();
    let wrong = whole
        .expose()
        .replace("user=postgres", "user=clerk&password=hunter2");
    let mut said = refusal(&wrong);
    // a server reads its rules again in its own time
    for _ in 0..50 {
        if said.contains("did not accept") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        said = refusal(&wrong);
    }
    for words in [
        "did not accept the user and password",
        "clerk",
        "PGPASSWORD",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");

    let said = refusal("postgres://clerk:hunter2@no-such-host.invalid/obcms");
    for words in [
        "no-such-host.invalid",
        "cannot be reached",
        "Check the host",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    assert!(
        !directory.path().join("obcms-postgres").exists(),
        "nothing is left behind"
    );
}
