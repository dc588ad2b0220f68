//! The part of a playbook about the application: invariants, modes, hooks and checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A statement that must answer 0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// Short name: lower-case letters, digits, hyphens and underscores.
    pub name: String,
    /// What it promises, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A SELECT that counts the rows that break it.
    pub sql: String,
    /// When it must hold.
    #[serde(default)]
    pub at: InvariantAt,
}

/// When an invariant must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InvariantAt {
    /// Before columns become required.
    BeforeRequired,
    /// At the end of the run.
    #[default]
    AfterRun,
}

/// How the application names its modes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// The variable of its environment file.
    pub variable: String,
    /// Its value in single-tenant mode.
    pub single: String,
    /// Its value in multi-tenant mode.
    pub multi: String,
    /// Single-tenant mode for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_title: Option<String>,
    /// Multi-tenant mode for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_title: Option<String>,
}

/// A hook called during the run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The name under which the system's configuration defines its argument list.
    pub name: String,
    /// When it is called.
    pub at: HookAt,
}

/// When a hook is called.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum HookAt {
    /// Before anything is changed.
    BeforeRun,
    /// After the column exists everywhere: the moment to release application code that fills it.
    AfterNullable,
    /// After existing rows have an organization.
    AfterPopulate,
    /// After the column is required everywhere.
    AfterRequired,
}

/// What is checked of the application and of its queries.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// Pages that must render, as paths below the system's address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// The longest time a list query may take, in milliseconds.
    #[serde(default = "list_limit", skip_serializing_if = "is_list_limit")]
    pub list_limit_ms: u64,
    /// The application's real list queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
}

/// A query of the application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Short name.
    pub name: String,
    /// A SELECT in which `:organization` stands for an organization's id.
    pub sql: String,
    /// The index it is expected to use; any index on the tenant column when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
}

const fn list_limit() -> u64 {
    500
}

fn is_list_limit(value: &u64) -> bool {
    *value == list_limit()
}
