//! Health of an application as Switchyard measures it: samples, verdicts, availability by day, named baselines.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What the samples say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The application answers as it should.
    Good,
    /// It does not.
    Bad,
    /// Too few samples, or none lately: nothing may be concluded, and what depends on health holds.
    NotEnoughEvidence,
}

/// How one sample went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Answered well and in time.
    Good,
    /// Answered well, later than the limit.
    Slow,
    /// Did not answer, or not well.
    Bad,
}

/// A verdict with its reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether it answers later than the limit, again and again.
    pub slow: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// Time since the last sample was taken, in milliseconds; none when none was taken since the server started.
    pub last_beat_ms: Option<u64>,
}

/// Everything that the health page of a system shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthView {
    /// What holds now.
    pub now: Judgement,
    /// Why nothing is measured, when nothing is.
    pub not_measured: Option<String>,
    /// Limits that samples are judged by.
    pub limits: HealthLimits,
    /// Each probe with a verdict of its own.
    pub probes: Vec<ProbeView>,
    /// Begin of the chart.
    pub from: Timestamp,
    /// End of the chart: now, by the clock of the server.
    pub to: Timestamp,
    /// The chart, oldest first, at most 401 points.
    pub points: Vec<HealthPoint>,
    /// Availability by day in the system's zone, oldest first, at most 90.
    pub days: Vec<HealthDay>,
    /// Share of measured time in which the application worked, in percent; none when nothing was measured.
    pub availability_percent: Option<f64>,
    /// Named baselines, newest first.
    pub baselines: Vec<Baseline>,
    /// What happened in the time of the chart.
    pub marks: Vec<HealthMark>,
    /// Zone of the days.
    pub zone: String,
}

/// One thing that is asked in each sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeView {
    /// Title, such as `Health address` or `/communities`.
    pub title: String,
    /// What its last answers say together.
    pub verdict: Verdict,
    /// What it answered last, in a few words.
    pub said: String,
    /// Good answers in a row.
    pub good_in_row: u32,
    /// Bad answers in a row.
    pub bad_in_row: u32,
}

/// Limits of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthLimits {
    /// Seconds between two samples.
    pub interval_seconds: u32,
    /// An answer that takes longer than this many milliseconds is slow.
    pub slow_ms: u32,
    /// Bad samples in a row that make the verdict bad.
    pub bad_samples: u32,
    /// Good samples in a row that make it good again.
    pub good_samples: u32,
    /// Samples that any verdict needs.
    pub minimum_samples: u32,
}

/// One point of the chart: all samples of a stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthPoint {
    /// Begin of the stretch.
    pub at: Timestamp,
    /// Mean time to answer in milliseconds; none when nothing answered.
    pub response_ms: Option<u32>,
    /// Longest time to answer in milliseconds.
    pub response_max_ms: Option<u32>,
    /// Mean time of a question to the database in milliseconds.
    pub database_ms: Option<u32>,
    /// Samples.
    pub samples: u32,
    /// Bad samples among them.
    pub bad: u32,
    /// Errors that the application counted itself.
    pub errors: u32,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthDay {
    /// The day, `2026-11-20`.
    pub day: String,
    /// Seconds that were measured.
    pub measured_seconds: u64,
    /// Seconds in which it did not work.
    pub bad_seconds: u64,
    /// Seconds in which it was slow.
    pub slow_seconds: u64,
    /// Mean time to answer in milliseconds.
    pub response_ms: Option<u32>,
}

/// Measurements that later ones are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Baseline {
    /// Identifier.
    pub id: i64,
    /// Name given by a person.
    pub name: String,
    /// Who captured it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Samples in it.
    pub samples: u32,
    /// A tenth of the answers was faster, in milliseconds.
    pub p10_ms: u32,
    /// Half of the answers was faster.
    pub p50_ms: u32,
    /// Nine tenths of the answers were faster.
    pub p90_ms: u32,
    /// Share of bad samples in percent.
    pub bad_percent: f64,
}

/// Captures a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaptureBaseline {
    /// Its name, such as `Before release 2.1`.
    pub name: String,
    /// From so many minutes back until now.
    pub minutes: u32,
}

/// Something that happened, for the time axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthMark {
    /// When it began.
    pub at: Timestamp,
    /// When it ended.
    pub until: Option<Timestamp>,
    /// What, such as `Run 3` or `Mode switch`.
    pub title: String,
}
