//! Page copies of SQLite files: out of a live one, and back into it in one transaction of its own.
//! Files are never copied or swapped underneath a connection: what another program has written
//! and SQLite has acknowledged is in the copy, and no program goes on writing to a dead file.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::DbError;
use super::snapshot::refine;

/// Pages copied between two reports of progress: 4 MiB at the usual page size.
const PAGES_A_STEP: i32 = 1024;

/// How often the present content is copied while other programs may commit. When one did each
/// time, the next attempt takes the write lock first: a busy application cannot put it off.
const BESIDE_WRITERS: u32 = 2;

/// How long other programs are waited for before a replacement gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two attempts to get a lock.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1);

/// Hears pages copied and pages in all; may break off.
pub(super) type Hear<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// How a database was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// How long the write lock was held: the time that other writers waited.
    pub locked: Duration,
    /// How often the present content had to be copied.
    pub attempts: u32,
}

/// Copies every page that a connection sees into a new file outside of WAL mode, so that it is
/// one file. `false` when broken off; the file is then incomplete.
pub(super) fn copy_out(from: &Connection, file: &Path, hear: Hear<'_>) -> Result<bool, DbError> {
    let here = |error| refine(file, "backup", error);
    let mut copy = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(here)?;
    // flushed once, at its end, by whoever asked for it
    copy.pragma_update(None, "synchronous", "OFF")
        .map_err(here)?;
    {
        let backup = Backup::new(from, &mut copy).map_err(here)?;
        if !run(&backup, file, hear)? {
            return Ok(false);
        }
    }
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(here)?;
    copy.close().map_err(|(_, error)| here(error))?;
    Ok(true)
}

/// Replaces the content of a live database by that of `source`, after keeping its present content
/// in the new file `kept`. Both happen without another commit between them, and the replacement
/// is one transaction of the live database: other connections, of whichever program, see the old
/// content or the new one and need not be closed. A crash leaves the old content or the new one.
///
/// - In WAL mode the present content is copied while writers go on; then every page is written,
///   which holds the write lock; then, before the commit, the live database is asked whether
///   another program committed since the copy began. If so the transaction is taken back and the
///   copy is made again, the third time under the write lock.
/// - In the other modes one exclusive lock spans the copy and the replacement.
///
/// `None` when broken off by `hear`, which hears pages kept and then written; nothing has changed.
pub fn replace(
    live: &Path,
    source: &Path,
    kept: &Path,
    hear: Hear<'_>,
) -> Result<Option<Replaced>, DbError> {
    super::existing_file(live)?;
    super::existing_file(source)?;
    let here = |error| refine(live, "restore", error);
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| refine(source, "open", error))?;
    let mut into = open(live)?;
    let mode = text(&into, "PRAGMA journal_mode").map_err(here)?;
    let same_pages = number(&into, "PRAGMA page_size").map_err(here)?
        == number(&from, "PRAGMA page_size").map_err(here)?;
    let was_wal = mode.eq_ignore_ascii_case("wal");
    if was_wal && same_pages {
        return beside_writers(live, &from, &mut into, kept, hear);
    }
    if was_wal {
        // the size of pages cannot change in WAL mode, which only a sole connection can leave
        into.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
            .map_err(here)?;
    }
    let done = alone(live, &from, &mut into, kept, hear)?;
    if was_wal {
        into.query_row("PRAGMA locking_mode = NORMAL", [], |_| Ok(()))
            .and_then(|()| into.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())))
            .map_err(here)?;
    }
    Ok(done)
}

/// Puts a file that nobody has open into WAL mode, which is kept in the file itself.
pub fn enter_wal(file: &Path) -> Result<(), DbError> {
    let here = |error| refine(file, "PRAGMA journal_mode", error);
    let connection = open(file)?;
    connection
        .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .map_err(here)?;
    connection.close().map_err(|(_, error)| here(error))
}

/// The way of WAL mode.
fn beside_writers(
    live: &Path,
    from: &Connection,
    into: &mut Connection,
    kept: &Path,
    hear: Hear<'_>,
) -> Result<Option<Replaced>, DbError> {
    let here = |error| refine(live, "restore", error);
    let witness = open(live)?;
    let to_write = pages(from, live)?;
    let mut attempts = 1;
    loop {
        discard(kept);
        let backup = Backup::new(from, into).map_err(here)?;
        let locked_early = (attempts > BESIDE_WRITERS)
            // a step of no pages takes the lock and writes nothing
            .then(|| step(&backup, live, 0).map(|_| Instant::now()))
            .transpose()?;
        // What is copied is one moment: where each step read the newest commit, SQLite would begin
        // anew after every other one, and an application that goes on would never let it end.
        witness.execute_batch("BEGIN").map_err(here)?;
        let before = number(&witness, "PRAGMA data_version").map_err(here)?;
        let to_keep = pages(&witness, live)?;
        let whole = to_keep + to_write;
        if !copy_out(&witness, kept, &mut |copied, _| hear(copied, whole))? {
            return Ok(None);
        }
        witness.execute_batch("COMMIT").map_err(here)?;
        let locked = locked_early.unwrap_or_else(Instant::now);
        if !run_to_last_page(&backup, live, from, &mut |written, _| {
            hear(to_keep + written, whole)
        })? {
            return Ok(None);
        }
        let after = number(&witness, "PRAGMA data_version").map_err(here)?;
        if after != before {
            attempts += 1;
            continue;
        }
        if step(&backup, live, -1)? != StepResult::Done {
            return Err(locked_error(live));
        }
        drop(backup);
        let replaced = Replaced {
            locked: locked.elapsed(),
            attempts,
        };
        // best effort: the content is in place, this only shortens the write-ahead log
        let _ = into.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        return Ok(Some(replaced));
    }
}

/// The way of the other modes.
fn alone(
    live: &Path,
    from: &Connection,
    into: &mut Connection,
    kept: &Path,
    hear: Hear<'_>,
) -> Result<Option<Replaced>, DbError> {
    let here = |error| refine(live, "restore", error);
    // In the exclusive locking mode the lock of a transaction outlives it. Not before the lock is
    // there: in that mode who waits for it keeps a shared lock, for which a writer would wait.
    into.execute_batch("BEGIN EXCLUSIVE")
        .and_then(|()| into.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(())))
        .and_then(|()| into.execute_batch("COMMIT"))
        .map_err(here)?;
    let locked = Instant::now();
    discard(kept);
    let to_keep = pages(into, live)?;
    let whole = to_keep + pages(from, live)?;
    if !copy_out(into, kept, &mut |copied, _| hear(copied, whole))? {
        return Ok(None);
    }
    let backup = Backup::new(from, into).map_err(here)?;
    if !run(&backup, live, &mut |written, _| {
        hear(to_keep + written, whole)
    })? {
        return Ok(None);
    }
    Ok(Some(Replaced {
        locked: locked.elapsed(),
        attempts: 1,
    }))
}

fn open(live: &Path) -> Result<Connection, DbError> {
    let connection = Connection::open_with_flags(
        live,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .and_then(|connection| {
        connection.busy_handler(Some(try_again))?;
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    });
    connection.map_err(|error| refine(live, "open", error))
}

/// Waits for a lock after `times` attempts to get it. SQLite's own way sleeps for up to a tenth of
/// a second, in which an application that commits without a rest has the lock again.
#[expect(
    clippy::disallowed_methods,
    reason = "SQLite calls it on the thread that the copy has for itself"
)]
fn try_again(times: i32) -> bool {
    std::thread::sleep(BETWEEN_ATTEMPTS);
    BETWEEN_ATTEMPTS * times.unsigned_abs() < PATIENCE
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.query_row(pragma, [], |row| row.get(0))
}

/// How many pages a database has that a connection sees.
fn pages(connection: &Connection, live: &Path) -> Result<u64, DbError> {
    number(connection, "PRAGMA page_count")
        .map(i64::unsigned_abs)
        .map_err(|error| refine(live, "restore", error))
}

fn text(connection: &Connection, pragma: &str) -> rusqlite::Result<String> {
    connection.query_row(pragma, [], |row| row.get(0))
}

/// Removes what an earlier attempt left; a copy is only ever made into a new file.
fn discard(file: &Path) {
    let _ = std::fs::remove_file(file);
}

fn locked_error(live: &Path) -> DbError {
    DbError::Locked {
        path: live.display().to_string(),
    }
}

/// Copies all pages; `false` when broken off.
fn run(backup: &Backup<'_, '_>, file: &Path, hear: Hear<'_>) -> Result<bool, DbError> {
    loop {
        let done = step(backup, file, PAGES_A_STEP)? == StepResult::Done;
        let (copied, all) = progress(backup);
        if hear(copied, all).is_break() && !done {
            return Ok(false);
        }
        if done {
            return Ok(true);
        }
    }
}

/// Copies all pages but the last, with which the transaction would be committed.
fn run_to_last_page(
    backup: &Backup<'_, '_>,
    file: &Path,
    from: &Connection,
    hear: Hear<'_>,
) -> Result<bool, DbError> {
    let here = |error| refine(file, "restore", error);
    let mut left = number(from, "PRAGMA page_count").map_err(here)?;
    while left > 1 {
        let pages = i32::try_from(left - 1).map_or(PAGES_A_STEP, |pages| pages.min(PAGES_A_STEP));
        step(backup, file, pages)?;
        let (copied, all) = progress(backup);
        if hear(copied, all).is_break() {
            return Ok(false);
        }
        left = i64::from(backup.progress().remaining);
    }
    Ok(true)
}

fn progress(backup: &Backup<'_, '_>) -> (u64, u64) {
    let now = backup.progress();
    let (remaining, all) = (now.remaining.unsigned_abs(), now.pagecount.unsigned_abs());
    (u64::from(all.saturating_sub(remaining)), u64::from(all))
}

fn step(backup: &Backup<'_, '_>, file: &Path, pages: i32) -> Result<StepResult, DbError> {
    match backup
        .step(pages)
        .map_err(|error| refine(file, "backup", error))?
    {
        StepResult::Busy | StepResult::Locked => Err(locked_error(file)),
        progress => Ok(progress),
    }
}
