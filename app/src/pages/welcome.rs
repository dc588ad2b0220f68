//! A one-time link: the first account, an invitation, or a new password.

use leptos::prelude::*;
use shared::account::{AcceptInvitation, Invitation};

use crate::api;
use crate::components::{PasswordField, RefusalNote, TextField, set_title};
use crate::format;
use crate::loader::load;
use crate::route::location;
use crate::session::{self, role_word};
use crate::submission::Submission;

/// Accepts a one-time link.
#[component]
pub fn WelcomePage(
    /// Secret of the link.
    token: String,
) -> impl IntoView {
    let secret = StoredValue::new(token);
    Effect::new(move |_| set_title("Welcome"));
    let invitation = load(&[], move || {
        let token = secret.get_value();
        async move { api::invitation(&token).await }
    });
    view! {
        {move || invitation.error().is_some().then(|| view! { <h1>"This link does not open an account"</h1> })}
        {invitation.view("invitation", move |invitation| form(secret, invitation.get_untracked()))}
        <p class="sm"><a href="/login">"Sign in with an account that you have"</a></p>
    }
    .into_any()
}

fn form(secret: StoredValue<String>, invitation: Invitation) -> AnyView {
    let session = session::current();
    let place = location::current();
    let chooses_name = invitation.username.is_none();
    let username = RwSignal::new(invitation.username.clone().unwrap_or_default());
    let name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let again = RwSignal::new(String::new());
    let submission = Submission::new();
    let differs = Signal::derive(move || {
        (again.with(|again| !again.is_empty()) && again.get() != password.get())
            .then(|| "Both passwords have to be the same".to_string())
    });
    let wrong = move |field: &'static str| {
        Signal::derive(move || submission.error().and_then(|error| error.field(field)))
    };
    let reset = invitation.reset;
    let act = move || {
        if differs.get_untracked().is_some() || again.with_untracked(String::is_empty) {
            return;
        }
        let token = secret.get_value();
        let body = AcceptInvitation {
            username: chooses_name.then(|| username.get_untracked().trim().to_string()),
            name: name.get_untracked().trim().to_string(),
            password: password.get_untracked(),
        };
        submission.run(
            async move { api::accept_invitation(&token, &body).await },
            move |answer| {
                session.accept(answer);
                place.go("/systems");
            },
        );
    };
    let (title, sub) = if invitation.first_run {
        (
            "Make the first account",
            "It is the administrator of this installation. Everybody else is invited by it."
                .to_string(),
        )
    } else if reset {
        (
            "Set a new password",
            format!("For the account {}.", username.get_untracked()),
        )
    } else {
        (
            "Welcome to Switchyard",
            format!("Your role is {}.", role_word(invitation.role)),
        )
    };
    view! {
        <div><h1>{title}</h1><p class="mt-1">{sub}</p></div>
        <form class="box" on:submit=move |event| { event.prevent_default(); act(); }>
            {if chooses_name {
                view! { <TextField label="Account name" name="username" value=username autocomplete="username" autofocus=true hint="You sign in with it" error=wrong("username") class="lg"/> }.into_any()
            } else {
                view! { <input type="hidden" name="username" autocomplete="username" prop:value=move || username.get()/> }.into_any()
            }}
            {(!reset).then(|| view! { <TextField label="Your name" name="name" value=name autocomplete="name" hint="Others see it beside what you do" error=wrong("name") class="lg"/> })}
            <PasswordField label="Password" name="new-password" value=password new=true hint="At least 12 characters" error=wrong("password")/>
            <PasswordField label="Password again" name="password-again" value=again new=true error=differs/>
            <RefusalNote submission/>
            <button type="submit" class="btn lg primary" aria-busy=move || submission.is_pending().then_some("true")>
                {if reset { "Set the password" } else { "Make the account" }}
            </button>
            <p class="sm">{format!("This link works once, until {}.", format::moment(&invitation.expires))}</p>
        </form>
    }
    .into_any()
}
