//! Checklists before and after a migration: what a machine can know it checks, the rest a named person ticks.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The checklists of a system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Checklist {
    /// Sections in order.
    pub sections: Vec<ChecklistSection>,
    /// Items done.
    pub done: u32,
    /// Items.
    pub total: u32,
}

/// A section, such as `Before the migration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistSection {
    /// Stable name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Items.
    pub items: Vec<ChecklistItem>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChecklistItem {
    /// Stable name, such as `backup-database`.
    pub name: String,
    /// Title.
    pub title: String,
    /// What it means and how to do it.
    pub detail: String,
    /// Whether a machine checks it.
    pub automatic: bool,
    /// Done.
    pub done: bool,
    /// Whether a run may not start before it is done.
    pub required: bool,
    /// What was measured, or the note of the person.
    pub evidence: String,
    /// Who ticked it.
    pub by: Option<String>,
    /// When it was ticked or measured.
    pub at: Option<Timestamp>,
    /// Route where it can be done.
    pub href: Option<String>,
}

/// Ticks or unticks an item by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TickItem {
    /// Done or not.
    pub done: bool,
    /// A note, such as where the plan is kept.
    #[serde(default)]
    pub note: String,
}
