//! What can be refused about accounts, in words that tell nobody which accounts exist.

use std::time::Duration;

use shared::problem::FieldProblem;

use super::password::PasswordError;
use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;

/// Why something about accounts was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Unknown account, wrong password, disabled or not yet accepted: one answer for all.
    #[error("The account name or the password is wrong.")]
    SignInRefused,
    /// Too many failed tries.
    #[error("Too many tries. The next one is possible in {} s.", .0.as_millis().div_ceil(1000))]
    Throttled(Duration),
    /// The password of the signed-in person is wrong.
    #[error("The password is not yours.")]
    NotYourPassword {
        /// Field it was written in.
        field: &'static str,
    },
    /// A link was used, replaced, never made, or is too old.
    #[error(
        "This link does not work: it was used already, replaced by a newer one, or is too old."
    )]
    LinkUnknown,
    /// Fields were not accepted.
    #[error("Some fields were not accepted.")]
    Fields(Vec<FieldProblem>),
    /// There is no such account.
    #[error("There is no such account.")]
    UnknownAccount,
    /// There is no such session.
    #[error("There is no such session: it has ended already.")]
    UnknownSession,
    /// Nobody could administer any more.
    #[error("This is the last administrator who can sign in.")]
    LastAdministrator,
    /// Somebody else changed it.
    #[error("Somebody changed this account since you opened it.")]
    Changed,
    /// An account that is disabled gets no link.
    #[error("The account is disabled.")]
    Disabled,
    /// The control store failed.
    #[error("the control store failed")]
    Store(#[from] StoreError),
    /// Hashing failed or is too busy.
    #[error("the password could not be checked")]
    Password(#[source] PasswordError),
    /// The operating system gave no random bits.
    #[error("no random bits")]
    Random(#[from] rand::rngs::SysError),
}

impl AccountError {
    /// One field that was not accepted.
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Fields(vec![FieldProblem {
            field: field.to_owned(),
            message: message.into(),
        }])
    }
}

impl From<PasswordError> for AccountError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Throttled(Duration::from_secs(2)),
            other => Self::Password(other),
        }
    }
}

impl Refusal for AccountError {
    fn kind(&self) -> Kind {
        match self {
            Self::SignInRefused => Kind::NotSignedIn,
            Self::Throttled(after) => Kind::Throttled(*after),
            Self::NotYourPassword { .. } | Self::Fields(_) => Kind::Invalid,
            Self::LinkUnknown | Self::UnknownAccount | Self::UnknownSession => Kind::NotFound,
            Self::LastAdministrator | Self::Disabled => Kind::Conflict,
            Self::Changed => Kind::ChangedMeanwhile,
            Self::Store(_) | Self::Password(_) | Self::Random(_) => Kind::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::SignInRefused => {
                "Check both. An administrator can send a link that sets a new password."
            }
            Self::Throttled(_) => "Wait, then try again.",
            Self::NotYourPassword { .. } => "Type the password that you signed in with.",
            Self::LinkUnknown => {
                "Ask an administrator for a new one. The first link of an installation is printed each time the server starts."
            }
            Self::Fields(_) => "Correct the fields named here.",
            Self::LastAdministrator => "Make somebody else an administrator first.",
            Self::Changed => "Load the account again, then change it.",
            Self::Disabled => "Enable the account first.",
            Self::UnknownAccount
            | Self::UnknownSession
            | Self::Store(_)
            | Self::Password(_)
            | Self::Random(_) => return None,
        };
        Some(text.to_owned())
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Fields(fields) => fields.clone(),
            Self::NotYourPassword { field } => vec![FieldProblem {
                field: (*field).to_owned(),
                message: "Is not your password.".into(),
            }],
            _ => Vec::new(),
        }
    }
}
