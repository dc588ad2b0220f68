//! How far a build of an index beside its writers is, told by a second session while the first
//! one is busy with it.

use std::convert::Infallible;
use std::time::Duration;

use super::control::{Control, Event};
use crate::db::{Access, Connection, DatabaseUrl, Statement};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// Tells of the build of the session `process`, until it is dropped. Nothing depends on it: where
/// the server gives no second session, nothing is told.
pub(super) async fn watch(
    url: DatabaseUrl,
    process: i64,
    step: String,
    control: &dyn Control,
) -> Infallible {
    tokio::time::sleep(LOOK).await;
    let mut opened = Connection::open(&url, Access::Read).await.ok();
    loop {
        if let Some(db) = &mut opened {
            match db.row(Statement::new(PROGRESS).bind(process)).await {
                Ok(Some(row)) => control.report(&Event::Building {
                    step: step.clone(),
                    phase: row.string(0),
                    done: row.integer(1).unsigned_abs(),
                    total: row.integer(2).unsigned_abs(),
                    waits_for: row.text(3).map(str::to_owned),
                }),
                Ok(None) => {}
                Err(_) => opened = None,
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Blocks while the table is read, entries while they are loaded; and whose transaction has to
/// end before the build goes on.
const PROGRESS: &str = "SELECT p.phase, \
     CASE WHEN p.tuples_total > 0 THEN p.tuples_done ELSE p.blocks_done END, \
     CASE WHEN p.tuples_total > 0 THEN p.tuples_total ELSE p.blocks_total END, \
     (SELECT COALESCE(NULLIF(a.application_name, ''), 'an unnamed program') || ' (process ' \
      || a.pid || ', ' || COALESCE(a.state, 'unknown') || ') to end its transaction, open for ' \
      || COALESCE(extract(epoch FROM clock_timestamp() - a.xact_start)::int8, 0) || ' s' \
      FROM pg_stat_activity AS a WHERE a.pid = p.current_locker_pid) \
     FROM pg_stat_progress_create_index AS p WHERE p.pid = ?";
