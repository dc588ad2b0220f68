//! Live events: what happened, numbered, kept for a while so that a reader that lost its connection misses nothing.
//! Knows no HTTP: `http/events.rs` writes them onto a stream.

pub mod relay;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::event::{Event, Topic};
use shared::run::{LogLine, RunProgress};
use shared::work::{WorkOn, WorkProgress};
use tokio::sync::broadcast;

/// Events kept for readers that come back. At four progress events a second of one run this is about four minutes.
const KEPT: usize = 1024;

/// Where something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// On this console.
    Here,
    /// On another one with the same control store.
    Elsewhere,
}

/// A numbered event.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Counts up within one start of a server, from a number of its own: one that another server gave is not taken for
    /// one of this.
    pub id: u64,
    /// Where.
    pub origin: Origin,
    /// What happened.
    pub event: Arc<Event>,
}

#[derive(Debug)]
struct Ring {
    next: u64,
    kept: VecDeque<Numbered>,
}

/// Where events are told and listened to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    ring: Arc<Mutex<Ring>>,
    sender: broadcast::Sender<Numbered>,
}

/// What a reader gets when it starts to listen.
pub struct Listening {
    /// Events missed since the id that the reader named, oldest first.
    pub missed: Vec<Numbered>,
    /// Whether more was missed than is kept: the reader has to ask for everything again.
    pub too_old: bool,
    /// Id of the newest event at this moment.
    pub newest: u64,
    /// Events from now on.
    pub receiver: broadcast::Receiver<Numbered>,
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// A hub without events.
    pub fn new() -> Self {
        // numbers stay exact in a browser, and a million of them fit between two starts
        Self::counting_from((u64::from(rand::random::<u32>()) << 20) + 1)
    }

    fn counting_from(next: u64) -> Self {
        Self {
            ring: Arc::new(Mutex::new(Ring {
                next,
                kept: VecDeque::with_capacity(KEPT),
            })),
            sender: broadcast::channel(KEPT).0,
        }
    }

    /// Says that something of a system changed; readers ask for it again.
    pub fn changed(&self, system: &str, topic: Topic) {
        self.tell(Event::Changed {
            system: Some(system.to_owned()),
            topic,
        });
    }

    /// Says that something of the console itself changed, such as its accounts.
    pub fn console_changed(&self, topic: Topic) {
        self.tell(Event::Changed {
            system: None,
            topic,
        });
    }

    /// Tells new numbers of a run. The caller keeps to four a second.
    pub fn progress(&self, system: &str, progress: RunProgress) {
        self.tell(Event::Progress {
            system: system.to_owned(),
            progress,
        });
    }

    /// Tells how far long work is that is no run. The caller keeps to four a second.
    pub fn work(&self, system: &str, work: WorkOn, progress: WorkProgress) {
        self.tell(Event::Work {
            system: system.to_owned(),
            work,
            progress,
        });
    }

    /// Tells new lines of the log of a run.
    pub fn log(&self, system: &str, run: i64, lines: Vec<LogLine>) {
        self.tell(Event::Log {
            system: system.to_owned(),
            run,
            lines,
        });
    }

    /// Tells any event.
    pub fn tell(&self, event: Event) {
        self.add(event, Origin::Here);
    }

    /// Tells readers here what happened on another console.
    pub fn hear(&self, event: Event) {
        self.add(event, Origin::Elsewhere);
    }

    /// Numbering and sending happen under one lock, so every reader sees the same order.
    fn add(&self, event: Event, origin: Origin) {
        let mut ring = self.ring();
        let numbered = Numbered {
            id: ring.next,
            origin,
            event: Arc::new(event),
        };
        ring.next += 1;
        if ring.kept.len() == KEPT {
            ring.kept.pop_front();
        }
        ring.kept.push_back(numbered.clone());
        // an error means that nobody listens now
        let _ = self.sender.send(numbered);
    }

    /// Starts to listen. `after` is the id of the last event that the reader saw, if it has been here before.
    pub fn listen(&self, after: Option<u64>) -> Listening {
        let ring = self.ring();
        let newest = ring.next - 1;
        let oldest = ring.kept.front().map_or(ring.next, |first| first.id);
        // a number from the future was given by an earlier start of the server
        let too_old = after.is_some_and(|after| after + 1 < oldest || after > newest);
        let missed = match after {
            Some(after) if !too_old => ring
                .kept
                .iter()
                .filter(|numbered| numbered.id > after)
                .cloned()
                .collect(),
            _ => Vec::new(),
        };
        Listening {
            missed,
            too_old,
            newest,
            receiver: self.sender.subscribe(),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // nothing inside can panic half-way, so a poisoned ring is still whole
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_comes_back_gets_exactly_what_it_missed() {
        let hub = Hub::counting_from(1);
        for _ in 0..5 {
            hub.changed("obcms", Topic::Run);
        }
        let ids: Vec<_> = hub
            .listen(Some(3))
            .missed
            .iter()
            .map(|event| event.id)
            .collect();
        assert_eq!(ids, [4, 5]);
        assert!(!hub.listen(Some(5)).too_old);
    }

    #[test]
    fn a_reader_that_missed_more_than_is_kept_is_told_to_ask_again() {
        let hub = Hub::counting_from(1);
        for _ in 0..KEPT + 10 {
            hub.console_changed(Topic::Accounts);
        }
        assert!(hub.listen(Some(3)).too_old);
        assert!(!hub.listen(Some(11)).too_old);
    }

    #[test]
    fn a_number_of_an_earlier_start_means_ask_again() {
        assert!(Hub::counting_from(1).listen(Some(77)).too_old);
    }

    #[test]
    fn a_new_reader_gets_only_what_comes() {
        let hub = Hub::counting_from(1);
        hub.changed("obcms", Topic::Mode);
        let mut listening = hub.listen(None);
        assert!(listening.missed.is_empty() && !listening.too_old);
        hub.changed("obcms", Topic::Run);
        assert_eq!(
            listening.receiver.try_recv().expect("one event").id,
            listening.newest + 1
        );
    }

    #[test]
    fn a_number_that_another_console_gave_means_ask_again() {
        let (one, other) = (Hub::new(), Hub::new());
        for hub in [&one, &other] {
            hub.changed("obcms", Topic::Run);
        }
        let seen = one.listen(None).newest;
        assert!(!one.listen(Some(seen)).too_old);
        assert!(other.listen(Some(seen)).too_old);
    }
}
