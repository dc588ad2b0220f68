//! Where the browser is: path and query as signals, links followed without a reload.

use std::cell::Cell;

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;

use super::{Route, decode, encode};

/// The address of the page, in every component's reach.
#[derive(Clone, Copy)]
pub struct Location {
    path: RwSignal<String>,
    query: RwSignal<Vec<(String, String)>>,
    route: Memo<Route>,
}

/// Starts following the address and makes it known to all components; called once.
pub fn provide() -> Location {
    let path = RwSignal::new(String::new());
    let location = Location {
        path,
        query: RwSignal::new(Vec::new()),
        route: Memo::new(move |_| Route::parse(&path.get())),
    };
    location.read_address();
    window_event_listener(ev::popstate, move |_| location.read_address());
    window_event_listener(ev::click, move |event| location.follow_link(&event));
    CURRENT.set(Some(location));
    location
}

thread_local! {
    // links are followed in event handlers, where there is no context to look in
    static CURRENT: Cell<Option<Location>> = const { Cell::new(None) };
}

/// The address of the page.
pub fn current() -> Location {
    CURRENT
        .get()
        .expect("the application provides the location before anything else")
}

impl Location {
    /// The page asked for.
    pub fn route(&self) -> Memo<Route> {
        self.route
    }

    /// Value of one query parameter; none when absent or empty. Reactive.
    pub fn query(&self, name: &'static str) -> Memo<Option<String>> {
        let query = self.query;
        Memo::new(move |_| {
            query.with(|pairs| {
                pairs
                    .iter()
                    .find(|(key, value)| key == name && !value.is_empty())
                    .map(|(_, value)| value.clone())
            })
        })
    }

    /// Value of one query parameter now, without following it.
    pub fn query_now(&self, name: &str) -> Option<String> {
        self.query.with_untracked(|pairs| {
            pairs
                .iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.clone())
        })
    }

    /// Sets query parameters without a new entry in the history; an empty value removes one, the others stay.
    pub fn set_query(&self, changes: &[(&str, &str)]) {
        let mut pairs = self.query.get_untracked();
        for (name, value) in changes {
            pairs.retain(|(key, _)| key != name);
            if !value.is_empty() {
                pairs.push(((*name).to_string(), (*value).to_string()));
            }
        }
        let text: Vec<String> = pairs
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let mut address = self.path.get_untracked();
        if !text.is_empty() {
            address = format!("{address}?{}", text.join("&"));
        }
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
        }
        self.read_address();
    }

    /// Goes to an address of the console, with a new entry in the history.
    pub fn go(&self, address: &str) {
        if let Ok(history) = window().history() {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
        }
        let before = self.path.get_untracked();
        self.read_address();
        if before != self.path.get_untracked() {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    fn read_address(&self) {
        let address = window().location();
        let path = address.pathname().unwrap_or_default();
        let search = address.search().unwrap_or_default();
        let pairs: Vec<(String, String)> = search
            .trim_start_matches('?')
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (decode(key), decode(&value.replace('+', " "))))
            .collect();
        if self.query.with_untracked(|now| *now != pairs) {
            self.query.set(pairs);
        }
        if self.path.with_untracked(|now| *now != path) {
            self.path.set(path);
        }
    }

    fn follow_link(&self, event: &ev::MouseEvent) {
        let plain = event.button() == 0
            && !(event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key());
        if !plain || event.default_prevented() {
            return;
        }
        let link = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("a[href]").ok().flatten());
        let Some(link) = link else { return };
        let href = link.get_attribute("href").unwrap_or_default();
        if let Some(id) = href.strip_prefix('#') {
            // the base address would turn it into a link to the first page
            event.prevent_default();
            show_part(id);
            return;
        }
        let leaves = link.has_attribute("download") || link.has_attribute("target");
        if leaves || !href.starts_with('/') || href.starts_with("//") || href.starts_with("/api/") {
            return;
        }
        event.prevent_default();
        self.go(&href);
    }
}

/// Scrolls to a part of the page and puts the focus there.
fn show_part(id: &str) {
    let part = document()
        .get_element_by_id(id)
        .and_then(|part| part.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(part) = part {
        if !part.has_attribute("tabindex") {
            let _ = part.set_attribute("tabindex", "-1");
        }
        part.scroll_into_view();
        let _ = part.focus();
    }
}
