//! Organizations.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Organizations.
#[component]
pub fn OrganizationsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Organizations], move || {
        let system = system.clone();
        async move { api::organizations(&system).await }
    });
    view! {
        <PageHead title="Organizations"/>
        {loaded.view("organizations", |_| ().into_any())}
    }
    .into_any()
}
