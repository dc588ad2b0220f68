//! Another writer of the large table, and the moments of a run that its waits are looked up by.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use server::db::{Access, Connection, DatabaseUrl, Statement};
use server::engine::executor::{
    Boundary, Control, Event, FactAnswer, Outside, OutsideError, Overriding, Probed, Signal,
};
use server::engine::gate::CallerFact;
use tokio::task::JoinHandle;

use crate::caller::Caller;

/// From one moment to another.
#[derive(Clone, Copy)]
pub struct Span {
    pub from: Instant,
    pub to: Instant,
}

impl Span {
    pub fn length(self) -> Duration {
        self.to - self.from
    }
}

/// When each write began, and how long it took.
pub struct Writes(Vec<(Instant, Duration)>);

impl Writes {
    /// The times of the writes that were under way within a span, sorted.
    fn within(&self, span: Span) -> Vec<Duration> {
        let mut times: Vec<Duration> = (self.0.iter())
            .filter(|(began, took)| *began <= span.to && *began + *took >= span.from)
            .map(|(_, took)| *took)
            .collect();
        times.sort_unstable();
        times
    }

    /// The longest that a write took of the span: what it waited for before or after is not the span's.
    pub fn longest(&self, span: Span) -> Duration {
        let part = |(began, took): &(Instant, Duration)| {
            let (from, to) = ((*began).max(span.from), (*began + *took).min(span.to));
            to.saturating_duration_since(from)
        };
        self.0.iter().map(part).max().unwrap_or_default()
    }

    pub fn p99(&self, span: Span) -> Duration {
        let times = self.within(span);
        let index = (times.len() * 99 / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default()
    }
}

/// A writer that goes on until it is stopped.
pub struct Writer {
    over: Arc<AtomicBool>,
    task: JoinHandle<anyhow::Result<Vec<(Instant, Duration)>>>,
}

impl Writer {
    /// Begins to change one row after another of the large table, anywhere in it, in transactions of their own.
    pub async fn begin(url: &DatabaseUrl, rows: u64) -> anyhow::Result<Self> {
        let mut db = Connection::open(url, Access::Write).await?;
        // an application waits as long as it takes
        db.execute("SET lock_timeout = 0").await?;
        let over = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&over);
        let task = tokio::spawn(async move {
            let mut writes = Vec::with_capacity(100_000);
            // a sequence that visits the rows in no order
            let mut place: u64 = 1;
            while !stopped.load(Ordering::Relaxed) {
                place = place
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let id = i64::try_from((place >> 16) % rows + 1)?;
                let statement =
                    Statement::new("UPDATE entry SET amount = amount + 1 WHERE id = ?").bind(id);
                let began = Instant::now();
                db.execute(statement).await?;
                writes.push((began, began.elapsed()));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            db.close().await;
            Ok(writes)
        });
        Ok(Self { over, task })
    }

    /// Stops it and answers what it measured.
    pub async fn end(self) -> anyhow::Result<Writes> {
        self.over.store(true, Ordering::Relaxed);
        Ok(Writes(self.task.await??))
    }
}

/// The engine's caller that remembers when it was where.
#[derive(Default)]
pub struct Watch(Mutex<Vec<Mark>>);

struct Mark {
    at: Instant,
    step: Option<String>,
    next: &'static str,
}

impl Watch {
    /// The time of a step.
    pub fn step(&self, key: &str) -> Option<Span> {
        self.between(key, None)
    }

    /// The time from a step's begin to the end of its first transaction.
    pub fn first_transaction(&self, key: &str) -> Option<Span> {
        self.between(key, Some("commit"))
    }

    fn between(&self, key: &str, until: Option<&str>) -> Option<Span> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |mark: &Mark| mark.step.as_deref() == Some(key);
        let first = marks.iter().position(own)?;
        let last = match until {
            Some(next) => (first..marks.len()).find(|at| marks[*at].next == next)?,
            None => marks.iter().rposition(own)?,
        };
        // what was begun at the last of its boundaries has ended at the next one
        let to = marks
            .get(last + 1)
            .map_or_else(Instant::now, |mark| mark.at);
        let from = marks[first].at;
        Some(Span { from, to })
    }
}

#[async_trait::async_trait]
impl Control for Watch {
    async fn between(&self, boundary: &Boundary<'_>) -> Signal {
        let mark = Mark {
            at: Instant::now(),
            step: boundary.step.map(str::to_owned),
            next: boundary.next,
        };
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.push(mark);
        Signal::Continue
    }

    fn report(&self, event: &Event) {
        Caller.report(event);
    }

    fn owner(&self) -> String {
        Caller.owner()
    }

    async fn fact(&self, fact: CallerFact) -> FactAnswer {
        Caller.fact(fact).await
    }

    async fn overridden(&self, step: &str, gate: &str) -> Option<Overriding> {
        Caller.overridden(step, gate).await
    }

    async fn probe(&self, work: &Outside) -> Result<Probed, OutsideError> {
        Caller.probe(work).await
    }

    async fn perform(&self, work: &Outside) -> Result<String, OutsideError> {
        Caller.perform(work).await
    }
}
