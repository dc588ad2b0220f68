//! What only PostgreSQL has: tables too large for one transaction, locks of a table, sessions
//! that are ended, and names, keys and schemas of every kind.

mod disturbed;
mod holds;
mod live;
mod partitioned;
mod pooler;
mod populating;
mod preflight;
mod refused;
mod rescoped;
mod rescoped_partitions;
mod severed;
mod small_disk;
mod tablespaces;
mod taken_over;
mod versions;
mod waits;

use std::time::Duration;

use server::db::{Access, Connection, DatabaseUrl, Dialect};
use server::engine::executor::{Outcome, Signal};
use server::engine::plan::StepMode;

use super::kills::{Kills, Turn};
use super::world::{Watch, World, applied, undone, until};

/// Parents that all get the default organization, and children that follow them; more rows than
/// one transaction may write.
fn statements(rows: u32) -> Vec<String> {
    vec![
        "CREATE TABLE parent (id bigint PRIMARY KEY, name text)".into(),
        "CREATE TABLE child (id bigint PRIMARY KEY, parent_id bigint NOT NULL REFERENCES parent \
         (id), note text)"
            .into(),
        format!("INSERT INTO parent SELECT i, 'parent ' || i FROM generate_series(1, {rows}) AS i"),
        format!(
            "INSERT INTO child SELECT i, 1 + i % {rows}, 'child' FROM generate_series(1, {rows}) AS i"
        ),
    ]
}

pub(super) const PLAYBOOK: &str = "format = 1\nname = \"large\"\ntitle = \"L\"\nkind = \"tenancy\"\n\
    [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
    name = \"One\"\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n\
    [[groups.models]]\nlabel = \"Parent\"\ntable = \"parent\"\n\
    [[groups.models]]\nlabel = \"Child\"\nplural = \"Children\"\ntable = \"child\"\n\
    organization = { through = \"parent_id\" }\n";

async fn large(rows: u32) -> World {
    let statements = statements(rows);
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    World::on(Dialect::Postgres, &statements, PLAYBOOK).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_is_given_to_every_row_without_writing_one() {
    let world = large(12_000).await;
    let places = "SELECT md5(string_agg(ctid::text || xmin::text, ',' ORDER BY id)) FROM parent";
    let before = world.rows(places).await;
    let plan = world.plan().await;
    assert_eq!(plan.step("g.populate.parent").unwrap().cost.rows, 0);
    assert_eq!(
        plan.step("g.required.parent").unwrap().mode,
        StepMode::Staged
    );
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.rows(places).await, before, "a row was written");
    let record = world.journal().await.unwrap();
    let evidence = record.step("g.populate.parent").unwrap().evidence.clone();
    assert!(evidence.unwrap().contains("atthasmissing"));
    for table in ["parent", "child"] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE organization_id IS NULL");
        assert_eq!(world.count(&left).await, 0, "{table}");
        assert_eq!(
            world.column(table, "organization_id").await,
            Some((true, true))
        );
    }
    let unproven = "SELECT COUNT(*) FROM pg_constraint WHERE NOT convalidated OR contype = 'c' \
                    AND conrelid IN ('parent'::regclass, 'child'::regclass)";
    assert_eq!(world.count(unproven).await, 0);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_several_transactions_killed_at_any_boundary_ends_as_an_undisturbed_one() {
    let killed = killed_there(&large(6_000).await).await;
    assert!(killed > 40, "only {killed} were tried");
}

/// Kills migrations at each boundary; every other one goes back first, to where it began.
async fn killed_there(prepared: &World) -> usize {
    let turn = Turn {
        goal: undone(),
        every: 2,
        ends_as: Some(prepared.dump().await),
    };
    let kills = Kills {
        turn: Some(turn),
        ..Kills::toward(applied(), prepared)
    };
    kills.end_as_undisturbed(World::dump).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_broke_off_is_dropped_and_built_again() {
    let world = large(6_000).await;
    world
        .drive(&until("g.populate.parent"), &Watch::new())
        .await
        .unwrap();
    let index = world.plan().await;
    let forward = &index.step("g.index.parent").unwrap().forward[0].sql;
    // what a build leaves that was cancelled: an index that is there and not valid
    world.execute(forward.replace(" CONCURRENTLY", "")).await;
    world
        .execute("UPDATE pg_index SET indisvalid = false WHERE indrelid = 'parent'::regclass AND NOT indisprimary")
        .await;
    let invalid = "SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(world.count(invalid).await, 1);
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

/// A row of a session in which no trigger fires.
#[tokio::main(flavor = "current_thread")]
async fn insert_unstamped(url: &DatabaseUrl) {
    let mut db = Connection::open(url, Access::Write).await.unwrap();
    let silent = "SET session_replication_role = replica";
    db.execute(silent).await.unwrap();
    let row = "INSERT INTO child (id, parent_id) VALUES (0, 1)";
    db.execute(row).await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validation_that_fails_leaves_nothing_and_the_next_try_passes() {
    let world = large(6_000).await;
    world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    // a row that slips in between the gate and the check: found by the validation alone
    let url = world.url.clone();
    let watch = Watch {
        slip: Some((
            "g.required.child",
            Box::new(move || {
                let url = url.clone();
                let inserted = std::thread::spawn(move || insert_unstamped(&url));
                inserted.join().unwrap();
            }),
        )),
        ..Watch::new()
    };
    let outcome = world.drive(&applied(), &watch).await.unwrap();
    let Outcome::Failed { step, error } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(step, "g.required.child");
    assert!(error.contains("is violated by some row"), "{error}");
    assert_eq!(world.states().await["g.required.child"], "failed");
    let left = "SELECT COUNT(*) FROM pg_constraint WHERE conname = 'switchyard_required_child'";
    assert_eq!(world.count(left).await, 0, "a check stayed behind");
    // no statement by hand: the row is offered to its rule before the gate is measured again
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_failed_half_way_is_taken_back_whole() {
    let prepared = large(6_000).await;
    let bottom = prepared.dump().await;
    let parent = until("g.nullable.parent");
    prepared.drive(&parent, &Watch::new()).await.unwrap();
    for at in 0..100 {
        let world = prepared.twin().await;
        let watch = Watch {
            answer: Some((at, Signal::Pause)),
            ..Watch::new()
        };
        world.drive(&until("nullable"), &watch).await.unwrap();
        // between its transactions
        if world.states().await["g.nullable.child"] != "running" {
            continue;
        }
        let nobody = "SET session_replication_role = replica; \
                      UPDATE child SET organization_id = 4711 WHERE id = 1";
        world.execute(nobody).await;
        let Outcome::Failed { step, error } = world.apply().await else {
            panic!("a row belongs to nobody");
        };
        assert_eq!(step, "g.nullable.child");
        assert!(error.contains("violates foreign key constraint"), "{error}");
        assert_eq!(world.undo().await, Outcome::Done);
        assert_eq!(world.dump().await, bottom);
        assert_eq!(world.leftovers().await, Vec::<String>::new());
        return;
    }
    panic!("the step was never between its transactions");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_built_beside_its_writers_outlasts_an_older_transaction_without_beginning_anew() {
    let world = large(6_000).await;
    let mut reader = world.open().await;
    reader.begin_read().await.unwrap();
    reader.rows("SELECT 1").await.unwrap();
    let mut observer = world.open().await;
    let release = async {
        // a build that gives up and begins anew is never this old
        let old = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid' \
                   AND clock_timestamp() - query_start > interval '300 milliseconds'";
        let mut outlasted = false;
        for _ in 0..1_000 {
            outlasted = observer.count(old).await.unwrap() > 0;
            if outlasted {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        reader.roll_back().await;
        outlasted
    };
    let watch = Watch::new();
    let goal = applied();
    let (outcome, outlasted) = tokio::join!(world.drive(&goal, &watch), release);
    assert_eq!(outcome.unwrap(), Outcome::Done);
    assert!(outlasted, "the build of the index began anew each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_keys_and_schemas_of_every_kind_are_migrated_and_restored() {
    let long = "l".repeat(63);
    let statements = [
        "CREATE SCHEMA archive".to_owned(),
        "CREATE TABLE archive.\"Case.1\" (a int, b text, c int GENERATED ALWAYS AS IDENTITY, \
         PRIMARY KEY (b, a))"
            .into(),
        "CREATE TABLE \"Ñame of \"\"it\"\"\" (\"Schlüssel\" uuid PRIMARY KEY DEFAULT gen_random_uuid(), \
         \"a b\" text UNIQUE)"
            .into(),
        format!("CREATE TABLE {long} (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED)"),
        "CREATE TABLE keyless (note text)".into(),
        "CREATE TABLE visit (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)".into(),
        "CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')".into(),
        "CREATE TABLE visit_2 PARTITION OF visit DEFAULT".into(),
        "CREATE VIEW notes AS SELECT note FROM keyless".into(),
        "INSERT INTO archive.\"Case.1\" (a, b) SELECT i, 'b' || i % 7 FROM generate_series(1, 6000) AS i".into(),
        "INSERT INTO \"Ñame of \"\"it\"\"\" (\"a b\") SELECT 'O''Brien ' || i FROM generate_series(1, 6000) AS i".into(),
        format!("INSERT INTO {long} (id) SELECT generate_series(1, 9)"),
        "INSERT INTO keyless SELECT 'n' || i FROM generate_series(1, 6000) AS i".into(),
        "INSERT INTO visit SELECT i, date '2024-06-01' + i FROM generate_series(1, 6000) AS i".into(),
    ];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let mut playbook = String::from(
        "format = 1\nname = \"zoo\"\ntitle = \"Zoo\"\nkind = \"tenancy\"\n\
         [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
         name = \"One\"\n[[groups]]\nname = \"zoo\"\ntitle = \"Zoo\"\n",
    );
    let tables = [
        "archive.\"Case.1\"",
        "\"Ñame of \"\"it\"\"\"",
        &long,
        "keyless",
        "visit",
    ];
    for table in tables {
        playbook.push_str(&format!(
            "[[groups.models]]\nlabel = \"Row\"\ntable = '{table}'\n\
             organization = {{ expression = \"'O'\", otherwise = \"default\" }}\n"
        ));
    }
    let world = World::on(Dialect::Postgres, &statements, &playbook).await;
    let before = world.dump().await;
    assert_eq!(world.apply().await, Outcome::Done);
    for table in tables {
        assert_eq!(
            world.column(table, "organization_id").await,
            Some((true, true)),
            "{table}"
        );
    }
    assert_eq!(world.leftovers().await, Vec::<String>::new());
    assert_eq!(
        world.drive(&undone(), &Watch::new()).await.unwrap(),
        Outcome::Done
    );
    assert_eq!(world.dump().await, before);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
}
