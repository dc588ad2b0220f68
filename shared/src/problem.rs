//! Errors as RFC 9457 problem documents.

use serde::{Deserialize, Serialize};

/// An error answer (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable identifier of the kind of error, such as `/problems/gate-closed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every error of this kind.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened this time, in a sentence for people.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Id of the request, to find it in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Fields that were not accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

/// One field, line or row that was not accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Name of the field, or `row 12, code`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}
