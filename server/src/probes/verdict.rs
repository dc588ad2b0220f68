//! From samples to a verdict: good, bad, or not enough evidence. Pure.

use std::time::Duration;

use shared::health::{Judgement, Outcome, Verdict};

use crate::config::ProbeConfig;
use crate::store::health::Sample;

/// How many of the newest samples a verdict looks at.
pub(super) fn samples_needed(config: &ProbeConfig) -> u32 {
    // a long way back, because samples that are neither bad enough nor good enough change nothing
    (config.bad_samples + config.good_samples + config.minimum_samples) * 4
}

/// The verdict on the newest samples, newest first; `silence` is the time since the last one was taken.
pub(super) fn of(config: &ProbeConfig, newest: &[Sample], silence: Option<Duration>) -> Judgement {
    let judged = |verdict, slow, reason: String| Judgement {
        verdict,
        slow,
        reason,
        last_beat_ms: silence.map(|silence| u64::try_from(silence.as_millis()).unwrap_or(u64::MAX)),
    };
    match silence {
        None => {
            return judged(
                Verdict::NotEnoughEvidence,
                false,
                "No sample was taken yet.".into(),
            );
        }
        Some(silence) if silence > config.silent_after() => {
            return judged(
                Verdict::NotEnoughEvidence,
                false,
                format!(
                    "The watcher has been silent for {} s; a sample is due every {} s.",
                    silence.as_secs(),
                    config.interval_seconds
                ),
            );
        }
        Some(_) => {}
    }
    if newest.len() < config.minimum_samples as usize {
        return judged(
            Verdict::NotEnoughEvidence,
            false,
            format!(
                "{} of at least {} samples were taken.",
                newest.len(),
                config.minimum_samples
            ),
        );
    }
    let slow = first(newest, config.bad_samples)
        .is_some_and(|few| few.iter().all(|sample| sample.outcome != Outcome::Good));
    match standing(config, newest) {
        Standing::Bad => judged(
            Verdict::Bad,
            false,
            newest
                .iter()
                .find_map(|sample| sample.why.clone())
                .map_or_else(|| "It does not work.".into(), |why| format!("{why}.")),
        ),
        Standing::Good if slow => judged(
            Verdict::Good,
            true,
            format!(
                "The last {} answers took longer than {} ms.",
                config.bad_samples, config.slow_ms
            ),
        ),
        Standing::Good => judged(Verdict::Good, false, "It answers as it should.".into()),
    }
}

/// Why work on the database has to wait for the application, in words. `last` is how long ago the last sample was taken,
/// and what the samples said then; none before the first.
pub(super) fn suffering(
    config: &ProbeConfig,
    last: Option<(Duration, Judgement)>,
) -> Option<String> {
    let Some((silence, judgement)) = last else {
        return Some("the first look at the application's health".into());
    };
    if silence > config.silent_after() {
        return Some(format!(
            "the watcher of the application, which has been silent for {} s",
            silence.as_secs()
        ));
    }
    (judgement.verdict == Verdict::Bad).then(|| {
        let why = judgement.reason.trim_end_matches('.');
        format!("the application, which does not work: {why}")
    })
}

enum Standing {
    Good,
    Bad,
}

/// Goes back until a row of bad or of good samples decides. One bad sample among good ones does not.
fn standing(config: &ProbeConfig, newest: &[Sample]) -> Standing {
    let (mut bad, mut good) = (0, 0);
    for sample in newest {
        if sample.outcome == Outcome::Bad {
            bad += 1;
            good = 0;
        } else {
            good += 1;
            bad = 0;
        }
        if bad >= config.bad_samples {
            return Standing::Bad;
        }
        if good >= config.good_samples {
            return Standing::Good;
        }
    }
    // it never settled: more bad than good is bad
    let bad = newest
        .iter()
        .filter(|sample| sample.outcome == Outcome::Bad)
        .count();
    if bad * 2 >= newest.len() {
        Standing::Bad
    } else {
        Standing::Good
    }
}

fn first(newest: &[Sample], count: u32) -> Option<&[Sample]> {
    newest.get(..count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;

    fn samples(outcomes: &str) -> Vec<Sample> {
        outcomes
            .chars()
            .map(|outcome| Sample {
                at: Moment(0),
                outcome: match outcome {
                    'g' => Outcome::Good,
                    's' => Outcome::Slow,
                    _ => Outcome::Bad,
                },
                response_ms: Some(5),
                database_ms: None,
                errors: None,
                connections: None,
                why: (outcome == 'b').then(|| "HTTP 500".into()),
            })
            .collect()
    }

    fn judged(newest_first: &str, silent: u64) -> (Verdict, bool) {
        let silence = Some(Duration::from_secs(silent));
        let judgement = of(&ProbeConfig::default(), &samples(newest_first), silence);
        (judgement.verdict, judgement.slow)
    }

    #[test]
    fn it_takes_bad_samples_in_a_row_to_be_bad_and_good_ones_to_be_good_again() {
        for (newest_first, verdict) in [
            ("gggg", Verdict::Good),
            ("bggg", Verdict::Good),
            ("bbgg", Verdict::Good),
            ("bbbg", Verdict::Bad),
            // one good answer after an outage is no recovery yet
            ("gbbb", Verdict::Bad),
            ("ggbb", Verdict::Good),
            // in and out: as it was when it last settled
            ("gbgbbb", Verdict::Bad),
        ] {
            assert_eq!(judged(newest_first, 1), (verdict, false), "{newest_first}");
        }
    }

    #[test]
    fn slow_answers_again_and_again_are_said_but_are_no_outage() {
        assert_eq!(judged("sssg", 1), (Verdict::Good, true));
        assert_eq!(judged("ssgg", 1), (Verdict::Good, false));
    }

    #[test]
    fn work_waits_for_an_application_that_does_not_work_and_for_a_silent_watcher_alone() {
        let config = ProbeConfig::default();
        let said = |outcomes: &str, seconds| {
            let judgement = of(&config, &samples(outcomes), Some(Duration::ZERO));
            suffering(&config, Some((Duration::from_secs(seconds), judgement)))
        };
        assert_eq!(said("gggg", 1), None);
        assert_eq!(said("ssss", 1), None);
        // a watcher that has just begun
        assert_eq!(said("b", 1), None);
        assert_eq!(
            said("bbbg", 1).unwrap(),
            "the application, which does not work: HTTP 500"
        );
        assert_eq!(said("gggg", 70), None);
        assert_eq!(
            said("gggg", 71).unwrap(),
            "the watcher of the application, which has been silent for 71 s"
        );
        assert!(
            suffering(&config, None)
                .unwrap()
                .starts_with("the first look")
        );
    }

    #[test]
    fn too_few_samples_and_a_silent_watcher_are_no_evidence_either_way() {
        assert_eq!(judged("gg", 1).0, Verdict::NotEnoughEvidence);
        assert_eq!(judged("bb", 1).0, Verdict::NotEnoughEvidence);
        assert_eq!(judged("gggg", 75).0, Verdict::NotEnoughEvidence);
        assert_eq!(
            of(&ProbeConfig::default(), &samples("gggg"), None).verdict,
            Verdict::NotEnoughEvidence
        );
    }
}
