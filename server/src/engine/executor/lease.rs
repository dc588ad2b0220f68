//! One driver per target: a lease with an owner, an expiry and a fencing number that every
//! writing transaction checks. A lease whose process is gone from this machine is free at once.
//! On PostgreSQL the driver's session has a lock besides; where the driver shows no sign of life
//! any more, its successor ends that session.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::session::{Halt, Session};
use crate::db::{Connection, DbError, Dialect, Statement};
use crate::engine::inspect::has_table;

/// How long a lease lasts unless renewed, in milliseconds.
const LASTS_MS: i64 = 8_000;

/// How much of an owner's name is kept, in characters.
const LONGEST_OWNER: usize = 200;

/// A lease that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    fencing: i64,
    dialect: Dialect,
}

/// PostgreSQL: a lock of the session too. It is gone with the session, however that ended, and it
/// keeps others out while a statement runs that is longer than the lease.
const ADVISORY: &str = "SELECT pg_try_advisory_lock(7375726379617264)";
/// Whose session has it, and whether our role may end that.
const HOLDER: &str = "SELECT l.pid::int8, COALESCE(a.usename::text, 'another role'), COALESCE(CASE \
     WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN true \
     WHEN (SELECT rolsuper FROM pg_roles WHERE oid = a.usesysid) THEN false \
     ELSE pg_has_role(a.usesysid, 'USAGE') OR pg_has_role('pg_signal_backend'::name, 'USAGE') END, \
     false) FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid \
     WHERE l.locktype = 'advisory' AND l.granted \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND (l.classid::int8 << 32 | l.objid::int8) = 7375726379617264 AND l.pid <> pg_backend_pid()";
/// Whether the session beside the driver's has given a sign of life for as long as a lease lasts. What
/// our role may not see of it is taken for one.
const ALIVE: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = ? \
     AND COALESCE(state_change > clock_timestamp() - interval '8 s', true)";
/// The server's time, milliseconds since 1970: the clocks of the consoles' machines may differ.
const CLOCK: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
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
    let dialect = session.db().dialect();
    let (now, asked_ms) = match dialect {
        Dialect::Sqlite => ("?", Some(now_ms())),
        Dialect::Postgres => (CLOCK, None),
    };
    let mut found = Statement::new(format!(
        "SELECT owner, machine, process, fencing, expires_at_ms - {now} FROM switchyard_lease"
    ));
    found.values.extend(asked_ms.map(Into::into));
    let row = session.row(found).await?;
    let (mut fencing, mut earlier) = (1, None);
    if let Some(row) = row {
        fencing = row.integer(3) + 1;
        let here = row.string(1) == machine;
        let same = here && row.integer(2) == process && row.string(0) == owner;
        earlier = Some(Earlier {
            gone: same || (here && is_gone(row.integer(2))),
            owner: row.string(0),
            fencing: row.integer(3),
            left_ms: row.integer(4),
        });
    }
    let held = match dialect {
        Dialect::Postgres => lock(session, earlier).await?,
        Dialect::Sqlite => earlier
            .filter(|earlier| earlier.left_ms > 0 && !earlier.gone)
            .map(Earlier::held),
    };
    if let Some(held) = held {
        return Ok(Err(held));
    }
    let (until, lasts_ms) = expiry(dialect);
    let statement = Statement::new(format!(
        "INSERT INTO switchyard_lease (id, owner, machine, process, fencing, expires_at_ms) \
         VALUES (1, ?, ?, ?, ?, {until}) ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, \
         machine = excluded.machine, process = excluded.process, fencing = excluded.fencing, \
         expires_at_ms = excluded.expires_at_ms"
    ))
    .bind(owner)
    .bind(machine)
    .bind(process)
    .bind(fencing)
    .bind(lasts_ms);
    session.execute(statement).await?;
    Ok(Ok(Lease { fencing, dialect }))
}

/// When a lease that is taken or renewed now ends: an expression with one placeholder, and its value.
fn expiry(dialect: Dialect) -> (String, i64) {
    match dialect {
        Dialect::Sqlite => ("?".to_owned(), now_ms() + LASTS_MS),
        Dialect::Postgres => (format!("{CLOCK} + ?"), LASTS_MS),
    }
}

/// The lease as it was found.
struct Earlier {
    owner: String,
    fencing: i64,
    left_ms: i64,
    /// Whether its driver is known to be gone.
    gone: bool,
}

impl Earlier {
    fn held(self) -> Held {
        Held {
            owner: self.owner,
            expires_in_s: (self.left_ms.max(1_000) + 999) / 1_000,
        }
    }
}

/// Takes the session's lock, or answers who has it. The session of a driver that is gone may live on
/// for as long as its statement runs, and that of one that stands still for ever: it is ended.
async fn lock(session: &mut Session<'_>, earlier: Option<Earlier>) -> Result<Option<Held>, Halt> {
    if session.count(ADVISORY).await? == 1 {
        return Ok(None);
    }
    let Some(mut earlier) = earlier else {
        return Ok(Some(Held {
            owner: "another session".to_owned(),
            expires_in_s: LASTS_MS / 1_000,
        }));
    };
    let alive = Statement::new(ALIVE).bind(beside(earlier.fencing));
    if !earlier.gone && (earlier.left_ms > 0 || session.count(alive).await? > 0) {
        return Ok(Some(earlier.held()));
    }
    // only this one session: its lock may be another successor's a moment later
    if let Some(holder) = session.row(HOLDER).await? {
        if holder.integer(2) == 0 {
            earlier.owner = format!(
                "{}, which gives no sign of life and whose session (process {} of {}) this role \
                 may not end,",
                earlier.owner,
                holder.integer(0),
                holder.string(1)
            );
            return Ok(Some(earlier.held()));
        }
        let end = Statement::new("SELECT pg_terminate_backend(?)").bind(holder.integer(0));
        session.rows(end).await?;
    }
    for _ in 0..PATIENCE {
        if session.count(ADVISORY).await? == 1 {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(Some(earlier.held()))
}

/// How the session beside the driver's is named.
pub(super) fn beside(fencing: i64) -> String {
    format!("switchyard lease {fencing}")
}

impl Lease {
    /// The number that tells it from every lease before and after it.
    pub(super) fn fencing(self) -> i64 {
        self.fencing
    }

    /// Renews the lease inside the open transaction; the first statement of every one.
    pub(super) async fn renew(self, session: &mut Session<'_>) -> Result<(), Halt> {
        let (until, lasts_ms) = expiry(self.dialect);
        let statement = Statement::new(format!(
            "UPDATE switchyard_lease SET expires_at_ms = {until} WHERE fencing = ?"
        ))
        .bind(lasts_ms)
        .bind(self.fencing);
        match session.execute(statement).await? {
            1 => Ok(()),
            _ => Err(Halt::LeaseLost),
        }
    }

    /// Renews it from another session, unless the driver's own transaction has just done so.
    pub(super) fn renewing_beside(self) -> Statement {
        let (until, lasts_ms) = expiry(self.dialect);
        Statement::new(format!(
            "UPDATE switchyard_lease SET expires_at_ms = {until} WHERE id IN \
             (SELECT id FROM switchyard_lease WHERE fencing = ? FOR UPDATE SKIP LOCKED)"
        ))
        .bind(lasts_ms)
        .bind(self.fencing)
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
