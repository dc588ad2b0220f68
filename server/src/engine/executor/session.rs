//! The database as the executor uses it: the caller is asked before every call, waits for other
//! writers are bounded and reported, and what stops the work has a type.

use std::time::{Duration, Instant};

use super::blocking::{Blocker, Observer};
use super::control::{Boundary, Control, Event, Signal};
use crate::db::{Connection, DbError, Dialect, Row, Statement};
use crate::engine::gate::GateEvidence;
use crate::engine::journal::JournalError;
use crate::engine::plan::Step;

/// The first wait; each is up to half longer than the one before, at random.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// What stops the work at hand. The open transaction is rolled back by whoever receives it.
#[derive(Debug)]
pub(in crate::engine) enum Halt {
    /// The target failed.
    Db(DbError),
    /// The journal cannot be read.
    Journal(JournalError),
    /// The caller asked to stop now.
    Abort,
    /// Another driver took over.
    LeaseLost,
    /// The step cannot be carried out: what is wrong and what to do, in words.
    Step(String),
    /// A gate of the step does not hold.
    Gate(Box<GateEvidence>),
}

impl Halt {
    /// A step's failure on a table.
    pub(in crate::engine) fn step(table: &str, error: &dyn std::error::Error) -> Self {
        Self::Step(format!("{table}: {error}."))
    }

    /// Whether waiting and trying again can help.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_locked())
    }
}

impl From<DbError> for Halt {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A connection under the eyes of a [`Control`].
pub(in crate::engine) struct Session<'a> {
    db: &'a mut Connection,
    control: &'a dyn Control,
    /// The step at hand, and its table.
    step: Option<String>,
    table: Option<String>,
    opened: Option<Instant>,
    /// Looks for whom a statement waits, from the first wait to the next commit.
    observer: Option<Observer>,
    pause: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(db: &'a mut Connection, control: &'a dyn Control) -> Self {
        Self {
            db,
            control,
            step: None,
            table: None,
            opened: None,
            observer: None,
            pause: false,
        }
    }

    /// Says which step the calls that follow belong to.
    pub(super) fn at(&mut self, step: &Step) {
        self.step = Some(step.key.clone());
        self.table = step.table().map(str::to_owned);
    }

    /// The connection itself, for reading the catalogue.
    pub(in crate::engine) fn db(&mut self) -> &mut Connection {
        self.db
    }

    pub(super) fn control(&self) -> &'a dyn Control {
        self.control
    }

    /// Whether the caller has asked to stop after the work at hand.
    pub(super) fn wants_pause(&self) -> bool {
        self.pause
    }

    /// Whether a transaction is open.
    pub(super) fn in_transaction(&self) -> bool {
        self.opened.is_some()
    }

    /// How long the open transaction has held the write lock.
    pub(super) fn held(&self) -> Duration {
        self.opened.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Asks the caller whether to go on.
    pub(super) async fn ask(&mut self, next: &'static str) -> Result<(), Halt> {
        let boundary = Boundary {
            step: self.step.as_deref(),
            in_transaction: self.opened.is_some(),
            next,
        };
        match self.control.between(&boundary).await {
            Signal::Continue => Ok(()),
            Signal::Pause => {
                self.pause = true;
                Ok(())
            }
            Signal::Abort => Err(Halt::Abort),
        }
    }

    pub(in crate::engine) async fn execute(
        &mut self,
        statement: impl Into<Statement>,
    ) -> Result<u64, Halt> {
        self.ask("execute").await?;
        let work = self.db.execute(statement);
        Ok(match &mut self.observer {
            Some(observer) => observer.beside(self.table.as_deref(), work).await?,
            None => work.await?,
        })
    }

    /// Takes, in the open transaction, the lock on the step's table under which everybody reads and
    /// writes on, and which an autovacuum gives way to: the short strong lock is then not waited
    /// for behind one. No other database than PostgreSQL has such a lock, or needs it.
    pub(super) async fn displace_vacuum(&mut self, table: &str) -> Result<(), Halt> {
        self.ask("execute").await?;
        let work = self.db.displace_vacuum(table);
        let done = match &mut self.observer {
            Some(observer) => observer.beside(Some(table), work).await,
            None => work.await,
        };
        Ok(done?)
    }

    pub(in crate::engine) async fn rows(
        &mut self,
        statement: impl Into<Statement>,
    ) -> Result<Vec<Row>, Halt> {
        self.ask("read").await?;
        let statement = statement.into();
        let mut wait = Wait::default();
        loop {
            match self.db.rows(statement.clone()).await {
                // inside a transaction the whole of it has to be tried again
                Err(error) if error.is_locked() && self.opened.is_none() => {
                    self.wait(&mut wait, error).await?;
                }
                answer => return Ok(answer?),
            }
        }
    }

    pub(in crate::engine) async fn row(
        &mut self,
        statement: impl Into<Statement>,
    ) -> Result<Option<Row>, Halt> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    pub(in crate::engine) async fn count(
        &mut self,
        statement: impl Into<Statement>,
    ) -> Result<i64, Halt> {
        Ok(self.row(statement).await?.map_or(0, |row| row.integer(0)))
    }

    /// Begins a transaction, waiting for other writers as often as is polite.
    pub(super) async fn begin(&mut self) -> Result<(), Halt> {
        self.ask("begin").await?;
        let mut wait = Wait::default();
        loop {
            match self.db.begin_write().await {
                Ok(()) => {
                    self.opened = Some(Instant::now());
                    return Ok(());
                }
                Err(error) if error.is_locked() => self.wait(&mut wait, error).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Commits, waiting for readers that a rollback journal does not let a writer pass.
    pub(super) async fn commit(&mut self) -> Result<(), Halt> {
        self.ask("commit").await?;
        let mut wait = Wait::default();
        loop {
            let work = self.db.commit();
            let done = match &mut self.observer {
                Some(observer) => observer.beside(self.table.as_deref(), work).await,
                None => work.await,
            };
            match done {
                Ok(()) => {
                    self.opened = None;
                    if let Some(observer) = self.observer.take() {
                        observer.close().await;
                    }
                    return Ok(());
                }
                Err(error) if error.is_locked() => self.wait(&mut wait, error).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Rolls back the open transaction, if one is open.
    pub(super) async fn roll_back(&mut self) {
        if self.opened.take().is_some() {
            self.db.roll_back().await;
            // a rebuild or an edit that broke off may have left these settings of the connection
            if self.db.dialect() == Dialect::Sqlite {
                let _ = self.db.execute("PRAGMA writable_schema = OFF").await;
            }
        }
    }

    /// Whom the statement that was given up has waited for, where that was seen. Who looks is there
    /// from the second attempt on: most locks are granted at once.
    async fn blocker(&mut self) -> Option<Blocker> {
        match &mut self.observer {
            Some(observer) => observer.seen(),
            None => {
                self.observer = Observer::open(self.db).await;
                None
            }
        }
    }

    /// Has an autovacuum end its work on a table.
    async fn end_vacuum(&mut self, table: &str) {
        // granted or not, the next attempt at the step shows it
        if self.db.begin_write().await.is_ok() {
            let _ = self.db.displace_vacuum(table).await;
        }
        self.db.roll_back().await;
    }

    /// Waits a little and reports it; answers the error when that was often enough.
    pub(super) async fn wait(&mut self, wait: &mut Wait, error: DbError) -> Result<(), Halt> {
        wait.attempt += 1;
        let attempts = self.control.attempts(self.db.dialect());
        let mut blocker = self.blocker().await;
        if blocker.is_none()
            && let Some(observer) = &mut self.observer
        {
            blocker = observer.holder(self.table.as_deref()).await;
        }
        // who looks may be late for the last attempt
        if let Some(blocker) = &blocker {
            wait.seen = Some(blocker.said.clone());
        }
        if wait.attempt >= attempts {
            return Err(match (wait.seen.take(), error) {
                (Some(said), DbError::LockNotGranted { detail, sql }) => {
                    let detail = format!("{detail}; {said}");
                    DbError::LockNotGranted { detail, sql }.into()
                }
                (_, error) => error.into(),
            });
        }
        self.control.report(&Event::Waiting {
            step: self.step.clone(),
            attempt: wait.attempt + 1,
            attempts,
            waited_ms: millis(wait.since.elapsed()),
            blocker: blocker.as_ref().map(|blocker| blocker.said.clone()),
        });
        self.ask("wait").await?;
        if let Some(table) = blocker.and_then(|blocker| blocker.vacuumed)
            && self.opened.is_none()
        {
            self.end_vacuum(&table).await;
        }
        let pause = wait.pause.mul_f64(rand::random_range(0.5..1.0));
        let longest = self.control.longest_wait();
        wait.pause = wait.pause.mul_f64(1.5).min(longest);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// The state of a wait for another writer.
pub(super) struct Wait {
    attempt: u32,
    /// Whom it was last seen to wait for, in words.
    seen: Option<String>,
    pause: Duration,
    since: Instant,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            attempt: 0,
            seen: None,
            pause: FIRST_WAIT,
            since: Instant::now(),
        }
    }
}

/// A duration in whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
