//! Native dialogs: a person reads, types and decides; Escape and the quiet button change nothing.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::icon;
use super::note::RefusalNote;
use super::panel::unique;
use crate::submission::Submission;

/// A modal dialog, shown while `open`. Its content is built anew each time it opens.
#[component]
pub fn Dialog(
    /// Whether it is shown; closing sets it to false.
    open: RwSignal<bool>,
    /// Heading; names the dialog.
    #[prop(into)]
    title: Signal<String>,
    /// `dlg` (the default), `dlg wide` or `drawer`.
    #[prop(optional)]
    class: Option<&'static str>,
    /// Whether Escape leaves it open, because a question has to be answered.
    #[prop(optional)]
    stays: bool,
    /// Body and footer: elements with these classes.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let id = format!("dialog-{}", unique());
    let heading = id.clone();
    let class = class.unwrap_or("dlg");
    let drawer = class == "drawer";
    Effect::new(move |_| {
        let shown = open.get();
        if let Some(dialog) = node.get() {
            if shown && !dialog.open() {
                let _ = dialog.show_modal();
                // one that an effect opened gets its content only after this, too late for the browser's own focus
                request_animation_frame(move || focus_first(&dialog));
            } else if !shown && dialog.open() {
                dialog.close();
            }
        }
    });
    view! {
        <dialog
            node_ref=node
            class=class
            aria-labelledby=id
            on:cancel=move |event: ev::Event| {
                if stays {
                    event.prevent_default();
                }
            }
            on:close=move |_| open.set(false)
        >
            <header>
                <h2 id=heading>{move || title.get()}</h2>
                {drawer.then(|| view! {
                    <button type="button" class="btn icon quiet" aria-label="Close" on:click=move |_| open.set(false)>{icon("x")}</button>
                })}
            </header>
            {move || open.get().then(|| children())}
        </dialog>
    }
    .into_any()
}

/// Moves the focus to what asks for it, unless it is in the dialog's content already.
fn focus_first(dialog: &web_sys::HtmlDialogElement) {
    let inside = document()
        .active_element()
        .is_some_and(|now| now != ***dialog && dialog.contains(Some(&now)));
    if !inside && let Ok(Some(first)) = dialog.query_selector("[autofocus]") {
        let _ = first.unchecked_ref::<web_sys::HtmlElement>().focus();
    }
}

/// A drawer at the end side, for things to read and copy.
#[component]
pub fn Drawer(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// Heading.
    #[prop(into)]
    title: Signal<String>,
    /// Body and footer.
    children: ChildrenFn,
) -> impl IntoView {
    view! { <Dialog open title class="drawer" children=children/> }
}

/// A dialog that says what an action costs before it is done, and asks to type where that is a lot.
#[component]
pub fn Confirm(
    /// Whether it is shown.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// Words on the button that acts: a verb and its result.
    #[prop(into)]
    label: Signal<String>,
    /// Words on the quiet button: what stays.
    quiet: &'static str,
    /// Whether it destroys or interrupts something.
    #[prop(optional, into)]
    danger: Signal<bool>,
    /// What has to be typed exactly; none: nothing.
    #[prop(optional, into)]
    typed: Option<Signal<String>>,
    /// Its request: pending, and why it was refused. The dialog closes only when `action` closes it.
    submission: Submission,
    /// What it does; gets what was typed.
    action: impl Fn(String) + Clone + Send + Sync + 'static,
    /// What it costs.
    children: ChildrenFn,
) -> impl IntoView {
    let class = move || match danger.get() {
        true => "btn danger solid",
        false => "btn primary",
    };
    let children = StoredValue::new(children);
    let action = StoredValue::new(action);
    Effect::new(move |_| {
        if open.get() {
            submission.clear();
        }
    });
    view! {
        <Dialog open title>
            {
                let text = RwSignal::new(String::new());
                let matches = Memo::new(move |_| typed.is_none_or(|typed| text.with(|now| now.trim() == typed.get())));
                let off = Memo::new(move |_| !matches.get() || submission.is_pending());
                let act = move || {
                    if !off.get_untracked() {
                        action.with_value(|action| action(text.get_untracked().trim().to_string()));
                    }
                };
                view! {
                    <form
                        class="dialog-form"
                        on:submit=move |event| {
                            event.prevent_default();
                            act();
                        }
                    >
                        <div class="body">
                            {children.with_value(|children| children())}
                            {typed.map(|typed| view! {
                                <div class="field">
                                    <label for="type-to-confirm">"Type " <b>{move || typed.get()}</b> " to confirm"</label>
                                    <input
                                        class="in" id="type-to-confirm" autocomplete="off" spellcheck="false" autofocus
                                        prop:value=move || text.get()
                                        on:input=move |event| text.set(event_target_value(&event))
                                    />
                                </div>
                            })}
                            <RefusalNote submission/>
                        </div>
                        <footer>
                            <button type="button" class="btn" autofocus=typed.is_none() on:click=move |_| open.set(false)>{quiet}</button>
                            <button type="submit" class=class aria-disabled=move || off.get().then_some("true") aria-busy=move || submission.is_pending().then_some("true")>
                                {move || label.get()}
                            </button>
                        </footer>
                    </form>
                }
            }
        </Dialog>
    }
    .into_any()
}
