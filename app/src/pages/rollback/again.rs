//! After steps were undone: the way to attempt them again, while that was not done.

use leptos::prelude::*;
use shared::account::Role;
use shared::rollback::{RollbackKind, RollbackOptions, RollbackState};

use crate::components::Systems;
use crate::route::SystemPage;
use crate::session;

/// What can be attempted again, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Again {
    label: String,
    told: &'static str,
}

impl Again {
    fn of(options: &RollbackOptions) -> Option<Self> {
        let record = options.current.as_ref()?;
        if record.state != RollbackState::Done {
            return None;
        }
        let is_undone = |name: &String| {
            let group = options.groups.iter().find(|group| group.name == *name);
            group.filter(|group| group.steps == 0)
        };
        match &record.way {
            RollbackKind::Partial { groups } => {
                let undone: Vec<&str> = (groups.iter())
                    .filter_map(is_undone)
                    .map(|group| group.title.as_str())
                    .collect();
                let label = match undone.as_slice() {
                    [] => return None,
                    [one] => format!("Attempt {one} again"),
                    more => format!("Attempt {} apps again", more.len()),
                };
                Some(Self {
                    label,
                    told: "The other apps stay migrated. Another run does what was undone; its plan shows each step before it starts.",
                })
            }
            RollbackKind::UndoAll => {
                let all = options.groups.iter().all(|group| group.steps == 0);
                all.then(|| Self {
                    label: "Attempt the migration again".to_owned(),
                    told: "Another run begins anew; its plan shows each step before it starts.",
                })
            }
            RollbackKind::Mode | RollbackKind::Restore { .. } => None,
        }
    }
}

/// The offer; nothing where nothing was undone, or it was done again since.
#[component]
pub fn AttemptAgain(
    /// Slug of the system.
    system: Signal<String>,
    /// The ways back, with the record of the last one.
    options: Memo<RollbackOptions>,
) -> impl IntoView {
    let session = session::current();
    let systems = expect_context::<Systems>();
    let again = Memo::new(move |_| options.with(Again::of));
    let href = move || {
        let slug = system.get();
        let run = systems.find(&slug).and_then(|system| system.run);
        match run.filter(|run| run.state.is_open()) {
            Some(run) => SystemPage::Run { run: run.number }.of(&slug),
            None => SystemPage::Plan.of(&slug),
        }
    };
    move || {
        let again = again.get().filter(|_| session.may(Role::Operator))?;
        Some(view! {
            <div class="body between">
                <p class="sm">{again.told}</p>
                <a class="btn" href=href>{again.label}</a>
            </div>
        })
    }
}
