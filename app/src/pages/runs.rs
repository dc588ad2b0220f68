//! Runs.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Runs.
#[component]
pub fn RunsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Run], move || {
        let system = system.clone();
        async move { api::runs(&system).await }
    });
    view! {
        <PageHead title="Runs"/>
        {loaded.view("runs", |_| ().into_any())}
    }
    .into_any()
}
