//! Sign in with account name and password.

use leptos::prelude::*;
use shared::account::SignIn;

use crate::api;
use crate::components::{Note, PasswordField, RefusalNote, TextField, set_title};
use crate::route::{Route, location};
use crate::session::{self, SessionState};
use crate::submission::Submission;

/// Sign in. Afterwards the page goes on to where the person wanted to be.
#[component]
pub fn LoginPage() -> impl IntoView {
    let session = session::current();
    let place = location::current();
    let next = place.query("next");
    Effect::new(move |_| set_title("Sign in"));
    Effect::new(move |_| {
        // asked for another page while signed out: it shows by itself
        let here = place.route().get_untracked() == Route::Login;
        if here && matches!(session.state(), SessionState::SignedIn(_)) {
            let wanted = next
                .get_untracked()
                .filter(|path| path.starts_with('/') && !path.starts_with("//"));
            place.go(wanted.as_deref().unwrap_or("/systems"));
        }
    });
    let username = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let submission = Submission::new();
    let act = move || {
        let body = SignIn {
            username: username.get_untracked().trim().to_string(),
            password: password.get_untracked(),
        };
        submission.run(async move { api::sign_in(&body).await }, move |answer| {
            session.accept(answer)
        });
    };
    let first_run =
        Memo::new(move |_| matches!(session.state(), SessionState::Nobody { first_run: true }));
    view! {
        <div>
            <h1>"Sign in"</h1>
            <p class="mt-1">"To the migration console."</p>
        </div>
        {move || first_run.get().then(|| view! {
            <Note picture="key" title="No account exists yet">
                "Open the one-time link that " <code>"switchyard"</code> " printed when it started. It makes the first administrator."
            </Note>
        })}
        <form class="box" on:submit=move |event| { event.prevent_default(); act(); }>
            <TextField label="Account name" name="username" value=username autocomplete="username" autofocus=true class="lg"/>
            <PasswordField label="Password" name="password" value=password/>
            <RefusalNote submission/>
            <button type="submit" class="btn lg primary" aria-busy=move || submission.is_pending().then_some("true")>
                {move || if submission.is_pending() { "Signing in" } else { "Sign in" }}
            </button>
            <p class="sm">"Forgotten the password? An administrator can make you a link to set a new one."</p>
        </form>
    }
    .into_any()
}
