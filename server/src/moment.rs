//! Time as the control store keeps it: whole milliseconds since 1970 in UTC, from a clock that tests can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Moment(pub i64);

impl Moment {
    /// As the API writes it: RFC 3339 in UTC, with milliseconds when there are any.
    pub fn rfc3339(self) -> shared::Timestamp {
        jiff::Timestamp::from_millisecond(self.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_string()
    }

    /// Reads what [`Moment::rfc3339`] wrote, or any other RFC 3339 time.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self(timestamp.as_millisecond()))
    }

    /// This moment and a duration later.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This moment less a duration.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// Time from `earlier` to this moment; zero when `earlier` is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Tells the time. Cheap to clone; clones of a set clock move together.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn standing_at(moment: Moment) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(moment.0))),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        match &self.set {
            Some(set) => Moment(set.load(Ordering::SeqCst)),
            None => Moment(jiff::Timestamp::now().as_millisecond()),
        }
    }

    /// Moves a standing clock; the clock of the machine cannot be moved and stays.
    pub fn advance(&self, by: Duration) {
        if let Some(set) = &self.set {
            set.fetch_add(millis(by), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_its_own_text() {
        let moment = Moment(1_795_141_864_123);
        assert_eq!(Moment::parse(&moment.rfc3339()), Some(moment));
        assert!(moment.rfc3339().ends_with('Z'));
    }

    #[test]
    fn time_before_is_no_time_at_all() {
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
    }
}
