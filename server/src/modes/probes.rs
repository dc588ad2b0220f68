//! Asks the application again and again while it restarts, and works out for how long it did not answer.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::health::{self, Health};

/// Time from one question to the next: the downtime is measured this finely.
pub(super) const EVERY: Duration = Duration::from_millis(50);
/// An answer that takes longer counts as none.
const LIMIT: Duration = Duration::from_millis(900);

/// One question and whether it was answered well.
#[derive(Debug, Clone)]
struct Probe {
    at: Duration,
    well: bool,
    mode: Option<String>,
    started: Option<String>,
}

/// Probes that go on in the background until dropped.
pub(super) struct Probes {
    began: Instant,
    found: Arc<Mutex<Vec<Probe>>>,
    stop: CancellationToken,
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Probes {
    /// Begins to ask.
    pub(super) fn begin(url: &str) -> Self {
        let probes = Self {
            began: Instant::now(),
            found: Arc::default(),
            stop: CancellationToken::new(),
        };
        let (url, began) = (url.to_owned(), probes.began);
        let (found, stop) = (probes.found.clone(), probes.stop.clone());
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                let at = began.elapsed();
                let answer = health::ask(&url, LIMIT).await.ok();
                if let Ok(mut found) = found.lock() {
                    found.push(Probe {
                        at,
                        well: answer.as_ref().is_some_and(Health::is_well),
                        mode: answer.as_ref().and_then(|health| health.mode.clone()),
                        started: answer.and_then(|health| health.started),
                    });
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(EVERY) => {}
                }
            }
        });
        probes
    }

    /// Mode of the newest answer to a question that was asked after `since`, if the application is well. An earlier
    /// answer may be of the process that is gone.
    pub(super) fn mode_since(&self, since: Instant) -> Option<Option<String>> {
        let found = self.found.lock().ok()?;
        let last = found.last()?;
        (last.well && self.began + last.at >= since).then(|| last.mode.clone())
    }

    /// One answer a second: whether every question of that second was answered well.
    pub(super) fn seconds(&self) -> Vec<bool> {
        self.found
            .lock()
            .map(|found| seconds(&timeline(&found)))
            .unwrap_or_default()
    }

    /// Time without a good answer so far.
    pub(super) fn downtime(&self) -> Duration {
        self.found
            .lock()
            .map(|found| downtime(&timeline(&found)) + unseen(&found))
            .unwrap_or_default()
    }
}

/// Restarts that no question fell into: the application says another start than in the answer before, so it was away
/// for at most the time between the two.
fn unseen(probes: &[Probe]) -> Duration {
    probes
        .windows(2)
        .filter(|pair| pair[0].well && pair[1].well)
        .filter(|pair| pair[0].started.is_some() && pair[0].started != pair[1].started)
        .map(|pair| pair[1].at.saturating_sub(pair[0].at))
        .sum()
}

fn timeline(found: &[Probe]) -> Vec<(Duration, bool)> {
    found.iter().map(|probe| (probe.at, probe.well)).collect()
}

fn seconds(probes: &[(Duration, bool)]) -> Vec<bool> {
    let mut seconds: Vec<bool> = Vec::new();
    for (at, well) in probes {
        let second = usize::try_from(at.as_secs())
            .unwrap_or(usize::MAX)
            .min(3600);
        while seconds.len() <= second {
            // a second in which nothing came back at all was a second without an answer
            let waited = seconds.len() < second;
            seconds.push(!waited && *well);
        }
        seconds[second] &= *well;
    }
    seconds
}

fn downtime(probes: &[(Duration, bool)]) -> Duration {
    let mut down_since = None;
    let mut total = Duration::ZERO;
    for (at, well) in probes {
        match (well, down_since) {
            (false, None) => down_since = Some(*at),
            (true, Some(since)) => {
                total += at.saturating_sub(since);
                down_since = None;
            }
            _ => {}
        }
    }
    if let (Some(since), Some((last, _))) = (down_since, probes.last()) {
        total += last.saturating_sub(since);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64, well: bool) -> (Duration, bool) {
        (Duration::from_millis(ms), well)
    }

    #[test]
    fn downtime_is_from_the_first_missing_answer_to_the_next_good_one() {
        let probes = [
            at(0, true),
            at(200, false),
            at(400, false),
            at(1500, true),
            at(1700, false),
            at(1900, true),
        ];
        assert_eq!(downtime(&probes), Duration::from_millis(1500));
        assert_eq!(downtime(&probes[..3]), Duration::from_millis(200));
    }

    #[test]
    fn a_restart_between_two_good_answers_counts_as_away_for_the_time_between_them() {
        let probe = |ms: u64, started: &str| Probe {
            at: Duration::from_millis(ms),
            well: true,
            mode: None,
            started: Some(started.into()),
        };
        let probes = [
            probe(0, "a"),
            probe(50, "a"),
            probe(130, "b"),
            probe(180, "b"),
        ];
        assert_eq!(unseen(&probes), Duration::from_millis(80));
    }

    #[test]
    fn a_second_counts_as_answered_only_when_all_of_it_was() {
        let probes = [at(0, true), at(900, false), at(1100, true), at(3100, true)];
        assert_eq!(seconds(&probes), [false, true, false, true]);
    }
}
