//! Data.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Data.
#[component]
pub fn DataPage(
    /// Slug of the system.
    system: String,
    /// Label of the chosen model.
    model: Option<String>,
) -> impl IntoView {
    let _ = model;
    let loaded = load(&[Topic::Run], move || {
        let system = system.clone();
        async move { api::browse_models(&system, None).await }
    });
    view! {
        <PageHead title="Data"/>
        {loaded.view("data", |_| ().into_any())}
    }
    .into_any()
}
