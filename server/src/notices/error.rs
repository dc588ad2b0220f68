//! Why a notice is not written.

use shared::problem::FieldProblem;

use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// There is no such update or window.
    #[error("There is no such notice.")]
    Unknown,
    /// Somebody else changed it.
    #[error("Somebody changed this notice since you opened it.")]
    Changed,
    /// What is over stays over.
    #[error("This maintenance window is {0} and stays so.")]
    Over(&'static str),
    /// Fields were not accepted.
    #[error("Some fields were not accepted.")]
    Fields(Vec<FieldProblem>),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for NoticeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown => Kind::NotFound,
            Self::Changed => Kind::ChangedMeanwhile,
            Self::Over(_) => Kind::Conflict,
            Self::Fields(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Unknown => Some("Look at the list again.".into()),
            Self::Changed => Some("Open it again, and change what is there now.".into()),
            Self::Over(_) => Some("Schedule a new window.".into()),
            Self::Fields(_) => Some("Correct the fields named here.".into()),
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

/// A field that is not accepted.
pub(super) fn field(name: &str, message: impl Into<String>) -> FieldProblem {
    FieldProblem {
        field: name.into(),
        message: message.into(),
    }
}

const LONGEST_TITLE: usize = 160;
const LONGEST_BODY: usize = 5000;

/// What is wrong with title and text.
pub(super) fn words(title: &str, body: &str) -> Vec<FieldProblem> {
    let mut wrong = Vec::new();
    let length = title.trim().chars().count();
    if !(1..=LONGEST_TITLE).contains(&length) || title.trim().contains(char::is_control) {
        wrong.push(field(
            "title",
            format!("Write a title of 1 to {LONGEST_TITLE} characters on one line."),
        ));
    }
    if body.chars().count() > LONGEST_BODY {
        wrong.push(field(
            "body",
            format!("Write at most {LONGEST_BODY} characters."),
        ));
    }
    wrong
}
