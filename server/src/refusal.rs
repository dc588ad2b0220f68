//! What every error of the domain says about itself, so that it can be answered without knowing it.
//! Knows no HTTP: `http/problem.rs` turns a kind into a status.

use std::time::Duration;

use shared::problem::FieldProblem;

/// The kinds of errors that a person can meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is signed in.
    NotSignedIn,
    /// The password has to be confirmed again before something destructive.
    PasswordNeeded,
    /// The role does not allow it.
    NotAllowed,
    /// There is no such thing.
    NotFound,
    /// A gate is closed; the remedy says how to open it.
    GateClosed,
    /// What the person saw is not how it is now: a version, a fingerprint, a plan.
    ChangedMeanwhile,
    /// It cannot be done in the present state, such as a second run while one is open.
    Conflict,
    /// Fields were not accepted.
    Invalid,
    /// Too many tries; again after this time.
    Throttled(Duration),
    /// Something that is needed does not answer now, such as a target locked by another writer.
    Unavailable,
    /// A defect or a broken machine. The person gets no internals; the log has the chain of causes.
    Internal,
}

/// An error that says what kind it is and what to do about it.
///
/// `Display` is a sentence for people about what is true; it never holds secrets or internal causes, which belong
/// into `source()` and from there into the log.
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// Which kind.
    fn kind(&self) -> Kind;

    /// What to do about it.
    fn remedy(&self) -> Option<String> {
        None
    }

    /// Fields that were not accepted, for [`Kind::Invalid`].
    fn fields(&self) -> Vec<FieldProblem> {
        Vec::new()
    }
}
