//! First step: the organization's name and kind, and who is asked about it.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{ChangeOrganization, OrganizationDetail};

use super::save::Saver;
use crate::format;
use crate::session;

/// Name, kind and contact.
#[component]
pub fn Contact(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let locked = move || !session.may(Role::Operator);
    let problem = move |field: &'static str| {
        saver
            .submission
            .error()
            .and_then(|error| error.field(field))
    };
    let field = move |label: &'static str,
                      name: &'static str,
                      kind: &'static str,
                      hint: &'static str,
                      read: fn(&OrganizationDetail) -> &String,
                      write: fn(&mut ChangeOrganization, String)| {
        view! {
            <div class="field">
                <label for=name>{label}</label>
                <input
                    class="in"
                    id=name
                    type=kind
                    readonly=locked
                    aria-invalid=move || problem(name).map(|_| "true")
                    aria-describedby=format!("{name}-hint")
                    prop:value=move || detail.with(|detail| read(detail).clone())
                    on:change=move |event| {
                        let mut change = saver.change();
                        write(&mut change, event_target_value(&event).trim().to_owned());
                        saver.save(change);
                    }
                />
                <p class=move || if problem(name).is_some() { "err" } else { "hint" } id=format!("{name}-hint")>
                    {move || problem(name).unwrap_or_else(|| hint.to_owned())}
                </p>
            </div>
        }
    };
    view! {
        <section class="panel" aria-labelledby="contact-heading">
            <header>
                <h2 id="contact-heading">"Contact"</h2>
                <p>"Who answers for this organization during the migration"</p>
            </header>
            <div class="body stack-sm">
                {field("Contact person", "contact_name", "text", "First and last name", |detail| &detail.organization.contact_name, |change, value| change.contact_name = Some(value))}
                {field("Contact address", "contact_email", "email", "Such as name@agency.example", |detail| &detail.organization.contact_email, |change, value| change.contact_email = Some(value))}
                {field("Name of the organization", "name", "text", "As it appears in the selector", |detail| &detail.organization.name, |change, value| change.name = Some(value))}
                {field("Kind", "kind", "text", "Such as ministry, office or agency", |detail| &detail.organization.kind, |change, value| change.kind = Some(value))}
            </div>
        </section>
        <section class="panel" aria-labelledby="holds-heading">
            <header>
                <h2 id="holds-heading">"Records it holds now"</h2>
            </header>
            <div class="body">
                {move || {
                    let rows = detail.with(|detail| detail.rows.clone());
                    if rows.is_empty() {
                        view! { <p class="muted">"None"</p> }.into_any()
                    } else {
                        view! {
                            <dl class="kv end rules">
                                {rows
                                    .into_iter()
                                    .map(|model| {
                                        view! {
                                            <dt>{model.model}</dt>
                                            <dd>{format::count(model.rows)}</dd>
                                        }
                                    })
                                    .collect_view()}
                            </dl>
                        }
                            .into_any()
                    }
                }}
            </div>
        </section>
    }
    .into_any()
}
