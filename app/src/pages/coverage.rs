//! Coverage.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Coverage.
#[component]
pub fn CoveragePage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Coverage], move || {
        let system = system.clone();
        async move { api::coverage(&system).await }
    });
    view! {
        <PageHead title="Coverage"/>
        {loaded.view("coverage", |_| ().into_any())}
    }
    .into_any()
}
