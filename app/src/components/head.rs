//! The head of a page: title, badges, one line of facts, actions at the end of the line.

use leptos::prelude::*;

/// Sets the tab's title; what is going on leads, such as `Gate: OBCMS run 14`.
pub fn set_title(title: &str) {
    document().set_title(&format!("{title} · Switchyard"));
}

/// Head of a page. Children are the actions: secondary first, then danger, then the one primary.
#[component]
pub fn PageHead(
    /// The title: a thing, or a sentence about now.
    #[prop(into)]
    title: Signal<String>,
    /// The tab's title; the page's title when absent.
    #[prop(optional, into)]
    tab: Option<Signal<String>>,
    /// State and mode badges beside the title.
    #[prop(optional, into)]
    badges: ViewFn,
    /// A sentence below the title.
    #[prop(optional, into)]
    sub: Option<Signal<String>>,
    /// Facts below: each a `span` with an icon.
    #[prop(optional, into)]
    meta: Option<ViewFn>,
    /// Actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    Effect::new(move |_| set_title(&tab.unwrap_or(title).get()));
    view! {
        <div class="head">
            <div>
                <div class="title">
                    <h1 tabindex="-1">{move || title.get()}</h1>
                    {move || badges.run()}
                </div>
                {sub.map(|sub| view! { <p class="sub">{move || sub.get()}</p> })}
            </div>
            <div class="actions">{children.map(|children| children())}</div>
            {meta.map(|meta| view! { <div class="meta">{move || meta.run()}</div> })}
        </div>
    }
    .into_any()
}
