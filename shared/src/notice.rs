//! Notices: updates and maintenance windows that operators publish.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Where a maintenance window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WindowStage {
    /// Announced.
    Scheduled,
    /// Going on.
    InProgress,
    /// The work is done, the result is being checked.
    Verifying,
    /// Over.
    Completed,
    /// Called off.
    Cancelled,
}

impl WindowStage {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::InProgress => "In progress",
            Self::Verifying => "Verifying",
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether it is neither completed nor cancelled.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Completed | Self::Cancelled)
    }
}

/// Updates and maintenance windows of a system, for operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notices {
    /// Updates, newest first, scheduled ones too.
    pub updates: Vec<Update>,
    /// Maintenance windows, latest begin first.
    pub windows: Vec<Window>,
    /// Texts to start from.
    pub templates: Vec<Template>,
    /// Zone of the system.
    pub zone: String,
    /// Where the public reads it; none when the system publishes nothing.
    pub public_path: Option<String>,
}

/// An update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Update {
    /// Identifier.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Text in a small subset of Markdown.
    pub body: String,
    /// When it is published; in the future: scheduled.
    pub publish_at: Timestamp,
    /// When what it tells of was over.
    pub resolved: Option<Timestamp>,
    /// Counts changes; a change names the version it saw.
    pub version: i64,
    /// Who wrote it.
    pub by: String,
    /// Earlier versions, oldest first.
    pub history: Vec<Revision>,
}

/// A maintenance window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Window {
    /// Identifier.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Text in a small subset of Markdown.
    pub body: String,
    /// Begin.
    pub starts: Timestamp,
    /// End.
    pub ends: Timestamp,
    /// Begin in the zone of the system, such as `2026-12-13T02:00`.
    #[serde(default)]
    pub starts_local: String,
    /// End in the zone of the system.
    #[serde(default)]
    pub ends_local: String,
    /// Minutes for which the system will not be available, if any.
    pub interruption_minutes: Option<u32>,
    /// Where it is.
    pub stage: WindowStage,
    /// Counts changes; a change names the version it saw.
    pub version: i64,
    /// Who wrote it.
    pub by: String,
    /// Last change.
    pub changed: Timestamp,
    /// Earlier versions, oldest first.
    pub history: Vec<Revision>,
}

/// An earlier version of a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// Its version.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// What else it said, such as the times of a window.
    pub note: String,
    /// Who replaced it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Writes an update, or changes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteUpdate {
    /// Title.
    pub title: String,
    /// Text.
    #[serde(default)]
    pub body: String,
    /// Values of the fields in title and text, by name.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// When to publish it; none: now.
    #[serde(default)]
    pub publish_at: Option<Timestamp>,
    /// Version that a change is based on; none for a new one.
    #[serde(default)]
    pub version: Option<i64>,
    /// Whether what it tells of is over.
    #[serde(default)]
    pub resolved: bool,
}

/// Writes a maintenance window, or changes one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WriteWindow {
    /// Title.
    pub title: String,
    /// Text.
    #[serde(default)]
    pub body: String,
    /// Values of the fields in title and text, by name; the times of the window fill in most.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// Begin: RFC 3339, or a local time such as `2026-12-13T02:00` in the zone of the system.
    pub starts: String,
    /// End, in the same forms.
    pub ends: String,
    /// Minutes for which the system will not be available, if any.
    #[serde(default)]
    pub interruption_minutes: Option<u32>,
    /// Where it is; scheduled when left out.
    #[serde(default)]
    pub stage: Option<WindowStage>,
    /// Version that a change is based on; none for a new one.
    #[serde(default)]
    pub version: Option<i64>,
}

/// A text to start from, with fields such as `{date}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Template {
    /// Stable name.
    pub name: String,
    /// Title with fields.
    pub title: String,
    /// Text with fields.
    pub body: String,
    /// What is to be filled in, in the order of the text.
    pub fields: Vec<TemplateField>,
    /// Whether it suits a maintenance window, whose times fill in most of it.
    pub for_windows: bool,
}

/// A field of a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TemplateField {
    /// Name, as it stands in braces.
    pub name: String,
    /// Words above it.
    pub label: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What is known already, such as the begin of the next window; empty when nothing is.
    pub value: String,
}

/// What a field of a template holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One line of words.
    Words,
    /// A day, such as `2026-12-13`.
    Day,
    /// A time of the day in the zone of the system, such as `02:00`.
    Time,
    /// A whole number from 1.
    Number,
    /// An organization of the system, by its code or name.
    Organization,
}

/// Asks how a text will look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreviewNotice {
    /// Title.
    pub title: String,
    /// Text.
    pub body: String,
    /// Values of the fields by name.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// When an update is to be published; none: now.
    #[serde(default)]
    pub publish_at: Option<Timestamp>,
    /// Begin of a maintenance window; none: it is an update.
    #[serde(default)]
    pub starts: Option<String>,
    /// Its end.
    #[serde(default)]
    pub ends: Option<String>,
    /// Minutes for which the system will not be available, if any.
    #[serde(default)]
    pub interruption_minutes: Option<u32>,
}

/// How it will look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NoticePreview {
    /// Title with its fields filled in.
    pub title: String,
    /// Text with its fields filled in.
    pub body: String,
    /// The text as the public sees it: HTML of a small safe subset.
    pub html: String,
    /// When, in the zone of the system and in UTC.
    pub when: String,
}
