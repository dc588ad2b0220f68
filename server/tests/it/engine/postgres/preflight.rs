//! What a check sees of a server before a run: who is in the way, what lies around the tables, which
//! names are taken and which rights are missing. What cannot be seen does not pass.

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection, DatabaseUrl, Dialect};
use server::engine::Playbook;
use server::engine::executor::Outcome;
use server::engine::preflight::{self, Check, Surroundings, Verdict};

use super::super::world::World;
use super::pooler::Pooler;
use super::{PLAYBOOK, large, statements};

async fn check(url: &DatabaseUrl, playbook: &Playbook, name: &str) -> Check {
    let checks = preflight::run(url, playbook, &Surroundings::default()).await;
    let found = checks.iter().find(|check| check.name == name);
    found
        .unwrap_or_else(|| panic!("no check {name}: {checks:#?}"))
        .clone()
}

async fn of(world: &World, name: &str) -> Check {
    check(&world.url, &world.playbook, name).await
}

/// What a check says and what it tells to do.
fn said(check: &Check) -> String {
    format!(
        "{} {}",
        check.evidence,
        check.remedy.as_deref().unwrap_or_default()
    )
}

fn warns(check: &Check, words: &[&str]) {
    assert_eq!(check.verdict, Verdict::Warning, "{check:?}");
    for words in words {
        assert!(said(check).contains(words), "{words:?}: {check:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_other_sessions_is_told_so_and_passes_no_check_of_them() {
    let world = large(10).await;
    let role = format!("blind_{}", std::process::id());
    world.execute(format!("CREATE ROLE {role} LOGIN")).await;
    let blind = world.url_as(&role);
    let mut other = world.open().await;
    other.begin_write().await.unwrap();
    other.rows("SELECT 1").await.unwrap();

    let grant = format!("GRANT pg_monitor TO {role}");
    warns(
        &check(&blind, &world.playbook, "sees-others").await,
        &["neither what they do nor since when", &grant],
    );
    warns(
        &check(&blind, &world.playbook, "long-transactions").await,
        &["sessions of other roles do not show since when"],
    );
    warns(
        &check(&blind, &world.playbook, "free-disk").await,
        &["cannot be looked at from here"],
    );

    world.execute(grant).await;
    for name in ["sees-others", "long-transactions", "free-disk"] {
        let found = check(&blind, &world.playbook, name).await;
        assert_eq!(found.verdict, Verdict::Passed, "{found:?}");
    }
    let free = check(&blind, &world.playbook, "free-disk").await;
    assert!(free.evidence.contains("iB are free of"), "{free:?}");
    other.roll_back().await;
    world.execute(format!("DROP ROLE {role}")).await;
}

/// Behind it what a session has locked is anybody's, and the lease of a run is too.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_gives_one_session_to_two_is_told_with_what_to_do() {
    let world = large(10).await;
    let own = of(&world, "session").await;
    assert_eq!(own.verdict, Verdict::Passed, "{own:?}");
    let pooler = Pooler::before(&world.url);
    let shared = check(&pooler.url, &world.playbook, "session").await;
    assert_eq!(shared.verdict, Verdict::Failed, "{shared:?}");
    for words in [
        "Two connections were given one session",
        "Name the server itself, not the pooler",
    ] {
        assert!(said(&shared).contains(words), "{shared:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prepared_transactions_and_slots_that_nobody_reads_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let made = statements(10);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();
    let url = cluster.url("postgres").unwrap();
    let world = World::at(url, &made, PLAYBOOK).await;
    for name in ["prepared-transactions", "replication-slots"] {
        let found = of(&world, name).await;
        assert_eq!(found.verdict, Verdict::Passed, "{found:?}");
    }
    let allow = "ALTER SYSTEM SET max_prepared_transactions = 5";
    world.execute(allow).await;
    drop(cluster);
    let _cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();
    let mut db = world.open().await;
    for statement in [
        "SELECT pg_create_physical_replication_slot('forgotten', true)",
        "BEGIN",
        "LOCK TABLE child IN ACCESS SHARE MODE",
        "PREPARE TRANSACTION 'half done'",
    ] {
        db.execute(statement).await.unwrap();
    }
    warns(
        &of(&world, "prepared-transactions").await,
        &["half done", "Commit or roll them back"],
    );
    warns(&of(&world, "replication-slots").await, &["forgotten"]);
    db.execute("ROLLBACK PREPARED 'half done'").await.unwrap();
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_views_and_partitions_of_the_tables_are_told() {
    let mut made = statements(10);
    made.extend(
        [
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            "CREATE TRIGGER audit BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION noted()",
            "CREATE VIEW notes AS SELECT note FROM child",
            "CREATE MATERIALIZED VIEW names AS SELECT name FROM parent",
            "CREATE TABLE visit (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
            "CREATE TABLE visit_all PARTITION OF visit DEFAULT",
        ]
        .map(str::to_owned),
    );
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let playbook = format!("{PLAYBOOK}[[groups.models]]\nlabel = \"Visit\"\ntable = \"visit\"\n");
    let world = World::on(Dialect::Postgres, &made, &playbook).await;
    warns(&of(&world, "triggers").await, &["audit of child"]);
    warns(
        &of(&world, "dependent-views").await,
        &["names (stored) of parent", "notes of child"],
    );
    warns(&of(&world, "partitions").await, &["visit (about "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_taken_are_refused_and_those_of_a_run_under_way_are_not() {
    let world = large(6_000).await;
    let free = of(&world, "existing-names").await;
    assert_eq!(free.verdict, Verdict::Passed, "{free:?}");
    for (statement, taken, undo) in [
        (
            "CREATE INDEX child_organization_id_idx ON child (note)",
            "the relation child_organization_id_idx (child)",
            "DROP INDEX child_organization_id_idx",
        ),
        (
            "ALTER TABLE child ADD CONSTRAINT switchyard_required_child CHECK (id > 0)",
            "the constraint switchyard_required_child (child)",
            "ALTER TABLE child DROP CONSTRAINT switchyard_required_child",
        ),
        (
            "CREATE FUNCTION switchyard_stamp_child() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "the function switchyard_stamp_child (child)",
            "DROP FUNCTION switchyard_stamp_child()",
        ),
    ] {
        world.execute(statement).await;
        let found = of(&world, "existing-names").await;
        assert_eq!(found.verdict, Verdict::Failed, "{found:?}");
        assert!(said(&found).contains(taken), "{found:?}");
        world.execute(undo).await;
    }
    assert_eq!(world.apply().await, Outcome::Done);
    let own = of(&world, "existing-names").await;
    assert_eq!(own.verdict, Verdict::Passed, "{own:?}");
}

/// Those of constraints that become unique per organization, and of the indexes that partitions get.
#[tokio::test(flavor = "multi_thread")]
async fn names_of_changed_constraints_and_of_indexes_of_partitions_are_looked_for_too() {
    let made = [
        "CREATE TABLE office (id int PRIMARY KEY, code text UNIQUE)",
        "CREATE SCHEMA early",
        "CREATE TABLE visit (id int, at date, code text, UNIQUE (code, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE early.visit_all PARTITION OF visit DEFAULT",
        "CREATE TABLE small (id int, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE small_all PARTITION OF small DEFAULT",
        "INSERT INTO visit SELECT i, '2024-01-01', 'C' || i FROM generate_series(1, 6000) AS i",
        // the server finds another one for the index of a small table's partition
        "CREATE INDEX small_all_organization_id_idx ON office (code)",
    ];
    let begin = PLAYBOOK.split("[[groups.models]]").next().unwrap();
    let mut playbook = begin.to_owned();
    for table in ["office", "visit", "small"] {
        playbook.push_str(&format!(
            "[[groups.models]]\nlabel = \"Row\"\ntable = \"{table}\"\n"
        ));
    }
    playbook.push_str(
        "[[groups.unique]]\ntable = \"office\"\ncolumns = [\"code\"]\n\
         [[groups.unique]]\ntable = \"visit\"\ncolumns = [\"code\", \"at\"]\n",
    );
    let world = World::on(Dialect::Postgres, &made, &playbook).await;
    let free = of(&world, "existing-names").await;
    assert_eq!(free.verdict, Verdict::Passed, "{free:?}");
    for (statement, taken, undo) in [
        (
            "CREATE SEQUENCE office_organization_id_code_uniq",
            "the relation office_organization_id_code_uniq (office)",
            "DROP SEQUENCE office_organization_id_code_uniq",
        ),
        (
            "ALTER TABLE visit ADD CONSTRAINT visit_organization_id_code_at_uniq CHECK (id > 0)",
            "the constraint visit_organization_id_code_at_uniq (visit)",
            "ALTER TABLE visit DROP CONSTRAINT visit_organization_id_code_at_uniq",
        ),
        (
            "CREATE INDEX visit_all_organization_id_idx ON early.visit_all (id)",
            "the relation visit_all_organization_id_idx (early.visit_all)",
            "DROP INDEX early.visit_all_organization_id_idx",
        ),
        (
            "CREATE INDEX visit_all_organization_id_code_at_uniq ON early.visit_all (id)",
            "the relation visit_all_organization_id_code_at_uniq (early.visit_all)",
            "DROP INDEX early.visit_all_organization_id_code_at_uniq",
        ),
    ] {
        world.execute(statement).await;
        let found = of(&world, "existing-names").await;
        assert_eq!(found.verdict, Verdict::Failed, "{statement}: {found:?}");
        assert!(said(&found).contains(taken), "{found:?}");
        world.execute(undo).await;
    }
    assert_eq!(world.apply().await, Outcome::Done);
}

/// A table elsewhere, and the framework's own.
#[tokio::test(flavor = "multi_thread")]
async fn rights_in_other_schemas_and_on_the_record_table_are_named_and_enough() {
    let number = std::process::id();
    let role = format!("keeper_{number}");
    let made = [
        "CREATE SCHEMA archive",
        "CREATE TABLE archive.file (id int PRIMARY KEY)",
        "CREATE TABLE applied (id serial PRIMARY KEY, name text)",
    ];
    let playbook = "format = 1\nname = \"elsewhere\"\ntitle = \"E\"\nkind = \"tenancy\"\n\
        [organizations]\ntable = \"organization\"\n[organizations.default]\ncode = \"O\"\n\
        name = \"One\"\n[[organizations.recorded]]\ntable = \"applied\"\n\
        values = { name = \"0001\" }\n[[groups]]\nname = \"g\"\ntitle = \"G\"\n\
        [[groups.models]]\nlabel = \"File\"\ntable = \"archive.file\"\n";
    let world = World::on(Dialect::Postgres, &made, playbook).await;
    for statement in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("ALTER TABLE archive.file OWNER TO {role}"),
        format!("GRANT CREATE ON SCHEMA public TO {role}"),
        format!("REVOKE ALL ON SCHEMA archive FROM {role}"),
    ] {
        world.execute(statement).await;
    }
    let ours = world.url_as(&role);
    let mut given = Vec::new();
    for _ in 0..6 {
        let found = check(&ours, &world.playbook, "privileges").await;
        if found.verdict == Verdict::Passed {
            break;
        }
        let remedy = found.remedy.unwrap_or_default();
        let list = remedy.strip_prefix("As an administrator: ").unwrap();
        for grant in list.trim_end_matches('.').split("; ") {
            world.execute(grant).await;
            given.push(grant.to_owned());
        }
    }
    for grant in [
        "GRANT USAGE ON SCHEMA archive",
        "GRANT CREATE ON SCHEMA archive",
        "GRANT SELECT, INSERT, DELETE ON \"applied\"",
        "GRANT USAGE ON SEQUENCE applied_id_seq",
    ] {
        let named = given.iter().any(|given| given.starts_with(grant));
        assert!(named, "{grant} was not named: {given:?}");
    }
    let asked = World {
        url: ours.clone(),
        dir: tempfile::tempdir().unwrap(),
        database: None,
        playbook: world.playbook.clone(),
        options: world.options.clone(),
    };
    assert_eq!(asked.apply().await, Outcome::Done);
    assert_eq!(asked.undo().await, Outcome::Done);
    let mut db = Connection::open(&world.url, Access::Write).await.unwrap();
    for statement in [
        format!("DROP OWNED BY {role} CASCADE"),
        format!("DROP ROLE {role}"),
    ] {
        db.execute(statement).await.unwrap();
    }
    db.close().await;
}
