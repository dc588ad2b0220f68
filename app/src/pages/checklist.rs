//! Checklist.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Checklist.
#[component]
pub fn ChecklistPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Checklist], move || {
        let system = system.clone();
        async move { api::checklist(&system).await }
    });
    view! {
        <PageHead title="Checklist"/>
        {loaded.view("checklist", |_| ().into_any())}
    }
    .into_any()
}
