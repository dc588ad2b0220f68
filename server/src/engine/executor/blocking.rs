//! Who keeps a statement waiting, on PostgreSQL: asked by a second session while it waits. The
//! session that waits cannot ask, and afterwards it waits for nobody any more.

use std::pin::pin;
use std::time::Duration;

use crate::db::{Access, Connection, Dialect, Row, Statement};

/// How often it is looked while a statement goes on. A lock is waited for 50 ms.
const LOOK: Duration = Duration::from_millis(15);

/// The session that looks.
pub(super) struct Observer {
    db: Connection,
    /// The process that is looked at.
    process: i64,
    seen: Option<Blocker>,
}

/// Who is waited for.
#[derive(Debug, Clone)]
pub(super) struct Blocker {
    /// In words.
    pub said: String,
    /// The table that an autovacuum is at work on, quoted. It goes on with its work until somebody
    /// waits for as long as the server needs to look for deadlocks.
    pub vacuumed: Option<String>,
}

impl Observer {
    /// Opens the second session; `None` where the database has no such thing or gives none.
    pub(super) async fn open(of: &mut Connection) -> Option<Self> {
        if of.dialect() != Dialect::Postgres {
            return None;
        }
        let process = of.count("SELECT pg_backend_pid()").await.ok()?;
        let db = Connection::open(of.url(), Access::Read).await.ok()?;
        Some(Self {
            db,
            process,
            seen: None,
        })
    }

    /// Looks for whom `work` waits, until it is done.
    pub(super) async fn beside<T>(
        &mut self,
        table: Option<&str>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(LOOK) => {}
            }
            // a look is never broken off: its session could not be used again
            let mut done = None;
            let mut look = pin!(self.look(table));
            tokio::select! {
                biased;
                finished = &mut work => done = Some(finished),
                () = &mut look => {}
            }
            if let Some(done) = done {
                look.await;
                return done;
            }
        }
    }

    /// Whom the work was last seen to wait for.
    pub(super) fn seen(&mut self) -> Option<Blocker> {
        self.seen.take()
    }

    /// Who has held a lock on the table for longest: the best guess where nobody was seen in the 50 ms of a wait.
    pub(super) async fn holder(&mut self, table: Option<&str>) -> Option<Blocker> {
        let relation = Dialect::Postgres.relation(table?);
        let statement = HOLDER.replace("PROCESS", &self.process.to_string());
        let row = self.db.row(Statement::new(statement).bind(relation)).await;
        Some(blocker(&row.ok()??, table))
    }

    pub(super) async fn close(self) {
        self.db.close().await;
    }

    async fn look(&mut self, table: Option<&str>) {
        let statement = BLOCKER.replace("PROCESS", &self.process.to_string());
        // where nothing can be seen, nothing is told
        if let Ok(Some(row)) = self.db.row(statement).await {
            self.seen = Some(blocker(&row, table));
        }
    }
}

/// What is said of a row of [`BLOCKER`].
fn blocker(row: &Row, table: Option<&str>) -> Blocker {
    let relation = row.text(6).map(str::to_owned);
    let what = match (&relation, table) {
        (Some(relation), _) => format!("a lock on {relation}"),
        (None, Some(table)) => format!("a lock on rows of {table}"),
        (None, None) => "a lock".to_owned(),
    };
    let query = match row.value(4).as_i64() {
        Some(seconds) => format!(", its query {seconds} s old"),
        None => String::new(),
    };
    let since = match row.value(3).as_i64() {
        Some(seconds) => format!(" for {seconds} s"),
        None => String::new(),
    };
    Blocker {
        said: format!(
            "{} (process {}, {}{query}), which has held {what}{since}",
            row.string(1),
            row.integer(0),
            row.string(2),
        ),
        vacuumed: relation.filter(|_| row.integer(5) == 1),
    }
}

/// The columns of [`BLOCKER`].
const HOLDER: &str = "SELECT a.pid::int8, COALESCE(NULLIF(a.application_name, ''), 'an unnamed \
     program') || COALESCE(' of ' || a.usename, ''), COALESCE(a.state, 'unknown'), \
     extract(epoch FROM clock_timestamp() - a.xact_start)::int8, \
     extract(epoch FROM clock_timestamp() - a.query_start)::int8, false, l.relation::regclass::text \
     FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
     WHERE l.granted AND l.relation = to_regclass(?) AND a.pid NOT IN (PROCESS, pg_backend_pid()) \
     ORDER BY a.xact_start LIMIT 1";

/// Whom a process waits for: of several the one that itself waits for nobody, and the oldest. A
/// prepared transaction has no process. A lock of rows names no relation, and who gave up while it
/// was looked has no lock to wait for.
const BLOCKER: &str = "SELECT b.pid::int8, CASE WHEN b.pid = 0 THEN 'a prepared transaction' \
     WHEN a.backend_type = 'autovacuum worker' THEN 'autovacuum' || CASE \
      WHEN a.query LIKE '%(to prevent wraparound)%' THEN ' (to prevent wraparound)' ELSE '' END \
     ELSE COALESCE(NULLIF(a.application_name, ''), 'an unnamed program') \
      || COALESCE(' of ' || a.usename, '') END, COALESCE(a.state, 'unknown'), \
     extract(epoch FROM clock_timestamp() - a.xact_start)::int8, \
     extract(epoch FROM clock_timestamp() - a.query_start)::int8, \
     COALESCE(a.backend_type = 'autovacuum worker', false), \
     w.relation \
     FROM unnest(pg_blocking_pids(PROCESS)) AS b (pid) \
     CROSS JOIN (SELECT relation::regclass::text AS relation FROM pg_locks \
      WHERE pid = PROCESS AND NOT granted LIMIT 1) AS w \
     LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid AND b.pid <> 0 \
     ORDER BY COALESCE(a.wait_event_type = 'Lock', false), a.xact_start NULLS LAST LIMIT 1";
