//! A restore brings back what the backup held, loses no commit, and keeps what it replaces.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use server::db::{Access, DatabaseUrl};
use server::engine::backup::{self, Acceptance, BackupError, Rejection, Scratch};
use server::engine::progress::{Stage, Watch};
use server::engine::restore::{self, Kept, Way};

use super::office::Office;

async fn take(office: &Office) -> std::path::PathBuf {
    backup::take(&office.url, &office.backups(), "first", Watch::nobody())
        .await
        .unwrap()
        .path
}

fn at(kept: &Kept) -> Office {
    let Kept::File(path) = kept else {
        panic!("{kept} is not a file");
    };
    Office {
        directory: tempfile::tempdir().unwrap(),
        url: DatabaseUrl::Sqlite(path.clone()),
    }
}

async fn restore(office: &Office, path: &Path) -> Result<restore::Restored, BackupError> {
    let rules = Acceptance {
        target: Some(office.url.clone()),
        ..Acceptance::default()
    };
    restore::restore(path, &office.url, &rules, Watch::nobody()).await
}

#[tokio::test]
async fn connections_of_the_application_stay_valid_and_see_the_restored_content() {
    let office = Office::new().await;
    let path = take(&office).await;
    let mut application = office.open(Access::Write).await;
    application.execute("DELETE FROM note").await.unwrap();
    application
        .execute("ALTER TABLE tag ADD COLUMN colour text")
        .await
        .unwrap();

    let restored = restore(&office, &path).await.unwrap();
    assert_eq!(restored.way, Way::InPlace);
    assert_eq!(
        application
            .count("SELECT COUNT(*) FROM note")
            .await
            .unwrap(),
        5
    );
    assert!(application.prepare("SELECT colour FROM tag").await.is_err());
    application
        .execute("INSERT INTO log VALUES ('after')")
        .await
        .unwrap();
    assert_eq!(
        office.count("SELECT COUNT(*) FROM log").await,
        4,
        "its writes reach the file"
    );
    let mode = office.rows("PRAGMA journal_mode").await;
    assert_eq!(mode[0].text(0), Some("wal"));
}

#[tokio::test]
async fn what_was_there_is_kept_until_it_is_released() {
    let office = Office::new().await;
    let path = take(&office).await;
    office.execute("INSERT INTO log VALUES ('mine')").await;
    let restored = restore(&office, &path).await.unwrap();
    let kept = restored.kept.unwrap();
    assert_eq!(at(&kept).count("SELECT COUNT(*) FROM log").await, 4);
    assert_eq!(office.count("SELECT COUNT(*) FROM log").await, 3);
    assert_eq!(
        restore::kept(&office.url).await.unwrap(),
        vec![kept.clone()]
    );
    let described = restore::describe(&office.url).await.unwrap();
    assert_eq!(described.len(), 1);
    assert_eq!(described[0].kept, kept);
    assert!(described[0].since.is_some() && described[0].bytes >= 4096);

    assert!(
        restore::release(&office.url, &Kept::File(office.path().to_owned()))
            .await
            .is_err(),
        "the live file is not kept"
    );
    restore::release(&office.url, &kept).await.unwrap();
    assert!(restore::kept(&office.url).await.unwrap().is_empty());
    assert!(office.path().exists());
}

/// An application that commits without a rest neither loses a commit nor puts the restore off.
#[tokio::test(flavor = "multi_thread")]
async fn no_commit_is_lost_between_keeping_and_replacing() {
    for mode in ["WAL", "DELETE"] {
        let office = Office::new().await;
        office
            .execute(&format!("PRAGMA journal_mode = {mode}"))
            .await;
        let path = take(&office).await;
        let acknowledged = Arc::new(AtomicI64::new(0));
        let enough = Arc::new(AtomicBool::new(false));
        let (url, count, stop) = (office.url.clone(), acknowledged.clone(), enough.clone());
        let writer = tokio::spawn(async move {
            let patience = server::db::Patience(Duration::from_secs(60));
            let mut db = server::db::Connection::open_patiently(&url, Access::Write, patience)
                .await
                .unwrap();
            while !stop.load(Ordering::SeqCst) {
                db.execute("INSERT INTO log VALUES ('w')").await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        let written = async |least: i64| {
            while acknowledged.load(Ordering::SeqCst) < least {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        written(20).await;
        let restored = restore(&office, &path).await.unwrap();
        written(acknowledged.load(Ordering::SeqCst) + 20).await;
        enough.store(true, Ordering::SeqCst);
        writer.await.unwrap();
        let written = "SELECT COUNT(*) FROM log WHERE line = 'w'";
        let kept = at(&restored.kept.unwrap()).count(written).await;
        let live = office.count(written).await;
        assert_eq!(
            kept + live,
            acknowledged.load(Ordering::SeqCst),
            "{mode}: each commit is before or after"
        );
        assert!(
            kept > 0 && live > 0,
            "{mode}: the writer worked across the restore"
        );
    }
}

#[tokio::test]
async fn a_bad_backup_changes_nothing() {
    let office = Office::new().await;
    let path = take(&office).await;
    let database = path.join("database.sqlite3");
    let mut bytes = fs::read(&database).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 0x10;
    fs::write(&database, bytes).unwrap();
    office.execute("INSERT INTO log VALUES ('mine')").await;
    let refused = restore(&office, &path).await;
    assert!(
        matches!(
            refused,
            Err(BackupError::Rejected(Rejection::Damaged { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(office.count("SELECT COUNT(*) FROM log").await, 4);
    let names: Vec<_> = fs::read_dir(office.directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("restor"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[tokio::test]
async fn broken_off_while_pages_are_written_it_changes_nothing() {
    let office = Office::new().await;
    let path = take(&office).await;
    office.execute("INSERT INTO log VALUES ('mine')").await;
    let watch = Watch::new(|progress| {
        if progress.stage == Stage::Replacing {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let ended = restore::restore(&path, &office.url, &Acceptance::default(), watch).await;
    assert!(matches!(ended, Err(BackupError::Stopped(_))), "{ended:?}");
    assert_eq!(office.count("SELECT COUNT(*) FROM log").await, 4);
    assert!(restore::kept(&office.url).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_live_file_that_is_missing_or_ruined_is_swapped() {
    for ruin in ["missing", "not a database", "ruined header"] {
        let office = Office::new().await;
        let path = take(&office).await;
        let live = office.path().to_owned();
        match ruin {
            "missing" => fs::remove_file(&live).unwrap(),
            "not a database" => fs::write(&live, "x".repeat(4096)).unwrap(),
            _ => {
                let mut bytes = fs::read(&live).unwrap();
                bytes[100..200].fill(0xff);
                fs::write(&live, bytes).unwrap();
            }
        }
        let restored = restore(&office, &path).await.unwrap();
        assert_eq!(restored.way, Way::Swapped, "{ruin}");
        assert_eq!(restored.kept.is_some(), ruin != "missing", "{ruin}");
        assert_eq!(office.count("SELECT COUNT(*) FROM note").await, 5, "{ruin}");
        let mode = office.rows("PRAGMA journal_mode").await;
        assert_eq!(mode[0].text(0), Some("wal"), "{ruin}: as the live one was");
        backup::verify(&path, Scratch::Beside, Watch::nobody())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_stale_log_is_never_replayed_onto_the_restored_file() {
    let office = Office::new().await;
    let path = take(&office).await;
    // a process was killed: its log is still there, and the file itself is ruined
    let application = office.open(Access::Write).await;
    office
        .execute("INSERT INTO log VALUES ('in the log')")
        .await;
    let log = office.directory.path().join("db.sqlite3-wal");
    let bytes = fs::read(&log).unwrap();
    assert!(!bytes.is_empty());
    application.close().await;
    fs::write(office.path(), "ruined").unwrap();
    fs::write(&log, &bytes).unwrap();
    let restored = restore(&office, &path).await.unwrap();
    assert_eq!(restored.way, Way::Swapped);
    assert_eq!(office.count("SELECT COUNT(*) FROM log").await, 3);
    let kept = restored.kept.unwrap();
    let kept_log = format!("{kept}-wal");
    assert_eq!(
        fs::read(kept_log).unwrap(),
        bytes,
        "it is set aside with its file"
    );
}

#[tokio::test]
async fn a_writer_that_does_not_let_go_refuses_the_restore() {
    let office = Office::new().await;
    let path = take(&office).await;
    let mut application = office.open(Access::Write).await;
    application.begin_write().await.unwrap();
    application
        .execute("INSERT INTO log VALUES ('long')")
        .await
        .unwrap();
    let refused = restore(&office, &path).await;
    assert!(
        matches!(&refused, Err(BackupError::Db(error)) if error.is_locked()),
        "{refused:?}"
    );
    application.commit().await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM log").await, 4);
    assert!(restore::kept(&office.url).await.unwrap().is_empty());
}
