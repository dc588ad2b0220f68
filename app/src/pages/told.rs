//! Who is told what happens to a system: subscribers by mail, webhooks, and links to its status page.

mod links;
mod once;
mod subscribers;
mod webhooks;

use leptos::prelude::*;
use shared::account::Role;

use crate::components::{Note, PageHead};
use crate::session;

use links::LinksPanel;
use once::{Once, OnceDialog};
use subscribers::SubscribersPanel;
use webhooks::WebhooksPanel;

/// The page; viewers do not see addresses.
#[component]
pub fn ToldPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let session = session::current();
    let allowed = Memo::new(move |_| session.may(Role::Operator));
    let slug = StoredValue::new(system);
    let once = RwSignal::new(None::<Once>);
    view! {
        <PageHead title="Who is told" sub="People and programs that are told of updates, maintenance windows, runs and switches of the mode."/>
        {move || if allowed.get() {
            view! {
                <SubscribersPanel slug/>
                <WebhooksPanel slug once/>
                <LinksPanel slug once/>
                <OnceDialog once/>
            }.into_any()
        } else {
            view! {
                <Note state="info" picture="lock" title="Only operators see who is told">
                    "Addresses of people stand here. An administrator can change your role."
                </Note>
            }.into_any()
        }}
    }
    .into_any()
}
