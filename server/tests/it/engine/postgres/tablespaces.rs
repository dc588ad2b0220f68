//! The disk that a run holds for is the fullest of those on which a table's files lie, whichever of them it is.

use server::cluster::{Cluster, Keep};
use server::db::{Access, Connection};
use server::engine::disk::{self, Disk};

use super::small_disk::SmallDisk;

/// Tables whose partitions or indexes lie in the tablespace `small`.
const THERE: [&str; 4] = ["itself", "indexed", "visit", "elsewhere.entry"];
/// Tables that have no file in it.
const NOT_THERE: [&str; 3] = ["beside", "yet_empty", "unknown"];

const MADE: &str = "CREATE TABLE beside (id int PRIMARY KEY); \
     CREATE TABLE itself (id int PRIMARY KEY) TABLESPACE small; \
     CREATE TABLE indexed (id int PRIMARY KEY USING INDEX TABLESPACE small); \
     CREATE TABLE visit (id int, at date) PARTITION BY RANGE (at); \
     CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); \
     CREATE TABLE visit_2 PARTITION OF visit DEFAULT PARTITION BY HASH (id); \
     CREATE TABLE visit_3 PARTITION OF visit_2 FOR VALUES WITH (modulus 1, remainder 0) TABLESPACE small; \
     CREATE SCHEMA elsewhere; \
     CREATE TABLE elsewhere.entry (id int) PARTITION BY LIST (id); \
     CREATE TABLE elsewhere.entry_1 PARTITION OF elsewhere.entry FOR VALUES IN (1); \
     CREATE INDEX one ON elsewhere.entry_1 (id) TABLESPACE small; \
     CREATE TABLE yet_empty (id int) PARTITION BY LIST (id) TABLESPACE small";

async fn fullest(db: &mut Connection, table: Option<&str>) -> Option<Disk> {
    let free = disk::free(db, table).await.unwrap();
    free.map(|free| free.disk)
}

/// Where nothing can be mounted, no disk is smaller than another: the test says so.
#[tokio::test]
async fn the_disk_of_a_table_is_also_that_of_its_partitions_and_indexes_and_of_its_database() {
    let directory = tempfile::tempdir().unwrap();
    // taken away behind the server that uses it
    let disk;
    let cluster = Cluster::start(directory.path(), Keep::ThrowAway).unwrap();
    let like = directory.path().join("cluster");
    disk = SmallDisk::mounted(&directory.path().join("small"), "32m", &like);
    let Some(disk) = &disk else {
        println!("NOT TESTED: a small file system needs the right to mount one");
        return;
    };
    let url = cluster.url("postgres").unwrap();
    let mut db = Connection::open(&url, Access::Write).await.unwrap();
    let place = disk.tablespace();
    let made = format!("CREATE TABLESPACE small LOCATION '{}'", place.display());
    db.execute(made).await.unwrap();
    db.execute(MADE).await.unwrap();
    let small = Some(Disk::Tablespace("small".into()));
    for table in THERE {
        assert_eq!(fullest(&mut db, Some(table)).await, small, "{table}");
    }
    for table in NOT_THERE.map(Some).into_iter().chain([None]) {
        let found = fullest(&mut db, table).await;
        assert_eq!(found, Some(Disk::Database), "{table:?}");
    }
    let moved = "CREATE DATABASE moved TEMPLATE template0 TABLESPACE small";
    db.execute(moved).await.unwrap();
    db.close().await;
    let url = cluster.url("moved").unwrap();
    let mut db = Connection::open(&url, Access::Read).await.unwrap();
    assert_eq!(fullest(&mut db, None).await, small);
    db.close().await;
}
