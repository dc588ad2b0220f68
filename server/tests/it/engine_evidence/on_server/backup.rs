//! A dump and its manifest are of one moment, and count when a scratch database proved it.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use server::db::Access;
use server::engine::backup::{
    self, Acceptance, BackupError, Rejection, Scratch, accept, default_name, look,
};
use server::engine::progress::{Stage, Watch};

use super::Application;
use crate::postgres::version;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_restores_to_what_the_database_held() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let content = &backup.manifest.content;
    let rows = |table: &str| content.table(table).map(|table| table.rows);
    assert_eq!(rows("project"), Some(3));
    assert_eq!(rows("note"), Some(4), "a policy hides nothing");
    assert_eq!(rows("visit"), Some(2), "of all partitions, once");
    assert_eq!(rows("\"Old \"\"Archive\"\"\".\"Größe.x\""), Some(3));
    assert_eq!(content.tables.len(), 6);
    assert!(look(&backup, application.url()).is_ok());

    let proved = application.verify(&backup).await.unwrap();
    assert_eq!((proved.tables, proved.rows), (6, content.rows()));
    let again = backup::open(&backup.path).unwrap();
    assert_eq!(again.verification, Some(proved));
    assert_eq!(application.left().await, 0, "the scratch database is gone");
    let name = default_name(application.url(), backup.taken());
    assert!(name.starts_with(&application.name()), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_database_come_with_it() {
    let application = Application::new().await;
    let name = application.name();
    let set = format!(
        "ALTER DATABASE \"{name}\" SET search_path = \"Old \"\"Archive\"\"\", public; \
         ALTER DATABASE \"{name}\" SET application_name = 'it''s'"
    );
    application.execute(&set).await;
    let backup = application.take("first").await;
    assert!(backup.manifest.content.table("\"Größe.x\"").is_some());
    application.verify(&backup).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dump_and_manifest_are_of_one_moment_while_the_application_writes() {
    let application = Application::new().await;
    application
        .execute("INSERT INTO log SELECT 'l' || n FROM generate_series(1, 50000) AS n")
        .await;
    let mut db = application.open(Access::Write).await;
    let writer = tokio::spawn(async move {
        let mut written = 0;
        loop {
            db.begin_write().await.unwrap();
            db.execute("INSERT INTO log VALUES ('while')")
                .await
                .unwrap();
            db.execute("UPDATE project SET budget = coalesce(budget, 0) + 1")
                .await
                .unwrap();
            db.execute("SELECT nextval('ticket')").await.unwrap();
            db.commit().await.unwrap();
            written += 1;
            if written % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    for round in 0..3 {
        let before = application.count("SELECT last_value FROM ticket").await;
        let backup = application.take(&format!("round-{round}")).await;
        let after = application.count("SELECT last_value FROM ticket").await;
        assert!(after > before, "the application went on writing meanwhile");
        application.verify(&backup).await.unwrap();
    }
    assert!(!writer.is_finished());
    writer.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_can_be_read_by_its_owner_alone() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    for path in [backup.path.clone(), backup.database()] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_at_any_stage_nothing_is_left() {
    let application = Application::new().await;
    application
        .execute("INSERT INTO log SELECT repeat('x', 200) FROM generate_series(1, 200000)")
        .await;
    let breaks_at = |wanted: Stage| {
        Watch::new(move |progress| match progress.stage == wanted {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    };
    for stage in [Stage::Copying, Stage::Hashing, Stage::Reading] {
        let (url, backups) = (application.url(), application.backups());
        let ended = backup::take(url, &backups, "first", breaks_at(stage)).await;
        assert!(matches!(ended, Err(BackupError::Stopped(_))), "{ended:?}");
        assert_eq!(fs::read_dir(&backups).unwrap().count(), 0, "{stage:?}");
    }
    let backup = application.take("first").await;
    for stage in [Stage::Reading, Stage::Restoring, Stage::Comparing] {
        let scratch = Scratch::Server(application.address());
        let ended = backup::verify(&backup.path, scratch, breaks_at(stage)).await;
        assert!(matches!(ended, Err(BackupError::Stopped(_))), "{ended:?}");
        assert_eq!(application.left().await, 0, "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scratch_database_that_a_killed_process_left_is_dropped_by_the_next() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let left = format!("switchyard_scratch_{}", application.name());
    let mut db = application.maintenance().await;
    db.execute(format!("CREATE DATABASE \"{left}\""))
        .await
        .unwrap();
    // somebody else is at work on this one
    let used = format!("{left}_used");
    db.execute(format!("CREATE DATABASE \"{used}\""))
        .await
        .unwrap();
    let mut other = application.maintenance().await;
    other
        .execute(format!("SELECT pg_advisory_lock(hashtext('{used}'))"))
        .await
        .unwrap();
    application.verify(&backup).await.unwrap();
    let count = |name: &str| format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(db.count(count(&left)).await.unwrap(), 0);
    assert_eq!(db.count(count(&used)).await.unwrap(), 1);
    db.execute(format!("DROP DATABASE \"{used}\""))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_rejected_before_anything_is_restored() {
    let application = Application::new().await;
    application
        .execute("INSERT INTO log SELECT md5(n::text) FROM generate_series(1, 1000) AS n")
        .await;
    let backup = application.take("first").await;
    let mut files: Vec<_> = (fs::read_dir(backup.database()).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().len());
    let rows = files.pop().unwrap();
    let whole = fs::read(&rows).unwrap();

    let mut flipped = whole.clone();
    let place = flipped.len() / 2;
    flipped[place] ^= 1;
    fs::write(&rows, &flipped).unwrap();
    let found = application.rejection(&backup).await;
    assert!(matches!(found, Rejection::Damaged { .. }), "{found}");
    fs::write(&rows, &whole[..whole.len() / 2]).unwrap();
    let found = application.rejection(&backup).await;
    assert!(matches!(found, Rejection::Truncated { .. }), "{found}");
    assert!(look(&backup, application.url()).is_err());
    fs::remove_file(&rows).unwrap();
    let found = application.rejection(&backup).await;
    assert!(matches!(found, Rejection::Truncated { .. }), "{found}");
    fs::write(&rows, &whole).unwrap();

    let contents = backup.database().join("toc.dat");
    let text = "-- PostgreSQL database dump\n".repeat(2000);
    fs::write(&contents, text).unwrap();
    let found = application.rejection(&backup).await;
    assert!(matches!(found, Rejection::WrongFormat { .. }), "{found}");
    fs::remove_dir_all(backup.database()).unwrap();
    let found = application.rejection(&backup).await;
    assert!(matches!(found, Rejection::NotABackup { .. }), "{found}");
    assert_eq!(application.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_not_what_the_manifest_says_is_found_in_its_table() {
    let application = Application::new().await;
    let first = application.take("first").await;
    application
        .execute("UPDATE log SET line = 'A' WHERE ctid = (SELECT min(ctid) FROM log)")
        .await;
    let second = application.take("second").await;
    // the later dump beneath the earlier measurements, with file checksums that fit
    let mut manifest = first.manifest.clone();
    (manifest.bytes, manifest.file) = (second.manifest.bytes, second.manifest.file);
    manifest.checksum = None;
    let bare = serde_json::to_vec(&manifest).unwrap();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(bare);
    manifest.checksum = Some(hex::encode(digest).parse().unwrap());
    let text = serde_json::to_vec(&manifest).unwrap();
    fs::write(second.path.join("manifest.json"), text).unwrap();
    match application.rejection(&second).await {
        Rejection::Differs { table, .. } => assert_eq!(table, "log"),
        other => panic!("{other}"),
    }
    assert_eq!(application.left().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_another_database_or_kind_or_of_too_early_a_moment_is_not_accepted() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let rules = |url: &server::db::DatabaseUrl| Acceptance {
        target: Some(url.clone()),
        ..Acceptance::default()
    };
    accept(&backup, &rules(application.url())).await.unwrap();
    let late = Acceptance {
        not_before: Some(backup.taken() + Duration::from_secs(1)),
        ..Acceptance::default()
    };
    let refused = accept(&backup, &late).await;
    assert!(matches!(refused, Err(Rejection::Outdated { .. })));

    let other = Application::new().await;
    let refused = accept(&backup, &rules(other.url())).await;
    assert!(matches!(refused, Err(Rejection::Foreign { .. })));
    let moved = Acceptance {
        moved: true,
        ..rules(other.url())
    };
    accept(&backup, &moved).await.unwrap();
    let file = server::db::DatabaseUrl::Sqlite("data/db.sqlite3".into());
    let refused = accept(&backup, &rules(&file)).await;
    assert!(matches!(refused, Err(Rejection::Foreign { .. })));
    let ended = backup::verify(&backup.path, Scratch::Beside, Watch::nobody()).await;
    assert!(matches!(ended, Err(BackupError::NoServer { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_names_the_missing_grant_and_none_shows_the_password() {
    let application = Application::new().await;
    let (role, url) = application.role("reader").await;
    let take = || async {
        let taken = backup::take(&url, &application.backups(), "first", Watch::nobody()).await;
        taken.map_err(|error| format!("{error}. {}", error.remedy()))
    };
    let refused = take().await.unwrap_err();
    assert!(refused.contains("GRANT SELECT ON "), "{refused}");
    // the role that may read everything is there from PostgreSQL 14 on
    let granted = match version().await < 14 {
        false => format!("GRANT pg_read_all_data TO \"{role}\""),
        true => format!(
            "GRANT USAGE ON SCHEMA \"Old \"\"Archive\"\"\" TO \"{role}\"; \
             GRANT SELECT ON ALL TABLES IN SCHEMA public, \"Old \"\"Archive\"\"\" TO \"{role}\"; \
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO \"{role}\""
        ),
    };
    application.execute(&granted).await;
    let refused = take().await.unwrap_err();
    assert!(refused.contains("row-level security"), "{refused}");
    application
        .execute(&format!("ALTER ROLE \"{role}\" BYPASSRLS"))
        .await;
    let backup = take().await.unwrap();
    let server::db::DatabaseUrl::Postgres(address) = &url else {
        unreachable!("it is on a server");
    };
    let ended = backup::verify(&backup.path, Scratch::Server(address), Watch::nobody()).await;
    let refused = ended.unwrap_err();
    assert!(matches!(refused, BackupError::Grant { .. }), "{refused}");
    assert!(
        refused.remedy().contains("CREATEDB"),
        "{}",
        refused.remedy()
    );
    let manifest = fs::read_to_string(backup.path.join("manifest.json")).unwrap();
    assert!(!manifest.contains("hunter2"));
    application.verify(&backup).await.unwrap();
    let remove = format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"");
    application.execute(&remove).await;
}
