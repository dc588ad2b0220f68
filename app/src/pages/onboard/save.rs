//! Saving by itself: each change is sent with the version it was based on, one after the other.

use leptos::prelude::*;
use shared::organization::{ChangeOrganization, OrganizationDetail};

use crate::api;
use crate::loader::Loaded;
use crate::submission::Submission;

/// Saves changes of one organization.
#[derive(Clone, Copy)]
pub struct Saver {
    system: Signal<String>,
    detail: Memo<OrganizationDetail>,
    loaded: Loaded<OrganizationDetail>,
    /// The request of the last change.
    pub submission: Submission,
    /// A change that came while another was on its way.
    waiting: RwSignal<Option<ChangeOrganization>>,
    saved: RwSignal<bool>,
    stale: RwSignal<Option<String>>,
}

impl Saver {
    /// A saver for the organization that a page shows.
    pub fn new(
        system: Signal<String>,
        detail: Memo<OrganizationDetail>,
        loaded: Loaded<OrganizationDetail>,
    ) -> Self {
        let saver = Self {
            system,
            detail,
            loaded,
            submission: Submission::new(),
            waiting: RwSignal::new(None),
            saved: RwSignal::new(false),
            stale: RwSignal::new(None),
        };
        // Somebody else was faster: show the newer version instead of an error about numbers.
        Effect::new(move |_| {
            let error = saver.submission.error();
            if let Some(error) = error.filter(|error| error.is("changed-meanwhile")) {
                saver.submission.clear();
                saver.waiting.set(None);
                saver.stale.set(Some(error.detail()));
                loaded.reload();
            }
        });
        // The version counts up with each change, so the next one waits until the newer detail is here.
        Effect::new(move |_| {
            let version = detail.with(|detail| detail.organization.version);
            if saver.submission.is_pending() {
                return;
            }
            if let Some(mut change) = saver.waiting.try_update(Option::take).flatten() {
                change.version = version;
                saver.send(change);
            }
        });
        saver
    }

    /// A change of nothing, based on the present version.
    pub fn change(self) -> ChangeOrganization {
        ChangeOrganization {
            version: self
                .detail
                .with_untracked(|detail| detail.organization.version),
            name: None,
            kind: None,
            contact_name: None,
            contact_email: None,
            people: None,
            ticks: Vec::new(),
        }
    }

    /// Saves a change. One that comes while another is on its way is sent after it.
    pub fn save(self, change: ChangeOrganization) {
        self.stale.set(None);
        if untrack(|| self.submission.is_pending()) {
            self.waiting
                .update(|waiting| *waiting = Some(merged(waiting.take(), change)));
        } else {
            // What waited behind a refused change is still wanted.
            let waited = self.waiting.try_update(Option::take).flatten();
            self.send(merged(waited, change));
        }
    }

    fn send(self, change: ChangeOrganization) {
        self.saved.set(false);
        let system = self.system.get_untracked();
        let code = self
            .detail
            .with_untracked(|detail| detail.organization.code.clone());
        self.submission.run(
            async move { api::change_organization(&system, &code, &change).await },
            move |detail| {
                self.loaded.set(detail);
                self.saved.set(true);
            },
        );
    }

    /// Takes over a newer version, such as after a check or a move.
    pub fn reload(self) {
        self.loaded.reload();
    }

    /// What somebody else had done to the organization when the last change was refused for it. Reactive.
    pub fn changed_meanwhile(self) -> Option<String> {
        self.stale.get()
    }

    /// What became of the last change, in a word. Reactive.
    pub fn words(self) -> &'static str {
        if self.submission.is_pending() {
            "Saving"
        } else if self.submission.error().is_some() {
            "Not saved"
        } else if self.saved.get() {
            "Saved"
        } else {
            ""
        }
    }
}

/// Two changes as one; where both set a field, the later one counts.
fn merged(earlier: Option<ChangeOrganization>, later: ChangeOrganization) -> ChangeOrganization {
    let Some(earlier) = earlier else {
        return later;
    };
    let mut ticks = earlier.ticks;
    for (name, value) in later.ticks {
        ticks.retain(|(known, _)| *known != name);
        ticks.push((name, value));
    }
    ChangeOrganization {
        version: later.version,
        name: later.name.or(earlier.name),
        kind: later.kind.or(earlier.kind),
        contact_name: later.contact_name.or(earlier.contact_name),
        contact_email: later.contact_email.or(earlier.contact_email),
        people: later.people.or(earlier.people),
        ticks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(version: i64) -> ChangeOrganization {
        ChangeOrganization {
            version,
            name: None,
            kind: None,
            contact_name: None,
            contact_email: None,
            people: None,
            ticks: Vec::new(),
        }
    }

    #[test]
    fn changes_made_while_one_is_on_its_way_are_all_kept() {
        let earlier = ChangeOrganization {
            contact_name: Some("Nadia".to_owned()),
            ticks: vec![("data-owner".to_owned(), true)],
            ..change(3)
        };
        let later = ChangeOrganization {
            contact_email: Some("n@moh.example".to_owned()),
            ticks: vec![("data-owner".to_owned(), false)],
            ..change(4)
        };
        let both = merged(Some(earlier), later);
        assert_eq!(both.version, 4);
        assert_eq!(both.contact_name.as_deref(), Some("Nadia"));
        assert_eq!(both.contact_email.as_deref(), Some("n@moh.example"));
        assert_eq!(both.ticks, [("data-owner".to_owned(), false)]);
    }
}
