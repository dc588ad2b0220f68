//! Something that a person asked the server to do: whether it is on its way, and why it was refused.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{Answer, ApiError, Press};

/// One form's or button's request. Pressing twice does it once.
#[derive(Clone, Copy)]
pub struct Submission {
    pending: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    press: Press,
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
            press: Press::new(),
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
        self.dismiss();
        self.press.forget();
    }

    /// Takes the last refusal off the page. Asked for again, it is still the same request.
    pub fn dismiss(&self) {
        self.error.set(None);
    }

    /// What a request needs that is carried out once: the same request again is the same press, as long as none was
    /// answered with a yes.
    pub fn press(&self) -> Press {
        self.press
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
        let (pending, error, press) = (self.pending, self.error, self.press);
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
                    press.forget();
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
