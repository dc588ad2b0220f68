//! Accounts, roles, sessions and invitations.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What an account may do. Each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Runs migrations, no users, no overrides.
    Operator,
    /// Everything.
    Administrator,
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// Identifier.
    pub id: String,
    /// Name used to sign in.
    pub username: String,
    /// Name shown to others.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Disabled accounts cannot sign in and have no sessions.
    pub disabled: bool,
    /// Whether the invitation is still unused.
    pub invited: bool,
    /// Last sign-in.
    pub last_signed_in: Option<Timestamp>,
    /// When the account was made.
    pub created: Timestamp,
    /// Counts changes; a change names the version it saw.
    pub version: i64,
}

/// Who is asking, answered by `GET /session` to anyone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The signed-in account; none when nobody is.
    pub account: Option<Account>,
    /// No account exists yet: the one-time link printed at start makes the first.
    pub first_run: bool,
    /// Version of the server.
    pub version: String,
    /// Until when destructive actions need no new password.
    pub fresh_until: Option<Timestamp>,
}

/// Signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// Account name.
    pub username: String,
    /// Password.
    pub password: String,
}

/// Confirms the signed-in person's password before a destructive action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmPassword {
    /// Password.
    pub password: String,
}

/// What an invitation link offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invitation {
    /// Role that the new account gets.
    pub role: Role,
    /// Account name chosen by the inviter; none on the first-run link, where the person chooses.
    pub username: Option<String>,
    /// Whether this is the first account of this installation.
    pub first_run: bool,
    /// Whether it sets a new password for an account that exists.
    pub reset: bool,
    /// When the link stops working.
    pub expires: Timestamp,
}

/// Accepts an invitation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptInvitation {
    /// Account name; needed on the first-run link only.
    pub username: Option<String>,
    /// Name shown to others.
    pub name: String,
    /// Password, at least 12 characters.
    pub password: String,
}

/// Invites a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewAccount {
    /// Account name.
    pub username: String,
    /// Name shown to others.
    pub name: String,
    /// What the person may do.
    pub role: Role,
}

/// An account with the link that lets its person in, shown once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitedAccount {
    /// The account.
    pub account: Account,
    /// Path of the link, such as `/welcome/k3…`; works once.
    pub link: String,
    /// When the link stops working.
    pub expires: Timestamp,
}

/// Changes an account; absent fields stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeAccount {
    /// Version that the change is based on.
    pub version: i64,
    /// New role.
    #[serde(default)]
    pub role: Option<Role>,
    /// New shown name.
    #[serde(default)]
    pub name: Option<String>,
    /// Disable or enable.
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// Changes one's own password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    /// Present password.
    pub current: String,
    /// New password, at least 12 characters.
    pub new: String,
}

/// One signed-in browser of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// Identifier (not the secret).
    pub id: String,
    /// Browser, as it named itself.
    pub agent: String,
    /// Address it came from.
    pub address: String,
    /// Signed in.
    pub created: Timestamp,
    /// Last request.
    pub seen: Timestamp,
    /// Whether this is the session of this request.
    pub current: bool,
}
