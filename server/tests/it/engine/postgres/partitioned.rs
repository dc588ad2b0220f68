//! Tables in partitions, and tables without a primary key, whose rows are found by their place.

use server::db::Dialect;
use server::engine::executor::{Event, Outcome};

use super::super::world::{Watch, World, applied, undone};

/// Rows in two partitions that all get the default organization.
async fn visits(rows: u32) -> World {
    let statements = [
        "CREATE TABLE visit (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)".into(),
        "CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
            .into(),
        "CREATE SCHEMA later".into(),
        "CREATE TABLE later.visit_2 PARTITION OF visit DEFAULT PARTITION BY HASH (id)".into(),
        "CREATE TABLE later.\"visit 2\" PARTITION OF later.visit_2 FOR VALUES WITH (modulus 1, \
         remainder 0)"
            .into(),
        format!(
            "INSERT INTO visit SELECT i, date '2024-06-01' + i % 500 FROM generate_series(1, {rows}) AS i"
        ),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    World::on(Dialect::Postgres, &statements, &playbook("visit", "")).await
}

fn playbook(table: &str, organization: &str) -> String {
    format!(
        "format = 1\nname = \"places\"\ntitle = \"P\"\nkind = \"tenancy\"\n\
         [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
         name = \"One\"\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n\
         [[groups.models]]\nlabel = \"Row\"\ntable = \"{table}\"\n{organization}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_is_given_to_every_row_of_every_partition_without_writing_one() {
    let world = visits(12_000).await;
    let places = "SELECT md5(string_agg(tableoid::text || ctid::text || xmin::text, ',' \
                  ORDER BY id)) FROM visit";
    let before = world.rows(places).await;
    let plan = world.plan().await;
    for (step, words) in [
        ("g.nullable.visit", "for some milliseconds"),
        ("g.index.visit", "partition by partition"),
    ] {
        let locks = &plan.step(step).unwrap().locks;
        assert!(locks.contains(words), "{locks}");
    }
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.rows(places).await, before, "a row was written");
    let record = world.journal().await.unwrap();
    let evidence = record.step("g.populate.visit").unwrap().evidence.clone();
    assert!(evidence.unwrap().contains("atthasmissing"));
    let column = world.column("visit", "organization_id").await;
    assert_eq!(column, Some((true, true)));
}

/// No statement of the plan reads rows under a lock that a writer waits for: what is read is one
/// partition, and what is about the whole takes what the partitions have.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_keys_and_indexes_of_partitions_are_made_beside_the_writers() {
    let world = visits(12_000).await;
    let before = world.dump().await;
    let plan = world.plan().await;
    for (step, all, alone) in [("g.nullable.visit", 4, 0), ("g.index.visit", 3, 2)] {
        let stages = &plan.step(step).unwrap().stages;
        let found = stages.iter().filter(|stage| !stage.transaction).count();
        assert_eq!((stages.len(), found), (all, alone), "{stages:?}");
    }
    assert_eq!(world.apply().await, Outcome::Done);
    let whole = "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f' AND convalidated \
                 AND conrelid IN (SELECT relid FROM pg_partition_tree('visit')) \
                 AND (conrelid = 'visit'::regclass) = (conparentid = 0)";
    assert_eq!(world.count(whole).await, 4);
    let indexes = "SELECT COUNT(*) FROM pg_index AS i JOIN pg_attribute AS a \
                   ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indisvalid \
                   AND a.attname = 'organization_id' \
                   AND i.indrelid IN (SELECT relid FROM pg_partition_tree('visit'))";
    assert_eq!(world.count(indexes).await, 4);
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.dump().await, before);
    assert_eq!(world.count(indexes).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_killed_at_any_boundary_end_as_undisturbed_ones() {
    let killed = super::killed_there(&visits(6_000).await).await;
    assert!(killed > 20, "only {killed} were tried");
}

/// Made between the plan and its steps.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_made_meanwhile_is_not_left_out() {
    let world = visits(6_000).await;
    let nullable = super::until("organizations");
    world.drive(&nullable, &Watch::new()).await.unwrap();
    for statement in [
        "CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
        "INSERT INTO visit (id, at) VALUES (1, '2030-02-01')",
    ] {
        world.execute(statement).await;
    }
    assert_eq!(world.apply().await, Outcome::Done);
    let unproven = "SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(world.count(unproven).await, 0);
    let key = "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f' AND convalidated \
               AND conrelid = 'visit_3'::regclass";
    assert_eq!(world.count(key).await, 1);
    assert_eq!(world.undo().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// A walk whose batches look at more than their own blocks takes ever longer.
#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_key_are_walked_by_blocks_each_read_once() {
    let rule = "organization = { expression = \"'O'\", otherwise = \"default\" }\n";
    let statements = [
        "CREATE TABLE keyless (note text)",
        "INSERT INTO keyless SELECT 'n' || i FROM generate_series(1, 60000) AS i",
    ];
    let world = World::on(Dialect::Postgres, &statements, &playbook("keyless", rule)).await;
    let before = super::until("g.index.keyless");
    let populated = super::until("g.populate.keyless");
    let read = "SELECT seq_tup_read::int8 FROM pg_stat_user_tables WHERE relname = 'keyless'";
    let watch = Watch::new();
    let nullable = super::until("nullable");
    world.drive(&nullable, &Watch::new()).await.unwrap();
    let earlier = settled(&world, read).await;
    let outcome = world.drive(&populated, &watch).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    let batches = |event: &&Event| matches!(event, Event::Rows { .. });
    let batches = watch.events.lock().unwrap().iter().filter(batches).count();
    assert!(batches > 3, "only {batches} batches");
    let later = settled(&world, read).await;
    assert_eq!(later, earlier, "the table was read from its begin");
    let left = "SELECT COUNT(*) FROM keyless WHERE organization_id IS NULL";
    assert_eq!(world.count(left).await, 0);
    world.drive(&before, &Watch::new()).await.unwrap();
    let outcome = world.drive(&applied(), &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    let outcome = world.drive(&undone(), &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// A figure of the server's statistics when the sessions that made it are gone: they are told at the
/// end of a session at the latest.
async fn settled(world: &World, figure: &str) -> i64 {
    let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    for _ in 0..500 {
        if world.count(others).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.count(figure).await
}
