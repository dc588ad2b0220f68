//! Keys for everything: Ctrl K, go to a page, search the list, walk through rows. Single keys can be turned off.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::components::dialog::Dialog;
use crate::route::{SystemPage, location};

const SETTING: &str = "single-keys";

const KEYS: [(&str, &str); 10] = [
    ("Ctrl K", "Search or jump to"),
    ("g s", "Systems"),
    ("g o", "Overview of this system"),
    ("g r", "Runs of this system"),
    ("g h", "Health of this system"),
    ("/", "Search in the list"),
    ("j", "Next row"),
    ("k", "Row before"),
    ("x", "Select the row"),
    ("?", "These keys"),
];

fn single_keys() -> bool {
    let storage = window().local_storage().ok().flatten();
    storage
        .and_then(|storage| storage.get_item(SETTING).ok().flatten())
        .as_deref()
        != Some("off")
}

/// Listens for keys, and the dialog that lists them.
#[component]
pub(super) fn Shortcuts(
    /// Whether the palette is shown.
    palette: RwSignal<bool>,
) -> impl IntoView {
    let help = RwSignal::new(false);
    let going = StoredValue::new(false);
    let handle = window_event_listener(ev::keydown, move |event| {
        let key = event.key();
        if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
            event.prevent_default();
            palette.update(|open| *open = !*open);
            return;
        }
        if event.ctrl_key()
            || event.meta_key()
            || event.alt_key()
            || is_typing()
            || dialog_open()
            || !single_keys()
        {
            return;
        }
        let went = going.get_value();
        going.set_value(key == "g" && !went);
        let handled = match (went, key.as_str()) {
            (true, "s" | "o" | "r" | "h") => go_to(&key),
            (false, "/") => focus_first("main [data-search], main input[type=search]"),
            (false, "j") => walk(1),
            (false, "k") => walk(-1),
            (false, "x") => press_checkbox(),
            (_, "?") => {
                help.set(true);
                true
            }
            _ => false,
        };
        if handled {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <Dialog open=help title="Keys">
            <div class="body">
                <dl class="kv rules">
                    {KEYS.map(|(key, words)| view! { <dt><kbd>{key}</kbd></dt> <dd>{words}</dd> }).collect_view()}
                </dl>
                <label class="check">
                    <input
                        type="checkbox" prop:checked=single_keys()
                        on:change=move |event| {
                            let value = if event_target_checked(&event) { "on" } else { "off" };
                            if let Ok(Some(storage)) = window().local_storage() {
                                let _ = storage.set_item(SETTING, value);
                            }
                        }
                    />
                    <span>"Single keys are on in this browser"</span>
                </label>
            </div>
            <footer><button type="button" class="btn" autofocus=true on:click=move |_| help.set(false)>"Close"</button></footer>
        </Dialog>
    }
    .into_any()
}

fn is_typing() -> bool {
    document().active_element().is_some_and(|element| {
        let kind = element.get_attribute("type").unwrap_or_default();
        match element.tag_name().as_str() {
            "INPUT" => !matches!(kind.as_str(), "checkbox" | "radio" | "button"),
            "TEXTAREA" | "SELECT" => true,
            _ => element.has_attribute("contenteditable"),
        }
    })
}

fn dialog_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .ok()
        .flatten()
        .is_some()
}

fn go_to(key: &str) -> bool {
    let place = location::current();
    let system = place
        .route()
        .with_untracked(|route| route.system().map(str::to_string));
    let address = match (key, system) {
        ("o", Some(system)) => SystemPage::Overview.of(&system),
        ("r", Some(system)) => SystemPage::Runs.of(&system),
        ("h", Some(system)) => SystemPage::Health.of(&system),
        ("s", _) => "/systems".into(),
        _ => return false,
    };
    place.go(&address);
    true
}

fn focus_first(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    found
        .and_then(|element| element.dyn_into::<HtmlElement>().ok())
        .is_some_and(|element| element.focus().is_ok())
}

/// Moves the focus to the first thing of the next or previous row.
fn walk(step: i32) -> bool {
    let Ok(rows) = document().query_selector_all("main tbody tr") else {
        return false;
    };
    let mut stops = Vec::new();
    for place in 0..rows.length() {
        let stop = rows
            .item(place)
            .and_then(|row| row.dyn_into::<web_sys::Element>().ok())
            .and_then(|row| {
                row.query_selector("input[type=checkbox], a[href], button")
                    .ok()
                    .flatten()
            })
            .and_then(|stop| stop.dyn_into::<HtmlElement>().ok());
        stops.extend(stop);
    }
    let active = document().active_element();
    let row_of_active = active.and_then(|element| element.closest("tr").ok().flatten());
    let now = row_of_active.and_then(|row| stops.iter().position(|stop| row.contains(Some(stop))));
    let next = match now {
        Some(now) if step > 0 => (now + 1).min(stops.len().saturating_sub(1)),
        Some(now) => now.saturating_sub(1),
        None => 0,
    };
    stops.get(next).is_some_and(|stop| stop.focus().is_ok())
}

fn press_checkbox() -> bool {
    let row = document()
        .active_element()
        .and_then(|element| element.closest("tr").ok().flatten());
    let checkbox = row
        .and_then(|row| row.query_selector("input[type=checkbox]").ok().flatten())
        .and_then(|checkbox| checkbox.dyn_into::<HtmlElement>().ok());
    checkbox.is_some_and(|checkbox| {
        checkbox.click();
        true
    })
}
