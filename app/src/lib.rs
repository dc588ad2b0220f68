//! Switchyard's console: pages made of components over one typed API client. No rule of the business lives here.

pub mod api;
mod app;
pub mod components;
pub mod events;
pub mod format;
pub mod loader;
pub mod pages;
pub mod route;
pub mod session;
pub mod submission;

/// Mounts the console on the page's body.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
