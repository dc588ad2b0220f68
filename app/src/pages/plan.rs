//! New run.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// New run.
#[component]
pub fn PlanPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Run], move || {
        let system = system.clone();
        async move { api::plan(&system).await }
    });
    view! {
        <PageHead title="New run"/>
        {loaded.view("plan", |_| ().into_any())}
    }
    .into_any()
}
