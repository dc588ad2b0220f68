//! Switchyard's console: pages made of components over one typed API client. No rule of the business lives here.

pub mod api;
mod app;
pub mod components;
pub mod events;
pub mod format;
pub mod loader;
pub mod pages;
mod part;
pub mod route;
pub mod session;
pub mod submission;

/// Mounts the console on the page's body.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        tell_that_the_page_stopped();
    }));
    leptos::mount::mount_to_body(app::App);
}

/// After a panic the page stays as it was and answers nothing any more: says so, without the framework.
fn tell_that_the_page_stopped() {
    let document = leptos::prelude::document();
    let banner = document.create_element("div").ok();
    let (Some(banner), Some(body)) = (banner, document.body()) else {
        return;
    };
    let _ = banner.set_attribute("class", "banner");
    let _ = banner.set_attribute("data-state", "failed");
    let _ = banner.set_attribute("role", "alert");
    banner.set_text_content(Some(
        "This page stopped working. What the server does goes on. Reload the page to go on here.",
    ));
    let _ = body.prepend_with_node_1(&banner);
}
