//! Mode.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Mode.
#[component]
pub fn ModePage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Mode], move || {
        let system = system.clone();
        async move { api::mode(&system).await }
    });
    view! {
        <PageHead title="Mode"/>
        {loaded.view("mode", |_| ().into_any())}
    }
    .into_any()
}
