//! Between batches: the run keeps its pace, and when others suffer it holds and says whom it waits
//! for. A standby that falls behind, a session of the application that waits for a lock, or a disk
//! that is nearly full is reason enough, whoever caused it. What suffers outside of the target only
//! the caller knows: he is asked before each step too.

use std::time::{Duration, Instant};

use shared::size;

use super::control::{Event, HoldCause, Level};
use super::driver::Driver;
use super::session::Halt;
use crate::db::{Dialect, Statement};
use crate::engine::disk;
use crate::engine::pace::{self, Pace};

/// How often it is looked, and looked again while the run holds or rests.
const LOOK: Duration = Duration::from_millis(500);
/// While it holds, the lease is renewed once in so many looks.
const RENEW: u32 = 8;

/// What makes batches wait. Zero: nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holds {
    /// A standby has not replayed so many bytes of the log yet.
    pub lag_bytes: u64,
    /// Another session has waited for a lock for so long.
    pub lock_wait: Duration,
    /// A disk of the target has less left than so many bytes.
    pub free_bytes: u64,
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            lag_bytes: 64 << 20,
            lock_wait: Duration::from_secs(2),
            free_bytes: 256 << 20,
        }
    }
}

/// What was seen when it was looked last.
#[derive(Debug, Default)]
pub(super) struct Seen {
    at: Option<Instant>,
    pace: Pace,
}

/// Who is asked whether somebody suffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The caller alone, who answers from memory.
    Caller,
    /// The caller, the disks and the server of the target.
    Everybody,
}

impl Driver<'_> {
    /// Waits before a step as long as the caller says that somebody suffers, or until a pause is
    /// wanted.
    pub(super) async fn hold_before(&mut self, at: usize) -> Result<(), Halt> {
        self.wait_for(at, Asked::Caller).await
    }

    /// Waits, between two transactions, as long as others suffer or until a pause is wanted.
    pub(super) async fn hold(&mut self, at: usize, seen: &mut Seen) -> Result<(), Halt> {
        if seen.at.is_some_and(|last| last.elapsed() < LOOK) {
            return self.wait_for(at, Asked::Caller).await;
        }
        self.look_at_pace(seen).await?;
        self.wait_for(at, Asked::Everybody).await?;
        seen.at = Some(Instant::now());
        Ok(())
    }

    async fn wait_for(&mut self, at: usize, asked: Asked) -> Result<(), Halt> {
        let mut looks = 0;
        while let Some((cause, reason)) = self.suffering(at, asked).await? {
            let step = self.record.steps[at].step.key.clone();
            if looks == 0 {
                let line = format!("The run holds for {reason}.");
                self.log(Some(&step), Level::Warning, line);
            }
            self.session.control().report(&Event::Held {
                step,
                cause,
                reason,
            });
            self.session.ask("hold").await?;
            if self.session.wants_pause() {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
            looks += 1;
            if looks % RENEW == 0 {
                self.begin_transaction().await?;
                self.commit_transaction().await?;
            }
        }
        if looks > 0 {
            let step = self.record.steps[at].step.key.clone();
            self.log(Some(&step), Level::Info, "The run goes on.".into());
        }
        Ok(())
    }

    /// Leaves the others their turn after a batch, or until a pause is wanted.
    pub(super) async fn rest(
        &mut self,
        dialect: Dialect,
        took: Duration,
        seen: &Seen,
    ) -> Result<(), Halt> {
        let rest = seen.pace.rest_after(dialect, took);
        let since = Instant::now();
        while let Some(left) = rest.checked_sub(since.elapsed())
            && !left.is_zero()
        {
            tokio::time::sleep(left.min(LOOK)).await;
            self.session.ask("rest").await?;
            if self.session.wants_pause() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn look_at_pace(&mut self, seen: &mut Seen) -> Result<(), Halt> {
        let row = self.session.row(pace::asked(&self.record.run)).await?;
        let wanted = row.as_ref().and_then(pace::read).unwrap_or_default();
        if wanted != seen.pace {
            seen.pace = wanted;
            let percent = wanted.as_percent();
            self.session.control().report(&Event::Pace { percent });
            let line = format!("The run works {percent} % of the time from now on.");
            self.log(None, Level::Info, line);
        }
        Ok(())
    }

    /// Who or what suffers, in words.
    async fn suffering(
        &mut self,
        at: usize,
        asked: Asked,
    ) -> Result<Option<(HoldCause, String)>, Halt> {
        let control = self.session.control();
        let step = &self.record.steps[at].step;
        if let Some(found) = control.suffering(step).await {
            return Ok(Some(found));
        }
        if asked == Asked::Caller {
            return Ok(None);
        }
        let table = step.table();
        let holds = control.holds();
        if holds.free_bytes > 0
            && let Some(free) = disk::free(self.session.db(), table).await?
            && free.bytes < holds.free_bytes
        {
            let reason = format!("{}, which has {} left", free.disk, size::words(free.bytes));
            return Ok(Some((HoldCause::Disk, reason)));
        }
        if self.session.db().dialect() != Dialect::Postgres {
            return Ok(None);
        }
        if holds.lag_bytes > 0
            && let Some(row) = self.session.row(LAG).await?
            && row.integer(1).unsigned_abs() > holds.lag_bytes
        {
            let reason = format!(
                "the standby {}, which is {} behind",
                row.string(0),
                size::words(row.integer(1).unsigned_abs())
            );
            return Ok(Some((HoldCause::Standby, reason)));
        }
        if holds.lock_wait.is_zero() {
            return Ok(None);
        }
        let waits = Statement::new(WAITS).bind(holds.lock_wait.as_millis().to_string());
        let row = self.session.row(waits).await?;
        Ok(row.map(|row| {
            let reason = format!(
                "{} (process {}), which has waited {} s for a lock of {} (process {}, {})",
                row.string(0),
                row.integer(1),
                row.integer(2),
                row.string(3),
                row.integer(4),
                row.string(5),
            );
            (HoldCause::LockWait, reason)
        }))
    }
}

/// The standby that is furthest behind. What a role may not see (without `pg_monitor`) is NULL.
const LAG: &str = "SELECT COALESCE(NULLIF(application_name, ''), 'without a name'), \
     pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::int8 FROM pg_stat_replication \
     WHERE state = 'streaming' AND replay_lsn IS NOT NULL ORDER BY 2 DESC LIMIT 1";

/// The session that has waited longest for a lock, and who holds it.
const WAITS: &str = "SELECT COALESCE(NULLIF(w.application_name, ''), 'an unnamed program'), \
     w.pid::int8, extract(epoch FROM clock_timestamp() - w.query_start)::int8, \
     COALESCE(NULLIF(b.application_name, ''), 'an unnamed program'), \
     COALESCE(b.pid, 0)::int8, COALESCE(b.state, 'unknown') \
     FROM pg_stat_activity AS w \
     LEFT JOIN pg_stat_activity AS b ON b.pid = (pg_blocking_pids(w.pid))[1] \
     WHERE w.datname = current_database() AND w.pid <> pg_backend_pid() \
     AND w.wait_event_type = 'Lock' AND w.backend_type = 'client backend' \
     AND clock_timestamp() - w.query_start > CAST(? AS text)::bigint * interval '1 millisecond' \
     ORDER BY w.query_start LIMIT 1";
