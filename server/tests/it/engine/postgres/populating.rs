//! The batches of a large table: what they write beside the organization, and what is left of them when the server dies.

use std::path::Path;
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use server::cluster::{Cluster, Keep};
use server::engine::DriveError;
use server::engine::executor::Outcome;

use super::super::world::{Watch, World, applied, until};
use super::{PLAYBOOK, large, statements};

const BATCH: &str = "g.populate.child";

async fn batch_of(world: &World) -> String {
    let plan = world.plan().await;
    plan.step(BATCH).unwrap().forward[0].sql.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn indexed_columns_are_set_to_what_they_are_and_keys_and_made_ones_are_left_out() {
    let world = large(6_000).await;
    for statement in [
        "ALTER TABLE child ADD COLUMN code text UNIQUE",
        "ALTER TABLE child ADD COLUMN long bigint GENERATED ALWAYS AS (length(note)) STORED",
        "ALTER TABLE child ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY",
        "CREATE INDEX ON child (parent_id, note)",
        "CREATE INDEX ON child (long)",
        "CREATE INDEX ON child (number)",
        "CREATE INDEX ON child (lower(note))",
    ] {
        world.execute(statement).await;
    }
    let content = "SELECT md5(string_agg(ROW(id, parent_id, note, code, long, number)::text, ',' \
                   ORDER BY id)) FROM child";
    let before = world.rows(content).await;
    let batch = batch_of(&world).await;
    for name in ["parent_id", "note"] {
        assert!(
            batch.contains(&format!(", \"{name}\" = t.\"{name}\"")),
            "{batch}"
        );
    }
    for name in ["id", "code", "long", "number"] {
        assert!(!batch.contains(&format!(", \"{name}\" = t.")), "{batch}");
    }
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.rows(content).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_of_the_application_for_changes_of_certain_columns_is_not_carried_out() {
    let world = large(6_000).await;
    for statement in [
        "CREATE INDEX ON child (parent_id)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'the parent was changed'; END $$",
        "CREATE TRIGGER of_parent BEFORE UPDATE OF parent_id ON child \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    ] {
        world.execute(statement).await;
    }
    let batch = batch_of(&world).await;
    assert!(!batch.contains("\"parent_id\" = t."), "{batch}");
    assert_eq!(world.apply().await, Outcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_is_one_that_only_a_partition_has() {
    let world = large(6_000).await;
    for statement in [
        "ALTER TABLE child RENAME TO child_before",
        "CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent (id), note text) \
         PARTITION BY RANGE (id)",
        "CREATE TABLE child_all PARTITION OF child DEFAULT",
        "INSERT INTO child SELECT id, parent_id, note FROM child_before",
        "DROP TABLE child_before",
        "CREATE INDEX ON child (parent_id)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'the parent was changed'; END $$",
        "CREATE TRIGGER of_parent BEFORE UPDATE OF parent_id ON child_all \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    ] {
        world.execute(statement).await;
    }
    assert_eq!(world.apply().await, Outcome::Done);
}

/// Batches do not wait until the disk has them: the server may forget the last ones when it dies.
#[tokio::test(flavor = "multi_thread")]
async fn batches_that_a_dying_server_forgets_are_done_again() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();
    let made = statements(30_000);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::at(cluster.url("postgres").unwrap(), &made, PLAYBOOK).await;
    world
        .drive(&until("nullable"), &Watch::new())
        .await
        .unwrap();

    let process = postmaster(directory.path());
    let running = Arc::new(Mutex::new(Some(cluster)));
    let (place, server) = (directory.path().to_owned(), running.clone());
    let watch = Watch {
        disturb: Some((
            60,
            Box::new(move || {
                kill(process, Signal::SIGQUIT).unwrap();
                let mut server = server.lock().unwrap();
                drop(server.take());
                *server = Some(Cluster::start(&place, Keep::ThrowAway).unwrap());
            }),
        )),
        ..Watch::new()
    };
    let broken = world.drive(&applied(), &watch).await.unwrap_err();
    assert!(matches!(broken, DriveError::Db(_)), "{broken:?}");
    let record = world.journal().await.unwrap();
    let batches = record.step(BATCH).unwrap();
    let assigned = "SELECT COUNT(*) FROM child WHERE organization_id IS NOT NULL";
    let assigned = world.count(assigned).await.unsigned_abs();
    assert!(assigned < 30_000, "the server died when all was done");
    assert_eq!(
        batches.rows_done, assigned,
        "the cursor and the rows differ"
    );

    assert_eq!(world.apply().await, Outcome::Done);
    let left = "SELECT COUNT(*) FROM child WHERE organization_id IS NULL";
    assert_eq!(world.count(left).await, 0);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// The process of the server in a directory.
fn postmaster(directory: &Path) -> Pid {
    let text = std::fs::read_to_string(directory.join("cluster/postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap())
}
