//! Each thing that stands in the way of a run is found before the run, by its own check.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use server::db::{Access, DatabaseUrl};
use server::engine::backup::BackupError;
use server::engine::playbook::Playbook;
use server::engine::preflight::{Check, Surroundings, Verdict, bad_expressions, passed, run};
use shared::size::words;

use super::office::{Office, PLAYBOOK, playbook};

async fn checks(office: &Office) -> Vec<Check> {
    let surroundings = Surroundings {
        backups: Some(office.backups()),
        ..Surroundings::default()
    };
    run(&office.url, &playbook(), &surroundings).await
}

fn verdict<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks
        .iter()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("no check {name}: {checks:?}"))
}

#[tokio::test]
async fn a_sound_database_may_be_migrated() {
    let office = Office::new().await;
    let found = checks(&office).await;
    let others: Vec<_> = found
        .iter()
        .filter(|check| check.verdict != Verdict::Passed)
        .collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(passed(&found));
    for name in [
        "free-disk",
        "directory-writable",
        "journal-mode",
        "integrity",
        "foreign-keys",
        "existing-columns",
        "journal",
        "expressions",
        "file-writable",
    ] {
        verdict(&found, name);
    }
}

#[tokio::test]
async fn a_disk_that_is_too_full_is_found_with_what_is_missing_on_it() {
    let office = Office::new().await;
    office
        .execute("UPDATE project SET scan = zeroblob(3000000) WHERE id = 1")
        .await;
    let size =
        office.count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    let size = size.await.unsigned_abs();
    let check = async |free: fn(&Path) -> Result<u64, BackupError>| {
        let surroundings = Surroundings {
            backups: Some(office.backups()),
            free,
        };
        let found = run(&office.url, &playbook(), &surroundings).await;
        (passed(&found), verdict(&found, "free-disk").clone())
    };
    // twice for the migration, once for the backup on the same disk
    let needed = words(size * 3);
    let (starts, full) = check(|_| Ok(2_000_000)).await;
    assert_eq!((starts, full.verdict), (false, Verdict::Failed));
    assert!(
        full.evidence
            .starts_with(&format!("1.9 MiB free of {needed} needed at ")),
        "{}",
        full.evidence
    );
    assert_eq!(
        full.remedy.unwrap(),
        format!(
            "Free {} there, or move the database or the backups to another disk.",
            words(size * 3 - 2_000_000)
        )
    );
    let (_, enough) = check(|_| Ok(1 << 40)).await;
    assert_eq!(enough.verdict, Verdict::Passed, "{}", enough.evidence);
}

#[tokio::test]
async fn what_is_no_usable_database_is_one_failed_check_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "no database, but long enough to have a header of one",
    )
    .unwrap();
    for (path, wanted) in [
        (directory.path().join("missing"), "no database file"),
        (text, "not a SQLite database"),
    ] {
        let found = run(
            &DatabaseUrl::Sqlite(path),
            &playbook(),
            &Surroundings::default(),
        )
        .await;
        assert_eq!(found.len(), 1);
        assert!(!passed(&found));
        assert!(found[0].evidence.contains(wanted), "{}", found[0].evidence);
        assert!(found[0].remedy.is_some());
    }
}

#[tokio::test]
async fn damage_inside_the_file_is_found() {
    let office = Office::new().await;
    office.execute("PRAGMA journal_mode = DELETE").await;
    office
        .execute("INSERT INTO project (title) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT 'project ' || i FROM n")
        .await;
    let mut bytes = std::fs::read(office.path()).unwrap();
    let place = bytes.len() - 3 * 4096;
    bytes[place..place + 4096].fill(0xee);
    std::fs::write(office.path(), bytes).unwrap();
    let found = checks(&office).await;
    assert_eq!(verdict(&found, "integrity").verdict, Verdict::Failed);
    assert!(!passed(&found));
}

#[tokio::test]
async fn a_writer_that_holds_the_lock_fails_and_one_that_lets_go_does_not() {
    let office = Office::new().await;
    let mut other = office.open(Access::Write).await;
    other.begin_write().await.unwrap();
    let found = checks(&office).await;
    let check = verdict(&found, "file-writable");
    assert_eq!(check.verdict, Verdict::Failed);
    assert!(
        check.evidence.contains("Another writer"),
        "{}",
        check.evidence
    );
    other.roll_back().await;
    assert!(passed(&checks(&office).await));
}

#[tokio::test]
async fn a_long_reader_is_a_warning() {
    let office = Office::new().await;
    let mut reader = office.open(Access::Read).await;
    reader.begin_read().await.unwrap();
    reader.count("SELECT COUNT(*) FROM log").await.unwrap();
    office.execute("INSERT INTO log VALUES ('newer')").await;
    let found = checks(&office).await;
    assert_eq!(verdict(&found, "file-writable").verdict, Verdict::Warning);
    assert!(passed(&found));
}

#[tokio::test]
async fn rows_that_point_nowhere_are_named_as_a_warning() {
    let office = Office::new().await;
    office
        .execute("INSERT INTO note VALUES (9, 99, 'dangling'), (10, 98, 'dangling')")
        .await;
    let found = checks(&office).await;
    let check = verdict(&found, "foreign-keys");
    assert_eq!(check.verdict, Verdict::Warning);
    assert_eq!(
        check.evidence,
        "2 rows point nowhere: 2 of note to project (row 9 first)."
    );
}

#[tokio::test]
async fn a_mode_without_readers_beside_writers_is_a_warning() {
    let office = Office::new().await;
    office.execute("PRAGMA journal_mode = DELETE").await;
    assert_eq!(
        verdict(&checks(&office).await, "journal-mode").verdict,
        Verdict::Warning
    );
}

#[tokio::test]
async fn columns_that_are_there_already_are_named() {
    let office = Office::migrated().await;
    let found = checks(&office).await;
    let check = verdict(&found, "existing-columns");
    assert_eq!(check.verdict, Verdict::Warning);
    assert!(
        check.evidence.contains("2 of 2 models"),
        "{}",
        check.evidence
    );
    assert_eq!(
        verdict(&found, "journal").verdict,
        Verdict::Warning,
        "its tables without a run"
    );
    office.execute("DROP TABLE note").await;
    assert_eq!(
        verdict(&checks(&office).await, "existing-columns").verdict,
        Verdict::Failed
    );
}

#[tokio::test]
async fn a_mistake_in_the_playbooks_sql_is_found_at_its_line() {
    let office = Office::new().await;
    let text = PLAYBOOK.replace("NULLIF(t.office, '')", "NULLIF(t.ofice, '')");
    let text = text.replace("n.organization_id <>", "n.organisation_id <>");
    let playbook = Playbook::parse("office.toml", &text).unwrap();
    let bad = bad_expressions(&playbook, &office.schema().await)
        .await
        .unwrap();
    let keys: Vec<_> = bad.iter().map(|bad| bad.key.as_str()).collect();
    assert_eq!(keys, ["groups.0.models.0.organization", "invariants.0.sql"]);
    let found = run(&office.url, &playbook, &Surroundings::default()).await;
    let check = verdict(&found, "expressions");
    assert_eq!(check.verdict, Verdict::Failed);
    let line = text
        .lines()
        .position(|line| line.contains("t.ofice"))
        .unwrap()
        + 1;
    assert!(
        check.evidence.contains(&format!("line {line}")),
        "{}",
        check.evidence
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_found_and_left_as_it_was() {
    let office = Office::new().await;
    office.execute("PRAGMA journal_mode = DELETE").await;
    let before = std::fs::read(office.path()).unwrap();
    checks(&office).await;
    assert_eq!(
        std::fs::read(office.path()).unwrap(),
        before,
        "checks change nothing"
    );

    std::fs::set_permissions(office.path(), std::fs::Permissions::from_mode(0o444)).unwrap();
    let may_write_anyway = std::fs::File::options()
        .write(true)
        .open(office.path())
        .is_ok();
    let check = verdict(&checks(&office).await, "file-writable").verdict;
    // the superuser writes what nobody may
    assert_eq!(check == Verdict::Failed, !may_write_anyway);
}
