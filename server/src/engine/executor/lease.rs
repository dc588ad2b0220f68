//! One driver per target: a lease with an owner, an expiry and a fencing number that every
//! writing transaction checks. A lease whose process is gone from this machine is free at once.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::session::{Halt, Session};
use crate::db::{Connection, DbError, Dialect, Row, Statement};
use crate::engine::inspect::has_table;

/// How long a lease lasts unless renewed, in milliseconds.
const LASTS_MS: i64 = 15_000;

/// How much of an owner's name is kept, in characters.
const LONGEST_OWNER: usize = 200;

/// A lease that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    fencing: i64,
}

/// PostgreSQL: a lock of the session too. It is gone with the session, however that ended, and it
/// keeps others out while a statement runs that is longer than the lease.
const ADVISORY: &str = "SELECT pg_try_advisory_lock(7375726379617264)";
const END_HOLDER: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' \
     AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND (classid::int8 << 32 | objid::int8) = 7375726379617264 AND pid <> pg_backend_pid()";
const HELD: &str = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND (classid::int8 << 32 | objid::int8) = 7375726379617264";
/// How often the lock of a session that is being ended is asked for.
const PATIENCE: u32 = 100;
const GIVE_BACK: &str = "SELECT pg_advisory_unlock(7375726379617264)";

/// Somebody else's lease.
pub(super) struct Held {
    pub owner: String,
    pub expires_in_s: i64,
}

/// Takes the lease inside the open transaction, or answers who has it.
pub(super) async fn take(session: &mut Session<'_>) -> Result<Result<Lease, Held>, Halt> {
    let owner: String = (session.control().owner().chars())
        .take(LONGEST_OWNER)
        .collect();
    let (machine, process) = (machine(), i64::from(std::process::id()));
    let row = session
        .row("SELECT owner, machine, process, fencing, expires_at_ms FROM switchyard_lease")
        .await?;
    let locks = session.db().dialect() == Dialect::Postgres;
    if locks && !lock(session, row.as_ref(), &machine, process, &owner).await? {
        return Ok(Err(Held {
            owner: row.map_or_else(|| "another session".to_owned(), |row| row.string(0)),
            expires_in_s: LASTS_MS / 1_000,
        }));
    }
    let mut fencing = 1;
    if let Some(row) = row {
        fencing = row.integer(3) + 1;
        let here = row.string(1) == machine;
        let same = here && row.integer(2) == process && row.string(0) == owner;
        let left_ms = row.integer(4) - now_ms();
        // who could take the session's lock knows that the other session is gone
        let gone = locks || (here && is_gone(row.integer(2)));
        if left_ms > 0 && !same && !gone {
            return Ok(Err(Held {
                owner: row.string(0),
                expires_in_s: (left_ms + 999) / 1_000,
            }));
        }
    }
    let statement = Statement::new(
        "INSERT INTO switchyard_lease (id, owner, machine, process, fencing, expires_at_ms) \
         VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, \
         machine = excluded.machine, process = excluded.process, fencing = excluded.fencing, \
         expires_at_ms = excluded.expires_at_ms",
    )
    .bind(owner)
    .bind(machine)
    .bind(process)
    .bind(fencing)
    .bind(now_ms() + LASTS_MS);
    session.execute(statement).await?;
    Ok(Ok(Lease { fencing }))
}

/// Takes the session's lock. Where the process that has it is gone, its session may live on for
/// as long as a statement runs: it is ended.
async fn lock(
    session: &mut Session<'_>,
    lease: Option<&Row>,
    machine: &str,
    process: i64,
    owner: &str,
) -> Result<bool, Halt> {
    for _ in 0..PATIENCE {
        if session.count(ADVISORY).await? == 1 {
            return Ok(true);
        }
        let gone = lease.is_some_and(|lease| {
            let here = lease.string(1) == machine;
            let same = lease.integer(2) == process && lease.string(0) == owner;
            here && (same || is_gone(lease.integer(2)))
        });
        if !gone {
            return Ok(false);
        }
        session.rows(END_HOLDER).await?;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}

impl Lease {
    /// Renews the lease inside the open transaction; the first statement of every one.
    pub(super) async fn renew(self, session: &mut Session<'_>) -> Result<(), Halt> {
        let statement =
            Statement::new("UPDATE switchyard_lease SET expires_at_ms = ? WHERE fencing = ?")
                .bind(now_ms() + LASTS_MS)
                .bind(self.fencing);
        match session.execute(statement).await? {
            1 => Ok(()),
            _ => Err(Halt::LeaseLost),
        }
    }

    /// Gives the lease back inside the open transaction.
    pub(super) async fn give_back(self, session: &mut Session<'_>) -> Result<(), Halt> {
        session.execute(self.giving_back()).await.map(drop)
    }

    fn giving_back(self) -> Statement {
        Statement::new("UPDATE switchyard_lease SET expires_at_ms = 0 WHERE fencing = ?")
            .bind(self.fencing)
    }

    /// Gives the lease back. Failing to is no error: it expires.
    pub(super) async fn release(self, session: &mut Session<'_>) {
        let _ = session.db().execute(self.giving_back()).await;
        if session.db().dialect() == Dialect::Postgres {
            let _ = session.db().execute(GIVE_BACK).await;
        }
    }
}

/// Who drives a target now, if anybody does. Needs reading access only.
///
/// # Errors
/// When the target cannot be read.
pub async fn holder(db: &mut Connection) -> Result<Option<String>, DbError> {
    if !has_table(db, "switchyard_lease").await? {
        return Ok(None);
    }
    let row = db
        .row("SELECT owner, machine, process, expires_at_ms FROM switchyard_lease")
        .await?;
    let Some(row) = row else { return Ok(None) };
    let held = match db.dialect() {
        Dialect::Sqlite => {
            let gone = row.string(1) == machine() && is_gone(row.integer(2));
            row.integer(3) > now_ms() && !gone
        }
        // its session has the lock for as long as it lives
        Dialect::Postgres => db.count(HELD).await? > 0,
    };
    Ok(held.then(|| row.string(0)))
}

/// The time, milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

/// This machine since it was started: process numbers mean something only within it.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    format!(
        "{} {}",
        read("/proc/sys/kernel/hostname").trim(),
        read("/proc/sys/kernel/random/boot_id").trim()
    )
}

/// Whether a process of this machine has ended.
fn is_gone(process: i64) -> bool {
    i32::try_from(process)
        .is_ok_and(|process| kill(Pid::from_raw(process), None) == Err(Errno::ESRCH))
}
