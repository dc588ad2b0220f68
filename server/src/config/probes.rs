//! How the health of one application is measured: how often, with which limits, and when a verdict may be given.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

/// Most views that are asked for in one sample.
const MOST_VIEWS: usize = 20;

/// How the health of an application is measured. Nothing is measured without a `health_url`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// Seconds between two samples. Default 30 (1 to 3600).
    #[schemars(range(min = 1, max = 3600))]
    pub interval_seconds: u32,
    /// An answer that takes longer than this many seconds counts as none. Default 5 (1 to 60).
    #[schemars(range(min = 1, max = 60))]
    pub timeout_seconds: u32,
    /// An answer that takes longer than this many milliseconds, by the watcher's clock or by the application's own in
    /// `response_time_ms`, is slow. Default 1000 (1 to 60000).
    #[schemars(range(min = 1, max = 60000))]
    pub slow_ms: u32,
    /// More new errors than this between two samples, as the application counts them in `errors`, make a sample bad.
    /// Default none: errors are only drawn.
    pub most_errors: Option<u32>,
    /// So many bad samples in a row make the verdict bad. Default 3 (1 to 100).
    #[schemars(range(min = 1, max = 100))]
    pub bad_samples: u32,
    /// So many good samples in a row make it good again. Default 2 (1 to 100).
    #[schemars(range(min = 1, max = 100))]
    pub good_samples: u32,
    /// A verdict needs so many samples. Default 3 (1 to 1000).
    #[schemars(range(min = 1, max = 1000))]
    pub minimum_samples: u32,
    /// Pages below `application_url` that have to render in each sample, such as `/communities`. At most 20.
    pub views: Vec<String>,
    /// Single samples are kept for this many days; hours are kept for 90. Default 3 (1 to 14).
    #[schemars(range(min = 1, max = 14))]
    pub keep_days: u32,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            interval_seconds: 30,
            timeout_seconds: 5,
            slow_ms: 1000,
            most_errors: None,
            bad_samples: 3,
            good_samples: 2,
            minimum_samples: 3,
            views: Vec::new(),
            keep_days: 3,
        }
    }
}

impl ProbeConfig {
    /// Time between two samples.
    pub fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.interval_seconds))
    }

    /// Longest time that an answer is waited for.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_seconds))
    }

    /// A watcher that took no sample for this long is silent: two samples are missing.
    pub fn silent_after(&self) -> Duration {
        self.interval() * 2 + self.timeout() * 2
    }

    /// Single samples that are kept.
    pub fn samples_kept(&self) -> i64 {
        i64::from(self.keep_days) * 86_400 / i64::from(self.interval_seconds.max(1))
    }

    /// The key that is wrong, what is wrong with it, and what to do; none when all is well.
    pub(super) fn trouble(&self) -> Option<(&'static str, String, String)> {
        let ranges = [
            ("interval_seconds", self.interval_seconds, 1..=3600),
            ("timeout_seconds", self.timeout_seconds, 1..=60),
            ("slow_ms", self.slow_ms, 1..=60_000),
            ("bad_samples", self.bad_samples, 1..=100),
            ("good_samples", self.good_samples, 1..=100),
            ("minimum_samples", self.minimum_samples, 1..=1000),
            ("keep_days", self.keep_days, 1..=14),
        ];
        for (key, value, range) in ranges {
            if !range.contains(&value) {
                return Some((
                    key,
                    format!("`{key}` is {value}"),
                    format!("Write a number from {} to {}.", range.start(), range.end()),
                ));
            }
        }
        if self.views.len() > MOST_VIEWS {
            return Some((
                "views",
                format!("`views` names {}", self.views.len()),
                format!("Name at most {MOST_VIEWS}: all of them are asked for in each sample."),
            ));
        }
        let wrong = self.views.iter().find(|view| !view.starts_with('/'))?;
        Some((
            "views",
            format!("`{wrong}` is not a path"),
            "Write views such as `/communities`.".into(),
        ))
    }
}
