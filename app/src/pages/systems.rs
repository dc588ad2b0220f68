//! Systems.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Systems.
#[component]
pub fn SystemsPage() -> impl IntoView {
    let loaded = load(&[Topic::System, Topic::Run], move || async move {
        api::systems().await
    });
    view! {
        <PageHead title="Systems"/>
        {loaded.view("systems", |_| ().into_any())}
    }
    .into_any()
}
