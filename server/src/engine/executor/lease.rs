//! One driver per target: a lease with an owner, an expiry and a fencing number that every
//! writing transaction checks. A lease whose process is gone from this machine is free at once.

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::session::{Halt, Session};
use crate::db::Statement;

/// How long a lease lasts unless renewed, in milliseconds.
const LASTS_MS: i64 = 15_000;

/// A lease that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    fencing: i64,
}

/// Somebody else's lease.
pub(super) struct Held {
    pub owner: String,
    pub expires_in_s: i64,
}

/// Takes the lease inside the open transaction, or answers who has it.
pub(super) async fn take(session: &mut Session<'_>) -> Result<Result<Lease, Held>, Halt> {
    let owner = session.control().owner();
    let (machine, process) = (machine(), i64::from(std::process::id()));
    let row = session
        .row("SELECT owner, machine, process, fencing, expires_at_ms FROM switchyard_lease")
        .await?;
    let mut fencing = 1;
    if let Some(row) = row {
        fencing = row.integer(3) + 1;
        let here = row.string(1) == machine;
        let same = here && row.integer(2) == process && row.string(0) == owner;
        let left_ms = row.integer(4) - now_ms();
        if left_ms > 0 && !same && !(here && is_gone(row.integer(2))) {
            return Ok(Err(Held {
                owner: row.string(0),
                expires_in_s: (left_ms + 999) / 1_000,
            }));
        }
    }
    let statement = Statement::new(
        "INSERT OR REPLACE INTO switchyard_lease \
         (id, owner, machine, process, fencing, expires_at_ms) VALUES (1, ?, ?, ?, ?, ?)",
    )
    .bind(owner)
    .bind(machine)
    .bind(process)
    .bind(fencing)
    .bind(now_ms() + LASTS_MS);
    session.execute(statement).await?;
    Ok(Ok(Lease { fencing }))
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

    /// Gives the lease back. Failing to is no error: it expires.
    pub(super) async fn release(self, session: &mut Session<'_>) {
        let statement =
            Statement::new("UPDATE switchyard_lease SET expires_at_ms = 0 WHERE fencing = ?")
                .bind(self.fencing);
        let _ = session.db().execute(statement).await;
    }
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
