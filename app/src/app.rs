//! The application: provides what everybody shares, then shows the shell and the page that the address asks for.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Router;

use crate::components::{ConsoleShell, ErrorPanel, SignInShell};
use crate::events;
use crate::pages;
use crate::route::location;
use crate::session::{self, SessionState};

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Asking,
    Unreachable,
    SignIn,
    Console,
}

/// The whole console.
#[component]
pub fn App() -> impl IntoView {
    location::follow_links_within_the_page();
    view! { <Router><Site/></Router> }
}

/// What stands inside of the router: it knows the address.
#[component]
fn Site() -> impl IntoView {
    let session = session::provide();
    let live = events::provide();
    let route = location::provide().route();
    spawn_local(async move { session.refresh().await });

    let stage = Memo::new(move |_| {
        if route.with(crate::route::Route::is_public) {
            return Stage::SignIn;
        }
        match session.state() {
            SessionState::Unknown => Stage::Asking,
            SessionState::Unreachable(_) => Stage::Unreachable,
            SessionState::Nobody { .. } => Stage::SignIn,
            SessionState::SignedIn(_) | SessionState::Expired(_) => Stage::Console,
        }
    });
    let signed_in = Memo::new(move |_| matches!(session.state(), SessionState::SignedIn(_)));
    Effect::new(move |before: Option<bool>| {
        let now = signed_in.get();
        match (before, now) {
            (_, true) => {
                live.open();
                request_idle_callback(|| spawn_local(pages::fetch_ahead()));
                // what could not be read while nobody was signed in
                if before == Some(false) {
                    live.resync_all();
                }
            }
            (Some(true), false) => live.close(),
            _ => {}
        }
        now
    });

    move || match stage.get() {
        Stage::Asking => ().into_any(),
        Stage::Unreachable => {
            let error = Signal::derive(move || match session.state() {
                SessionState::Unreachable(error) => Some(error),
                _ => None,
            });
            let retry = move || spawn_local(async move { session.refresh().await });
            view! { <main class="page"><ErrorPanel what="session" error retry/></main> }.into_any()
        }
        Stage::SignIn => view! { <SignInShell>{pages::sign_in()}</SignInShell> }.into_any(),
        Stage::Console => view! { <ConsoleShell>{pages::pages()}</ConsoleShell> }.into_any(),
    }
}
