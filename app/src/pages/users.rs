//! Users and roles.

use leptos::prelude::*;
use shared::event::Topic;

use crate::api;
use crate::components::PageHead;
use crate::loader::load;

/// Users and roles.
#[component]
pub fn UsersPage() -> impl IntoView {
    let loaded = load(
        &[Topic::Accounts],
        move || async move { api::accounts().await },
    );
    view! {
        <PageHead title="Users and roles"/>
        {loaded.view("accounts", |_| ().into_any())}
    }
    .into_any()
}
