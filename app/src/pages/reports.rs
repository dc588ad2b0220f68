//! Reports.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Reports.
#[component]
pub fn ReportsPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Reports], move || {
        let system = system.clone();
        async move { api::reports(&system).await }
    });
    view! {
        <PageHead title="Reports"/>
        {loaded.view("reports", |_| ().into_any())}
    }
    .into_any()
}
