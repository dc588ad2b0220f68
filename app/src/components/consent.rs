//! Whether a second administrator agreed to what a person is about to do.

use leptos::prelude::*;
use shared::approval::{Approval, ApprovalAction, ApprovalState, RequestApproval};
use shared::event::Topic;

use super::note::Note;
use crate::api;
use crate::loader::load;
use crate::submission::Submission;

/// How far the agreement of a second administrator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The configuration does not ask for it.
    NotNeeded,
    /// Nobody was asked yet.
    Missing,
    /// Asked for, or even given, for something that has changed since.
    Void,
    /// Asked for, and not decided.
    Waiting,
    /// Given for exactly this.
    Given,
}

impl Consent {
    /// The agreement to the action that this fingerprint names.
    pub fn of(approvals: &[Approval], action: ApprovalAction, fingerprint: &str) -> Self {
        let of_action = || approvals.iter().filter(|one| one.action == action);
        let exactly = of_action()
            .filter(|one| one.fingerprint == fingerprint)
            .map(|one| one.state)
            .fold(Self::Missing, |found, state| match (found, state) {
                (_, ApprovalState::Approved) => Self::Given,
                (Self::Missing, ApprovalState::Waiting) => Self::Waiting,
                _ => found,
            });
        // the newest stands first
        let newest = of_action().next().map(|one| one.state);
        match (exactly, newest) {
            (Self::Missing, Some(ApprovalState::Void)) => Self::Void,
            _ => exactly,
        }
    }

    /// Whether it has to be asked for before anything can be done.
    pub fn must_ask(self) -> bool {
        matches!(self, Self::Missing | Self::Void | Self::Waiting)
    }

    /// What a dialog says about it.
    pub fn note(self) -> Option<AnyView> {
        let (state, title, words) = match self {
            Self::NotNeeded => return None,
            Self::Missing => (
                "gate",
                "A second administrator has to approve",
                "This asks for it. Nothing is changed yet.",
            ),
            Self::Void => (
                "gate",
                "The approval is void",
                "What it was for has changed since, so it does not count. This asks for another one, for what is shown here.",
            ),
            Self::Waiting => (
                "gate",
                "Waiting for a second administrator",
                "An approval was already asked for this. Asking again changes nothing.",
            ),
            Self::Given => (
                "done",
                "Approved by a second administrator",
                "It is bound to exactly what is shown here.",
            ),
        };
        Some(view! { <Note state title>{words}</Note> }.into_any())
    }
}

/// The agreement to what a dialog is about to do, kept up to date, and asking for it.
#[derive(Clone, Copy)]
pub struct Agreement {
    system: Signal<String>,
    action: ApprovalAction,
    bound: Memo<Option<String>>,
    consent: Memo<Consent>,
}

impl Agreement {
    /// `bound` answers the fingerprint of what is about to be done; none where nobody has to agree.
    pub fn new(
        system: Signal<String>,
        action: ApprovalAction,
        bound: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let approvals = load(&[Topic::Approvals], move || {
            let system = system.get();
            async move { api::approvals(&system).await }
        });
        let bound = Memo::new(move |_| bound());
        let consent = Memo::new(move |_| match bound.get() {
            None => Consent::NotNeeded,
            Some(bound) => {
                approvals.with(|all| Consent::of(all.map_or(&[], Vec::as_slice), action, &bound))
            }
        });
        Self {
            system,
            action,
            bound,
            consent,
        }
    }

    /// Where it is. Reactive.
    pub fn consent(self) -> Consent {
        self.consent.get()
    }

    /// Asks for it when it is missing, then does `asked`. Answers whether it had to.
    pub fn ask(self, submission: Submission, asked: impl FnOnce() + 'static) -> bool {
        let Some(fingerprint) = self
            .bound
            .get_untracked()
            .filter(|_| self.consent.get_untracked().must_ask())
        else {
            return false;
        };
        let system = self.system.get_untracked();
        let body = RequestApproval {
            action: self.action,
            fingerprint,
        };
        submission.run(
            async move { api::request_approval(&system, &body, submission.press()).await },
            move |_| asked(),
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(fingerprint: &str, state: ApprovalState) -> Approval {
        Approval {
            id: 1,
            action: ApprovalAction::Mode,
            text: String::new(),
            fingerprint: fingerprint.into(),
            requested_by: String::new(),
            requested: String::new(),
            expires: String::new(),
            state,
            decided_by: None,
            note: None,
            void: None,
            may_decide: false,
        }
    }

    #[test]
    fn only_an_approval_of_exactly_this_that_still_holds_counts() {
        let of = |all: &[Approval]| Consent::of(all, ApprovalAction::Mode, "now");
        assert_eq!(of(&[]), Consent::Missing);
        assert_eq!(
            of(&[approval("before", ApprovalState::Approved)]),
            Consent::Missing
        );
        assert_eq!(
            of(&[approval("now", ApprovalState::Used)]),
            Consent::Missing
        );
        assert_eq!(
            of(&[approval("now", ApprovalState::Waiting)]),
            Consent::Waiting
        );
        let changed = [approval("before", ApprovalState::Void)];
        assert_eq!(of(&changed), Consent::Void);
        let asked_again = [
            approval("now", ApprovalState::Waiting),
            approval("before", ApprovalState::Void),
        ];
        assert_eq!(of(&asked_again), Consent::Waiting);
        let both = [
            approval("now", ApprovalState::Approved),
            approval("now", ApprovalState::Waiting),
        ];
        assert_eq!(of(&both), Consent::Given);
        let run = Consent::of(&both, ApprovalAction::Run, "now");
        assert_eq!(run, Consent::Missing, "another action is another approval");
    }
}
