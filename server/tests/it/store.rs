//! The control store: made once however many start together, never opened by an older version, and written as it says.

mod idempotency;
mod postgres;

use server::moment::Moment;
use server::store::{Store, StoreError, accounts, sql};
use shared::account::Role;

async fn fresh() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store.sqlite3"))
        .await
        .unwrap();
    (directory, store)
}

fn row<'a>(id: &'a str, username: &'a str) -> accounts::NewRow<'a> {
    accounts::NewRow {
        id,
        username,
        name: username,
        role: Role::Viewer,
        password_hash: None,
        created: Moment(1),
    }
}

#[tokio::test]
async fn servers_that_start_together_make_one_schema() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.sqlite3");
    let opening = (0..12).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { Store::open(&path).await.map(|_| ()) })
    });
    for opened in futures_util::future::join_all(opening).await {
        opened.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let (directory, store) = fresh().await;
    let mut tx = store.write().await.unwrap();
    sql::query("INSERT INTO schema_versions (version, applied) VALUES (999, 0)")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let refused = Store::open(&directory.path().join("store.sqlite3")).await;
    assert!(matches!(refused, Err(StoreError::Newer { found: 999, .. })));
}

#[tokio::test]
async fn what_is_not_a_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.sqlite3");
    std::fs::write(&path, "this is a letter to my bank, and no database at all").unwrap();
    let letter = Store::open(&path).await;
    assert!(
        matches!(letter, Err(StoreError::Open { .. })),
        "{:?}",
        letter.err()
    );
    let file = directory.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let inside = Store::open(&file.join("store.sqlite3")).await;
    assert!(matches!(inside, Err(StoreError::Directory { .. })));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let (_directory, store) = fresh().await;
    let mut tx = store.write().await.unwrap();
    accounts::insert(&mut tx, &row("1", "amina")).await.unwrap();
    drop(tx);
    let mut reader = store.reader().await.unwrap();
    assert!(accounts::all(&mut reader).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (_directory, store) = fresh().await;
    let mut reader = store.reader().await.unwrap();
    assert!(
        accounts::insert(&mut reader, &row("1", "amina"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn names_that_differ_only_in_case_are_one_name() {
    let (_directory, store) = fresh().await;
    let mut tx = store.write().await.unwrap();
    accounts::insert(&mut tx, &row("1", "amina")).await.unwrap();
    let taken = accounts::insert(&mut tx, &row("2", "AMINA")).await;
    assert!(taken.unwrap_err().is_unique_violation());
}
