//! What only PostgreSQL has: tables too large for one transaction, locks of a table, sessions
//! that are ended, and names, keys and schemas of every kind.

mod disturbed;
mod holds;
mod refused;
mod waits;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use server::db::{Access, Connection, Dialect, Patience};
use server::engine::executor::Outcome;
use server::engine::plan::StepMode;

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

const PLAYBOOK: &str = "format = 1\nname = \"large\"\ntitle = \"L\"\nkind = \"tenancy\"\n\
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
    let prepared = large(6_000).await;
    let bottom = prepared.dump().await;
    let undisturbed = prepared.twin().await;
    let watch = Watch::new();
    undisturbed.drive(&applied(), &watch).await.unwrap();
    let top = undisturbed.dump().await;
    // every other kill is followed by a way back first
    let deadly = watch.deadly(Dialect::Postgres);
    assert!(deadly.len() > 40, "only {deadly:?} were tried");
    for (number, at) in deadly.into_iter().enumerate() {
        let world = prepared.twin().await;
        world
            .drive(&applied(), &Watch::with_bomb(at))
            .await
            .unwrap();
        if number % 2 == 0 {
            assert_eq!(world.undo().await, Outcome::Done, "after dying at {at}");
            assert_eq!(world.dump().await, bottom, "back after dying at {at}");
        }
        assert_eq!(world.apply().await, Outcome::Done, "after dying at {at}");
        assert_eq!(world.dump().await, top, "after dying at {at}");
        assert_eq!(world.leftovers().await, Vec::<String>::new(), "{at}");
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_validation_that_fails_leaves_nothing_and_the_next_try_passes() {
    let world = large(6_000).await;
    world
        .drive(&until("populate"), &Watch::new())
        .await
        .unwrap();
    // a row that slips in between the gate and the check: found by the validation alone
    let watch = Watch {
        bomb_before: None,
        ..Watch::new()
    };
    world.execute("ALTER TABLE child DISABLE TRIGGER ALL").await;
    world
        .execute(
            "CREATE FUNCTION slip() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'switchyard_required_child') \
        THEN RAISE EXCEPTION 'check constraint is violated by some row' USING ERRCODE = '23514'; \
        END IF; END $$",
        )
        .await;
    world.execute("CREATE EVENT TRIGGER slip ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION slip()").await;
    let outcome = world.drive(&applied(), &watch).await.unwrap();
    let Outcome::Failed { step, error } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(step, "g.required.child");
    assert!(error.contains("violated"), "{error}");
    assert_eq!(world.states().await["g.required.child"], "failed");
    world.execute("DROP EVENT TRIGGER slip").await;
    world.execute("DROP FUNCTION slip").await;
    world.execute("ALTER TABLE child ENABLE TRIGGER ALL").await;
    let left = "SELECT COUNT(*) FROM pg_constraint WHERE conname = 'switchyard_required_child'";
    assert_eq!(world.count(left).await, 0, "a check stayed behind");
    assert_eq!(world.apply().await, Outcome::Done);
    assert_eq!(world.leftovers().await, Vec::<String>::new());
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
async fn a_session_ended_at_any_moment_is_resumed_to_the_same_end() {
    let prepared = large(6_000).await;
    let undisturbed = prepared.twin().await;
    let watch = Watch::new();
    undisturbed.drive(&applied(), &watch).await.unwrap();
    let top = undisturbed.dump().await;
    for at in (2..watch.passed()).step_by(4) {
        let world = prepared.twin().await;
        let watch = Watch {
            sever: Some((at, world.url.clone())),
            ..Watch::new()
        };
        // an error, or a failed step: both go on
        let first = world.drive(&applied(), &watch).await;
        assert_ne!(first.ok(), Some(Outcome::Aborted));
        assert_eq!(world.apply().await, Outcome::Done, "cut at {at}");
        assert_eq!(world.dump().await, top, "cut at {at}");
    }
}

/// The old version of the application writes until the column is required, then the new one.
async fn lives_through(rows: u32) {
    let world = large(rows).await;
    let (stop, new, rounds) = (
        AtomicBool::new(false),
        AtomicBool::new(false),
        AtomicI64::new(0),
    );
    let longest = std::sync::Mutex::new(Vec::new());
    let writer = async {
        let patience = Patience(Duration::from_secs(10));
        let mut db = Connection::open_patiently(&world.url, Access::Write, patience)
            .await
            .unwrap();
        db.execute("SET lock_timeout = 0").await.unwrap();
        while !stop.load(Ordering::SeqCst) {
            let n = i64::from(rows) + rounds.load(Ordering::SeqCst) + 1;
            let (column, value) = match new.load(Ordering::SeqCst) {
                true => (", organization_id", ", (SELECT id FROM organization)"),
                false => ("", ""),
            };
            let updated = 1 + n * 7 % i64::from(rows);
            for write in [
                format!("INSERT INTO parent (id, name{column}) VALUES ({n}, 'w'{value})"),
                format!("INSERT INTO child (id, parent_id{column}) VALUES ({n}, {n}{value})"),
                format!("UPDATE child SET note = note || '!' WHERE id = {updated}"),
                format!("DELETE FROM child WHERE id = {}", n - 3),
            ] {
                let began = Instant::now();
                db.execute(write)
                    .await
                    .expect("no write of the application may fail");
                longest.lock().unwrap().push(began.elapsed());
            }
            rounds.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let migrate = async {
        for phase in ["organizations", "nullable", "populate"] {
            let outcome = world.drive(&until(phase), &Watch::new()).await.unwrap();
            assert_eq!(outcome, Outcome::Done, "{phase}");
        }
        // the release of the new version: from the next round on nobody is old
        new.store(true, Ordering::SeqCst);
        let now = rounds.load(Ordering::SeqCst);
        while rounds.load(Ordering::SeqCst) < now + 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let outcome = world.drive(&applied(), &Watch::new()).await.unwrap();
        stop.store(true, Ordering::SeqCst);
        outcome
    };
    let ((), outcome) = tokio::join!(writer, migrate);
    assert_eq!(outcome, Outcome::Done);
    for table in ["parent", "child"] {
        let left = format!("SELECT COUNT(*) FROM {table} WHERE organization_id IS NULL");
        assert_eq!(world.count(&left).await, 0, "{table}");
    }
    let differ = "SELECT COUNT(*) FROM child AS c JOIN parent AS p ON p.id = c.parent_id \
                  WHERE c.organization_id <> p.organization_id";
    assert_eq!(world.count(differ).await, 0);
    let written = rounds.load(Ordering::SeqCst);
    let parents = world.count("SELECT COUNT(*) FROM parent").await;
    assert_eq!(parents, i64::from(rows) + written, "a row was lost");
    let mut stalls = longest.into_inner().unwrap();
    stalls.sort();
    println!(
        "{} writes, the longest took {:?}",
        stalls.len(),
        stalls.last()
    );
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

#[tokio::test(flavor = "multi_thread")]
async fn an_application_writes_all_the_while_and_no_row_is_forgotten() {
    lives_through(100_000).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a million rows take a minute: cargo nextest run --run-ignored all"]
async fn an_application_writes_all_the_while_on_a_million_rows() {
    lives_through(1_000_000).await;
}
