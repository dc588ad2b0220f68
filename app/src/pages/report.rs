//! Report.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Report.
#[component]
pub fn ReportPage(
    /// Slug of the system.
    system: String,
    /// Number of the report.
    report: i64,
) -> impl IntoView {
    let loaded = load(&[Topic::Reports], move || {
        let system = system.clone();
        async move { api::report(&system, report).await }
    });
    view! {
        <PageHead title="Report"/>
        {loaded.view("report", |_| ().into_any())}
    }
    .into_any()
}
