//! Each probe of a system by itself: what it found last, and what its last findings say together. Kept in memory, so that
//! after a start nothing is said until there is evidence again. Pure.

use shared::health::{ProbeView, Verdict};

use super::Latest;
use crate::config::ProbeConfig;
use crate::systems::System;

pub(super) const HEALTH_ADDRESS: &str = "Health address";
pub(super) const NEW_ERRORS: &str = "New errors";
pub(super) const DATABASE: &str = "Database";
/// What is said of a probe that another one made pointless.
pub(super) const NOT_ASKED: &str = "Not asked: the application is not well";

/// What one probe found in one sample.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) title: String,
    /// Whether it is as it should be; none when it was not asked.
    pub(super) good: Option<bool>,
    /// In a few words.
    pub(super) said: String,
}

/// A probe with its findings so far.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    last: Finding,
    findings: u32,
    good_in_row: u32,
    bad_in_row: u32,
    /// What it was when enough in a row said the same; none: it never was.
    settled: Option<Verdict>,
}

/// Adds the findings of a sample to those before. A probe that is gone from the configuration is gone.
pub(super) fn tally(
    before: Vec<Tally>,
    findings: Vec<Finding>,
    config: &ProbeConfig,
) -> Vec<Tally> {
    findings
        .into_iter()
        .map(|finding| {
            let known = before
                .iter()
                .find(|tally| tally.last.title == finding.title);
            add(known, finding, config)
        })
        .collect()
}

fn add(before: Option<&Tally>, last: Finding, config: &ProbeConfig) -> Tally {
    let mut tally = before.cloned().unwrap_or_else(|| Tally {
        last: last.clone(),
        findings: 0,
        good_in_row: 0,
        bad_in_row: 0,
        settled: None,
    });
    match last.good {
        Some(true) => {
            tally.findings = tally.findings.saturating_add(1);
            tally.good_in_row = tally.good_in_row.saturating_add(1);
            tally.bad_in_row = 0;
        }
        Some(false) => {
            tally.findings = tally.findings.saturating_add(1);
            tally.bad_in_row = tally.bad_in_row.saturating_add(1);
            tally.good_in_row = 0;
        }
        None => {}
    }
    if tally.bad_in_row >= config.bad_samples {
        tally.settled = Some(Verdict::Bad);
    } else if tally.good_in_row >= config.good_samples {
        tally.settled = Some(Verdict::Good);
    }
    tally.last = last;
    tally
}

impl Tally {
    fn view(&self, config: &ProbeConfig, silent: bool) -> ProbeView {
        let enough = !silent && self.last.good.is_some() && self.findings >= config.minimum_samples;
        ProbeView {
            title: self.last.title.clone(),
            verdict: self
                .settled
                .filter(|_| enough)
                .unwrap_or(Verdict::NotEnoughEvidence),
            said: self.last.said.clone(),
            good_in_row: self.good_in_row,
            bad_in_row: self.bad_in_row,
        }
    }
}

/// Every probe of a system. `silent`: whether the watcher took no sample lately, so that nothing may be concluded.
pub(super) fn view(latest: Option<Latest>, system: &System, silent: bool) -> Vec<ProbeView> {
    let config = &system.config.probes;
    match latest {
        Some(latest) => latest
            .probes
            .iter()
            .map(|tally| tally.view(config, silent))
            .collect(),
        None => configured(system)
            .map(|title| ProbeView {
                title,
                verdict: Verdict::NotEnoughEvidence,
                said: "Not asked since the server was started".into(),
                good_in_row: 0,
                bad_in_row: 0,
            })
            .collect(),
    }
}

fn configured(system: &System) -> impl Iterator<Item = String> {
    let config = &system.config;
    let asked = config.health_url.is_some();
    [
        Some(HEALTH_ADDRESS),
        config.probes.most_errors.map(|_| NEW_ERRORS),
    ]
    .into_iter()
    .flatten()
    .chain(config.probes.views.iter().map(String::as_str))
    .chain([DATABASE])
    .filter(move |_| asked)
    .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: &str, silent: bool) -> Verdict {
        let config = ProbeConfig::default();
        let mut tallies = Vec::new();
        for answer in answers.chars() {
            let finding = Finding {
                title: HEALTH_ADDRESS.into(),
                good: match answer {
                    'g' => Some(true),
                    'b' => Some(false),
                    _ => None,
                },
                said: String::new(),
            };
            tallies = tally(tallies, vec![finding], &config);
        }
        tallies[0].view(&config, silent).verdict
    }

    #[test]
    fn a_probe_is_judged_by_answers_in_a_row_and_by_nothing_when_the_watcher_is_silent() {
        for (answers, verdict) in [
            ("gg", Verdict::NotEnoughEvidence),
            ("ggg", Verdict::Good),
            ("gggbb", Verdict::Good),
            ("gggbbb", Verdict::Bad),
            ("gggbbbg", Verdict::Bad),
            ("gggbbbgg", Verdict::Good),
            // not asked: nothing is known of it now
            ("ggg-", Verdict::NotEnoughEvidence),
        ] {
            assert_eq!(after(answers, false), verdict, "{answers}");
            assert_eq!(
                after(answers, true),
                Verdict::NotEnoughEvidence,
                "{answers}"
            );
        }
    }
}
