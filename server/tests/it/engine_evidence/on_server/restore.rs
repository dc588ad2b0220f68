//! A restore changes names in one transaction, keeps what was there, and is undone whole.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use server::db::{Access, DatabaseUrl};
use server::engine::backup::{Acceptance, Backup, BackupError};
use server::engine::progress::{Stage, Watch};
use server::engine::restore::{self, Kept, Restored, Way};

use super::Application;

impl Application {
    async fn restore(
        &self,
        backup: &Backup,
        watch: Watch<'static>,
    ) -> Result<Restored, BackupError> {
        let rules = Acceptance {
            target: Some(self.url().clone()),
            ..Acceptance::default()
        };
        restore::restore(&backup.path, self.url(), &rules, watch).await
    }

    async fn kept(&self) -> Vec<Kept> {
        restore::kept(self.url()).await.unwrap()
    }

    /// What is kept goes with the test.
    async fn release_all(&self) {
        for kept in self.kept().await {
            restore::release(self.url(), &kept).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_what_it_was_and_what_was_there_is_kept_until_it_is_released() {
    let application = Application::new().await;
    let name = application.name();
    let (role, _) = application.role("app").await;
    let granted = format!(
        "ALTER DATABASE \"{name}\" SET application_name = 'kept'; \
         REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC; \
         GRANT CONNECT ON DATABASE \"{name}\" TO \"{role}\"; \
         ALTER DATABASE \"{name}\" OWNER TO \"{role}\""
    );
    application.execute(&granted).await;
    let about = format!(
        "SELECT count(*) FROM pg_database AS d WHERE datname = '{name}' \
         AND pg_get_userbyid(datdba) = '{role}' AND NOT has_database_privilege('public', d.oid, 'CONNECT') \
         AND has_database_privilege('{role}', d.oid, 'CONNECT') \
         AND EXISTS (SELECT 1 FROM pg_db_role_setting WHERE setdatabase = d.oid)"
    );
    assert_eq!(application.count(&about).await, 1);
    let backup = application.take("first").await;
    application
        .execute("DELETE FROM log; DROP VIEW titles")
        .await;
    let restored = application.restore(&backup, Watch::nobody()).await.unwrap();
    assert_eq!(restored.way, Way::Swapped);
    assert_eq!(application.count("SELECT count(*) FROM log").await, 4);
    assert_eq!(application.count("SELECT count(*) FROM titles").await, 3);
    assert_eq!(
        application.count(&about).await,
        1,
        "owner, grants and settings too"
    );
    assert_eq!(application.left().await, 0);

    let kept = restored.kept.unwrap();
    assert!(kept.name().starts_with(&format!("{name}_before_restore_")));
    assert_eq!(application.kept().await, vec![kept.clone()]);
    let described = restore::describe(application.url()).await.unwrap();
    assert!(described[0].since.is_some() && described[0].bytes > 1_000_000);
    let before = DatabaseUrl::Postgres(application.address().with_database(&kept.name()).unwrap());
    let mut db = server::db::Connection::open(&before, Access::Read)
        .await
        .unwrap();
    assert_eq!(db.count("SELECT count(*) FROM log").await.unwrap(), 0);
    let in_use = restore::release(application.url(), &kept).await;
    assert!(in_use.is_err(), "somebody reads it");
    db.close().await;
    let live = Kept::Database(name);
    let refused = restore::release(application.url(), &live).await;
    assert!(matches!(refused, Err(BackupError::NotKept { .. })));
    application.release_all().await;
    assert!(application.kept().await.is_empty());
    let remove = format!(
        "REASSIGN OWNED BY \"{role}\" TO postgres; DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\""
    );
    application.execute(&remove).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_an_application_that_connects_again_and_again_are_ended_and_no_commit_is_lost()
{
    let application = Application::new().await;
    let backup = application.take("first").await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let (url, stop) = (application.url().clone(), stop.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut ended) = (0, 0);
                let insert = format!("INSERT INTO log VALUES ('w{number}')");
                while !stop.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    let Ok(mut db) = server::db::Connection::open(&url, Access::Write).await else {
                        continue;
                    };
                    while !stop.load(Ordering::SeqCst) && db.execute(insert.clone()).await.is_ok() {
                        acknowledged += 1;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    ended += 1;
                }
                (acknowledged, ended)
            })
        })
        .collect();
    let written = "SELECT count(*) FROM log WHERE line LIKE 'w%'";
    while application.count(written).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let restored = application.restore(&backup, Watch::nobody()).await.unwrap();
    while application.count(written).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let (mut acknowledged, mut ended) = (0, 0);
    for writer in writers {
        let (more, cut_off) = writer.await.unwrap();
        (acknowledged, ended) = (acknowledged + more, ended + cut_off);
    }
    let before = restored.kept.unwrap().name();
    let before = DatabaseUrl::Postgres(application.address().with_database(&before).unwrap());
    let mut db = server::db::Connection::open(&before, Access::Read)
        .await
        .unwrap();
    let kept = db.count(written).await.unwrap();
    db.close().await;
    let live = application.count(written).await;
    assert!(kept > 0 && live > 0, "they worked across the restore");
    // one whose answer was cut off may be there without having been acknowledged
    assert!((acknowledged..=acknowledged + ended).contains(&(kept + live)));
    application.release_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off_before_the_names_change_nothing_has_happened() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    application.execute("INSERT INTO log VALUES ('mine')").await;
    for stage in [Stage::Restoring, Stage::Comparing, Stage::Replacing] {
        let watch = Watch::new(move |progress| match progress.stage == stage {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        let ended = application.restore(&backup, watch).await;
        assert!(matches!(ended, Err(BackupError::Stopped(_))), "{ended:?}");
        assert_eq!(application.count("SELECT count(*) FROM log").await, 5);
        assert_eq!(application.left().await, 0, "{stage:?}");
        assert!(application.kept().await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_backup_changes_nothing() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    application.execute("INSERT INTO log VALUES ('mine')").await;
    let contents = backup.database().join("toc.dat");
    let mut bytes = std::fs::read(&contents).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 0x10;
    std::fs::write(&contents, bytes).unwrap();
    let refused = application.restore(&backup, Watch::nobody()).await;
    assert!(
        matches!(refused, Err(BackupError::Rejected(_))),
        "{refused:?}"
    );
    assert_eq!(application.count("SELECT count(*) FROM log").await, 5);
    assert!(application.kept().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_made_anew() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let mut db = application.maintenance().await;
    let gone = format!("DROP DATABASE \"{}\"", application.name());
    db.execute(gone).await.unwrap();
    db.close().await;
    let restored = application.restore(&backup, Watch::nobody()).await.unwrap();
    assert_eq!(restored.kept, None);
    assert_eq!(application.count("SELECT count(*) FROM log").await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_rename_is_refused_before_anything_is_restored() {
    let application = Application::new().await;
    let backup = application.take("first").await;
    let (role, url) = application.role("guest").await;
    application
        .execute(&format!("ALTER ROLE \"{role}\" CREATEDB"))
        .await;
    let refused = restore::restore(&backup.path, &url, &Acceptance::default(), Watch::nobody())
        .await
        .unwrap_err();
    assert!(matches!(refused, BackupError::Grant { .. }), "{refused}");
    assert!(
        refused.remedy().contains("GRANT \"postgres\" TO"),
        "{}",
        refused.remedy()
    );
    application.execute(&format!("DROP ROLE \"{role}\"")).await;
}
