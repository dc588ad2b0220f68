//! Coverage counts what is there, before, during and after the migration, and quickly.

use std::time::{Duration, Instant};

use server::db::Access;
use server::engine::coverage::{Counts, Meter, measure};

use super::office::{Office, playbook};

#[tokio::test]
async fn before_the_column_exists_nothing_is_covered() {
    let office = Office::new().await;
    let mut db = office.open(Access::Read).await;
    let coverage = measure(&mut db, &playbook()).await.unwrap();
    assert_eq!(
        coverage.all,
        Counts {
            assigned: 0,
            total: 5
        }
    );
    let note = coverage.model("note").unwrap();
    assert_eq!((note.rows, note.counts), (Some(5), None));
}

#[tokio::test]
async fn assigned_and_total_are_counted_and_the_headline_adds_up() {
    let office = Office::migrated().await;
    let mut db = office.open(Access::Read).await;
    let coverage = measure(&mut db, &playbook()).await.unwrap();
    assert_eq!(
        coverage.all,
        Counts {
            assigned: 3,
            total: 5
        },
        "notes are no headline"
    );
    let note = coverage.model("note").unwrap();
    assert_eq!(
        note.counts,
        Some(Counts {
            assigned: 3,
            total: 5
        })
    );
    assert_eq!(note.counts.unwrap().missing(), 2);
    assert!(!note.required);
}

#[tokio::test]
async fn a_table_that_is_gone_is_told_from_an_empty_one() {
    let office = Office::migrated().await;
    office.execute("DROP TABLE note").await;
    office.execute("DELETE FROM project").await;
    let mut db = office.open(Access::Read).await;
    let coverage = measure(&mut db, &playbook()).await.unwrap();
    assert_eq!(coverage.model("note").unwrap().rows, None);
    assert_eq!(
        coverage.model("project").unwrap().counts,
        Some(Counts::default())
    );
}

#[tokio::test]
async fn a_meter_counts_again_only_after_a_change() {
    let office = Office::migrated().await;
    let mut meter = Meter::new(office.open(Access::Read).await);
    let playbook = playbook();
    let first = meter.measure(&playbook).await.unwrap();
    assert_eq!(meter.measure(&playbook).await.unwrap().at, first.at);
    office
        .execute("UPDATE project SET organization_id = 1 WHERE id = 3")
        .await;
    let second = meter.measure(&playbook).await.unwrap();
    assert_ne!(second.at, first.at);
    assert_eq!(second.all.assigned, first.all.assigned + 1);
}

#[tokio::test]
async fn many_rows_are_counted_along_indexes() {
    let office = Office::migrated().await;
    office
        .execute(
            "INSERT INTO project (title, office, organization_id) \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
             SELECT 'project ' || i, hex(randomblob(200)), 1 FROM n",
        )
        .await;
    let (mut db, playbook) = (office.open(Access::Read).await, playbook());
    let (mut counted, mut scanned) = (Duration::MAX, Duration::MAX);
    for _ in 0..10 {
        let started = Instant::now();
        let coverage = measure(&mut db, &playbook).await.unwrap();
        counted = counted.min(started.elapsed());
        assert_eq!(coverage.all.total, 100_005);
        let started = Instant::now();
        let scan = "SELECT COUNT(*) FROM project NOT INDEXED WHERE organization_id IS NOT NULL";
        assert_eq!(db.count(scan).await.unwrap(), 100_003);
        scanned = scanned.min(started.elapsed());
    }
    assert!(counted < scanned / 2, "{counted:?}, a scan {scanned:?}");
}
