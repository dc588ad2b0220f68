//! Your account.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Your account.
#[component]
pub fn AccountPage() -> impl IntoView {
    let loaded = load(
        &[Topic::Accounts],
        move || async move { api::sessions().await },
    );
    view! {
        <PageHead title="Your account"/>
        {loaded.view("sessions", |_| ().into_any())}
    }
    .into_any()
}
