//! All organizations.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// All organizations.
#[component]
pub fn AllPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Organizations], move || {
        let system = system.clone();
        async move { api::all_organizations(&system).await }
    });
    view! {
        <PageHead title="All organizations"/>
        {loaded.view("totals", |_| ().into_any())}
    }
    .into_any()
}
