//! Why a webhook is not made, called or removed.

use shared::problem::FieldProblem;

use crate::key_file::KeyError;
use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;
use crate::systems::SystemError;

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Fields were not accepted.
    #[error("Some fields were not accepted.")]
    Fields(Vec<FieldProblem>),
    /// There is no such webhook.
    #[error("There is no such webhook.")]
    Unknown,
    /// There are too many.
    #[error("This system has {0} webhooks already.")]
    TooMany(usize),
    /// The key that secrets are derived from cannot be read or made.
    #[error("calls cannot be signed")]
    Key(#[from] KeyError),
    /// The organization is not known, or the target cannot be read.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for WebhookError {
    fn kind(&self) -> Kind {
        match self {
            Self::Fields(_) => Kind::Invalid,
            Self::Unknown => Kind::NotFound,
            Self::TooMany(_) => Kind::Conflict,
            Self::Key(_) => Kind::Internal,
            Self::System(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fields(_) => Some("Correct the fields named here.".into()),
            Self::Unknown => Some("Look at the list of webhooks again.".into()),
            Self::TooMany(_) => Some("Remove one that nobody needs.".into()),
            Self::Key(_) => None,
            Self::System(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Fields(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }
}
