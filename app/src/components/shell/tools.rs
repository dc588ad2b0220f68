//! The page tools: breadcrumb, theme, connection state; and the banner while the connection is lost.

use leptos::prelude::*;

use super::Systems;
use super::organization::OrganizationSelector;
use crate::components::icon::icon;
use crate::events::{self, Connection};
use crate::format;
use crate::route::{Route, location};

/// The line above the page.
#[component]
pub(super) fn PageTools(
    /// Whether the palette is shown.
    palette: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <section class="top" aria-label="Page tools">
            <OrganizationSelector/>
            <nav class="crumbs" aria-label="Breadcrumb"><ol>{breadcrumb}</ol></nav>
            <div class="end">
                <ConnectionState/>
                <ThemeButton/>
                <JumpButton open=palette/>
            </div>
        </section>
    }
    .into_any()
}

fn breadcrumb() -> AnyView {
    let route = location::current().route();
    let systems = expect_context::<Systems>();
    (move || {
        let mut crumbs: Vec<(String, String)> = Vec::new();
        match route.get() {
            Route::System { system, page } => {
                crumbs.push(("Systems".into(), Route::Systems.path()));
                let title = systems
                    .find(&system)
                    .map_or_else(|| system.clone(), |system| system.title);
                let overview = crate::route::SystemPage::Overview;
                crumbs.push((title, overview.clone().of(&system)));
                if let Some(parent) = page.parent() {
                    crumbs.push((parent.title(), parent.of(&system)));
                }
                if page != overview {
                    crumbs.push((page.title(), page.of(&system)));
                }
            }
            other => {
                let words = match &other {
                    Route::Systems => "Systems",
                    Route::Audit => "Whole audit log",
                    Route::Users => "Users and roles",
                    Route::Account => "Your account",
                    _ => "Not found",
                };
                crumbs.push((words.into(), other.path()));
            }
        }
        let last = crumbs.len() - 1;
        crumbs
            .into_iter()
            .enumerate()
            .map(|(place, (words, href))| {
                view! {
                    <li>
                        {(place > 0).then(|| icon("right"))}
                        {if place == last {
                            view! { <span aria-current="page">{words}</span> }.into_any()
                        } else {
                            view! { <a href=href>{words}</a> }.into_any()
                        }}
                    </li>
                }
            })
            .collect_view()
    })
    .into_any()
}

#[component]
fn ConnectionState() -> impl IntoView {
    let live = events::current();
    view! {
        <span class="link-state" role="status" data-state=move || match live.connection() {
            Connection::Live => "done",
            Connection::Idle | Connection::Reconnecting => "running",
            Connection::Offline => "gate",
        }>
            {move || match live.connection() {
                Connection::Live => view! { {icon("pulse")} "Live" }.into_any(),
                Connection::Idle => view! { {icon("refresh")} "Connecting" }.into_any(),
                Connection::Reconnecting => view! { {icon("refresh")} "Reconnecting" }.into_any(),
                Connection::Offline => view! { {icon("wifioff")} "Offline" }.into_any(),
            }}
        </span>
    }
    .into_any()
}

/// What the console looks like: as the system says, or as chosen in this browser.
#[component]
fn ThemeButton() -> impl IntoView {
    let storage = || window().local_storage().ok().flatten();
    let stored = storage().and_then(|storage| storage.get_item("theme").ok().flatten());
    let theme = RwSignal::new(stored.unwrap_or_default());
    let next = move |_| {
        let next = match theme.get_untracked().as_str() {
            "" => "light",
            "light" => "dark",
            _ => "",
        };
        theme.set(next.to_string());
        if let Some(root) = document().document_element() {
            let _ = if next.is_empty() {
                root.remove_attribute("data-theme")
            } else {
                root.set_attribute("data-theme", next)
            };
        }
        if let Some(storage) = storage() {
            let _ = if next.is_empty() {
                storage.remove_item("theme")
            } else {
                storage.set_item("theme", next)
            };
        }
    };
    let words = move || match theme.get().as_str() {
        "light" => "Theme: light",
        "dark" => "Theme: dark",
        _ => "Theme: as the system",
    };
    view! {
        <button type="button" class="btn icon sm quiet" aria-label=words title=words on:click=next>{icon("sun")}</button>
    }
    .into_any()
}

/// While offline: since when, that the run goes on, and a way to try at once.
#[component]
pub(super) fn ConnectionBanner() -> impl IntoView {
    let live = events::current();
    let offline = Memo::new(move |_| live.connection() == Connection::Offline);
    move || {
        offline.get().then(|| {
            let since = format::clock_of_ms(live.lost_at_ms());
            view! {
                <div class="banner" data-state="gate" role="status">
                    {icon("wifioff")}
                    <span><b>{format!("Connection lost at {since}.")}</b> " You see the last known state. A run goes on without this page."</span>
                    <button type="button" class="btn sm push" on:click=move |_| live.reconnect_now()>{icon("refresh")} "Try now"</button>
                </div>
            }
        })
    }
}

/// The button in the page tools.
#[component]
fn JumpButton(
    /// Whether the palette is shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <button type="button" class="jump" aria-keyshortcuts="Control+K" on:click=move |_| open.set(true)>
            {icon("search")} <span class="jt">"Search or jump to"</span> <kbd>"Ctrl K"</kbd>
        </button>
    }
    .into_any()
}
