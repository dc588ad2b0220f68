//! Form fields with their label, hint and error.

use leptos::prelude::*;

use super::icon::icon;

/// A line of text with label, hint and error.
#[component]
pub fn TextField(
    /// Label.
    label: &'static str,
    /// Id and name; unique on the page.
    name: &'static str,
    /// The text.
    value: RwSignal<String>,
    /// `text` (the default), `email`, `password`.
    #[prop(optional)]
    kind: Option<&'static str>,
    /// Value of `autocomplete`.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// Help below.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it gets the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// Further classes, such as `lg`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let kind = kind.unwrap_or("text");
    // not words: no corrections, no capitals
    let name_like = kind != "text" || autocomplete == Some("username");
    let error_id = format!("{name}-error");
    let hint_id = format!("{name}-hint");
    let described = {
        let (error_id, hint_id, hinted) = (error_id.clone(), hint_id.clone(), hint.is_some());
        move || {
            if error.with(Option::is_some) {
                Some(error_id.clone())
            } else {
                hinted.then(|| hint_id.clone())
            }
        }
    };
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input
                class=format!("in {class}") id=name name=name type=kind autocomplete=autocomplete autofocus=autofocus
                spellcheck=name_like.then_some("false")
                autocapitalize=name_like.then_some("none")
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=described
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {move || error.get().map(|error| view! { <p class="err" id=error_id.clone()>{icon("failed")} <span>{error}</span></p> })}
        </div>
    }
    .into_any()
}

/// A password with label, hint and error.
#[component]
pub fn PasswordField(
    /// Label.
    label: &'static str,
    /// Id and name; unique on the page.
    name: &'static str,
    /// The password.
    value: RwSignal<String>,
    /// Whether it is a new one, which a password manager may make up.
    #[prop(optional)]
    new: bool,
    /// Help below.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is wrong with it.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it gets the focus when it appears.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let autocomplete = if new {
        "new-password"
    } else {
        "current-password"
    };
    let hint = hint.unwrap_or_default();
    if hint.is_empty() {
        view! { <TextField label name value kind="password" autocomplete error autofocus class="lg"/> }.into_any()
    } else {
        view! { <TextField label name value kind="password" autocomplete hint=hint error autofocus class="lg"/> }.into_any()
    }
}

/// A search field; `/` on the page puts the focus here.
#[component]
pub fn SearchBox(
    /// Name, such as `Search the log`.
    label: &'static str,
    /// The words.
    #[prop(into)]
    value: Signal<String>,
    /// Gets what was typed.
    on_change: impl Fn(String) + 'static,
) -> impl IntoView {
    view! {
        <div class="searchbox">
            {icon("search")}
            <input
                class="in" type="search" aria-label=label placeholder=label data-search="true"
                prop:value=move || value.get()
                on:input=move |event| on_change(event_target_value(&event))
            />
        </div>
    }
    .into_any()
}
