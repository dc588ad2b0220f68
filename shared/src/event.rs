//! Live events: one stream for a browser tab, with ids, resumed after a lost connection.

use serde::{Deserialize, Serialize};

use crate::run::{LogLine, RunProgress};
use crate::work::{WorkOn, WorkProgress};

/// What an event tells. Most say only that something changed: the reader asks for it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something of a system changed.
    Changed {
        /// Slug of the system; none: something of the console itself.
        system: Option<String>,
        /// What.
        topic: Topic,
    },
    /// New numbers of a run, at most four a second.
    Progress {
        /// Slug of the system.
        system: String,
        /// The numbers.
        progress: RunProgress,
    },
    /// How far long work is that is no run, at most four times a second.
    Work {
        /// Slug of the system.
        system: String,
        /// What is worked on.
        work: WorkOn,
        /// How far it is.
        progress: WorkProgress,
    },
    /// New lines of the log of a run.
    Log {
        /// Slug of the system.
        system: String,
        /// Number of the run.
        run: i64,
        /// The lines.
        lines: Vec<LogLine>,
    },
    /// Events were missed: ask for everything again.
    Resync,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The system's state or next action.
    System,
    /// A run or its steps.
    Run,
    /// Coverage or decisions.
    Coverage,
    /// Checklist.
    Checklist,
    /// Organizations.
    Organizations,
    /// Mode.
    Mode,
    /// Rollbacks.
    Rollback,
    /// Backups.
    Backups,
    /// Reports.
    Reports,
    /// Approvals.
    Approvals,
    /// Accounts.
    Accounts,
    /// Audit log.
    Audit,
    /// Measured health.
    Health,
    /// Updates and maintenance windows.
    Notices,
}
