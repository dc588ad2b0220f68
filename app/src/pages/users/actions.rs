//! What an administrator can do with an account: change its role, disable it, give it a new password link.

use leptos::prelude::*;
use shared::account::{Account, ChangeAccount, InvitedAccount, Role};

use crate::api;
use crate::components::{Confirm, Menu, MenuItem, announce};
use crate::session::role_word;
use crate::submission::Submission;

/// What was picked from the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Role(Role),
    Disable,
    Enable,
    Reset,
}

impl Action {
    fn question(self, account: &Account) -> String {
        match self {
            Self::Role(role) => {
                format!("Make {} {}?", account.name, role_word(role).to_lowercase())
            }
            Self::Disable => format!("Disable {}?", account.name),
            Self::Enable => format!("Enable {} again?", account.name),
            Self::Reset => format!("Make a new link for {}?", account.name),
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Role(Role::Administrator) => {
                "An administrator may do everything, also give roles and approve."
            }
            Self::Role(Role::Operator) => {
                "An operator runs migrations, backups and onboarding; no users, no overrides, no rollback."
            }
            Self::Role(Role::Viewer) => "A viewer reads everything and changes nothing.",
            Self::Disable => {
                "This person is signed out at once and cannot sign in. What was done stays in the audit log."
            }
            Self::Enable => "This person can sign in again with the same password and role.",
            Self::Reset => {
                "The link sets a new password and works once. The present password works until then."
            }
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Role(_) => "Change the role",
            Self::Disable => "Disable the account",
            Self::Enable => "Enable the account",
            Self::Reset => "Make the link",
        }
    }
}

/// The menu of one account, with the dialog that confirms what was picked.
#[component]
pub fn AccountMenu(
    /// The account.
    account: Account,
    /// Administrators who can sign in.
    administrators: Memo<usize>,
    /// Gets the one-time link that was made.
    link: RwSignal<Option<InvitedAccount>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let picked = RwSignal::new(Action::Reset);
    let submission = Submission::new();
    let is_last = {
        let counts = account.role == Role::Administrator && !account.disabled && !account.invited;
        move || counts && administrators.get() < 2
    };
    let protected = move || {
        is_last().then(|| "The last administrator stays. Make another one first.".to_owned())
    };
    let pick = move |action: Action| {
        picked.set(action);
        open.set(true);
    };
    let id = StoredValue::new(account.id.clone());
    let version = account.version;
    let name = account.name.clone();
    let act = move |_: String| {
        let action = picked.get_untracked();
        let id = id.get_value();
        let name = name.clone();
        if action == Action::Reset {
            submission.run(
                async move { api::reset_account(&id).await },
                move |invited| {
                    open.set(false);
                    link.set(Some(invited));
                },
            );
            return;
        }
        let body = ChangeAccount {
            version,
            role: match action {
                Action::Role(role) => Some(role),
                _ => None,
            },
            name: None,
            disabled: match action {
                Action::Disable => Some(true),
                Action::Enable => Some(false),
                _ => None,
            },
        };
        submission.run(
            async move { api::change_account(&id, &body).await },
            move |_| {
                open.set(false);
                announce(&format!("{name} was changed"));
            },
        );
    };
    let disabled = account.disabled;
    let role = account.role;
    let questioned = account.clone();
    view! {
        <Menu label=format!("Actions for {}", account.name)>
            {[Role::Administrator, Role::Operator, Role::Viewer]
                .into_iter()
                .filter(|one| *one != role)
                .map(|one| {
                    view! {
                        <MenuItem
                            label=format!("Make {}", role_word(one).to_lowercase())
                            refused=Signal::derive(protected)
                            on_pick=Callback::new(move |()| pick(Action::Role(one)))
                        />
                    }
                })
                .collect_view()}
            <MenuItem label="New password link" refused=Signal::stored(None::<String>) on_pick=Callback::new(move |()| pick(Action::Reset)) />
            {if disabled {
                view! { <MenuItem label="Enable" refused=Signal::stored(None::<String>) on_pick=Callback::new(move |()| pick(Action::Enable)) /> }.into_any()
            } else {
                view! { <MenuItem label="Disable" refused=Signal::derive(protected) on_pick=Callback::new(move |()| pick(Action::Disable)) /> }.into_any()
            }}
        </Menu>
        <Confirm
            open=open
            title=Signal::derive(move || picked.get().question(&questioned))
            label=Signal::derive(move || picked.get().label().to_owned())
            quiet="Leave it as it is"
            danger=false
            submission=submission
            action=act
        >
            <p>{move || picked.get().told()}</p>
        </Confirm>
    }
    .into_any()
}
