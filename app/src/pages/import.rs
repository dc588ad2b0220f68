//! Import organizations.

use leptos::prelude::*;

use crate::components::PageHead;

/// Import organizations.
#[component]
pub fn ImportPage(
    /// Slug of the system.
    system: String,
) -> impl IntoView {
    let _ = system;
    view! { <PageHead title="Import organizations"/> }.into_any()
}
