//! The dialog that adds one organization.

use leptos::prelude::*;
use shared::organization::NewOrganization;
use web_sys::SubmitEvent;

use crate::api;
use crate::components::{Dialog, RefusalNote, TextField};
use crate::route::{SystemPage, location};
use crate::submission::Submission;

/// Asks for code, name, kind and contact, and opens the preparation of the new organization.
#[component]
pub fn AddOrganization(
    /// Slug of the system.
    system: Signal<String>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let code = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let kind = RwSignal::new("ministry".to_owned());
    let contact_name = RwSignal::new(String::new());
    let contact_email = RwSignal::new(String::new());
    let command = Submission::new();
    let location = location::current();
    let problem = move |field: &'static str| {
        Signal::derive(move || command.error().and_then(|error| error.field(field)))
    };
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        let body = NewOrganization {
            code: code.get_untracked().trim().to_owned(),
            name: name.get_untracked().trim().to_owned(),
            kind: kind.get_untracked(),
            contact_name: contact_name.get_untracked().trim().to_owned(),
            contact_email: contact_email.get_untracked().trim().to_owned(),
        };
        let system = system.get_untracked();
        let asked = system.clone();
        command.run(
            async move { api::new_organization(&asked, &body).await },
            move |made| {
                open.set(false);
                location.go(&SystemPage::Onboard {
                    organization: made.code,
                }
                .of(&system));
            },
        );
    };
    view! {
        <Dialog open=open title="Add an organization">
            <form class="dialog-form" on:submit=add novalidate>
                <div class="body">
                    <p>"It starts as invited. Nobody works on the system until it is prepared and moved on."</p>
                    <TextField label="Code" name="new-code" autofocus=true value=code error=problem("code") hint="2 to 20 letters, digits, - or _. It is never changed." />
                    <TextField label="Name" name="new-name" value=name error=problem("name") hint="As it appears in the selector" />
                    <div class="field">
                        <label for="new-kind">"Kind"</label>
                        <select class="in" id="new-kind" prop:value=move || kind.get() on:change=move |event| kind.set(event_target_value(&event))>
                            <option value="ministry">"Ministry"</option>
                            <option value="office">"Office"</option>
                            <option value="agency">"Agency"</option>
                            <option value="commission">"Commission"</option>
                        </select>
                    </div>
                    <TextField label="Contact person" name="new-contact" value=contact_name error=problem("contact_name") hint="Can be filled in later" />
                    <TextField label="Contact address" name="new-email" value=contact_email error=problem("contact_email") hint="Such as name@agency.example" />
                    <RefusalNote submission=command/>
                </div>
                <footer>
                    <button type="button" class="btn lg" on:click=move |_| open.set(false)>
                        "Not now"
                    </button>
                    <button class="btn lg primary" aria-disabled=move || command.is_pending().then_some("true")>
                        "Add it"
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
