//! Unique constraints and indexes over partitions become unique per organization and back, beside their writers.

use server::db::Dialect;
use server::engine::executor::Outcome;
use server::engine::plan::Reverse;

use super::super::kills::{Kills, Turn};
use super::super::world::{Watch, World, applied, undone};
use super::PLAYBOOK;
use super::rescoped::nobody_waits;

/// Rows in partitions and in one of a partition, with a constraint that has everything one can have, and an index that
/// keeps none; the part of each in one partition is otherwise than the whole.
async fn visits(rows: u32) -> World {
    let filled = format!(
        "INSERT INTO visit SELECT i, date '2024-06-01' + i % 500, 'C' || i, 'n', 's' || i \
         FROM generate_series(1, {rows}) AS i"
    );
    let made = [
        "CREATE TABLE visit (id int, at date, code text, note text, slug text, PRIMARY KEY (id, at), \
         CONSTRAINT visit_code UNIQUE (code, at) INCLUDE (note) WITH (fillfactor = 70) DEFERRABLE) \
         PARTITION BY RANGE (at)",
        "CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE TABLE visit_all PARTITION OF visit DEFAULT PARTITION BY HASH (at)",
        "CREATE SCHEMA early",
        "CREATE TABLE early.\"visits of all\" PARTITION OF visit_all FOR VALUES WITH (modulus 1, remainder 0)",
        "CREATE UNIQUE INDEX visit_slug ON visit (slug text_pattern_ops DESC, at) \
         WITH (fillfactor = 80) WHERE note <> ''",
        filled.as_str(),
        "COMMENT ON CONSTRAINT visit_code ON visit IS 'Cited.'",
        "COMMENT ON INDEX visit_code IS 'Of all.'",
        "ALTER INDEX early.\"visits of all_code_at_note_key\" RENAME TO \"Their codes\"",
        "ALTER INDEX early.\"Their codes\" SET (fillfactor = 55)",
        "COMMENT ON INDEX early.\"Their codes\" IS 'Of these; $switchyard$ 100 %.'",
        "COMMENT ON CONSTRAINT \"Their codes\" ON early.\"visits of all\" IS 'Cited too.'",
        "ALTER TABLE early.\"visits of all\" CLUSTER ON \"Their codes\"",
        "COMMENT ON INDEX visit_1_slug_at_idx IS 'Of the pages.'",
    ];
    let begin = PLAYBOOK.split("[[groups.models]]").next().unwrap();
    let playbook = format!(
        "{begin}[[groups.models]]\nlabel = \"Visit\"\ntable = \"visit\"\n\
         [[groups.unique]]\ntable = \"visit\"\ncolumns = [\"code\", \"at\"]\n\
         [[groups.unique]]\ntable = \"visit\"\ncolumns = [\"slug\", \"at\"]\n"
    );
    World::on(Dialect::Postgres, &made, &playbook).await
}

/// Every word of every index and every constraint of the table and its partitions, what was said of them besides, and of
/// which index each is a part.
async fn definitions(world: &World) -> Vec<String> {
    let all = "SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid), 'part of', h.inhparent::regclass, \
               c.conname, pg_get_constraintdef(c.oid), i.indisvalid, i.indisclustered, \
               obj_description(i.indexrelid, 'pg_class'), obj_description(c.oid, 'pg_constraint')) \
               FROM pg_partition_tree('visit') AS t JOIN pg_index AS i ON i.indrelid = t.relid \
               LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid \
               LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid ORDER BY 1";
    let rows = world.rows(all).await;
    rows.iter().map(|row| row.string(0)).collect()
}

async fn facts(world: &World) -> (Vec<String>, String) {
    (definitions(world).await, world.dump().await)
}

async fn there_and_back(rows: u32) {
    let world = visits(rows).await;
    let before = facts(&world).await;
    assert_eq!(world.apply().await, Outcome::Done);
    let after = definitions(&world).await;
    for (of, words) in [
        (
            "ONLY public.visit ",
            "(organization_id, code, at) INCLUDE (note) WITH (fillfactor='70')",
        ),
        ("ONLY public.visit ", "DEFERRABLE t f Of all. Cited."),
        (
            "ONLY public.visit ",
            "(organization_id, slug text_pattern_ops DESC, at) WITH (fillfactor='80') WHERE",
        ),
        (
            "early.\"visits of all\"",
            "(organization_id, code, at) INCLUDE (note) WITH (fillfactor='55')",
        ),
        (
            "early.\"visits of all\"",
            "DEFERRABLE t t Of these; $switchyard$ 100 %. Cited too.",
        ),
        (
            "public.visit_1 ",
            "(organization_id, slug text_pattern_ops DESC, at) WITH (fillfactor='80') WHERE",
        ),
        ("public.visit_1 ", "t f Of the pages."),
    ] {
        let found = (after.iter()).any(|line| line.contains(of) && line.contains(words));
        assert!(found, "{words} is not said of {of}: {after:#?}");
    }
    let old = |line: &&String| !line.contains("organization_id") && !line.contains("pkey");
    assert_eq!(after.iter().find(old), None);
    let mine = |line: &&String| line.contains("visit_1_organization_id_");
    assert_eq!(after.iter().filter(mine).count(), 3, "{after:#?}");
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(facts(&world).await, before);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(definitions(&world).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_a_small_table_s_partitions_comes_back() {
    there_and_back(10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_a_large_table_s_partitions_comes_back() {
    there_and_back(6_000).await;
}

/// Where the indexes lie that lie in no usual place.
async fn tablespaces(world: &World) -> Vec<String> {
    let all = "SELECT concat_ws(' ', c.oid::regclass, s.spcname) FROM pg_class AS c \
               JOIN pg_tablespace AS s ON s.oid = c.reltablespace WHERE c.relkind IN ('i', 'I') \
               AND s.spcname NOT LIKE 'pg\\_%' ORDER BY 1";
    let rows = world.rows(all).await;
    rows.iter().map(|row| row.string(0)).collect()
}

/// Of one index the whole lies elsewhere and its parts do not, of the other one a part does.
#[tokio::test(flavor = "multi_thread")]
async fn parts_lie_in_the_tablespace_of_those_whose_place_they_take_there_and_back() {
    for rows in [10, 6_000] {
        let world = visits(rows).await;
        let fast = format!("fast_{}_{rows}", std::process::id());
        let mut db = world.open().await;
        for statement in [
            "SET allow_in_place_tablespaces = on",
            &format!("CREATE TABLESPACE {fast} LOCATION ''"),
            &format!("ALTER INDEX early.\"Their codes\" SET TABLESPACE {fast}"),
            &format!("ALTER INDEX visit_slug SET TABLESPACE {fast}"),
        ] {
            db.execute(statement).await.unwrap();
        }
        db.close().await;
        let before = (tablespaces(&world).await, facts(&world).await);
        let codes = format!("early.\"Their codes\" {fast}");
        assert_eq!(before.0, [codes, format!("visit_slug {fast}")]);
        assert_eq!(world.apply().await, Outcome::Done);
        assert_eq!(
            tablespaces(&world).await,
            [
                format!("early.\"visits of all_organization_id_code_at_uniq\" {fast}"),
                format!("visit_organization_id_slug_at_uniq {fast}")
            ]
        );
        assert_eq!(world.undo().await, Outcome::Done);
        assert_eq!((tablespaces(&world).await, facts(&world).await), before);
        // the server's own, and dropped when nothing lies in it
        let dropped = tokio::task::spawn_blocking(move || drop(world));
        dropped.await.unwrap();
        let elsewhere = World::on(Dialect::Postgres, &[], PLAYBOOK).await;
        elsewhere.execute(format!("DROP TABLESPACE {fast}")).await;
    }
}

/// No statement reads rows under a lock: what is about the whole takes what was built in the partitions.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_while_constraints_of_partitions_change_there_and_back() {
    let world = visits(6_000).await;
    let plan = world.plan().await;
    for step in ["g.unique.visit.code-at", "g.unique.visit.slug-at"] {
        let stages = &plan.step(step).unwrap().stages;
        let alone: Vec<bool> = stages.iter().map(|stage| !stage.transaction).collect();
        assert_eq!(alone, [true, true, false], "{stages:#?}");
    }
    let required = super::until("g.required.visit");
    world.drive(&required, &Watch::new()).await.unwrap();
    let write = "UPDATE visit SET note = 'w' \
                 WHERE id = (SELECT 1 + floor(random() * 6000)::int)";
    nobody_waits(&world, &applied(), write).await;
    nobody_waits(&world, &undone(), write).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_scope_of_partitions_killed_at_any_boundary_ends_as_an_undisturbed_one() {
    let bottom = visits(6_000).await;
    let start = facts(&bottom).await;
    let required = super::until("g.required.visit");
    bottom.drive(&required, &Watch::new()).await.unwrap();
    let top = bottom.twin().await;
    top.apply().await;
    let there = Kills {
        turn: Some(Turn {
            goal: undone(),
            every: 2,
            ends_as: Some(start),
        }),
        ..Kills::toward(applied(), &bottom)
    };
    let killed = there.end_as_undisturbed(facts).await;
    assert!(killed > 15, "only {killed} were tried");
    let back = Kills {
        turn: Some(Turn {
            goal: applied(),
            every: 2,
            ends_as: Some(facts(&top).await),
        }),
        // the way back is long: what comes behind the two is another test's
        below: 90,
        ..Kills::toward(undone(), &top)
    };
    let killed = back.end_as_undisturbed(facts).await;
    assert!(killed > 15, "only {killed} were tried");
}

/// What a build leaves that was cancelled: an index that is there and not valid.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_whose_build_broke_off_is_dropped_and_built_again() {
    let world = visits(6_000).await;
    let required = super::until("g.required.visit");
    world.drive(&required, &Watch::new()).await.unwrap();
    let record = world.journal().await.unwrap();
    let plan = record.plan;
    let break_off = async |build: &str| {
        world.execute(build.replace(" CONCURRENTLY", "")).await;
        let invalid = "UPDATE pg_index SET indisvalid = false WHERE indrelid = 'visit_1'::regclass \
                       AND NOT indisprimary AND NOT EXISTS (SELECT 1 FROM pg_inherits AS h \
                       WHERE h.inhrelid = indexrelid)";
        world.execute(invalid).await;
    };
    let step = plan.step("g.unique.visit.code-at").unwrap();
    break_off(&step.forward[0].sql).await;
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    let Reverse::Staged { statements, .. } = &step.reverse else {
        panic!("{:?}", step.reverse);
    };
    break_off(&statements[0].sql).await;
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// Between the change and its way back; as old months go and new ones come.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_come_and_go_meanwhile_do_not_stand_in_the_way_back() {
    let world = visits(6_000).await;
    assert_eq!(world.apply().await, Outcome::Done);
    for statement in [
        "DROP TABLE early.\"visits of all\"",
        "CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
        "INSERT INTO visit SELECT 1, '2030-02-01', 'C1', 'n', 's1', id FROM organization",
    ] {
        world.execute(statement).await;
    }
    assert_eq!(world.undo().await, Outcome::Done);
    let found = definitions(&world).await;
    let new = |line: &&String| line.contains("organization_id") || line.contains(" f f");
    assert_eq!(found.iter().find(new), None);
    let of_new = |line: &&String| line.contains("public.visit_2 ");
    assert_eq!(found.iter().filter(of_new).count(), 3, "{found:#?}");
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// Two organizations have one code by then: the old constraint cannot be, and what was built of it goes again.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_of_partitions_that_cannot_be_leaves_nothing_behind() {
    let world = visits(6_000).await;
    let before = facts(&world).await;
    assert_eq!(world.apply().await, Outcome::Done);
    let after = definitions(&world).await;
    for statement in [
        "INSERT INTO organization (code, name) VALUES ('P', 'Two')",
        "INSERT INTO visit SELECT 9999, at, code, note, 'other', (SELECT id FROM organization \
         WHERE code = 'P') FROM visit WHERE id = 400",
    ] {
        world.execute(statement).await;
    }
    let Outcome::Failed { step, error } = world.undo().await else {
        panic!("two rows have one code");
    };
    assert_eq!(step, "g.unique.visit.code-at");
    assert!(error.contains("could not create unique index"), "{error}");
    let of_code = |all: &[String]| all.iter().filter(|line| line.contains("code")).count();
    let found = definitions(&world).await;
    assert_eq!(of_code(&found), of_code(&after), "{found:#?}");
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    for statement in [
        "DELETE FROM visit WHERE id = 9999",
        "DELETE FROM organization WHERE code = 'P'",
    ] {
        world.execute(statement).await;
    }
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(facts(&world).await, before);
}
