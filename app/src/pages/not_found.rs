//! No page has this address: names the nearest thing.

use leptos::prelude::*;

use crate::components::{Empty, PageHead};

/// No page has this address.
#[component]
pub fn NotFoundPage(
    /// The address asked for.
    path: String,
) -> impl IntoView {
    view! {
        <PageHead title="There is no page here"/>
        <section class="panel" aria-label="Not found">
            <Empty picture="help" title=format!("Nothing is at {path}") text="The address may be mistyped, or the thing it named is gone.">
                <a class="btn primary" href="/systems">"Go to all systems"</a>
            </Empty>
        </section>
    }
    .into_any()
}
