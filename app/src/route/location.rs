//! Where the browser is: what leptos_router follows, in the reach of event handlers too, and the query as values.

use std::cell::Cell;

use leptos::ev;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;

use super::{Route, decode, encode};

/// The address of the page, in every component's reach.
#[derive(Clone, Copy)]
pub struct Location {
    path: Memo<String>,
    query: Memo<Vec<(String, String)>>,
    route: Memo<Route>,
    navigate: StoredValue<Navigate, LocalStorage>,
}

type Navigate = Box<dyn Fn(&str, NavigateOptions)>;

/// Makes the router's address known to all components; called once, inside of the `Router`.
pub fn provide() -> Location {
    let address = use_location();
    let (path, search) = (address.pathname, address.search);
    let location = Location {
        path,
        query: Memo::new(move |_| search.with(|search| pairs(search))),
        route: Memo::new(move |_| path.with(|path| Route::parse(path))),
        navigate: StoredValue::new_local(Box::new(use_navigate())),
    };
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
    /// The page asked for, as the shell names it. What is shown in the shell is the router's choice.
    pub fn route(&self) -> Memo<Route> {
        self.route
    }

    /// Value of one query parameter; none when absent or empty. Reactive.
    pub fn query(&self, name: &'static str) -> Memo<Option<String>> {
        let query = self.query;
        Memo::new(move |_| query.with(|pairs| value_of(pairs, name)))
    }

    /// Value of one query parameter now, without following it.
    pub fn query_now(&self, name: &str) -> Option<String> {
        self.query.with_untracked(|pairs| value_of(pairs, name))
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
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        self.navigate
            .with_value(|navigate| navigate(&address, options));
    }

    /// Goes to an address of the console, with a new entry in the history.
    pub fn go(&self, address: &str) {
        self.navigate
            .with_value(|navigate| navigate(address, NavigateOptions::default()));
    }
}

fn pairs(search: &str) -> Vec<(String, String)> {
    search
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(&value.replace('+', " "))))
        .collect()
}

fn value_of(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs
        .iter()
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.clone())
}

/// Follows links to a part of the page (`#main`): scrolls there and moves the focus, which the router would not do.
/// Called before the `Router` is made, so that it finds the click taken.
pub fn follow_links_within_the_page() {
    window_event_listener(ev::click, |event| {
        let id = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("a[href^='#']").ok().flatten())
            .and_then(|link| link.get_attribute("href"));
        if let Some(id) = id {
            event.prevent_default();
            show_part(id.trim_start_matches('#'));
        }
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_with_its_escapes_and_an_empty_value_is_none() {
        let pairs = pairs("q=Datu+%C3%91&after=&sql=all");
        assert_eq!(value_of(&pairs, "q").as_deref(), Some("Datu Ñ"));
        assert_eq!(value_of(&pairs, "after"), None);
        assert_eq!(value_of(&pairs, "sql").as_deref(), Some("all"));
    }
}
