//! Numbers about the server in the text format of Prometheus.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

type Labels = Vec<(&'static str, String)>;

/// What answered requests are told apart by. No text of a request is in it: anybody could make as many as he likes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    status: u32,
}

type Seconds = Family<Labels, Gauge<f64, AtomicU64>>;

/// How one system stands, for those who watch many.
#[derive(Debug)]
pub struct Standing {
    /// Its slug.
    pub system: String,
    /// How many of its runs are in each state.
    pub runs: Vec<(String, i64)>,
    /// Whether its run holds because others suffer or another backup is being made.
    pub held: bool,
    /// Seconds since its newest verified backup was taken; none without one.
    pub backup_age: Option<f64>,
    /// Seconds since its application was measured last; none before the first time.
    pub probe_age: Option<f64>,
}

/// All numbers of one server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_seconds: Histogram,
    sign_ins: Family<Labels, Counter>,
    refusals: Counter,
    runs: Family<Labels, Gauge>,
    held: Family<Labels, Gauge>,
    backup_age: Seconds,
    probe_age: Seconds,
    /// Browsers that listen to live events.
    pub event_streams: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Numbers that all stand at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("switchyard");
        let requests = Family::<Answered, Counter>::default();
        let request_seconds = Histogram::new(exponential_buckets(0.000_5, 2.0, 14));
        let sign_ins = Family::<Labels, Counter>::default();
        let refusals = Counter::default();
        let event_streams = Gauge::default();
        let runs = Family::<Labels, Gauge>::default();
        let held = Family::<Labels, Gauge>::default();
        let backup_age = Seconds::default();
        let probe_age = Seconds::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_seconds",
            "Time until the head of an answer",
            request_seconds.clone(),
        );
        registry.register("sign_ins", "Tries to sign in", sign_ins.clone());
        registry.register(
            "refusals",
            "Commands refused because of the role",
            refusals.clone(),
        );
        registry.register(
            "event_streams",
            "Browsers that listen to live events",
            event_streams.clone(),
        );
        registry.register("runs", "Runs of a system by state", runs.clone());
        registry.register(
            "run_held",
            "Whether the run of a system holds because others suffer or another backup is being made",
            held.clone(),
        );
        registry.register(
            "backup_age_seconds",
            "Time since the newest verified backup of a system was taken",
            backup_age.clone(),
        );
        registry.register(
            "probe_age_seconds",
            "Time since the application of a system was measured",
            probe_age.clone(),
        );
        Self {
            registry,
            runs,
            held,
            backup_age,
            probe_age,
            requests,
            request_seconds,
            sign_ins,
            refusals,
            event_streams,
        }
    }

    /// Counts an answered request.
    pub fn answered(&self, method: &Method, status: u16, took: Duration) {
        let method = match method.as_str() {
            "GET" => "GET",
            "HEAD" => "HEAD",
            "POST" => "POST",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            "OPTIONS" => "OPTIONS",
            _ => "other",
        };
        let status = u32::from(status);
        self.requests
            .get_or_create(&Answered { method, status })
            .inc();
        self.request_seconds.observe(took.as_secs_f64());
    }

    /// Counts a try to sign in: `signed-in`, `refused` or `throttled`.
    pub fn sign_in(&self, outcome: &str) {
        self.sign_ins
            .get_or_create(&vec![("outcome", outcome.to_owned())])
            .inc();
    }

    /// Counts a command refused because of the role.
    pub fn refused(&self) {
        self.refusals.inc();
    }

    /// Says how the systems stand now, instead of what was said before.
    pub fn stand(&self, systems: &[Standing]) {
        self.runs.clear();
        self.held.clear();
        self.backup_age.clear();
        self.probe_age.clear();
        for standing in systems {
            let system = || ("system", standing.system.clone());
            for (state, count) in &standing.runs {
                let labels = vec![system(), ("state", state.clone())];
                self.runs.get_or_create(&labels).set(*count);
            }
            self.held
                .get_or_create(&vec![system()])
                .set(standing.held.into());
            let ages = [
                (&self.backup_age, standing.backup_age),
                (&self.probe_age, standing.probe_age),
            ];
            for (family, age) in ages {
                if let Some(age) = age {
                    family.get_or_create(&vec![system()]).set(age);
                }
            }
        }
    }

    /// All numbers as Prometheus reads them.
    ///
    /// # Errors
    /// When a number cannot be written as text, which is a defect.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
