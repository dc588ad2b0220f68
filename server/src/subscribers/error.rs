//! Why nobody is subscribed, confirmed or removed.

use std::time::Duration;

use shared::problem::FieldProblem;

use crate::key_file::KeyError;
use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// Fields were not accepted.
    #[error("Some fields were not accepted.")]
    Fields(Vec<FieldProblem>),
    /// Too many asked from one place.
    #[error("Too many people asked from where you are.")]
    Throttled(Duration),
    /// Too many asked at all.
    #[error("Nobody more can be told by mail for now.")]
    TooMany,
    /// No mail server is configured.
    #[error("Nobody is told by mail here.")]
    NoMail,
    /// There is no such subscriber.
    #[error("There is no such subscriber.")]
    Unknown,
    /// The key that links are signed with cannot be read or made.
    #[error("links cannot be signed")]
    Key(#[from] KeyError),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for SubscribeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Fields(_) => Kind::Invalid,
            Self::Throttled(after) => Kind::Throttled(*after),
            Self::TooMany => Kind::Unavailable,
            Self::NoMail | Self::Unknown => Kind::NotFound,
            Self::Key(_) => Kind::Internal,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Fields(_) => Some("Correct the fields named here.".into()),
            Self::Throttled(after) => Some(format!("Try again in {} s.", after.as_secs().max(1))),
            Self::TooMany => Some("Follow the feed of the status page instead.".into()),
            Self::NoMail => Some("Follow the feed of the status page instead.".into()),
            Self::Unknown => Some("Look at the list of subscribers again.".into()),
            Self::Key(_) => None,
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
