//! Systems: the applications under management.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::backup::BackupSummary;
use crate::coverage::CoverageSummary;
use crate::mode::ModeBadge;
use crate::run::RunSummary;

/// One line of the systems list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SystemSummary {
    /// Short name in addresses.
    pub slug: String,
    /// Name shown.
    pub title: String,
    /// Such as `Production`.
    pub environment: String,
    /// What the playbook does, such as `One organization to many`.
    pub migration: String,
    /// State shown beside the name.
    pub standing: Standing,
    /// Mode now, when the system has modes.
    pub mode: Option<ModeBadge>,
    /// Coverage, when the target could be read.
    pub coverage: Option<CoverageSummary>,
    /// The newest run.
    pub run: Option<RunSummary>,
    /// The one next safe thing to do.
    pub next: NextAction,
    /// Why the target cannot be read, when it cannot.
    pub unreachable: Option<String>,
}

/// State word of a system or a page: `data-state` of the design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Not started.
    Pending,
    /// Work goes on.
    Running,
    /// A person is needed.
    Gate,
    /// Finished well.
    Done,
    /// Went wrong.
    Failed,
    /// Was undone.
    Rolledback,
    /// Stopped by a person.
    Paused,
    /// Left out.
    Skipped,
}

/// A state with its word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Which silhouette and colour.
    pub tone: Tone,
    /// The word, such as `Waiting at gate`.
    pub word: String,
}

/// The one next safe thing to do, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextAction {
    /// Tone of the box.
    pub tone: Tone,
    /// A sentence about now, such as `Give 23 PPAs an organization`.
    pub title: String,
    /// Why, and what happens meanwhile.
    pub detail: String,
    /// Short facts below it.
    pub facts: Vec<String>,
    /// Word on the button; none when nothing needs doing.
    pub button: Option<String>,
    /// Route of the console that the button opens, such as `/systems/obcms/coverage`.
    pub href: Option<String>,
}

/// Everything that the overview of a system shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SystemOverview {
    /// Its line in the list.
    pub summary: SystemSummary,
    /// Facts about the target.
    pub target: TargetFacts,
    /// The way from first step to last, with gates.
    pub journey: Vec<JourneyStage>,
    /// What happened last, newest first.
    pub activity: Vec<Activity>,
    /// The newest verified backup.
    pub backup: Option<BackupSummary>,
    /// The ways back with what each would lose now.
    pub ways_back: Vec<WayBack>,
    /// Last health answer of the application.
    pub health: Option<HealthFacts>,
    /// Number of organizations by onboarding stage.
    pub organizations: Vec<StageCount>,
    /// Checklist items done and in all.
    pub checklist_done: u32,
    /// Checklist items in all.
    pub checklist_total: u32,
}

/// Facts about a target database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TargetFacts {
    /// Such as `SQLite 3.51.3`.
    pub engine: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Number of tables.
    pub tables: u32,
    /// Name of the file or database, without directory and credentials.
    pub name: String,
    /// Release of the application, as its health page says.
    pub release: Option<String>,
}

/// One stage of the journey track: a phase or a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JourneyStage {
    /// Title, such as `2. Models`.
    pub title: String,
    /// Where it stands.
    pub tone: Tone,
    /// A few words, such as `3 of 4 steps`.
    pub note: String,
    /// Whether it is a gate.
    pub gate: bool,
}

/// One line of recent activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// Tone of its icon.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Where to read more.
    pub href: Option<String>,
}

/// One way back, as a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WayBack {
    /// Such as `Switch the mode back`.
    pub title: String,
    /// Such as `Nothing lost`.
    pub cost: String,
}

/// The newest health answer of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthFacts {
    /// Whether it answered well.
    pub healthy: bool,
    /// Its own word, such as `ok`.
    pub status: String,
    /// Time to answer in milliseconds.
    pub response_ms: u64,
    /// Mode that it says it runs in.
    pub mode: Option<String>,
    /// When it was asked.
    pub at: Timestamp,
}

/// Number of organizations in a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageCount {
    /// Stage.
    pub stage: crate::organization::Stage,
    /// How many.
    pub count: u32,
}
