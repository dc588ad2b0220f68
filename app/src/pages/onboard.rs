//! Onboard.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Onboard.
#[component]
pub fn OnboardPage(
    /// Slug of the system.
    system: String,
    /// Code of the organization.
    organization: String,
) -> impl IntoView {
    let loaded = load(&[Topic::Organizations], move || {
        let system = system.clone();
        let organization = organization.clone();
        async move { api::organization(&system, &organization).await }
    });
    view! {
        <PageHead title="Onboard"/>
        {loaded.view("organization", |_| ().into_any())}
    }
    .into_any()
}
