//! A backup counts when it was restored and compared; each way in which one can be bad is told apart.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use server::db::{Access, DatabaseUrl};
use server::engine::backup::{
    self, Acceptance, Backup, BackupError, Found, Rejection, Scratch, accept, default_name,
};
use server::engine::progress::{Stage, Watch};
use sha2::Digest as _;

use super::office::Office;

async fn take(office: &Office, name: &str) -> Backup {
    backup::take(&office.url, &office.backups(), name, Watch::nobody())
        .await
        .unwrap()
}

async fn rejection(path: &std::path::Path) -> Rejection {
    match backup::verify(path, Scratch::Beside, Watch::nobody()).await {
        Err(BackupError::Rejected(rejection)) => rejection,
        other => panic!("expected a rejection: {other:?}"),
    }
}

#[tokio::test]
async fn a_backup_restores_to_what_the_database_held() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    assert_eq!(
        backup.manifest.content.rows(),
        5 + 5 + 2 + 2 + 3 + 1 + 1,
        "sqlite_sequence too"
    );
    assert_eq!(backup.manifest.content.table("project").unwrap().rows, 5);
    assert_eq!(backup.verification, None);

    let proved = backup::verify(&backup.path, Scratch::Beside, Watch::nobody())
        .await
        .unwrap();
    assert_eq!(proved.rows, backup.manifest.content.rows());
    assert_eq!(proved.tables, 7);
    let again = backup::open(&backup.path).unwrap();
    assert_eq!(
        again.verification,
        Some(proved),
        "it is written beside the backup"
    );
    let left: Vec<_> = fs::read_dir(office.backups()).unwrap().collect();
    assert_eq!(left.len(), 1, "the scratch database is gone");
}

#[tokio::test]
async fn a_backup_can_be_read_by_its_owner_alone() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    for path in [
        backup.path.clone(),
        backup.database(),
        backup.path.join("manifest.json"),
    ] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test]
async fn pages_and_manifest_are_of_one_moment_while_the_application_writes() {
    let office = Office::new().await;
    let url = office.url.clone();
    let writer = tokio::spawn(async move {
        let mut db = server::db::Connection::open(&url, Access::Write)
            .await
            .unwrap();
        for number in 0.. {
            // both change in one transaction: a backup that mixes moments has one without the other
            db.begin_write().await.unwrap();
            db.execute(format!("INSERT INTO log VALUES ('{number}')"))
                .await
                .unwrap();
            db.execute("UPDATE tag SET label = (SELECT COUNT(*) FROM log) WHERE code = 'road'")
                .await
                .unwrap();
            db.commit().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    for round in 0..8 {
        let backup = take(&office, &format!("round-{round}")).await;
        backup::verify(&backup.path, Scratch::Beside, Watch::nobody())
            .await
            .unwrap();
        let copy = Office {
            directory: tempfile::tempdir().unwrap(),
            url: DatabaseUrl::Sqlite(backup.database()),
        };
        let torn = "SELECT COUNT(*) FROM tag WHERE code = 'road' \
                    AND label IS NOT NULL AND label <> (SELECT COUNT(*) FROM log)";
        assert_eq!(copy.count(torn).await, 0);
    }
    assert!(!writer.is_finished(), "the application went on writing");
    writer.abort();
}

#[tokio::test]
async fn a_backup_that_is_broken_off_leaves_nothing() {
    let office = Office::new().await;
    for stage in [Stage::Hashing, Stage::Reading] {
        let watch = Watch::new(move |progress| {
            if progress.stage == stage {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        let ended = backup::take(&office.url, &office.backups(), "first", watch).await;
        assert!(matches!(ended, Err(BackupError::Stopped(_))), "{ended:?}");
        assert_eq!(fs::read_dir(office.backups()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn an_interrupted_backup_is_never_taken_for_a_whole_one() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    // what a killed process leaves: everything may be there, but the directory has not its name
    let unfinished = office.backups().join("first.unfinished");
    fs::rename(&backup.path, &unfinished).unwrap();
    assert!(matches!(
        rejection(&unfinished).await,
        Rejection::Interrupted { .. }
    ));
    let found = backup::list(&office.backups()).unwrap();
    assert!(matches!(
        &found[..],
        [Found::Unusable {
            why: Rejection::Interrupted { .. },
            ..
        }]
    ));
    take(&office, "first").await;
    assert_eq!(
        backup::list(&office.backups()).unwrap().len(),
        1,
        "the next one replaces it"
    );
}

#[tokio::test]
async fn a_name_is_used_once_and_can_be_a_directory_everywhere() {
    let office = Office::new().await;
    take(&office, "first").await;
    let again = backup::take(&office.url, &office.backups(), "first", Watch::nobody()).await;
    assert!(matches!(again, Err(BackupError::Exists { .. })));
    for name in ["", "../up", ".hidden", "a/b", "a b", "ñ"] {
        let refused = backup::take(&office.url, &office.backups(), name, Watch::nobody()).await;
        assert!(matches!(refused, Err(BackupError::Name { .. })), "{name}");
    }
    let moment: Timestamp = "2026-11-20T01:52:04Z".parse().unwrap();
    assert_eq!(default_name(&office.url, moment), "db-20261120-015204");
}

#[tokio::test]
async fn a_truncated_backup_is_rejected() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    let file = fs::File::options()
        .write(true)
        .open(backup.database())
        .unwrap();
    file.set_len(backup.manifest.bytes * 6 / 10).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Truncated { .. }
    ));
    file.set_len(0).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Empty { .. }
    ));
}

#[tokio::test]
async fn one_flipped_bit_is_enough_to_reject_a_backup() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    let mut bytes = fs::read(backup.database()).unwrap();
    let place = bytes.len() - 7;
    bytes[place] ^= 1;
    fs::write(backup.database(), &bytes).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Damaged { .. }
    ));
}

#[tokio::test]
async fn another_kind_of_file_is_rejected() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    let text = "-- PostgreSQL database dump\n".repeat(9000);
    fs::write(backup.database(), text).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::WrongFormat { .. }
    ));
    fs::remove_file(backup.database()).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::NotABackup { .. }
    ));
    let nowhere = office.directory.path().join("nowhere");
    assert!(matches!(
        rejection(&nowhere).await,
        Rejection::NotABackup { .. }
    ));
}

/// Changes the manifest and makes it fit its own checksum again, as a careful forger would.
fn forge(backup: &Backup, change: impl FnOnce(&mut backup::Manifest)) {
    let mut manifest = backup.manifest.clone();
    change(&mut manifest);
    manifest.checksum = None;
    let bare = serde_json::to_vec(&manifest).unwrap();
    let digest = sha2::Sha256::digest(bare);
    manifest.checksum = Some(hex::encode(digest).parse().unwrap());
    let text = serde_json::to_vec(&manifest).unwrap();
    fs::write(backup.path.join("manifest.json"), text).unwrap();
}

#[tokio::test]
async fn a_manifest_that_was_touched_or_is_of_the_future_is_rejected() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    let file = backup.path.join("manifest.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"rows\": 5", "\"rows\": 6")).unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Manifest { .. }
    ));
    fs::write(&file, "{").unwrap();
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Manifest { .. }
    ));
    forge(&backup, |manifest| manifest.format = 2);
    let future = rejection(&backup.path).await;
    assert!(
        matches!(
            future,
            Rejection::FutureFormat {
                format: 2,
                known: 1,
                ..
            }
        ),
        "{future}"
    );
}

/// Runs a statement in the backup's database and makes the file's checksum fit again, so that
/// only comparing the content can find it.
async fn tamper(backup: &Backup, sql: &str) {
    let copy = Office {
        directory: tempfile::tempdir().unwrap(),
        url: DatabaseUrl::Sqlite(backup.database()),
    };
    copy.execute(sql).await;
    let bytes = fs::read(backup.database()).unwrap();
    forge(backup, |manifest| {
        manifest.bytes = bytes.len() as u64;
        manifest.file = hex::encode(sha2::Sha256::digest(&bytes)).parse().unwrap();
    });
}

#[tokio::test]
async fn content_that_is_not_what_the_database_held_is_found_in_its_table() {
    for (sql, wanted) in [
        ("DELETE FROM note WHERE id = 2", "note"),
        ("INSERT INTO log VALUES ('a')", "log"),
        ("UPDATE project SET title = 'ROADS' WHERE id = 2", "project"),
        ("UPDATE note SET text = 'dry' WHERE id = 2", "note"),
        ("UPDATE project SET office = NULL WHERE id = 3", "project"),
        ("UPDATE log SET line = x'61' WHERE rowid = 1", "log"),
        (
            "UPDATE note SET text = CASE id WHEN 1 THEN 'dry ' ELSE 'dug' END WHERE id < 3",
            "note",
        ),
    ] {
        let office = Office::new().await;
        let backup = take(&office, "first").await;
        tamper(&backup, sql).await;
        match rejection(&backup.path).await {
            Rejection::Differs { table, .. } => assert_eq!(table, wanted, "{sql}"),
            other => panic!("{sql}: {other}"),
        }
    }
}

#[tokio::test]
async fn faults_that_the_live_database_had_are_kept_and_new_ones_reject_the_backup() {
    let office = Office::new().await;
    office
        .execute("INSERT INTO note VALUES (9, 99, 'dangling')")
        .await;
    let backup = take(&office, "first").await;
    backup::verify(&backup.path, Scratch::Beside, Watch::nobody())
        .await
        .unwrap();
    // a foreign key that points nowhere only in the copy, where every table still looks the same
    tamper(&backup, "CREATE INDEX more ON note (text)").await;
    assert!(matches!(
        rejection(&backup.path).await,
        Rejection::Unsound { .. }
    ));
}

#[tokio::test]
async fn a_verification_of_another_manifest_proves_nothing() {
    let office = Office::new().await;
    let first = take(&office, "first").await;
    backup::verify(&first.path, Scratch::Beside, Watch::nobody())
        .await
        .unwrap();
    office.execute("DELETE FROM log").await;
    let second = take(&office, "second").await;
    let file = "verification.json";
    fs::copy(first.path.join(file), second.path.join(file)).unwrap();
    assert!(backup::open(&first.path).unwrap().verification.is_some());
    assert!(backup::open(&second.path).unwrap().verification.is_none());
}

#[tokio::test]
async fn a_backup_of_another_database_or_of_too_early_a_moment_is_not_accepted() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    let mine = Acceptance {
        target: Some(office.url.clone()),
        ..Acceptance::default()
    };
    accept(&backup, &mine).await.unwrap();

    let other = Office::new().await;
    let theirs = Acceptance {
        target: Some(other.url.clone()),
        ..Acceptance::default()
    };
    let refused = accept(&backup, &theirs).await;
    assert!(
        matches!(refused, Err(Rejection::Foreign { .. })),
        "{refused:?}"
    );
    let moved = Acceptance {
        moved: true,
        ..theirs
    };
    accept(&backup, &moved).await.unwrap();
    other.execute("PRAGMA application_id = 7").await;
    assert!(matches!(
        accept(&backup, &moved).await,
        Err(Rejection::Foreign { .. })
    ));

    let late = Acceptance {
        not_before: Some(backup.taken() + Duration::from_secs(1)),
        ..Acceptance::default()
    };
    assert!(matches!(
        accept(&backup, &late).await,
        Err(Rejection::Outdated { .. })
    ));
}

#[tokio::test]
async fn what_cannot_be_backed_up_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let text: PathBuf = directory.path().join("text");
    fs::write(
        &text,
        "this is no database, and it is long enough to have a header",
    )
    .unwrap();
    for (path, wanted) in [
        (
            directory.path().join("missing"),
            "there is no database file",
        ),
        (text, "is not a SQLite database"),
    ] {
        let url = DatabaseUrl::Sqlite(path);
        let refused = backup::take(&url, directory.path(), "first", Watch::nobody())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(wanted), "{refused}");
        assert!(!refused.remedy().is_empty());
    }
}

#[tokio::test]
async fn removing_a_backup_begins_with_its_manifest() {
    let office = Office::new().await;
    let backup = take(&office, "first").await;
    backup::delete(&backup.path).unwrap();
    assert!(!backup.path.exists());
    assert!(backup::list(&office.backups()).unwrap().is_empty());
}
