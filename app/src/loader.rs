//! Values that a page shows: asked for at once, asked again when the server says that they changed.
//!
//! The last value stays on the page while a newer one is on its way, or cannot be had: nothing flashes, focus stays.

mod questions;

use std::future::Future;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::event::Topic;

use crate::api::{Answer, ApiError};
use crate::components::{ErrorPanel, Note, PageHead, Skeleton};
use crate::events;
use questions::{Because, Questions};

/// A value of the server on a page.
pub struct Loaded<T: 'static> {
    value: RwSignal<Option<T>>,
    error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
    again: RwSignal<u32>,
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loaded<T> {}

// several events in one burst are one question
const SETTLE: Duration = Duration::from_millis(60);

/// Asks with `fetch` now, when a signal that `fetch` read (before its first await) changes, when the server says that
/// one of `topics` changed, and after a lost connection.
pub fn load<T, F>(topics: &'static [Topic], fetch: impl Fn() -> F + 'static) -> Loaded<T>
where
    T: PartialEq + Send + Sync + 'static,
    F: Future<Output = Answer<T>> + 'static,
{
    let loaded = Loaded {
        value: RwSignal::new(None),
        error: RwSignal::new(None),
        busy: RwSignal::new(false),
        again: RwSignal::new(0),
    };
    let questions = StoredValue::new(Questions::default());
    let live = events::current();
    Effect::new(move |before: Option<u64>| {
        let version = live.version(topics);
        loaded.again.get();
        let question = fetch();
        loaded.busy.set(true);
        let because = match before == Some(version) {
            true => Because::OfThePage,
            false => Because::OfAnEvent,
        };
        let number = questions
            .try_update_value(|questions| questions.ask(because))
            .unwrap_or_default();
        spawn_local(async move {
            if before.is_some() {
                settle().await;
            }
            // a newer question is on its way, or the page is gone
            let is_newest = move || {
                questions.try_with_value(|questions| questions.is_newest(number)) == Some(true)
            };
            if !is_newest() {
                return;
            }
            let answer = question.await;
            if questions.try_update_value(|questions| questions.takes(number)) != Some(true) {
                return;
            }
            if is_newest() {
                loaded.busy.try_set(false);
            }
            match answer {
                Ok(value) => {
                    loaded.error.try_set(None);
                    if loaded
                        .value
                        .try_with_untracked(|now| now.as_ref() != Some(&value))
                        == Some(true)
                    {
                        loaded.value.try_set(Some(value));
                    }
                }
                Err(error) => {
                    loaded.error.try_set(Some(error));
                }
            }
        });
        version
    });
    loaded
}

async fn settle() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        set_timeout(
            move || {
                let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
            },
            SETTLE,
        );
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Loaded<T> {
    /// The value, once there is one. Reactive.
    pub fn get(&self) -> Option<T> {
        self.value.get()
    }

    /// Reads the value without copying it. Reactive.
    pub fn with<U>(&self, read: impl FnOnce(Option<&T>) -> U) -> U {
        self.value.with(|value| read(value.as_ref()))
    }

    /// Takes over a newer value, such as the answer to a command.
    pub fn set(&self, value: T) {
        self.value.set(Some(value));
    }

    /// Whether a question is on its way. Reactive.
    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }

    /// Why the last question was not answered. Reactive.
    pub fn error(&self) -> Option<ApiError> {
        self.error.get()
    }

    /// Asks again.
    pub fn reload(&self) {
        self.again.update(|times| *times += 1);
    }

    /// The page part that shows this value: a skeleton while there is none, what went wrong when it cannot be had,
    /// then `body`, built once, with the value as a signal. `what` is a noun, such as `coverage`.
    pub fn view(
        &self,
        what: &'static str,
        body: impl Fn(Memo<T>) -> AnyView + Send + 'static,
    ) -> AnyView {
        let loaded = *self;
        let here = Memo::new(move |_| loaded.value.with(Option::is_some));
        let failed = Memo::new(move |_| loaded.error.with(Option::is_some));
        (move || {
            if here.get() {
                return untrack(|| {
                    let value = Memo::new(move |_| {
                        loaded.value.get().expect("a value that arrived is never taken away")
                    });
                    view! { {loaded.stale_note(what)} {body(value)} }.into_any()
                });
            }
            if failed.get() {
                view! { <ErrorPanel what error=Signal::derive(move || loaded.error.get()) retry=move || loaded.reload()/> }.into_any()
            } else {
                view! { <Skeleton what/> }.into_any()
            }
        })
        .into_any()
    }

    /// The same for a page whose heading depends on the value: until it is there the page is called `title`.
    pub fn page(
        &self,
        title: &'static str,
        what: &'static str,
        body: impl Fn(Memo<T>) -> AnyView + Send + 'static,
    ) -> AnyView {
        let loaded = *self;
        let waits = Memo::new(move |_| loaded.value.with(Option::is_none));
        view! {
            {move || waits.get().then(|| view! { <PageHead title=title/> })}
            {self.view(what, body)}
        }
        .into_any()
    }

    fn stale_note(&self, what: &'static str) -> AnyView {
        let error = self.error;
        (move || {
            // offline has its banner: only a refusal of this one question needs words here
            error.get().filter(|error| *error != ApiError::Network).map(|error| {
                view! {
                    <Note state="failed" alert=true title=format!("Newer {what} could not be read")>
                        {error.detail()}
                    </Note>
                }
            })
        })
        .into_any()
    }
}
