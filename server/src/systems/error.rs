//! Why something that a person wanted of a system is not done: a closed set, each with what to do.

use shared::problem::FieldProblem;

use crate::approvals::ApprovalError;
use crate::db::DbError;
use crate::engine::DriveError;
use crate::engine::decision::DecisionError;
use crate::engine::journal::JournalError;
use crate::refusal::{Kind, Refusal};
use crate::store::StoreError;

/// Why something was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A refusal with a sentence and a remedy.
    #[error("{sentence}")]
    Refused {
        /// Which kind.
        kind: Kind,
        /// What is true.
        sentence: String,
        /// What to do.
        remedy: String,
    },
    /// Fields were not accepted.
    #[error("{}", said(fields))]
    Invalid {
        /// The fields.
        fields: Vec<FieldProblem>,
    },
    /// The target failed.
    #[error("{}", .0.without_directory())]
    Target(DbError),
    /// The journal in the target cannot be read.
    #[error("{}", journal_said(.0))]
    Journal(JournalError),
    /// The executor refused.
    #[error("{}", drive_said(.0))]
    Drive(DriveError),
    /// An approval is missing.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// A decision was refused.
    #[error("{}", decision_said(.0))]
    Decision(DecisionError),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

// where a target lies is told neither to a browser nor to the log: these are no sources, whose text the log repeats

macro_rules! without_source {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for SystemError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

without_source!(
    Target(DbError),
    Journal(JournalError),
    Drive(DriveError),
    Decision(DecisionError)
);

fn journal_said(error: &JournalError) -> String {
    match error {
        JournalError::Db(error) => error.without_directory(),
        other => other.to_string(),
    }
}

fn drive_said(error: &DriveError) -> String {
    match error {
        DriveError::Db(error) => error.without_directory(),
        DriveError::Journal(error) => journal_said(error),
        other => other.to_string(),
    }
}

fn decision_said(error: &DecisionError) -> String {
    match error {
        DecisionError::Db(error) => error.without_directory(),
        other => other.to_string(),
    }
}

fn said(fields: &[FieldProblem]) -> String {
    match fields {
        [one] => format!("{} was not accepted: {}", one.field, one.message),
        several => format!("{} fields were not accepted.", several.len()),
    }
}

macro_rules! refusal {
    ($name:ident, $kind:ident, $doc:literal) => {
        #[doc = $doc]
        pub fn $name(sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
            Self::Refused {
                kind: Kind::$kind,
                sentence: sentence.into(),
                remedy: remedy.into(),
            }
        }
    };
}

impl SystemError {
    /// Whether the same reading of the target may succeed when it is asked again.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Target(error) if error.may_pass())
    }

    refusal!(not_found, NotFound, "There is no such thing.");
    refusal!(gate_closed, GateClosed, "A gate is closed.");
    refusal!(
        changed_meanwhile,
        ChangedMeanwhile,
        "What the person saw is not how it is now."
    );
    refusal!(
        conflict,
        Conflict,
        "It cannot be done in the present state."
    );
    refusal!(
        unavailable,
        Unavailable,
        "Something that is needed does not answer or work now."
    );
    refusal!(not_allowed, NotAllowed, "This person may not do it.");

    /// Whether the server of the target is away: it was restarted, or does not answer now.
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Target(DbError::Unreachable { .. } | DbError::ConnectionLost { .. })
                | Self::Drive(DriveError::Db(DbError::ConnectionLost { .. }))
        )
    }

    /// One field was not accepted.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            fields: vec![FieldProblem {
                field: field.into(),
                message: message.into(),
            }],
        }
    }
}

impl Refusal for SystemError {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused { kind, .. } => *kind,
            Self::Invalid { .. } => Kind::Invalid,
            Self::Target(DbError::Statement { .. } | DbError::Constraint { .. }) => Kind::Conflict,
            Self::Target(_) | Self::Journal(_) => Kind::Unavailable,
            Self::Drive(_) => Kind::Conflict,
            Self::Approval(error) => error.kind(),
            Self::Decision(DecisionError::Db(_)) => Kind::Unavailable,
            Self::Decision(_) => Kind::Conflict,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Refused { remedy, .. } => Some(remedy.clone()),
            Self::Invalid { .. } => Some("Correct what is named and send it again.".into()),
            Self::Target(error) => Some(error.remedy().into()),
            Self::Journal(JournalError::Db(error)) => Some(error.remedy().into()),
            Self::Journal(_) => {
                Some("Use the version of Switchyard that wrote it, or restore a backup.".into())
            }
            Self::Drive(_) => Some("Look at the run, then try again.".into()),
            Self::Approval(error) => error.remedy(),
            Self::Decision(error) => Some(error.remedy().into()),
            Self::Store(error) => error.remedy(),
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Invalid { fields } => fields.clone(),
            _ => Vec::new(),
        }
    }
}
