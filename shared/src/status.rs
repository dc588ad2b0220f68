//! Public status: the only type from which public pages, feeds, calendars, badges and snapshots are made. What is not a
//! field here cannot leave the server; no field takes free text of the engine, of hooks or of errors.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The list of systems that publish their status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicIndex {
    /// Such as `System status`.
    pub title: String,
    /// Who publishes it.
    pub organization: String,
    /// The systems, in the order of the configuration.
    pub systems: Vec<PublicStatus>,
    /// When the system that was looked at least lately was looked at.
    pub checked: Timestamp,
    /// Whether one of them could not be looked at again for too long.
    pub stale: bool,
}

/// What the public may know about one system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicStatus {
    /// Short name in addresses.
    pub slug: String,
    /// Name shown.
    pub title: String,
    /// What it is, in a few words; may be empty.
    pub summary: String,
    /// Whether it can be used.
    pub state: PublicState,
    /// The same as a sentence.
    pub headline: String,
    /// What goes on, in a sentence or two; may be empty.
    pub detail: String,
    /// When this was put together.
    pub checked: Timestamp,
    /// Whether that is long ago, because it could not be put together again: then all of this may have changed.
    pub stale: bool,
    /// Zone of the system, such as `Asia/Manila`.
    pub zone: String,
    /// Name of the mode that it runs in.
    pub mode: Option<String>,
    /// The migration that is planned, going on or done.
    pub work: Option<PublicWork>,
    /// Records that have an organization.
    pub coverage: Option<PublicCoverage>,
    /// One organization's own progress, for a link that was made for it.
    pub organization: Option<PublicOrganization>,
    /// Measured availability.
    pub availability: Option<PublicAvailability>,
    /// Maintenance windows that are not over for long, by begin.
    pub maintenance: Vec<PublicWindow>,
    /// Updates, newest first.
    pub updates: Vec<PublicUpdate>,
    /// Whom to ask; may be empty.
    pub contact: String,
}

impl PublicStatus {
    /// The state that may be claimed now: what is stale is not known.
    pub fn claimed(&self) -> PublicState {
        if self.stale {
            PublicState::Unknown
        } else {
            self.state
        }
    }
}

/// Whether a system can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PublicState {
    /// It can.
    Working,
    /// It can, slowly.
    Slow,
    /// It cannot, as planned.
    Maintenance,
    /// It cannot.
    Unavailable,
    /// Nobody can tell: too few measurements, or none lately.
    Unknown,
}

impl PublicState {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Working => "Working",
            Self::Slow => "Slow",
            Self::Maintenance => "Maintenance",
            Self::Unavailable => "Unavailable",
            Self::Unknown => "Not known",
        }
    }
}

/// A migration, for the public.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicWork {
    /// Where it stands.
    pub stage: WorkStage,
    /// A sentence on it; when it waits, why.
    pub sentence: String,
    /// Begin.
    pub started: Option<Timestamp>,
    /// End.
    pub finished: Option<Timestamp>,
    /// Earliest and latest likely end; none while it waits or nothing was measured yet.
    pub expected_end: Option<(Timestamp, Timestamp)>,
    /// How much of it is done.
    pub done: Share,
    /// Its phases in order.
    pub phases: Vec<PublicPhase>,
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WorkStage {
    /// Not begun.
    Later,
    /// Going on.
    Now,
    /// Waits for people.
    Waiting,
    /// Done.
    Done,
    /// Did not succeed; people look at it.
    Failed,
    /// Being taken back, or taken back.
    TakenBack,
    /// Ended by a person before it was finished; what was done stays.
    Ended,
}

/// How much is done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// 0 to 100.
    pub percent: u8,
    /// True: counted in records. False: estimated from the steps, which differ in length.
    pub counted: bool,
}

/// A phase of a migration, in plain words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicPhase {
    /// Title.
    pub title: String,
    /// What it means for people.
    pub meaning: String,
    /// Where it stands.
    pub stage: WorkStage,
    /// How much of it is done.
    pub done: Share,
}

/// Records that have an organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicCoverage {
    /// When it was counted.
    pub counted: Timestamp,
    /// By kind of record.
    pub kinds: Vec<PublicKind>,
}

/// One kind of record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKind {
    /// Name for people, such as `Communities`.
    pub name: String,
    /// Records that have an organization.
    pub assigned: u64,
    /// All records.
    pub total: u64,
}

/// One organization's own progress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicOrganization {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub stage: crate::organization::Stage,
    /// Things to do before it can work on the system that are done.
    pub ready_done: u32,
    /// All of them.
    pub ready_total: u32,
    /// Its records by kind: name and count.
    pub records: Vec<(String, u64)>,
}

/// Measured availability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicAvailability {
    /// Share of the measured time in which it worked, in percent.
    pub percent: Option<f64>,
    /// Mean time to answer today, in milliseconds.
    pub response_ms: Option<u32>,
    /// The last 90 days, oldest first.
    pub days: Vec<PublicDay>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicDay {
    /// The day in the zone of the system, `2026-11-20`.
    pub day: String,
    /// How it was.
    pub state: DayState,
    /// Minutes in which it was not available, rounded up.
    pub unavailable_minutes: u64,
    /// Minutes in which it was slow, rounded up.
    pub slow_minutes: u64,
    /// Mean time to answer, in milliseconds; none when it never answered.
    pub response_ms: Option<u32>,
}

/// How a day was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DayState {
    /// Nothing was measured.
    NotMeasured,
    /// It worked.
    Worked,
    /// It was slow for a while.
    Slow,
    /// It was not available for a while.
    Unavailable,
}

/// A maintenance window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicWindow {
    /// Identifier, stable in calendars.
    pub id: i64,
    /// Title.
    pub title: String,
    /// What it means for people, as HTML of a small safe subset.
    pub html: String,
    /// The same without marks.
    pub text: String,
    /// Begin.
    pub starts: Timestamp,
    /// End.
    pub ends: Timestamp,
    /// Where it is.
    pub stage: crate::notice::WindowStage,
    /// Whether it takes longer than planned.
    pub overdue: bool,
    /// Minutes for which the system will not be available, if any.
    pub interruption_minutes: Option<u32>,
    /// Last change.
    pub changed: Timestamp,
    /// Counts changes: the sequence number of calendars.
    pub version: i64,
}

/// An update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicUpdate {
    /// Identifier, stable in feeds.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Text as HTML of a small safe subset.
    pub html: String,
    /// The same without marks.
    pub text: String,
    /// When it was published.
    pub published: Timestamp,
    /// When it was changed last, if it was.
    pub edited: Option<Timestamp>,
    /// When what it tells of was over.
    pub resolved: Option<Timestamp>,
}
