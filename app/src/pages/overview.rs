//! Overview.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Overview.
#[component]
pub fn OverviewPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::System, Topic::Run], move || {
        let system = system.clone();
        async move { api::system(&system).await }
    });
    view! {
        <PageHead title="Overview"/>
        {loaded.view("overview", |_| ().into_any())}
    }
    .into_any()
}
