//! What is shown once: the address of a link, or the secret of a webhook.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::components::{Dialog, announce, icon};

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Once {
    /// Heading.
    pub(super) title: &'static str,
    /// What to do with it.
    pub(super) text: String,
    /// Words above it.
    pub(super) label: &'static str,
    /// The thing itself.
    pub(super) value: String,
}

/// The dialog, until it is closed.
#[component]
pub(super) fn OnceDialog(
    /// What is shown.
    once: RwSignal<Option<Once>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let copied = RwSignal::new(false);
    Effect::new(move |_| {
        if once.with(Option::is_some) {
            copied.set(false);
            open.set(true);
        }
    });
    // closed, it is not kept in the page either
    Effect::new(move |before: Option<bool>| {
        let shown = open.get();
        if before == Some(true) && !shown {
            once.set(None);
        }
        shown
    });
    let of = move |read: fn(&Once) -> String| {
        once.with(|once| once.as_ref().map(read).unwrap_or_default())
    };
    let value = move || of(|once| once.value.clone());
    let copy = move |_| {
        let text = untrack(value);
        spawn_local(async move {
            let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
            if written.is_ok() {
                copied.try_set(true);
                announce("Copied");
            }
        });
    };
    view! {
        <Dialog open title=Signal::derive(move || of(|once| once.title.to_owned()))>
            <div class="body">
                <p>{move || of(|once| once.text.clone())}</p>
                <div class="field">
                    <label for="shown-once">{move || of(|once| once.label.to_owned())}</label>
                    <input class="in mono" id="shown-once" readonly autofocus prop:value=value/>
                </div>
            </div>
            <footer>
                <button type="button" class="btn" on:click=move |_| open.set(false)>"Close"</button>
                <button type="button" class="btn primary" on:click=copy>
                    {icon("copy")} {move || if copied.get() { "Copied" } else { "Copy it" }}
                </button>
            </footer>
        </Dialog>
    }
    .into_any()
}
