//! The content of a live SQLite file is replaced beside writers that never rest.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::Connection;
use server::db::replace;

/// How often a replacement may tell how far it is before it counts as one that never ends.
const BOUND: usize = 200;

/// More pages than are copied in one step, in WAL mode; `word` tells one file from another.
fn made(file: &Path, word: &str) -> Connection {
    let db = Connection::open(file).unwrap();
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .unwrap();
    db.execute_batch(&format!(
        "PRAGMA synchronous = OFF; CREATE TABLE content (word TEXT NOT NULL, filling BLOB); \
         INSERT INTO content WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
         WHERE i < 3000) SELECT '{word}', zeroblob(4000) FROM n; \
         CREATE TABLE written (number INTEGER NOT NULL)"
    ))
    .unwrap();
    db
}

fn written(file: &Path) -> i64 {
    let db = Connection::open(file).unwrap();
    db.query_row("SELECT COUNT(*) FROM written", [], |row| row.get(0))
        .unwrap()
}

fn words(file: &Path) -> String {
    let db = Connection::open(file).unwrap();
    let sql = "SELECT group_concat(DISTINCT word) FROM content";
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Whoever writes at every opportunity has each copy of the present content made again, up to the
/// one under the write lock; no copy begins anew within itself, and what was committed is kept.
#[test]
fn a_writer_without_a_rest_is_locked_out_at_the_third_copy() {
    let dir = tempfile::tempdir().unwrap();
    let [live, source, kept] = ["live", "source", "kept"].map(|name| dir.path().join(name));
    drop(made(&source, "restored"));
    let writer = made(&live, "present");
    writer.busy_timeout(std::time::Duration::ZERO).unwrap();

    let (mut committed, mut refused) = (0, 0);
    let mut told: Vec<(u64, u64)> = Vec::new();
    let replaced = replace(&live, &source, &kept, &mut |done, all| {
        told.push((done, all));
        match writer.execute("INSERT INTO written VALUES (1)", []) {
            Ok(_) => committed += 1,
            Err(error) => {
                let code = error.sqlite_error_code();
                assert_eq!(code, Some(rusqlite::ErrorCode::DatabaseBusy), "{error}");
                refused += 1;
            }
        }
        match told.len() < BOUND {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    let replaced = replaced.unwrap().expect("it never came to an end");
    assert_eq!(replaced.attempts, 3);
    let begun = told.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
    assert_eq!(begun, 2, "progress begins anew with each copy: {told:?}");
    assert!(told.iter().all(|(done, all)| done <= all), "{told:?}");
    assert!(committed > 0 && refused > 0);

    assert_eq!(written(&kept), committed, "what was committed is kept");
    assert_eq!((words(&kept), written(&live)), ("present".to_owned(), 0));
    assert_eq!(words(&live), "restored");
    assert!(writer.execute("INSERT INTO written VALUES (1)", []).is_ok());
}

#[test]
fn broken_off_while_the_present_content_is_kept_it_changes_nothing() {
    for mode in ["WAL", "DELETE"] {
        let dir = tempfile::tempdir().unwrap();
        let [live, source, kept] = ["live", "source", "kept"].map(|name| dir.path().join(name));
        drop(made(&source, "restored"));
        let writer = made(&live, "present");
        let set = format!("PRAGMA journal_mode = {mode}");
        writer.query_row(&set, [], |_| Ok(())).unwrap();
        let replaced = replace(&live, &source, &kept, &mut |_, _| ControlFlow::Break(()));
        assert_eq!(replaced.unwrap(), None, "{mode}");
        assert_eq!(words(&live), "present", "{mode}");
        assert!(
            writer.execute("INSERT INTO written VALUES (1)", []).is_ok(),
            "{mode}: no lock is left"
        );
    }
}
