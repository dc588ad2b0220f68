//! Inviting a person, and the one-time link that lets the person in: shown once, to be copied.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::account::{InvitedAccount, NewAccount, Role};
use wasm_bindgen_futures::JsFuture;
use web_sys::SubmitEvent;

use crate::api;
use crate::components::{Dialog, RefusalNote, TextField, announce, icon};
use crate::format;
use crate::session::role_word;
use crate::submission::Submission;

/// The dialog that asks whom to invite.
#[component]
pub fn Invite(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// Gets the link.
    link: RwSignal<Option<InvitedAccount>>,
) -> impl IntoView {
    let username = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Viewer);
    let submission = Submission::new();
    let problem = move |field: &'static str| {
        Signal::derive(move || submission.error().and_then(|error| error.field(field)))
    };
    let invite = move |event: SubmitEvent| {
        event.prevent_default();
        let body = NewAccount {
            username: username.get_untracked().trim().to_owned(),
            name: name.get_untracked().trim().to_owned(),
            role: role.get_untracked(),
        };
        submission.run(async move { api::invite(&body).await }, move |invited| {
            open.set(false);
            username.set(String::new());
            name.set(String::new());
            link.set(Some(invited));
        });
    };
    view! {
        <Dialog open=open title="Invite a person">
            <form class="dialog-form" on:submit=invite novalidate>
                <div class="body">
                    <p>"You get a link to hand over. It works once and lets the person choose a password."</p>
                    <TextField label="Name" name="invite-name" value=name autofocus=true hint="As others see it" error=problem("name") />
                    <TextField
                        label="Account name"
                        name="invite-username"
                        value=username
                        hint="Used to sign in"
                        error=problem("username")
                    />
                    <fieldset class="stack-sm gap-3">
                        <legend class="lbl">"Role"</legend>
                        {[
                            (Role::Viewer, "Reads everything, changes nothing"),
                            (Role::Operator, "Runs migrations, backups and onboarding"),
                            (Role::Administrator, "Everything, also users, overrides and rollback"),
                        ]
                            .into_iter()
                            .map(|(one, told)| {
                                view! {
                                    <label class="check">
                                        <input
                                            type="radio"
                                            name="invite-role"
                                            prop:checked=move || role.get() == one
                                            on:change=move |_| role.set(one)
                                        />
                                        <span>
                                            <b>{role_word(one)}</b>
                                            <br />
                                            {told}
                                        </span>
                                    </label>
                                }
                            })
                            .collect_view()}
                    </fieldset>
                    <RefusalNote submission=submission/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>
                        "Not now"
                    </button>
                    <button class="btn primary" aria-disabled=move || submission.is_pending().then_some("true")>
                        "Make the link"
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// The link, until the dialog is closed; it is not shown again.
#[component]
pub fn OneTimeLink(
    /// The link.
    link: RwSignal<Option<InvitedAccount>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let copied = RwSignal::new(false);
    Effect::new(move |_| {
        if link.with(Option::is_some) {
            copied.set(false);
            open.set(true);
        }
    });
    let address = move || {
        let origin = window().location().origin().unwrap_or_default();
        link.with(|link| {
            link.as_ref()
                .map(|link| format!("{origin}{}", link.link))
                .unwrap_or_default()
        })
    };
    let title = move || {
        link.with(|link| {
            link.as_ref().map_or_else(String::new, |link| {
                format!("Link for {}", link.account.name)
            })
        })
    };
    let copy = move |_| {
        let text = untrack(address);
        spawn_local(async move {
            let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
            if written.is_ok() {
                copied.try_set(true);
                announce("The link is copied");
            }
        });
    };
    view! {
        <Dialog open=open title=Signal::derive(title)>
            <div class="body">
                <p>
                    {move || {
                        link.with(|link| {
                            link.as_ref()
                                .map(|link| {
                                    format!(
                                        "Hand it over in a way that nobody else reads. It works once, until {}, and is not shown again.",
                                        format::moment(&link.expires),
                                    )
                                })
                        })
                    }}
                </p>
                <div class="field">
                    <label for="one-time-link">"One-time link"</label>
                    <input class="in mono" id="one-time-link" readonly autofocus prop:value=address />
                </div>
            </div>
            <footer>
                <button type="button" class="btn" on:click=move |_| open.set(false)>
                    "Close"
                </button>
                <button type="button" class="btn primary" on:click=copy>
                    {icon("copy")}
                    {move || if copied.get() { "Copied" } else { "Copy the link" }}
                </button>
            </footer>
        </Dialog>
    }
    .into_any()
}
