//! A menu of actions behind one button: keyboard, pointer and screen reader use it alike.
//!
//! It is a native popover, so Escape and a click elsewhere close it and focus goes back to the button.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::icon::icon;
use super::panel::unique;

/// Gap between button and menu, and least distance from the edge of the window, in pixels.
const GAP: f64 = 4.0;

/// Closes the menu that contains the focused element.
#[derive(Clone, Copy)]
struct Close(Callback<()>);

/// A button that opens a menu of [`MenuItem`]s.
#[component]
pub fn Menu(
    /// What the button is for, such as `Move or open MOH`.
    #[prop(into)]
    label: String,
    /// Called when it opens, to ask for what the items depend on.
    #[prop(optional, into)]
    on_open: Option<Callback<()>>,
    /// The items; made when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let id = format!("menu-{}", unique());
    let button: NodeRef<html::Button> = NodeRef::new();
    let popover: NodeRef<html::Div> = NodeRef::new();
    let open = RwSignal::new(false);
    let close = Callback::new(move |()| {
        if let Some(popover) = popover.get_untracked() {
            popover.hide_popover().ok();
        }
    });
    provide_context(Close(close));

    let toggled = move |_| {
        let Some(popover) = popover.get_untracked() else {
            return;
        };
        let shown = popover.matches(":popover-open").unwrap_or(false);
        open.set(shown);
        if shown {
            if let Some(on_open) = on_open {
                on_open.run(());
            }
            request_animation_frame(move || {
                if let Some(button) = button.get_untracked() {
                    place(&popover, &button);
                }
                focus_item(&popover, Step::First);
            });
        }
    };
    let pressed = move |event: KeyboardEvent| {
        let Some(popover) = popover.get_untracked() else {
            return;
        };
        let step = match event.key().as_str() {
            "ArrowDown" => Step::Next,
            "ArrowUp" => Step::Previous,
            "Home" => Step::First,
            "End" => Step::Last,
            "Tab" => {
                popover.hide_popover().ok();
                return;
            }
            _ => return,
        };
        event.prevent_default();
        focus_item(&popover, step);
    };
    view! {
        <button
            node_ref=button
            type="button"
            class="btn icon sm quiet"
            popovertarget=id.clone()
            aria-haspopup="menu"
            aria-expanded=move || open.get().to_string()
            aria-label=label.clone()
        >
            {icon("more")}
        </button>
        <div
            node_ref=popover
            id=id
            class="pop menu"
            popover="auto"
            role="menu"
            aria-label=label
            on:toggle=toggled
            on:keydown=pressed
        >
            {move || open.get().then(|| children())}
        </div>
    }
    .into_any()
}

/// One action of a [`Menu`]; one that is refused stays focusable and says why.
#[component]
pub fn MenuItem(
    /// Word on it.
    #[prop(into)]
    label: String,
    /// Why it cannot be done now.
    #[prop(into)]
    refused: Signal<Option<String>>,
    /// Does it.
    #[prop(into)]
    on_pick: Callback<()>,
) -> impl IntoView {
    let close = use_context::<Close>();
    let off = move || refused.with(Option::is_some);
    view! {
        <button
            type="button"
            role="menuitem"
            class="item"
            tabindex="-1"
            aria-disabled=move || off().then_some("true")
            on:click=move |_| {
                if off() {
                    return;
                }
                if let Some(Close(close)) = close {
                    close.run(());
                }
                on_pick.run(());
            }
        >
            {label}
            {move || refused.get().map(|why| view! { <small>{why}</small> })}
        </button>
    }
    .into_any()
}

/// Which item gets the focus.
#[derive(Clone, Copy)]
enum Step {
    First,
    Next,
    Previous,
    Last,
}

fn focus_item(popover: &HtmlElement, step: Step) {
    let Ok(found) = popover.query_selector_all("[role=menuitem]") else {
        return;
    };
    let count = found.length();
    if count == 0 {
        return;
    }
    let focused = document().active_element();
    let now = (0..count).find(|place| {
        found.item(*place).is_some_and(|item| {
            focused
                .as_ref()
                .is_some_and(|focused| focused.is_same_node(Some(&item)))
        })
    });
    let wanted = match (step, now) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Previous, None) => count - 1,
        (Step::Next, Some(now)) => (now + 1) % count,
        (Step::Previous, Some(now)) => (now + count - 1) % count,
    };
    if let Some(item) = found
        .item(wanted)
        .and_then(|item| item.dyn_into::<HtmlElement>().ok())
    {
        item.focus().ok();
    }
}

/// Puts the menu below its button, or above it where the window ends. The content security policy
/// forbids style attributes; the object model is allowed.
fn place(popover: &HtmlElement, button: &HtmlElement) {
    let anchor = button.get_bounding_client_rect();
    let size = popover.get_bounding_client_rect();
    let window = window();
    let inner = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0)
    };
    let (width, height) = (inner(window.inner_width()), inner(window.inner_height()));
    let left = (anchor.right() - size.width()).clamp(GAP, (width - size.width() - GAP).max(GAP));
    let below = anchor.bottom() + GAP;
    let top = if below + size.height() > height {
        (anchor.top() - size.height() - GAP).max(GAP)
    } else {
        below
    };
    let style = popover.style();
    style.set_property("left", &format!("{left}px")).ok();
    style.set_property("top", &format!("{top}px")).ok();
}
