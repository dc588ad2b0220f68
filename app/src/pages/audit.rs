//! Audit log.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Audit log.
#[component]
pub fn AuditPage(
    /// Slug of the system; none: of the whole console.
    system: Option<String>,
) -> impl IntoView {
    let loaded = load(&[Topic::Audit], move || {
        let system = system.clone();
        async move {
            api::audit(&api::AuditFilter {
                system,
                ..api::AuditFilter::default()
            })
            .await
        }
    });
    view! {
        <PageHead title="Audit log"/>
        {loaded.view("audit log", |_| ().into_any())}
    }
    .into_any()
}
