//! Moving an organization from stage to stage: the menu of a card, and the dialog that asks why.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{Move, MoveOrganization, Organization, OrganizationList, Stage};

use crate::api;
use crate::components::{Dialog, Menu, MenuItem, Note, RefusalNote, announce};
use crate::session;
use crate::submission::Submission;

/// Moves organizations of one system; a refused move says which gate is closed.
#[derive(Clone, Copy)]
pub struct Mover {
    system: Signal<String>,
    list: Signal<OrganizationList>,
    command: Submission,
    /// The organization and stage of the last move that was asked for.
    asked: RwSignal<Option<(String, Stage)>>,
    /// The move that waits for a reason.
    reason_for: RwSignal<Option<(Organization, Stage)>>,
}

impl Mover {
    /// A mover for the organizations of a list.
    pub fn new(system: Signal<String>, list: Signal<OrganizationList>) -> Self {
        Self {
            system,
            list,
            command: Submission::new(),
            asked: RwSignal::new(None),
            reason_for: RwSignal::new(None),
        }
    }

    /// Asks for a move. Suspending, and coming back from it, first asks the person why.
    pub fn request(self, code: &str, to: Stage) {
        let Some(organization) = self.list.with_untracked(|list| {
            list.organizations
                .iter()
                .find(|one| one.code == code)
                .cloned()
        }) else {
            return;
        };
        if organization.stage == to {
            return;
        }
        if to == Stage::Suspended || organization.stage == Stage::Suspended {
            self.reason_for.set(Some((organization, to)));
        } else {
            self.go(organization, to, None);
        }
    }

    fn go(self, organization: Organization, to: Stage, reason: Option<String>) {
        let code = organization.code.clone();
        self.asked.set(Some((code.clone(), to)));
        let body = MoveOrganization {
            version: organization.version,
            to,
            reason,
        };
        let system = self.system.get_untracked();
        let (asked_code, press) = (code.clone(), self.command.press());
        self.command.run(
            async move { api::move_organization(&system, &asked_code, &body, press).await },
            move |_| {
                self.reason_for.set(None);
                announce(&format!("{code} moved to {}", to.word()));
            },
        );
    }
}

/// The menu of a row or card: open it, or move it to another stage.
#[component]
pub fn StageMenu(
    /// Moves it.
    mover: Mover,
    /// The organization.
    organization: Organization,
) -> impl IntoView {
    let session = session::current();
    let moves = RwSignal::new(None::<Result<Vec<Move>, String>>);
    let code = StoredValue::new(organization.code.clone());
    let stage = organization.stage;
    let ask = move |()| {
        let system = mover.system.get_untracked();
        leptos::task::spawn_local(async move {
            let code = code.get_value();
            let answer = api::organization(&system, &code).await;
            moves.try_set(Some(match answer {
                Ok(detail) => Ok(detail.moves),
                Err(error) => Err(error.to_string()),
            }));
        });
    };
    let refused = move |to: Stage| {
        Signal::derive(move || {
            if !session.may(Role::Administrator) {
                return Some("Only an administrator moves organizations".to_owned());
            }
            match moves.get() {
                None => Some("Checking its gate".to_owned()),
                Some(Err(error)) => Some(error),
                Some(Ok(moves)) => match moves.into_iter().find(|one| one.to == to) {
                    Some(found) => found.refused,
                    None => Some(format!("Not possible from {}", stage.word())),
                },
            }
        })
    };
    view! {
        <Menu label=format!("Move or open {}", organization.code) on_open=Callback::new(ask)>
            <a
                role="menuitem"
                class="item"
                tabindex="-1"
                href=format!("/systems/{}/organizations/{}/onboard", mover.system.get_untracked(), code.get_value())
            >
                "Open its preparation"
            </a>
            {Stage::ALL
                .into_iter()
                .filter(|to| *to != stage)
                .map(|to| {
                    view! {
                        <MenuItem
                            label=format!("Move to {}", to.word())
                            refused=refused(to)
                            on_pick=Callback::new(move |()| code.with_value(|code| mover.request(code, to)))
                        />
                    }
                })
                .collect_view()}
        </Menu>
    }
    .into_any()
}

/// What became of the last move, where it was refused; and the dialog that asks for a reason.
#[component]
pub fn MoveOutcome(
    /// The mover.
    mover: Mover,
) -> impl IntoView {
    let open = RwSignal::new(false);
    // The dialog is open exactly while a move waits for a reason; each effect only changes what differs.
    Effect::new(move |_| {
        let asked = mover.reason_for.with(Option::is_some);
        if asked != open.get_untracked() {
            open.set(asked);
        }
    });
    Effect::new(move |_| {
        if !open.get() && mover.reason_for.with_untracked(Option::is_some) {
            mover.reason_for.set(None);
        }
    });
    let reason = RwSignal::new(String::new());
    let missing = RwSignal::new(false);
    let title = move || {
        mover.reason_for.with(|asked| match asked {
            Some((organization, Stage::Suspended)) => format!("Suspend {}?", organization.code),
            Some((organization, _)) => format!("Bring {} back?", organization.code),
            None => String::new(),
        })
    };
    let told = move || {
        mover.reason_for.with(|asked| match asked {
            Some((organization, Stage::Suspended)) => format!(
                "{} cannot work on the system until it is brought back. Its {} records stay, and no other organization is touched.",
                organization.name, organization.rows
            ),
            Some((organization, to)) => format!(
                "{} is {} again. No other organization is touched.",
                organization.name,
                to.word().to_lowercase()
            ),
            None => String::new(),
        })
    };
    let button = move || {
        mover.reason_for.with(|asked| match asked {
            Some((organization, Stage::Suspended)) => format!("Suspend {}", organization.code),
            Some((organization, _)) => format!("Bring {} back", organization.code),
            None => String::new(),
        })
    };
    // only suspending takes something away
    let style = move || match mover.reason_for.with(|asked| {
        asked
            .as_ref()
            .is_some_and(|(_, to)| *to == Stage::Suspended)
    }) {
        true => "btn lg danger solid",
        false => "btn lg primary",
    };
    let go = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let written = reason.get_untracked().trim().to_owned();
        missing.set(written.is_empty());
        if written.is_empty() {
            return;
        }
        if let Some((organization, to)) = mover.reason_for.get_untracked() {
            mover.go(organization, to, Some(written));
            reason.set(String::new());
        }
    };
    let outside = move || (!open.get()).then(|| mover.command.error()).flatten();
    view! {
        {move || {
            outside()
                .zip(mover.asked.get())
                .map(|(error, (code, to))| {
                    view! {
                        <Note state="gate" alert=true title=format!("{code} was not moved to {}", to.word())>
                            {error.detail()}
                        </Note>
                    }
                })
        }}
        <Dialog open=open title=Signal::derive(title)>
            <form class="dialog-form" on:submit=go>
                <div class="body">
                    <p>{told}</p>
                    <div class="field">
                        <label for="move-reason">"Reason"</label>
                        <textarea
                            class="in"
                            id="move-reason"
                            rows="3"
                            autofocus
                            aria-invalid=move || missing.get().then_some("true")
                            aria-describedby="move-reason-hint"
                            prop:value=move || reason.get()
                            on:input=move |event| reason.set(event_target_value(&event))
                        ></textarea>
                        <p class="hint" id="move-reason-hint">
                            {move || {
                                if missing.get() { "Write a reason first. It is kept in the audit log." } else { "Kept in the audit log." }
                            }}
                        </p>
                    </div>
                    <RefusalNote submission=mover.command/>
                </div>
                <footer>
                    <button type="button" class="btn lg" on:click=move |_| open.set(false)>
                        "Leave it as it is"
                    </button>
                    <button class=style aria-disabled=move || mover.command.is_pending().then_some("true")>
                        {button}
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
