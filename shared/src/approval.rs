//! Approvals: a second administrator agrees to exactly one thing, for a time.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A request for an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    /// Identifier.
    pub id: i64,
    /// What it is for.
    pub action: ApprovalAction,
    /// A sentence with what would happen.
    pub text: String,
    /// Fingerprint it is bound to; void after any change.
    pub fingerprint: String,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// Where it is.
    pub state: ApprovalState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// What that person wrote.
    pub note: Option<String>,
    /// When it is void: what changed, and whom to ask again.
    pub void: Option<String>,
    /// Whether the person asking may decide it.
    pub may_decide: bool,
}

/// What an approval is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalAction {
    /// A run with destructive steps.
    Run,
    /// A rollback of groups or of everything.
    Rollback,
    /// A switch of the mode.
    Mode,
    /// Releasing a database that a restore has kept.
    Release,
}

/// Where an approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalState {
    /// Waits for a decision.
    Waiting,
    /// Agreed, not used yet.
    Approved,
    /// Refused.
    Refused,
    /// Used by the action it was for.
    Used,
    /// Too old.
    Expired,
    /// What it was bound to has changed.
    Void,
}

/// Asks for an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestApproval {
    /// What it is for.
    pub action: ApprovalAction,
    /// Fingerprint that the person saw.
    pub fingerprint: String,
}

/// Decides a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecideApproval {
    /// Agree or refuse.
    pub approve: bool,
    /// Why.
    #[serde(default)]
    pub note: String,
}
