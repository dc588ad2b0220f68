//! Run.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Run.
#[component]
pub fn RunPage(
    /// Slug of the system.
    system: String,
    /// Number of the run.
    run: i64,
) -> impl IntoView {
    let loaded = load(&[Topic::Run], move || {
        let system = system.clone();
        async move { api::run(&system, run).await }
    });
    view! {
        <PageHead title="Run"/>
        {loaded.view("run", |_| ().into_any())}
    }
    .into_any()
}
