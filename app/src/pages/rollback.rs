//! Backups and rollback: three ways back with what each costs now, the backups, and the record of what was rolled back.

mod again;
mod backups;
mod chooser;
mod confirm;
mod cost;
mod kept;
mod lost;
mod options;
mod record;

use leptos::prelude::*;
use shared::account::Role;
use shared::backup::BackupSummary;
use shared::event::Topic;
use shared::rollback::{RestoreCost, RollbackCost, RollbackKind, RollbackOptions, RollbackState};

use self::backups::Backups;
use self::chooser::{Full, Groups};
use self::confirm::ConfirmRollback;
use self::kept::KeptDatabases;
use self::lost::LostTable;
use self::options::Options;
use self::record::{Record, RecordHistory};
use crate::api;
use crate::components::{ActionButton, Approvals, PageHead, RefusalNote, announce};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;
use crate::submission::Submission;

/// Which of the ways back is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The mode.
    Mode,
    /// Some groups.
    Partial,
    /// Every step, undone.
    UndoAll,
    /// A backup, restored.
    Restore,
}

/// What is chosen on the page.
#[derive(Clone, Copy)]
pub struct Choice {
    /// The way.
    pub way: RwSignal<Way>,
    /// Names of the groups, for a partial rollback.
    pub groups: RwSignal<Vec<String>>,
    /// Name of the backup, for a restore.
    pub backup: RwSignal<Option<String>>,
    // what these groups cost together, as the server last answered for them
    together: Loaded<Option<(Vec<String>, RollbackCost)>>,
}

impl Choice {
    /// The lightest way that is possible now, and nothing else chosen.
    fn new(system: Signal<String>, options: Memo<RollbackOptions>) -> Self {
        let first = options.with_untracked(|options| {
            let can_undo = options.groups.iter().any(|group| group.steps > 0);
            match (&options.mode.refused, can_undo) {
                (Some(_), true) => Way::Partial,
                (Some(_), false) if !options.restores.is_empty() => Way::Restore,
                _ => Way::Mode,
            }
        });
        let groups = RwSignal::new(Vec::<String>::new());
        // what was undone meanwhile, here or elsewhere, cannot stay chosen
        Effect::new(move |_| {
            let undoable = |name: &String| {
                options.with(|options| {
                    options
                        .groups
                        .iter()
                        .any(|group| group.name == *name && group.steps > 0)
                })
            };
            let left: Vec<String> = groups.get().into_iter().filter(undoable).collect();
            if groups.with_untracked(|groups| groups.len() != left.len()) {
                groups.set(left);
            }
        });
        Self {
            way: RwSignal::new(first),
            groups,
            backup: RwSignal::new(None),
            together: load(&[Topic::Rollback, Topic::Run, Topic::Mode], move || {
                let (system, groups) = (system.get(), groups.get());
                async move {
                    if groups.is_empty() {
                        return Ok(None);
                    }
                    let cost = api::rollback_cost(&system, &groups).await?;
                    Ok(Some((groups, cost)))
                }
            }),
        }
    }

    /// Adds a group or takes it out.
    pub fn choose_group(self, name: &str, chosen: bool) {
        self.groups.update(|groups| {
            groups.retain(|group| group != name);
            if chosen {
                groups.push(name.to_owned());
            }
        });
    }

    /// The backup chosen, or else the newest that can be restored. Reactive.
    pub fn backup_of(self, options: &RollbackOptions) -> Option<String> {
        self.backup
            .get()
            .filter(|name| options.restores.iter().any(|one| one.backup.name == *name))
            .or_else(|| {
                let can = |one: &&RestoreCost| one.cost.refused.is_none() || one.cost.measuring;
                let found = options.restores.iter().find(can)?;
                Some(found.backup.name.clone())
            })
    }

    /// What the chosen groups cost together; none while nothing is chosen or it is being added up. Reactive.
    pub fn cost_of_groups(self) -> Option<RollbackCost> {
        let chosen = self.groups.get();
        let (groups, cost) = self.together.get()??;
        (groups == chosen).then_some(cost)
    }

    /// What to ask the server for, once the choice is complete. Reactive.
    pub fn kind(self, options: &RollbackOptions) -> Option<RollbackKind> {
        Some(match self.way.get() {
            Way::Mode => RollbackKind::Mode,
            Way::Partial => {
                let groups = self.groups.get();
                if groups.is_empty() {
                    return None;
                }
                RollbackKind::Partial { groups }
            }
            Way::UndoAll => RollbackKind::UndoAll,
            Way::Restore => RollbackKind::Restore {
                backup: self.backup_of(options)?,
            },
        })
    }

    /// What the choice costs now. Reactive.
    pub fn cost(self, options: &RollbackOptions) -> Option<RollbackCost> {
        match self.kind(options)? {
            RollbackKind::Mode => Some(options.mode.clone()),
            RollbackKind::UndoAll => Some(options.undo_all.clone()),
            RollbackKind::Partial { .. } => self.cost_of_groups(),
            RollbackKind::Restore { backup } => options
                .restores
                .iter()
                .find(|one| one.backup.name == backup)
                .map(|one| one.cost.clone()),
        }
    }
}

/// The page.
#[component]
pub fn RollbackPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let system = Signal::stored(system);
    let options = load(
        &[Topic::Rollback, Topic::Backups, Topic::Mode, Topic::Run],
        move || {
            let system = system.get();
            async move { api::rollback_options(&system).await }
        },
    );
    let backups = load(&[Topic::Backups], move || {
        let system = system.get();
        async move { api::backups(&system).await }
    });
    let make = Submission::new();
    let session = session::current();
    let back_up = move || {
        let system = system.get_untracked();
        make.run(
            async move { api::make_backup(&system, make.press()).await },
            move |made: BackupSummary| {
                announce(&format!("Backup {} is being written", made.name));
                backups.reload();
            },
        );
    };
    let sub = move || {
        options.with(|options| match options {
            Some(options) => format!(
                "From light to heavy. Choose one to see what it would cost now, measured {}. Nothing happens until you confirm.",
                format::moment(&options.measured)
            ),
            None => "From light to heavy. Nothing happens until you confirm.".to_owned(),
        })
    };
    view! {
        <PageHead title="Backups and rollback" sub=Signal::derive(sub)>
            <ActionButton
                label="Back up now"
                picture="archive"
                refused=Signal::derive(move || session.refusal(Role::Operator))
                pending=Signal::derive(move || make.is_pending())
                on_press=back_up
            />
        </PageHead>
        <RefusalNote submission=make/>
        {options.view("ways back", move |options| view! { <Ways system=system options=options backups=backups /> }.into_any())}
    }
    .into_any()
}

/// What stands beside the losses: the choice that a way back still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Nothing,
    Groups,
    Full,
}

#[component]
fn Ways(
    system: Signal<String>,
    options: Memo<RollbackOptions>,
    backups: Loaded<Vec<BackupSummary>>,
) -> impl IntoView {
    let choice = Choice::new(system, options);
    let session = session::current();
    let open = RwSignal::new(false);
    let cost = Memo::new(move |_| options.with(|options| choice.cost(options)));
    let going_on = Memo::new(move |_| {
        options.with(|options| {
            options
                .current
                .as_ref()
                .is_some_and(|current| current.state == RollbackState::Running)
        })
    });
    let refused = move || {
        session
            .refusal(Role::Administrator)
            .or_else(|| match cost.get() {
                _ if going_on.get() => Some("A rollback is going on".to_owned()),
                Some(cost) => cost.refused,
                None if choice.way.get() == Way::Partial && choice.groups.with(Vec::is_empty) => {
                    Some("Choose an app first".to_owned())
                }
                None if choice.way.get() == Way::Partial => Some("Adding up the cost".to_owned()),
                None => Some("No verified backup can be restored".to_owned()),
            })
    };
    let words = Memo::new(move |_| options.with(|options| action_words(choice, options)));
    let side = Memo::new(move |_| match choice.way.get() {
        Way::Mode => Side::Nothing,
        Way::Partial => Side::Groups,
        Way::UndoAll | Way::Restore => Side::Full,
    });
    // One view for each record, which stays while its steps and tasks change: notes being typed are kept.
    let record = Memo::new(move |_| options.with(|options| options.current.clone()));
    let record_view = move || {
        record
            .with(|record| record.as_ref().map(|record| record.id))
            .map(|_| view! { <Record system=system options=options record=record /> })
    };
    let shown = Memo::new(move |_| record.with(|record| record.as_ref().map(|record| record.id)));
    view! {
        {move || (shown.get().is_some() && going_on.get()).then(|| untrack(record_view))}
        <Options options=options choice=choice />
        <div class="cols cols-2 stretch">
            <LostTable system=system options=options choice=choice />
            <div class="stack">
                {move || match side.get() {
                    Side::Nothing => ().into_any(),
                    Side::Groups => view! { <Groups options=options choice=choice /> }.into_any(),
                    Side::Full => view! { <Full options=options choice=choice /> }.into_any(),
                }}
                {backups.view("backups", move |backups| view! { <Backups system=system backups=backups options=options choice=choice /> }.into_any())}
                <KeptDatabases system=system />
            </div>
        </div>
        <div class="between">
            <p class="muted">
                {move || {
                    let approval = options.with(|options| options.needs_approval) && choice.way.get() != Way::Mode;
                    if approval {
                        "You will be asked to type the system's name. A second administrator has to approve first."
                    } else {
                        "You will be asked to type the system's name."
                    }
                }}
            </p>
            <div class="row">
            <ActionButton
                class="danger"
                label=Signal::derive(move || format!("{}…", words.get()))
                refused=Signal::derive(refused)
                on_press=move || open.set(true)
            />
            </div>
        </div>
        {move || {
            options
                .with(|options| options.needs_approval)
                .then(|| view! { <Approvals system=system /> })
        }}
        {move || (shown.get().is_some() && !going_on.get()).then(|| untrack(record_view))}
        <RecordHistory options=options />
        <ConfirmRollback system=system options=options choice=choice words=words open=open />
    }
    .into_any()
}

/// Words on the button: a verb and its result. Reactive.
fn action_words(choice: Choice, options: &RollbackOptions) -> String {
    match choice.way.get() {
        Way::Mode => "Switch the mode back".to_owned(),
        Way::Partial => {
            let chosen = choice.groups.get();
            let titles: Vec<&str> = options
                .groups
                .iter()
                .filter(|group| chosen.contains(&group.name))
                .map(|group| group.title.as_str())
                .collect();
            match titles.as_slice() {
                [] => "Undo some apps".to_owned(),
                [one] => format!("Undo {one}"),
                [one, other] => format!("Undo {one} and {other}"),
                more => format!("Undo {} apps", more.len()),
            }
        }
        Way::UndoAll => "Undo every step".to_owned(),
        Way::Restore => match choice.backup_of(options) {
            Some(name) => format!("Restore {name}"),
            None => "Restore a backup".to_owned(),
        },
    }
}
