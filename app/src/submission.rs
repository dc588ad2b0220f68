//! Something that a person asked the server to do: whether it is on its way, and why it was refused.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{self, Answer, ApiError};

/// One form's or button's request. Pressing twice does it once.
#[derive(Clone, Copy)]
pub struct Submission {
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    key: StoredValue<Option<String>>,
}

impl Default for Submission {
    fn default() -> Self {
        Self::new()
    }
}

impl Submission {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self {
            pending: RwSignal::new(false),
            error: RwSignal::new(None),
            key: StoredValue::new(None),
        }
    }

    /// Whether the answer is awaited. Reactive.
    pub fn is_pending(&self) -> bool {
        self.pending.get()
    }

    /// Whether the answer is awaited, without following it.
    pub fn is_pending_now(&self) -> bool {
        self.pending.get_untracked()
    }

    /// Why it was refused, until the next try. Reactive.
    pub fn error(&self) -> Option<ApiError> {
        self.error.get()
    }

    /// Begins anew, as when a dialog opens: forgets the last error, and what is asked next is another request.
    pub fn clear(&self) {
        self.error.set(None);
        self.key.set_value(None);
    }

    /// The key that makes the next request the same as the last one, as long as that was not answered with a yes: what is
    /// pressed again because its answer was lost on the way starts nothing twice.
    pub fn key(&self) -> String {
        if let Some(key) = self.key.get_value() {
            return key;
        }
        let key = api::idempotency_key();
        self.key.set_value(Some(key.clone()));
        key
    }

    /// Shows an error that was found before anything was sent.
    pub fn refuse(&self, error: ApiError) {
        self.error.set(Some(error));
    }

    /// Makes the request, then `then` with its answer. Ignored while an earlier one is on its way.
    pub fn run<T: 'static>(
        &self,
        request: impl Future<Output = Answer<T>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.pending.get_untracked() {
            return;
        }
        let (pending, error, key) = (self.pending, self.error, self.key);
        pending.set(true);
        error.set(None);
        spawn_local(async move {
            let answer = request.await;
            // the page may be gone by now
            if pending.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(value) => {
                    key.try_set_value(None);
                    then(value);
                }
                Err(ApiError::Cancelled) => {}
                Err(why) => {
                    error.try_set(Some(why));
                }
            }
        });
    }
}
