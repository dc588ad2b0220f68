//! The shells around a page: the console's with sidebar and page tools, and the one for signing in.

mod late;
mod navigation;
mod organization;
mod palette;
mod questions;
mod shortcuts;
mod tools;

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;

use self::late::Tool;
use self::navigation::Navigation;
use self::questions::Questions;
use self::tools::{ConnectionBanner, PageTools};
use super::icon::icon;
use crate::api;
use crate::loader::{Loaded, load};
use crate::part::fetched;
use crate::route::location;
use crate::session;
use shared::event::Topic;
use shared::system::SystemSummary;

/// The systems, read once for sidebar, palette and pages.
#[derive(Clone, Copy)]
pub struct Systems(pub Loaded<Vec<SystemSummary>>);

impl Systems {
    /// The line of one system, once the list is there. Reactive.
    pub fn find(&self, slug: &str) -> Option<SystemSummary> {
        self.0
            .with(|systems| systems?.iter().find(|system| system.slug == slug).cloned())
    }

    /// Whether the list is there and has no such system. Reactive.
    pub fn lack(&self, slug: &str) -> bool {
        self.0.with(|systems| {
            systems.is_some_and(|systems| !systems.iter().any(|system| system.slug == slug))
        })
    }
}

/// Sidebar, page tools, and the page in the children.
#[component]
pub fn ConsoleShell(
    /// The page.
    children: Children,
) -> impl IntoView {
    let systems = Systems(load(
        &[Topic::System, Topic::Run, Topic::Coverage, Topic::Mode],
        api::systems,
    ));
    provide_context(systems);
    let route = location::current().route();
    let main = NodeRef::<html::Main>::new();
    // a new page is read from its beginning; the first page is where the browser put the focus
    Effect::new(move |before: Option<()>| {
        route.track();
        if before.is_some()
            && let Some(main) = main.get_untracked()
        {
            let _ = main.focus();
        }
    });
    let palette = RwSignal::new(false);
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="app">
            <Navigation/>
            <div>
                <PageTools palette/>
                <ConnectionBanner/>
                <main id="main" class="page" tabindex="-1" node_ref=main>{children()}</main>
            </div>
        </div>
        <Questions/>
        {fetched(late::tool(Tool::Keys { palette }, systems))}
    }
    .into_any()
}

/// One column with the name above and the version below.
#[component]
pub fn SignInShell(
    /// The page.
    children: Children,
) -> impl IntoView {
    let session = session::current();
    view! {
        <div class="login">
            <a class="skip" href="#main">"Skip to content"</a>
            <header><a class="brand" href="/systems">{mark()} "Switchyard"</a></header>
            <main id="main">{children()}</main>
            <footer>
                <span>"Sign-ins are kept in the audit log."</span>
                <span>"Switchyard " {move || session.version()}</span>
            </footer>
        </div>
    }
    .into_any()
}

fn mark() -> AnyView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <rect width="24" height="24" rx="6" fill="currentColor"></rect>
            <g class="mark-line"><path d="M4 16.5h16M6.5 16.5C13 16.5 11 8 20 8"></path><circle cx="6.5" cy="16.5" r="1.6"></circle></g>
        </svg>
    }
    .into_any()
}

/// A line of a navigation list; `extra` is a count or state at its end. It is current on the page that it names and on
/// those below it; with `exact` only on that page.
fn nav_link(
    href: String,
    exact: bool,
    picture: &'static str,
    words: String,
    extra: AnyView,
) -> AnyView {
    view! { <li><A href=href exact=exact>{icon(picture)} {words} {extra}</A></li> }.into_any()
}
