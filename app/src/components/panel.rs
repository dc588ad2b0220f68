//! Panels and the small parts inside them: next action, stats, facts.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::prelude::*;
use shared::system::NextAction as Action;

use super::icon::icon;
use super::standing::{tone_icon, tone_name};

/// A number for ids that only have to differ within the page.
pub(crate) fn unique() -> u32 {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// A titled panel. Children bring their own `body`, `scroll` or list.
#[component]
pub fn Panel(
    /// Heading; names the section.
    #[prop(into)]
    title: Signal<String>,
    /// Further classes, such as `clip`.
    #[prop(optional, into)]
    class: String,
    /// Quiet words beside the heading.
    #[prop(optional, into)]
    note: Option<Signal<String>>,
    /// What stands at the end of the head: a link, badge or filter.
    #[prop(optional, into)]
    aside: ViewFn,
    /// Id of the heading, for links to it and for `aria-labelledby`; made up when absent.
    #[prop(optional, into)]
    id: Option<String>,
    /// Content.
    children: Children,
) -> impl IntoView {
    let id = id.unwrap_or_else(|| format!("panel-{}", unique()));
    let heading = id.clone();
    view! {
        <section class=format!("panel {class}") aria-labelledby=id>
            <header>
                <h2 id=heading>{move || title.get()}</h2>
                {note.map(|note| view! { <p>{move || note.get()}</p> })}
                {move || aside.run()}
            </header>
            {children()}
        </section>
    }
    .into_any()
}

/// The one next safe thing to do. Its button is the page's primary action.
#[component]
pub fn NextAction(
    /// What the server says.
    #[prop(into)]
    action: Signal<Action>,
    /// The small words above.
    #[prop(optional, into)]
    kicker: Option<String>,
) -> impl IntoView {
    let id = format!("next-{}", unique());
    let heading = id.clone();
    let kicker = kicker.unwrap_or_else(|| "Your next step".into());
    view! {
        <section class="next" data-state=move || action.with(|now| tone_name(now.tone)) aria-labelledby=id>
            <span class="sig">{move || icon(action.with(|now| tone_icon(now.tone)))}</span>
            <div>
                <p class="kicker">{kicker}</p>
                <h2 id=heading>{move || action.with(|now| now.title.clone())}</h2>
                <p>{move || action.with(|now| now.detail.clone())}</p>
                <div class="facts">
                    {move || action.with(|now| now.facts.iter().map(|fact| view! { <span>{icon("info")} {fact.clone()}</span> }).collect_view())}
                </div>
            </div>
            <div class="do">
                {move || {
                    let (button, href) = action.with(|now| (now.button.clone(), now.href.clone()));
                    button.zip(href).map(|(button, href)| view! { <a class="btn primary lg" href=href>{button} {icon("arrow")}</a> })
                }}
            </div>
        </section>
    }
    .into_any()
}

/// A row of numbers with their unit and what they are compared with. Children are `Stat`s.
#[component]
pub fn Stats(
    /// Name for screen readers.
    label: &'static str,
    /// Whether it stands in a panel, which has a frame already.
    #[prop(optional)]
    flush: bool,
    /// The numbers.
    children: Children,
) -> impl IntoView {
    let class = if flush { "stats flush" } else { "stats" };
    view! { <dl class=class aria-label=label>{children()}</dl> }.into_any()
}

/// One number of a `Stats`.
#[component]
pub fn Stat(
    /// What it is.
    #[prop(into)]
    label: Signal<String>,
    /// The number.
    #[prop(into)]
    value: Signal<String>,
    /// Its unit or whole.
    #[prop(optional, into)]
    unit: Option<Signal<String>>,
    /// The line below: what it is compared with.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div>
            <dt>{move || label.get()}</dt>
            <dd>{move || value.get()} {unit.map(|unit| view! { " " <small>{move || unit.get()}</small> })}</dd>
            {children.map(|children| view! { <dd class="sub">{children()}</dd> })}
        </div>
    }
    .into_any()
}

/// Facts as pairs, divided by rules.
#[component]
pub fn KeyValue(
    /// Name and value of each.
    #[prop(into)]
    facts: Signal<Vec<(String, String)>>,
) -> impl IntoView {
    view! {
        <dl class="kv end rules">
            {move || facts.get().into_iter().map(|(name, value)| view! { <dt>{name}</dt> <dd>{value}</dd> }).collect_view()}
        </dl>
    }
    .into_any()
}
