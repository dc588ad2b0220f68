//! Links to the status page for one audience: made, copied once, revoked.

use leptos::prelude::*;
use shared::account::Role;
use shared::event::Topic;
use shared::status_link::{Audience, MakeStatusLink, StatusLink};
use shared::system::Tone;
use web_sys::SubmitEvent;

use super::Once;
use crate::api;
use crate::components::{
    ActionButton, Confirm, Dialog, Empty, Panel, RefusalNote, TextField, announce, state_badge,
};
use crate::format;
use crate::loader::{Loaded, load};
use crate::session;
use crate::submission::Submission;

/// The panel.
#[component]
pub(super) fn LinksPanel(
    /// Slug of the system.
    slug: StoredValue<String>,
    /// Gets the address of a new one.
    once: RwSignal<Option<Once>>,
) -> impl IntoView {
    let loaded = load(&[Topic::Notices], move || {
        let system = slug.get_value();
        async move { api::status_links(&system).await }
    });
    let session = session::current();
    let refused = Signal::derive(move || session.refusal(Role::Operator));
    let making = RwSignal::new(false);
    let revoking = RwSignal::new(false);
    let chosen = RwSignal::new(None::<StatusLink>);
    let command = Submission::new();
    let revoke = move |_: String| {
        let Some(link) = chosen.get_untracked() else {
            return;
        };
        let system = slug.get_value();
        command.run(
            async move { api::revoke_status_link(&system, &link.id).await },
            move |()| {
                revoking.set(false);
                announce("The link is revoked");
                loaded.reload();
            },
        );
    };
    view! {
        {loaded.view("links", move |shown| view! {
            <Panel title="Links to the status page" class="clip" aside=move || view! {
                <span class="push"><ActionButton label="Make a link" refused reason_elsewhere=true on_press=move || making.set(true)/></span>
            }>
                <ul class="gates bare">
                    {move || shown.with(|all| all.iter().cloned().map(|one| line(one, refused, chosen, revoking)).collect_view())}
                </ul>
                {move || shown.with(Vec::is_empty).then(|| view! { <Empty picture="lock" title="No link" text="A link opens the status page of a private system, or of one organization, without an account."/> })}
            </Panel>
        }.into_any())}
        <MakeDialog slug loaded open=making once/>
        <Confirm open=revoking title="Revoke this link?" label="Revoke the link" quiet="Keep it" danger=true submission=command action=revoke>
            <p>{move || chosen.with(|one| one.as_ref().map(|one| format!("The link for “{}” opens nothing any more, and whoever subscribed through it gets no more mails.", one.label)))}</p>
        </Confirm>
    }
    .into_any()
}

fn line(
    link: StatusLink,
    refused: Signal<Option<String>>,
    chosen: RwSignal<Option<StatusLink>>,
    revoking: RwSignal<bool>,
) -> AnyView {
    let over = format::epoch_ms(&link.expires).is_some_and(|at| (at as f64) < js_sys::Date::now());
    let badge = match (&link.revoked, over) {
        (Some(_), _) => state_badge(Tone::Skipped, "Revoked"),
        (None, true) => state_badge(Tone::Skipped, "Ended"),
        (None, false) => state_badge(Tone::Done, "Good"),
    };
    let open = link.revoked.is_none() && !over;
    let audience = match &link.audience {
        Audience::Executive => "For executives".to_owned(),
        Audience::Engineer => "For engineers".to_owned(),
        Audience::Organization { code } => format!("Only {code}"),
    };
    let until = format::moment(&link.expires);
    let revoked = link.clone();
    view! {
        <li>
            <span><b>{link.label}</b> " " {badge}</span>
            {open.then(|| view! {
                <span class="ev"><ActionButton label="Revoke" class="sm" refused reason_elsewhere=true on_press=move || {
                    chosen.set(Some(revoked.clone()));
                    revoking.set(true);
                }/></span>
            })}
            <p>{audience} ", until " {until} ", by " {link.by}</p>
        </li>
    }
    .into_any()
}

#[component]
fn MakeDialog(
    slug: StoredValue<String>,
    loaded: Loaded<Vec<StatusLink>>,
    open: RwSignal<bool>,
    once: RwSignal<Option<Once>>,
) -> impl IntoView {
    let label = RwSignal::new(String::new());
    let audience = RwSignal::new("executive".to_owned());
    let organization = RwSignal::new(String::new());
    let days = RwSignal::new("30".to_owned());
    let command = Submission::new();
    let problem = move |field: &'static str| {
        Signal::derive(move || command.error().and_then(|error| error.field(field)))
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let body = MakeStatusLink {
            label: label.get_untracked(),
            audience: match audience.get_untracked().as_str() {
                "engineer" => Audience::Engineer,
                "organization" => Audience::Organization {
                    code: organization.get_untracked().trim().to_owned(),
                },
                _ => Audience::Executive,
            },
            // what is no number is refused by the server, with its range
            days: days.get_untracked().trim().parse().unwrap_or(0),
        };
        let system = slug.get_value();
        command.run(
            async move { api::make_status_link(&system, &body).await },
            move |made| {
                open.set(false);
                label.set(String::new());
                once.set(Some(Once {
                    title: "The link",
                    text: format!(
                        "Whoever has it reads the page until {}. It is not shown again.",
                        format::moment(&made.link.expires)
                    ),
                    label: "Address",
                    value: made.address,
                }));
                loaded.reload();
            },
        );
    };
    view! {
        <Dialog open title="Make a link">
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    <TextField label="What it is for" name="link-label" value=label autofocus=true hint="Such as Office of the Minister" error=problem("label")/>
                    <div class="field">
                        <label for="link-audience">"What it shows"</label>
                        <select class="in" id="link-audience" prop:value=move || audience.get() on:change=move |event| audience.set(event_target_value(&event))>
                            <option value="executive">"State, progress and availability"</option>
                            <option value="engineer">"Everything"</option>
                            <option value="organization">"The progress of one organization"</option>
                        </select>
                    </div>
                    {move || (audience.get() == "organization").then(|| view! {
                        <TextField label="Organization" name="link-organization" value=organization hint="Its code"/>
                    })}
                    <TextField label="Good for so many days" name="link-days" value=days error=problem("days")/>
                    <RefusalNote submission=command/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || command.is_pending().then_some("true")>"Make the link"</button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
