//! Verification reports: the migration's report with real measurements.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One report as a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSummary {
    /// Number within its system, from 1.
    pub number: i64,
    /// When it was measured.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// Whether every check passed.
    pub passed: bool,
    /// Checks that passed.
    pub checks_passed: u32,
    /// Checks in all.
    pub checks: u32,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Its line.
    pub summary: ReportSummary,
    /// Title of the system.
    pub system: String,
    /// Mode at the time.
    pub mode: Option<String>,
    /// Title of the playbook.
    pub playbook: String,
    /// Hash over the content.
    pub fingerprint: String,
    /// Sections in order.
    pub sections: Vec<ReportSection>,
    /// Time that measuring took in milliseconds.
    pub took_ms: u64,
}

/// A section, such as `Model migrations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSection {
    /// Stable name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Checks.
    pub checks: Vec<ReportCheck>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportCheck {
    /// Stable name.
    pub name: String,
    /// Title, such as `Communities`.
    pub title: String,
    /// Result.
    pub result: CheckResult,
    /// What was measured, such as `234/234 (100%)`.
    pub measured: String,
    /// What is wrong and what to do, when it did not pass.
    pub detail: Option<String>,
    /// The number measured, when it is one, to compare reports.
    pub value: Option<f64>,
}

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Could not be measured; says why.
    NotMeasured,
}

/// Two reports side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportComparison {
    /// The earlier one.
    pub before: ReportSummary,
    /// The later one.
    pub after: ReportSummary,
    /// Checks that differ.
    pub differences: Vec<ReportDifference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportDifference {
    /// Section and check.
    pub check: String,
    /// Earlier.
    pub before: String,
    /// Later.
    pub after: String,
    /// Whether it got worse.
    pub worse: bool,
}
