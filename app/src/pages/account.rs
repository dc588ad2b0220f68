//! One's own account: password and signed-in browsers.

mod password;
mod sessions;

use leptos::prelude::*;

use self::password::Password;
use self::sessions::Sessions;
use crate::components::PageHead;
use crate::session::{self, role_word};

/// The page.
#[component]
pub fn AccountPage() -> impl IntoView {
    let session = session::current();
    let sub = move || {
        session.account().map_or_else(String::new, |account| {
            format!(
                "{}, account {}, {}. An administrator can change your name and role.",
                account.name,
                account.username,
                role_word(account.role).to_lowercase()
            )
        })
    };
    view! {
        <PageHead title="Your account" sub=Signal::derive(sub) />
        <div class="cols cols-2">
            <Password />
            <Sessions />
        </div>
    }
    .into_any()
}
