//! What a run cannot begin with on PostgreSQL: each refusal names what is wrong and what to do.

use server::cluster::{Cluster, Keep};
use server::db::{DatabaseUrl, Dialect};
use server::engine::Playbook;
use server::engine::executor::Outcome;
use server::engine::preflight::{self, Check, Surroundings, Verdict};
use std::process::Command;

use super::super::world::Watch;
use super::super::world::{World, undone};
use super::{PLAYBOOK, large};

/// What the binary says on standard error when it refuses a target.
fn refusal(world: &World, command: &str, url: &str) -> String {
    let playbook = world.dir.path().join("test.toml");
    std::fs::write(&playbook, PLAYBOOK).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_switchyard"))
        .arg(command)
        .arg(&playbook)
        .args(["--database", url])
        .current_dir(world.dir.path())
        .env_remove("PGPASSWORD")
        .output()
        .unwrap();
    let (said, told) = (
        String::from_utf8_lossy(&output.stderr).into_owned(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    assert_eq!(output.status.code(), Some(1), "{said}{told}");
    said + &told
}

fn says(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

async fn failed_checks(url: &DatabaseUrl, playbook: &Playbook) -> Vec<Check> {
    let checks = preflight::run(url, playbook, &Surroundings::default()).await;
    checks
        .into_iter()
        .filter(|check| check.verdict == Verdict::Failed)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_no_password_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();
    let url = cluster.url("postgres").unwrap();
    // what a server older than 14 keeps of a password by itself does not do for the rule below
    let kept = "SET password_encryption = 'scram-sha-256'";
    let role = "CREATE ROLE clerk LOGIN PASSWORD 'correct-horse'";
    let world = World::at(url.clone(), &[kept, role], PLAYBOOK).await;
    let file = directory.path().join("cluster/pg_hba.conf");
    let rules = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("local all clerk scram-sha-256\n{rules}")).unwrap();
    world.rows("SELECT pg_reload_conf()").await;
    let at = |password: &str| {
        let text = url.to_string().replace("user=postgres", "user=clerk");
        format!("{text}&password={password}")
    };
    // a server reads its rules again in its own time
    let right: DatabaseUrl = at("correct-horse").parse().unwrap();
    for command in ["check", "run", "coverage"] {
        let mut said = refusal(&world, command, &at("hunter2"));
        for _ in 0..50 {
            if said.contains("did not accept") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            said = refusal(&world, command, &at("hunter2"));
        }
        says(
            &said,
            &[
                "did not accept the user and password",
                "clerk",
                "PGPASSWORD",
            ],
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    server::db::Connection::open(&right, server::db::Access::Read)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_known_is_told() {
    let world = large(1).await;
    let url = "postgres://clerk:hunter2@no-such-host.invalid/obcms";
    for command in ["check", "run"] {
        let said = refusal(&world, command, url);
        says(
            &said,
            &[
                "no-such-host.invalid",
                "cannot be reached",
                "Check the host",
            ],
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_tables_is_told_with_the_tables_and_lines() {
    let world = World::on(
        Dialect::Postgres,
        &["CREATE TABLE parents (id int)"],
        PLAYBOOK,
    )
    .await;
    let said = refusal(&world, "check", &world.url.to_string());
    says(
        &said,
        &[
            "there is no table parent",
            "Did you mean parents?",
            "there is no table child",
        ],
    );
    let said = refusal(&world, "run", &world.url.to_string());
    says(&said, &["there is no table parent", "test.toml"]);
    assert!(world.journal().await.is_none(), "nothing was written");
}

/// A standby is read and never written: a check says so, and a run is refused.
pub(super) async fn is_no_target(world: &World, follower: &DatabaseUrl) {
    let failed = failed_checks(follower, &world.playbook).await;
    assert!(failed.iter().any(|check| check.name == "primary"));
    for check in failed {
        says(&check.evidence, &["postgres:///postgres?", "is a standby"]);
    }
    let text = follower.to_string();
    for command in ["check", "run"] {
        says(
            &refusal(world, command, &text),
            &["is a standby", "Name the primary server"],
        );
    }
}

/// An organizations table of the application with keys that are no numbers.
const UUIDS: &str = "CREATE TABLE organization (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), \
     code varchar(20) NOT NULL UNIQUE, name text NOT NULL)";

#[tokio::test(flavor = "multi_thread")]
async fn organizations_with_uuid_keys_are_refused_until_the_playbook_says_so_and_then_work() {
    let mut made = super::statements(6_000);
    made.push(UUIDS.into());
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let mut world = World::on(Dialect::Postgres, &made, PLAYBOOK).await;
    let refused = world.try_plan().await.unwrap_err();
    let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    says(
        &said,
        &[
            "key id of organization is of type uuid",
            "tenant.column_type = \"uuid\"",
        ],
    );

    let text = PLAYBOOK.replace(
        "[organizations]",
        "[tenant]\ncolumn_type = \"uuid\"\n[organizations]",
    );
    world.playbook = Playbook::parse("test.toml", &text).unwrap();
    let before = world.dump().await;
    assert_eq!(world.apply().await, Outcome::Done);
    let kind = "SELECT COUNT(*) FROM information_schema.columns WHERE column_name = \
                'organization_id' AND data_type = 'uuid' AND is_nullable = 'NO'";
    assert_eq!(world.count(kind).await, 2);
    let outcome = world.drive(&undone(), &Watch::new()).await.unwrap();
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(world.dump().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_the_same_name_and_another_type_is_refused_with_both_types() {
    let mut made = super::statements(10);
    made.push("ALTER TABLE child ADD COLUMN organization_id text".into());
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::on(Dialect::Postgres, &made, PLAYBOOK).await;
    let said = refusal(&world, "check", &world.url.to_string());
    says(
        &said,
        &[
            "child has a column organization_id already, of type text, not bigint",
            "Choose another column",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_differ_by_case_only_are_told_before_a_run() {
    let mut made = super::statements(10);
    made.extend([
        "CREATE TABLE organization (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
         code varchar(20) NOT NULL UNIQUE, name text NOT NULL)"
            .to_owned(),
        "INSERT INTO organization (code, name) VALUES ('MOH', 'A'), ('O', 'B'), ('moh', 'C')"
            .into(),
    ]);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    let world = World::on(Dialect::Postgres, &made, PLAYBOOK).await;
    let failed = failed_checks(&world.url, &world.playbook).await;
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0].name, "organization-codes");
    assert!(
        failed[0].evidence.starts_with("MOH, moh of organization"),
        "{failed:#?}"
    );
    let said = refusal(&world, "check", &world.url.to_string());
    says(&said, &["MOH, moh", "Merge or rename them"]);
}

/// The statements that a refusal tells an administrator to carry out.
fn told_grants(check: &Check) -> Vec<String> {
    let remedy = check.remedy.clone().unwrap_or_default();
    let list = remedy
        .strip_prefix("As an administrator: ")
        .unwrap_or_default();
    (list.trim_end_matches('.').split("; "))
        .map(|grant| grant.split(" (").next().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_grant_is_named_what_is_named_is_enough_and_each_alone_is_missed() {
    let world = large(6_000).await;
    let number = std::process::id();
    let (role, owner) = (format!("migrator {number}"), format!("owner {number}"));
    let database = world.rows("SELECT current_database()").await[0].string(0);
    for statement in [
        format!("CREATE ROLE \"{role}\" LOGIN"),
        format!("CREATE ROLE \"{owner}\""),
        format!("ALTER TABLE parent OWNER TO \"{owner}\""),
        format!("ALTER TABLE child OWNER TO \"{owner}\""),
        "CREATE TABLE organization (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
         code varchar(20) NOT NULL UNIQUE, name text NOT NULL)"
            .into(),
        format!("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"),
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC".into(),
    ] {
        world.execute(statement).await;
    }
    let ours: DatabaseUrl = (world.url.to_string())
        .replace("user=postgres", &format!("user=migrator%20{number}"))
        .parse()
        .unwrap();
    let lacks = || async {
        let failed = failed_checks(&ours, &world.playbook).await;
        let check = failed.iter().find(|check| check.name == "privileges");
        check.map(told_grants).unwrap_or_default()
    };
    let mut grants: Vec<String> = Vec::new();
    for _ in 0..5 {
        let missing = lacks().await;
        for grant in missing.iter().filter(|grant| !grants.contains(grant)) {
            world.execute(grant.as_str()).await;
        }
        if missing.is_empty() {
            break;
        }
        grants.extend(missing);
    }
    grants.sort();
    grants.dedup();
    assert!(grants.len() >= 4, "{grants:?}");
    assert_eq!(failed_checks(&ours, &world.playbook).await, Vec::new());
    for grant in &grants {
        let revoke = grant
            .replacen("GRANT", "REVOKE", 1)
            .replacen(" TO ", " FROM ", 1);
        world.execute(revoke).await;
        let missing = lacks().await;
        assert!(
            missing.contains(grant),
            "{grant} is not missed: {missing:?}"
        );
        world.execute(grant.as_str()).await;
    }
    let asked = World {
        url: ours,
        dir: tempfile::tempdir().unwrap(),
        database: None,
        playbook: world.playbook.clone(),
        options: world.options.clone(),
    };
    assert_eq!(asked.apply().await, Outcome::Done);
    assert_eq!(asked.undo().await, Outcome::Done);
    for role in [role, owner] {
        world
            .execute(format!("DROP OWNED BY \"{role}\" CASCADE"))
            .await;
        world.execute(format!("DROP ROLE \"{role}\"")).await;
    }
}
