//! Buttons that do something, and say why when they are off.

use leptos::prelude::*;

use super::icon::icon;
use super::panel::unique;

/// A button. Off is `aria-disabled` with the reason beside it, still in the tab order.
#[component]
pub fn ActionButton(
    /// Words on it: a verb and its result.
    #[prop(into)]
    label: Signal<String>,
    /// What it does.
    on_press: impl Fn() + 'static,
    /// Further classes: `primary`, `danger`, `quiet`, `sm`, `lg`.
    #[prop(optional)]
    class: &'static str,
    /// Icon before the words.
    #[prop(optional)]
    picture: Option<&'static str>,
    /// Why it is off; none when it is on.
    #[prop(optional, into)]
    refused: Signal<Option<String>>,
    /// Whether its answer is awaited.
    #[prop(optional, into)]
    pending: Signal<bool>,
    /// Whether the reason is said by something else on the page, so that it is not shown here again.
    #[prop(optional)]
    reason_elsewhere: bool,
) -> impl IntoView {
    let id = format!("why-{}", unique());
    let why = id.clone();
    let off = Memo::new(move |_| pending.get() || refused.with(Option::is_some));
    view! {
        <button
            type="button"
            class=format!("btn {class}")
            aria-disabled=move || off.get().then_some("true")
            aria-describedby=move || (refused.with(Option::is_some) && !reason_elsewhere).then(|| why.clone())
            aria-busy=move || pending.get().then_some("true")
            on:click=move |_| {
                if !off.get_untracked() {
                    on_press();
                }
            }
        >
            {picture.map(icon)}
            {move || label.get()}
        </button>
        {move || (!reason_elsewhere).then(|| refused.get()).flatten().map(|reason| view! { <span class="sm why" id=id.clone()>{reason}</span> })}
    }
    .into_any()
}

/// A link that saves a file.
#[component]
pub fn DownloadLink(
    /// Words on it.
    label: &'static str,
    /// Address of the file.
    #[prop(into)]
    href: Signal<String>,
    /// Further classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! { <a class=format!("btn {class}") href=move || href.get() download="">{icon("download")} {label}</a> }.into_any()
}
