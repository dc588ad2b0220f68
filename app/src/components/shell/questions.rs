//! The two questions that a request may ask in between: sign in again, and confirm the password.

use leptos::prelude::*;
use shared::account::{ConfirmPassword, SignIn};

use crate::api;
use crate::components::dialog::Dialog;
use crate::components::field::PasswordField;
use crate::components::note::RefusalNote;
use crate::session::{self, SessionContext, SessionState};
use crate::submission::Submission;

/// The dialogs of both questions.
#[component]
pub(super) fn Questions() -> impl IntoView {
    view! { <SignInAgain/> <ConfirmYourPassword/> }
}

/// A dialog's signal that follows a question, and answers no when the dialog is closed otherwise.
fn follow(is_open: impl Fn() -> bool + 'static, refuse: impl Fn() + 'static) -> RwSignal<bool> {
    let open = RwSignal::new(false);
    Effect::new(move |before: Option<bool>| {
        let asked = is_open();
        if before != Some(asked) {
            open.set(asked);
        }
        asked
    });
    Effect::new(move |before: Option<bool>| {
        let shown = open.get();
        if before == Some(true) && !shown {
            refuse();
        }
        shown
    });
    open
}

#[component]
fn SignInAgain() -> impl IntoView {
    let session = session::current();
    let question = session.sign_in_again;
    let expired = move || question.is_open() || matches!(session.state(), SessionState::Expired(_));
    let open = follow(expired, move || {
        // closing the dialog is not signing in: the page goes, and says so at the sign-in
        if matches!(session.state_untracked(), SessionState::Expired(_)) {
            session.signed_out();
        }
        if question.is_open_untracked() {
            question.answer(false);
        }
    });
    view! {
        <Dialog open title="Your session ended">
            {sign_in_form(session, open)}
        </Dialog>
    }
}

fn sign_in_form(session: SessionContext, open: RwSignal<bool>) -> AnyView {
    let password = RwSignal::new(String::new());
    let submission = Submission::new();
    let account = session.account();
    let username = account
        .as_ref()
        .map(|account| account.username.clone())
        .unwrap_or_default();
    let name = account.map(|account| account.name).unwrap_or_default();
    let act = move || {
        let body = SignIn {
            username: username.clone(),
            password: password.get_untracked(),
        };
        submission.run(async move { api::sign_in(&body).await }, move |answer| {
            session.accept(answer);
            session.sign_in_again.answer(true);
        });
    };
    password_form(
        format!("Sign in again as {name}. What you were doing is still here."),
        "Sign out",
        "Sign in",
        password,
        submission,
        open,
        act,
    )
}

#[component]
fn ConfirmYourPassword() -> impl IntoView {
    let session = session::current();
    let question = session.password;
    let open = follow(
        move || question.is_open(),
        move || {
            if question.is_open_untracked() {
                question.answer(false);
            }
        },
    );
    view! {
        <Dialog open title="Confirm that it is you">
            {
                let password = RwSignal::new(String::new());
                let submission = Submission::new();
                let act = move || {
                    let body = ConfirmPassword { password: password.get_untracked() };
                    submission.run(async move { api::confirm_password(&body).await }, move |answer| {
                        session.accept(answer);
                        question.answer(true);
                    });
                };
                password_form(
                    "Destructive actions need your password. It then holds for 10 minutes.".into(),
                    "Not now", "Confirm", password, submission, open, act,
                )
            }
        </Dialog>
    }
}

fn password_form(
    text: String,
    quiet: &'static str,
    label: &'static str,
    password: RwSignal<String>,
    submission: Submission,
    open: RwSignal<bool>,
    act: impl Fn() + 'static,
) -> AnyView {
    view! {
        <form class="dialog-form" on:submit=move |event| { event.prevent_default(); act(); }>
            <div class="body">
                <p>{text}</p>
                <PasswordField label="Password" name="confirm-password" value=password autofocus=true/>
                <RefusalNote submission/>
            </div>
            <footer>
                <button type="button" class="btn" on:click=move |_| open.set(false)>{quiet}</button>
                <button type="submit" class="btn primary" aria-busy=move || submission.is_pending().then_some("true")>{label}</button>
            </footer>
        </form>
    }
    .into_any()
}
