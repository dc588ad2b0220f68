//! Approvals: a second administrator agrees to exactly one thing, for a time. An approval is bound to a fingerprint,
//! ends after a while, is void after any change, is used once, and never comes from the one who asked.

pub mod subject;

use std::collections::HashSet;
use std::time::Duration;

use shared::approval::{Approval, ApprovalAction, ApprovalState};

use crate::accounts::Actor;
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::refusal::{Kind, Refusal};
use crate::store::approvals::{self as table, Decision, NewApproval, StoredApproval};
use crate::store::{Store, StoreError, WriteTx};

/// The action under which the audit log keeps what was begun without an approval that is asked for.
pub const WAIVED: &str = "approval.waived";

/// Why an approval cannot be asked for, decided or used.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such request.
    #[error("There is no request {0} for an approval.")]
    Unknown(i64),
    /// The one who asked wants to decide.
    #[error("You asked for this approval, so another administrator has to decide it.")]
    OwnRequest,
    /// It was decided, used or has ended.
    #[error("This request is {0} and cannot be decided any more.")]
    Closed(&'static str),
    /// What it was bound to is not how it is now.
    #[error("What this approval was asked for has changed since.")]
    Changed,
    /// An action needs an approval and there is none that holds.
    #[error("A second administrator has to approve this first.")]
    Missing,
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for ApprovalError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown(_) => Kind::NotFound,
            Self::OwnRequest => Kind::NotAllowed,
            Self::Closed(_) | Self::Missing => Kind::Conflict,
            Self::Changed => Kind::ChangedMeanwhile,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some("Look at the list of requests again.".into()),
            Self::OwnRequest => Some("Ask another administrator to look at it.".into()),
            Self::Closed(_) | Self::Changed => {
                Some("Look at it as it is now and ask for an approval again.".into())
            }
            Self::Missing => Some(
                "Ask for an approval; it has to be given for exactly what is shown now.".into(),
            ),
            Self::Store(error) => error.remedy(),
        }
    }
}

/// What an approval is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Slug of the system.
    pub system: &'a str,
    /// What it is for.
    pub action: ApprovalAction,
    /// What would happen, as a sentence.
    pub text: &'a str,
    /// What the person saw.
    pub fingerprint: &'a str,
    /// What such an action may be bound to now, measured by the caller.
    pub current: &'a [String],
}

/// Asks for an approval. A request of the same person for the same thing that still waits is answered again.
///
/// # Errors
/// When what the person saw is not how it is now.
pub async fn request(
    store: &Store,
    now: Moment,
    actor: &Actor,
    asked: Asked<'_>,
    good_for: Duration,
) -> Result<Approval, ApprovalError> {
    if !asked
        .current
        .iter()
        .any(|current| current == asked.fingerprint)
    {
        return Err(ApprovalError::Changed);
    }
    let mut tx = store.write().await?;
    let waiting = table::list(&mut tx, asked.system)
        .await?
        .into_iter()
        .find(|stored| {
            stored.action == asked.action
                && stored.fingerprint == asked.fingerprint
                && stored.requested_by == actor.id()
                && state(stored, now, Some(asked.current)) == ApprovalState::Waiting
        });
    if let Some(stored) = waiting {
        return Ok(shown(&stored, now, actor, Some(asked.current)));
    }
    let new = NewApproval {
        system: asked.system,
        action: asked.action,
        text: asked.text,
        fingerprint: asked.fingerprint,
        requested_by: actor.id(),
        requested: now,
        expires: now.plus(good_for),
    };
    let id = table::add(&mut tx, &new).await?;
    let entry = Entry::by(
        actor,
        "approval.requested",
        format!("approval {id}"),
        format!("Asked for an approval: {}", asked.text),
    );
    audit::append(&mut tx, now, entry.on(asked.system)).await?;
    let stored = table::get(&mut tx, asked.system, id).await?;
    tx.commit().await?;
    let stored = stored.ok_or(ApprovalError::Unknown(id))?;
    Ok(shown(&stored, now, actor, Some(asked.current)))
}

/// Agrees or refuses. `current` holds what such an action may be bound to now.
///
/// # Errors
/// When it is not waiting any more, has changed, or the one who asked decides.
pub async fn decide(
    store: &Store,
    now: Moment,
    actor: &Actor,
    system: &str,
    id: i64,
    current: &[String],
    verdict: Verdict<'_>,
) -> Result<Approval, ApprovalError> {
    let mut tx = store.write().await?;
    let stored = table::get(&mut tx, system, id)
        .await?
        .ok_or(ApprovalError::Unknown(id))?;
    if stored.requested_by == actor.id() {
        return Err(ApprovalError::OwnRequest);
    }
    match state(&stored, now, Some(current)) {
        ApprovalState::Waiting => {}
        ApprovalState::Void => return Err(ApprovalError::Changed),
        closed => return Err(ApprovalError::Closed(word(closed))),
    }
    let (to, action, did) = match verdict.approve {
        true => (Decision::Approved, "approval.given", "Approved"),
        false => (Decision::Refused, "approval.refused", "Did not approve"),
    };
    let decided = Some((actor.id(), verdict.note, now));
    table::move_on(&mut tx, id, Decision::Waiting, to, decided).await?;
    let text = match verdict.note {
        "" => format!("{did}: {}", stored.text),
        note => format!("{did}: {} ({note})", stored.text),
    };
    let entry = Entry::by(actor, action, format!("approval {id}"), text);
    audit::append(&mut tx, now, entry.on(system)).await?;
    let stored = table::get(&mut tx, system, id).await?;
    tx.commit().await?;
    let stored = stored.ok_or(ApprovalError::Unknown(id))?;
    Ok(shown(&stored, now, actor, Some(current)))
}

/// What an administrator answers.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// Agree or refuse.
    pub approve: bool,
    /// Why.
    pub note: &'a str,
}

/// Uses up the approval for exactly this, in the transaction of the action it allows. Answers who gave it.
///
/// # Errors
/// When there is none that holds: none given, too old, or given for something else.
pub async fn consume(
    tx: &mut WriteTx,
    now: Moment,
    system: &str,
    action: ApprovalAction,
    fingerprint: &str,
) -> Result<String, ApprovalError> {
    for stored in table::list(tx, system).await? {
        let fits = stored.action == action
            && stored.fingerprint == fingerprint
            && state(&stored, now, None) == ApprovalState::Approved;
        if fits && table::move_on(tx, stored.id, Decision::Approved, Decision::Used, None).await? {
            return stored.decided_by_name.ok_or(ApprovalError::Missing);
        }
    }
    Err(ApprovalError::Missing)
}

/// What allows an action that the configuration asks an approval for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// This person approved it.
    By(String),
    /// Nobody did. A person at the command line wrote down why it could not wait.
    Without(String),
}

impl Allowed {
    /// Uses up the approval for exactly this. Without one the written reason allows it, where there is one.
    ///
    /// # Errors
    /// When there is neither.
    pub async fn by(
        tx: &mut WriteTx,
        now: Moment,
        system: &str,
        action: ApprovalAction,
        fingerprint: Option<&str>,
        reason: Option<&str>,
    ) -> Result<Self, ApprovalError> {
        let given = match fingerprint {
            Some(fingerprint) => consume(tx, now, system, action, fingerprint).await,
            None => Err(ApprovalError::Missing),
        };
        match (given, reason) {
            (Err(ApprovalError::Missing), Some(reason)) => Ok(Self::Without(reason.to_owned())),
            (given, _) => given.map(Self::By),
        }
    }

    /// What the audit log says besides, where there was no approval: so that all such actions are found by one filter.
    pub fn waived(&self, actor: &str, object: &str, system: &str) -> Option<Entry> {
        let Self::Without(reason) = self else {
            return None;
        };
        let reason = reason.trim_end_matches('.');
        let text = format!("Begun without the approval that the configuration asks for: {reason}.");
        Some(Entry::of(actor, WAIVED, object, text).on(system))
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::By(who) => write!(f, "approved by {who}"),
            Self::Without(reason) => {
                let reason = reason.trim_end_matches('.');
                write!(f, "without the approval that is asked for: {reason}")
            }
        }
    }
}

/// The newest requests of a system as this person sees them. `current` answers what a kind of action may be bound to
/// now, when that is known.
///
/// # Errors
/// When the control store cannot be read.
pub async fn list(
    store: &Store,
    now: Moment,
    actor: &Actor,
    system: &str,
    current: impl Fn(ApprovalAction) -> Option<Vec<String>>,
) -> Result<Vec<Approval>, ApprovalError> {
    let mut connection = store.reader().await?;
    let stored = table::list(&mut connection, system).await?;
    Ok(stored
        .iter()
        .map(|stored| shown(stored, now, actor, current(stored.action).as_deref()))
        .collect())
}

/// Kinds of actions of which a request is open, so that only those have to be measured.
///
/// # Errors
/// When the control store cannot be read.
pub async fn open_actions(
    store: &Store,
    now: Moment,
    system: &str,
) -> Result<HashSet<ApprovalAction>, ApprovalError> {
    let mut connection = store.reader().await?;
    let stored = table::list(&mut connection, system).await?;
    Ok(stored
        .iter()
        .filter(|stored| {
            matches!(
                state(stored, now, None),
                ApprovalState::Waiting | ApprovalState::Approved
            )
        })
        .map(|stored| stored.action)
        .collect())
}

/// One request, for a caller that has to measure what it is bound to.
///
/// # Errors
/// When there is none with this identifier.
pub async fn action_of(
    store: &Store,
    system: &str,
    id: i64,
) -> Result<ApprovalAction, ApprovalError> {
    let mut connection = store.reader().await?;
    let stored = table::get(&mut connection, system, id).await?;
    Ok(stored.ok_or(ApprovalError::Unknown(id))?.action)
}

/// Where a request is now: what was written, its age, and whether the world is still the one it was bound to.
fn state(stored: &StoredApproval, now: Moment, current: Option<&[String]>) -> ApprovalState {
    match stored.decision {
        Decision::Refused => ApprovalState::Refused,
        Decision::Used => ApprovalState::Used,
        Decision::Void => ApprovalState::Void,
        Decision::Waiting | Decision::Approved if stored.expires <= now => ApprovalState::Expired,
        Decision::Waiting | Decision::Approved
            if current.is_some_and(|current| !current.contains(&stored.fingerprint)) =>
        {
            ApprovalState::Void
        }
        Decision::Waiting => ApprovalState::Waiting,
        Decision::Approved => ApprovalState::Approved,
    }
}

fn word(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "waiting",
        ApprovalState::Approved => "approved",
        ApprovalState::Refused => "refused",
        ApprovalState::Used => "used",
        ApprovalState::Expired => "too old",
        ApprovalState::Void => "void",
    }
}

fn shown(
    stored: &StoredApproval,
    now: Moment,
    actor: &Actor,
    current: Option<&[String]>,
) -> Approval {
    let state = state(stored, now, current);
    Approval {
        id: stored.id,
        action: stored.action,
        text: stored.text.clone(),
        fingerprint: stored.fingerprint.clone(),
        requested_by: stored.requested_by_name.clone(),
        requested: stored.requested.rfc3339(),
        expires: stored.expires.rfc3339(),
        state,
        decided_by: stored.decided_by_name.clone(),
        note: stored.note.clone(),
        void: (state == ApprovalState::Void).then(|| why_void(stored)),
        may_decide: state == ApprovalState::Waiting && stored.requested_by != actor.id(),
    }
}

/// What changed since, and whom to ask again.
fn why_void(stored: &StoredApproval) -> String {
    let changed = match stored.action {
        ApprovalAction::Run => {
            "The plan is another one now: its playbook or the schema of the database changed."
        }
        ApprovalAction::Rollback => "What this way back does and what it loses changed.",
        ApprovalAction::Mode => "The mode or a condition of its switch changed.",
        ApprovalAction::Release => "That database is not kept any more.",
    };
    let ask = match &stored.decided_by_name {
        Some(name) => format!("Ask {name} again, for what is shown now."),
        None => format!(
            "{} has to ask again, for what is shown now.",
            stored.requested_by_name
        ),
    };
    format!("{changed} {ask}")
}
