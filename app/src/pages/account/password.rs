//! Changing one's own password.

use leptos::prelude::*;
use shared::account::ChangePassword;
use web_sys::SubmitEvent;

use crate::api;
use crate::components::{Note, PasswordField, RefusalNote};
use crate::submission::Submission;

/// Characters that a password needs at least; the server decides, this only says it earlier.
const SHORTEST: usize = 12;

/// Asks for the present password and twice for the new one.
#[component]
pub fn Password() -> impl IntoView {
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let again = RwSignal::new(String::new());
    let wrong = RwSignal::new((None::<String>, None::<String>));
    let changed = RwSignal::new(false);
    let submission = Submission::new();
    let change = move |event: SubmitEvent| {
        event.prevent_default();
        changed.set(false);
        let body = ChangePassword {
            current: current.get_untracked(),
            new: new.get_untracked(),
        };
        let short = (body.new.chars().count() < SHORTEST)
            .then(|| format!("Use at least {SHORTEST} characters."));
        let different = (short.is_none() && body.new != again.get_untracked())
            .then(|| "The two new passwords differ.".to_owned());
        let fine = short.is_none() && different.is_none();
        wrong.set((short, different));
        if !fine {
            return;
        }
        submission.run(
            async move { api::change_password(&body).await },
            move |_| {
                for value in [current, new, again] {
                    value.set(String::new());
                }
                changed.set(true);
            },
        );
    };
    let problem =
        move |field: &'static str| submission.error().and_then(|error| error.field(field));
    view! {
        <section class="panel" aria-labelledby="password-heading">
            <header>
                <h2 id="password-heading">"Password"</h2>
            </header>
            <form class="body stack-sm" on:submit=change>
                <PasswordField label="Present password" name="current" value=current error=Signal::derive(move || problem("current")) />
                <PasswordField
                    label="New password"
                    name="new"
                    value=new
                    new=true
                    hint="At least 12 characters. A few words are easier to keep than signs."
                    error=Signal::derive(move || wrong.get().0.or_else(|| problem("new")))
                />
                <PasswordField label="New password again" name="again" value=again new=true error=Signal::derive(move || wrong.get().1) />
                <RefusalNote submission=submission/>
                <div role="status">
                    {move || {
                        changed
                            .get()
                            .then(|| {
                                view! {
                                    <Note state="done" title="The password is changed">
                                        "Use it from the next sign-in on."
                                    </Note>
                                }
                            })
                    }}
                </div>
                <div>
                    <button class="btn primary" aria-disabled=move || submission.is_pending().then_some("true")>
                        "Change the password"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
