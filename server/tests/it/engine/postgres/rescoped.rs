//! Unique constraints and indexes become unique per organization and back, beside their writers, and
//! every word of their definitions comes back.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use server::db::{Access, Connection, Dialect};
use server::engine::executor::{Goal, Outcome};

use super::super::kills::{Kills, Turn};
use super::super::world::{Watch, World, applied, undone};
use super::{PLAYBOOK, statements};

/// A constraint with everything that one can have, one that takes NULL for a value, and an index that
/// keeps no constraint; over this many rows.
async fn coded(rows: u32) -> World {
    let mut made = statements(rows);
    made.extend(
        [
            "ALTER TABLE child ADD COLUMN code text, ADD COLUMN serial int, ADD COLUMN slug text",
            "UPDATE child SET code = 'C' || id, serial = id, slug = 's' || id",
            "ALTER TABLE child ADD CONSTRAINT \"child's code\" UNIQUE (code) INCLUDE (note) \
             WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED",
            "CREATE UNIQUE INDEX child_slug ON child (slug text_pattern_ops DESC) \
             WITH (fillfactor = 80) WHERE note <> ''",
            "COMMENT ON CONSTRAINT \"child's code\" ON child IS 'Cited in the office''s letters.'",
            "COMMENT ON INDEX \"child's code\" IS 'Asked for by code.'",
            "COMMENT ON INDEX child_slug IS 'Asked for by the pages.'",
            "ALTER TABLE child CLUSTER ON \"child's code\"",
        ]
        .map(str::to_owned),
    );
    let probe = World::on(Dialect::Postgres, &[], PLAYBOOK).await;
    let version = probe.count("SELECT current_setting('server_version_num')::int8");
    made.push(match version.await {
        150_000.. => "ALTER TABLE child ADD UNIQUE NULLS NOT DISTINCT (serial)".to_owned(),
        _ => "ALTER TABLE child ADD UNIQUE (serial)".to_owned(),
    });
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let mut playbook = PLAYBOOK.to_owned();
    for column in ["code", "serial", "slug"] {
        playbook.push_str(&format!(
            "[[groups.unique]]\ntable = \"child\"\ncolumns = [\"{column}\"]\n"
        ));
    }
    World::on(Dialect::Postgres, &made, &playbook).await
}

/// Every word of every index and every constraint of the table, and what was said of them besides.
async fn definitions(world: &World) -> Vec<String> {
    let all = "SELECT concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisclustered, \
               obj_description(indexrelid, 'pg_class')) FROM pg_index \
               WHERE indrelid = 'child'::regclass UNION ALL \
               SELECT concat_ws(' ', conname, pg_get_constraintdef(oid), \
               obj_description(oid, 'pg_constraint')) FROM pg_constraint \
               WHERE conrelid = 'child'::regclass ORDER BY 1";
    let rows = world.rows(all).await;
    rows.iter().map(|row| row.string(0)).collect()
}

async fn there_and_back(rows: u32) {
    let world = coded(rows).await;
    let before = (definitions(&world).await, world.dump().await);
    assert_eq!(world.apply().await, Outcome::Done);
    let after = definitions(&world).await.join("\n");
    for words in [
        "(organization_id, code) INCLUDE (note) WITH (fillfactor='70')",
        "(organization_id, code) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED",
        "(organization_id, slug text_pattern_ops DESC) WITH (fillfactor='80') WHERE (note <> ''",
        "(organization_id, serial)",
    ] {
        assert!(after.contains(words), "{words} is not in: {after}");
    }
    let nulls = |text: &str| text.matches("NULLS NOT DISTINCT").count();
    assert_eq!(nulls(&after), nulls(&before.0.join("\n")));
    assert!(!after.contains("child's code"), "{after}");
    // what was said and set of the old ones besides
    for (name, words) in [
        ("code", "t Asked for by code."),
        ("code", "Cited in the office's letters."),
        ("slug", "Asked for by the pages."),
    ] {
        let found = (after.lines()).any(|line| line.contains(name) && line.ends_with(words));
        assert!(found, "{words} is not said of {name}: {after}");
    }
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!((definitions(&world).await, world.dump().await), before);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(definitions(&world).await.join("\n"), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_a_small_table_s_constraints_comes_back() {
    there_and_back(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_a_large_table_s_constraints_comes_back() {
    there_and_back(6_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_scope_killed_at_any_boundary_there_or_back_ends_as_an_undisturbed_one() {
    let bottom = coded(6_000).await;
    let required = super::until("g.required.child");
    bottom.drive(&required, &Watch::new()).await.unwrap();
    let top = bottom.twin().await;
    top.apply().await;
    let facts = async |world: &World| (definitions(world).await, world.dump().await);
    let there = Kills {
        turn: Some(Turn {
            goal: undone(),
            every: 1,
            // farther than where it began
            ends_as: None,
        }),
        ..Kills::toward(applied(), &bottom)
    };
    there.end_as_undisturbed(facts).await;
    let back = Kills {
        turn: Some(Turn {
            goal: applied(),
            every: 2,
            ends_as: Some(facts(&top).await),
        }),
        // the way back is long: what comes behind the three constraints is another test's
        below: 70,
        ..Kills::toward(undone(), &top)
    };
    back.end_as_undisturbed(facts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_while_a_large_constraint_is_taken_back() {
    let world = coded(6_000).await;
    assert_eq!(world.apply().await, Outcome::Done);
    let write = "UPDATE child SET note = 'w' \
                 WHERE id = (SELECT 1 + floor(random() * 6000)::int)";
    nobody_waits(&world, &undone(), write).await;
}

/// Drives beside an older transaction, which makes the build of a unique index wait and nobody behind it: the transaction
/// stays until a writer has gone on a hundred times beside that build.
pub(super) async fn nobody_waits(world: &World, goal: &Goal, write: &str) {
    let mut reader = world.open().await;
    reader.begin_read().await.unwrap();
    reader.rows("SELECT 1").await.unwrap();
    let (stop, written) = (AtomicBool::new(false), AtomicU32::new(0));
    let writer = async {
        let mut db = Connection::open(&world.url, Access::Write).await.unwrap();
        db.execute("SET lock_timeout = '1s'").await.unwrap();
        while !stop.load(Ordering::SeqCst) {
            (db.execute(write).await).expect("a writer waited for longer than a second");
            written.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let mut observer = world.open().await;
    let release = async {
        let old = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE 'CREATE UNIQUE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid' \
                   AND clock_timestamp() - query_start > interval '300 milliseconds'";
        let mut since = None;
        for _ in 0..6_000 {
            let written = written.load(Ordering::SeqCst);
            if since.is_none() && observer.count(old).await.unwrap() > 0 {
                since = Some(written);
            }
            if since.is_some_and(|since| written >= since + 100) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        reader.roll_back().await;
        since.is_some()
    };
    let watch = Watch::new();
    let migrate = async {
        let outcome = world.drive(goal, &watch).await.unwrap();
        stop.store(true, Ordering::SeqCst);
        outcome
    };
    let (outcome, outlasted, ()) = tokio::join!(migrate, release, writer);
    assert_eq!(outcome, Outcome::Done);
    assert!(outlasted, "the index was not built beside its writers");
    let written = written.load(Ordering::SeqCst);
    assert!(written > 100, "only {written} writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_cannot_be_leaves_nothing_behind_and_is_gone_when_the_rows_are_mended() {
    let world = coded(6_000).await;
    let before = definitions(&world).await;
    assert_eq!(world.apply().await, Outcome::Done);
    for statement in [
        "INSERT INTO organization (code, name) VALUES ('P', 'Two')",
        "INSERT INTO child (id, parent_id, code, organization_id) SELECT 9999, 1, 'C1', id \
         FROM organization WHERE code = 'P'",
    ] {
        world.execute(statement).await;
    }
    let after = definitions(&world).await;
    let Outcome::Failed { step, error } = world.undo().await else {
        panic!("two rows have one code");
    };
    assert_eq!(step, "g.unique.child.code");
    assert!(error.contains("could not create unique index"), "{error}");
    assert_eq!(world.states().await["g.unique.child.code"], "stuck");
    // a build that broke off would refuse rows though it serves nobody
    let kept: Vec<String> = definitions(&world).await;
    assert_eq!(
        kept.iter().filter(|line| line.contains("code")).count(),
        after.iter().filter(|line| line.contains("code")).count(),
        "{kept:#?}"
    );
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    world.execute("DELETE FROM child WHERE id = 9999").await;
    world
        .execute("DELETE FROM organization WHERE code = 'P'")
        .await;
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(definitions(&world).await, before);
}

/// What a partition's rows are found by is dropped with the index of the whole table.
#[tokio::test(flavor = "multi_thread")]
async fn what_replicas_find_the_rows_of_a_partition_by_is_refused_with_a_remedy() {
    let made = [
        "CREATE TABLE visit (id int, at date NOT NULL, code text NOT NULL, \
         CONSTRAINT visit_code UNIQUE (code, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE visit_all PARTITION OF visit DEFAULT",
        "ALTER TABLE visit_all REPLICA IDENTITY USING INDEX visit_all_code_at_key",
    ];
    let begin = PLAYBOOK.split("[[groups.models]]").next().unwrap();
    let playbook = format!(
        "{begin}[[groups.models]]\nlabel = \"Visit\"\ntable = \"visit\"\n\
         [[groups.unique]]\ntable = \"visit\"\ncolumns = [\"code\", \"at\"]\n"
    );
    let world = World::on(Dialect::Postgres, &made, &playbook).await;
    let refused = world.try_plan().await.unwrap_err();
    let said = refused[0].to_string();
    assert!(
        said.contains("replicas find the rows of visit by visit_code"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_find_rows_by_is_refused_with_a_remedy() {
    let mut made = statements(10);
    made.extend(
        [
            "ALTER TABLE child ADD COLUMN code text NOT NULL DEFAULT gen_random_uuid()::text",
            "ALTER TABLE child ADD CONSTRAINT child_code UNIQUE (code)",
            "ALTER TABLE child REPLICA IDENTITY USING INDEX child_code",
            "CREATE TABLE note (id int PRIMARY KEY, child_code text REFERENCES child (code))",
        ]
        .map(str::to_owned),
    );
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let playbook =
        format!("{PLAYBOOK}[[groups.unique]]\ntable = \"child\"\ncolumns = [\"code\"]\n");
    let world = World::on(Dialect::Postgres, &made, &playbook).await;
    let refused = world.try_plan().await.unwrap_err();
    let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    for words in [
        "note references code of child",
        "What a foreign key references has to stay unique",
        "replicas find the rows of child by child_code",
        "REPLICA IDENTITY",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
}
