//! Verification measures: each promise that is broken fails its own check and no other.

use server::db::Access;
use server::engine::Playbook;
use server::engine::verification::{CheckResult, Verification, measure};

use super::office::{Office, PLAYBOOK, playbook};

async fn verify(office: &Office) -> Verification {
    let mut db = office.open(Access::Read).await;
    measure(&mut db, &playbook()).await.unwrap()
}

fn failed(verification: &Verification) -> Vec<String> {
    verification
        .sections
        .iter()
        .flat_map(|section| {
            section
                .checks
                .iter()
                .filter(|check| check.result != CheckResult::Passed)
                .map(|check| format!("{}/{}", section.name, check.name))
        })
        .collect()
}

/// The office after the whole migration: every row placed, columns required.
async fn finished() -> Office {
    let office = Office::migrated().await;
    for sql in [
        "UPDATE project SET organization_id = 1 WHERE organization_id IS NULL",
        "DELETE FROM note WHERE project_id IS NULL",
        "UPDATE note SET organization_id = 1 WHERE organization_id IS NULL",
        "PRAGMA writable_schema = ON",
    ] {
        office.execute(sql).await;
    }
    let mut db = office.open(Access::Write).await;
    for sql in [
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'bigint NULL REFERENCES \"organization\"', 'bigint NOT NULL REFERENCES \"organization\"') WHERE name IN ('project', 'note')",
        "PRAGMA schema_version = 4711",
    ] {
        db.execute(sql).await.unwrap();
    }
    db.close().await;
    office
}

#[tokio::test]
async fn a_finished_migration_passes_every_check() {
    let office = finished().await;
    let verification = verify(&office).await;
    assert!(verification.passed(), "{:?}", failed(&verification));
    let measured: Vec<_> = verification
        .checks()
        .map(|check| (check.title.as_str(), check.measured.as_str()))
        .collect();
    assert!(
        measured.contains(&("Projects", "5/5 (100%)")),
        "{measured:?}"
    );
    assert!(measured.contains(&("OOBC organization exists", "1 with the code OOBC")));
    assert!(
        measured.contains(&("project list: index used", "uses project_organization_id_1")),
        "{measured:?}"
    );
}

#[tokio::test]
async fn each_broken_promise_fails_its_own_check() {
    for (sql, wanted) in [
        (
            "UPDATE note SET organization_id = 2 WHERE id = 1",
            &["isolation/note.project_id", "invariants/note-with-project"][..],
        ),
        (
            "UPDATE organization SET code = 'OTHER' WHERE id = 1",
            &[
                "organizations/default",
                "performance/project list.index",
                "performance/project list.time",
            ],
        ),
        ("DROP INDEX note_organization_id_1", &["structure/note"]),
        (
            "DROP INDEX project_organization_id_1",
            &["structure/project", "performance/project list.index"],
        ),
        (
            "INSERT INTO project_tag VALUES (99, 'road')",
            &["integrity/foreign-keys"],
        ),
    ] {
        let office = finished().await;
        office.execute(sql).await;
        let found = failed(&verify(&office).await);
        assert_eq!(found, wanted, "{sql}");
    }
}

#[tokio::test]
async fn a_list_that_takes_longer_than_its_limit_fails_that_check_alone() {
    let office = finished().await;
    let slow = "AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) \
                SELECT COUNT(*) FROM n) > 0 ORDER BY id";
    let text = PLAYBOOK
        .replace("[checks]\n", "[checks]\nlist_limit_ms = 1\n")
        .replace("ORDER BY id", slow);
    let playbook = Playbook::parse("slow.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let mut db = office.open(Access::Read).await;
    let found = measure(&mut db, &playbook).await.unwrap();
    assert_eq!(failed(&found), ["performance/project list.time"]);
    let slow = found
        .checks()
        .find(|check| check.name == "project list.time");
    let slow = slow.unwrap();
    assert!(
        slow.measured.ends_with(", limit 1 ms") && slow.value > Some(1.0),
        "{slow:?}"
    );
    let detail = slow.detail.as_deref().unwrap();
    assert!(detail.contains("longer than 1 ms"), "{detail}");
}

#[tokio::test]
async fn a_database_that_was_never_migrated_fails_its_checks_and_not_the_measurement() {
    let office = Office::new().await;
    let verification = verify(&office).await;
    assert!(!verification.passed());
    for wanted in ["organizations/table", "models/project", "structure/note"] {
        assert!(
            failed(&verification).iter().any(|name| name == wanted),
            "{wanted}"
        );
    }
}

#[tokio::test]
async fn nearly_all_is_never_shown_as_all() {
    let office = finished().await;
    office
        .execute(
            "INSERT INTO project (title, organization_id) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
             SELECT 'x', 1 FROM n",
        )
        .await;
    let mut db = office.open(Access::Write).await;
    for sql in [
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'bigint NOT NULL REFERENCES \"organization\"', 'bigint NULL REFERENCES \"organization\"') WHERE name = 'project'",
        "PRAGMA schema_version = 4712",
    ] {
        db.execute(sql).await.unwrap();
    }
    db.close().await;
    office
        .execute("INSERT INTO project (title) VALUES ('left')")
        .await;
    let verification = verify(&office).await;
    let projects = verification
        .checks()
        .find(|check| check.title == "Projects")
        .unwrap();
    assert_eq!(projects.measured, "5005/5006 (99.9%)");
}
