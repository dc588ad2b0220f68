//! Long work on a system that is no run, and how far it is.

use serde::{Deserialize, Serialize};

/// What is worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WorkOn {
    /// A backup that is written or verified.
    Backup {
        /// Its name.
        name: String,
    },
    /// A step of a rollback.
    Rollback {
        /// Identifier of the rollback.
        id: i64,
        /// Place of the step among its steps, from 0.
        step: u32,
    },
}

/// How far a long piece of work is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkProgress {
    /// What is being done and how far it is, such as `Tables are compared: 43 %`.
    pub words: String,
    /// Parts done of what is being done now.
    pub done: u64,
    /// Parts in all; 0 when unknown.
    pub total: u64,
}
