//! Icons of the sprite `public/icons.svg`: decoration only, a word stands beside each.

use leptos::prelude::*;

/// The icon `name`, such as `gate`, 16 pixels.
pub fn icon(name: &str) -> AnyView {
    let href = format!("/icons.svg#i-{name}");
    // an arc turns while work goes on
    let class = if name == "running" { "i spin" } else { "i" };
    view! { <svg class=class aria-hidden="true"><use href=href></use></svg> }.into_any()
}
