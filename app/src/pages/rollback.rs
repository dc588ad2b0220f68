//! Backups and rollback.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Backups and rollback.
#[component]
pub fn RollbackPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Rollback, Topic::Backups], move || {
        let system = system.clone();
        async move { api::rollback_options(&system).await }
    });
    view! {
        <PageHead title="Backups and rollback"/>
        {loaded.view("ways back", |_| ().into_any())}
    }
    .into_any()
}
