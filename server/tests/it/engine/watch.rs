//! A caller of the executor that listens, pauses, overrides or dies at a chosen boundary.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use server::db::{Access, Connection, DatabaseUrl, Dialect};
use server::engine::executor::{
    Boundary, Control, Event, FactAnswer, Goal, HoldCause, Holds, Outside, OutsideError,
    Overriding, Probed, Signal, polite_attempts,
};
use server::engine::gate::CallerFact;
use server::engine::plan::Step;
use tokio::sync::Notify;

pub fn applied() -> Goal {
    Goal::Applied { until: None }
}

pub fn until(key: &str) -> Goal {
    Goal::Applied {
        until: Some(key.to_owned()),
    }
}

pub fn undone() -> Goal {
    Goal::Undone { groups: None }
}

/// Something that is done to a target in the middle of a drive.
pub type Disturb = Box<dyn Fn() + Send + Sync>;

/// Whether somebody suffers, by what was told so far.
pub type Suffers = fn(&[Event]) -> bool;

/// Who suffers outside of the target.
pub const SUFFERS: &str = "the application, which does not work: it said \u{201c}error\u{201d}";

/// A caller of the executor.
pub struct Watch {
    pub owner: String,
    /// At which boundary to die.
    pub bomb: Option<usize>,
    /// Before which call to die.
    pub bomb_before: Option<&'static str>,
    /// At which boundary to end the driver's session from outside, in which database.
    pub sever: Option<(usize, DatabaseUrl)>,
    /// At which boundary to answer something else than to go on.
    pub answer: Option<(usize, Signal)>,
    pub passed: AtomicUsize,
    /// What came next at each boundary.
    pub calls: Mutex<Vec<&'static str>>,
    pub exploded: Notify,
    pub events: Mutex<Vec<Event>>,
    pub backup_verified: bool,
    pub overriding: Option<Overriding>,
    /// What work outside of the target was performed.
    pub performed: Mutex<Vec<Outside>>,
    pub outside_fails: bool,
    pub holds: Mutex<Holds>,
    /// Whether somebody suffers, by what was told so far.
    pub suffers: Mutex<Option<Suffers>>,
    /// How often a lock is asked for, where it is not as often as is polite.
    pub attempts: Option<u32>,
    /// What happens to the target at which boundary.
    pub disturb: Option<(usize, Disturb)>,
    /// How long is rested between two attempts at a lock, where it is not as long as is polite.
    pub longest_wait: Option<Duration>,
    /// What happens once in a step, after its first reading and before it changes anything.
    pub slip: Option<(&'static str, Disturb)>,
    pub slipped: AtomicBool,
    /// Whether to say every boundary on the standard output.
    pub chatty: bool,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            owner: "a test".into(),
            bomb: None,
            bomb_before: None,
            sever: None,
            answer: None,
            passed: AtomicUsize::new(0),
            calls: Mutex::new(Vec::new()),
            exploded: Notify::new(),
            events: Mutex::new(Vec::new()),
            backup_verified: true,
            overriding: None,
            performed: Mutex::new(Vec::new()),
            outside_fails: false,
            holds: Mutex::default(),
            suffers: Mutex::default(),
            attempts: None,
            disturb: None,
            longest_wait: None,
            slip: None,
            slipped: AtomicBool::new(false),
            chatty: false,
        }
    }

    pub fn with_bomb(at: usize) -> Self {
        Self {
            bomb: Some(at),
            ..Self::new()
        }
    }

    /// The boundaries at which to be killed in a test of every one of them. A server's database is
    /// slow to copy: there it is every boundary of a transaction, and one in six of the others.
    pub fn deadly(&self, dialect: Dialect) -> Vec<usize> {
        let calls = self.calls.lock().unwrap();
        let chosen = |at: &usize| {
            dialect == Dialect::Sqlite
                || at.is_multiple_of(6)
                || ["begin", "commit", "perform", "confirm"].contains(&calls[*at])
        };
        (0..calls.len()).filter(chosen).collect()
    }

    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Control for Watch {
    async fn between(&self, boundary: &Boundary<'_>) -> Signal {
        let at = self.passed.fetch_add(1, Ordering::SeqCst);
        let before = {
            let mut calls = self.calls.lock().unwrap();
            let before = calls.last().copied();
            calls.push(boundary.next);
            before
        };
        if self.chatty {
            println!("boundary {at}");
        }
        if self.bomb == Some(at) || self.bomb_before == Some(boundary.next) {
            self.exploded.notify_one();
            std::future::pending::<()>().await;
        }
        if let Some((when, url)) = &self.sever
            && *when == at
        {
            let mut other = Connection::open(url, Access::Write).await.unwrap();
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            other.execute(end).await.unwrap();
            other.close().await;
        }
        if let Some((when, disturb)) = &self.disturb
            && *when == at
        {
            disturb();
        }
        if let Some((step, slip)) = &self.slip
            && boundary.step == Some(step)
            && (before, boundary.next) == (Some("read"), "execute")
            && !self.slipped.swap(true, Ordering::SeqCst)
        {
            slip();
        }
        match self.answer {
            Some((when, signal)) if when == at => signal,
            _ => Signal::Continue,
        }
    }

    fn report(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn holds(&self) -> Holds {
        *self.holds.lock().unwrap()
    }

    async fn suffering(&self, _: &Step) -> Option<(HoldCause, String)> {
        let suffers = (*self.suffers.lock().unwrap())?;
        suffers(&self.events.lock().unwrap()).then(|| (HoldCause::Application, SUFFERS.to_owned()))
    }

    fn attempts(&self, dialect: Dialect) -> u32 {
        self.attempts.unwrap_or_else(|| polite_attempts(dialect))
    }

    fn longest_wait(&self) -> Duration {
        self.longest_wait.unwrap_or(Duration::from_millis(1_500))
    }

    fn owner(&self) -> String {
        self.owner.clone()
    }

    async fn fact(&self, _: CallerFact) -> FactAnswer {
        FactAnswer {
            holds: self.backup_verified,
            evidence: "The test says so.".into(),
            remedy: "Run a restore drill.".into(),
        }
    }

    async fn overridden(&self, _: &str, _: &str) -> Option<Overriding> {
        self.overriding.clone()
    }

    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError> {
        if matches!(work, Outside::Hook { .. }) {
            return Ok(Probed::Unknown);
        }
        Ok(match self.performed.lock().unwrap().contains(work) {
            true => Probed::There("It is there.".into()),
            false => Probed::Absent,
        })
    }

    async fn perform(&self, work: &Outside) -> Result<String, OutsideError> {
        if self.outside_fails {
            return Err(OutsideError {
                problem: "The disk is full.".into(),
                remedy: "Free some space.".into(),
            });
        }
        self.performed.lock().unwrap().push(work.clone());
        Ok("It was done.".into())
    }
}
