//! Parts of the console that are fetched when they are first needed. What stands in a part and in what it calls, and is
//! called by no other part, is not in the first load.
//!
//! Fewer parts share more between them; more parts would be many small files. In a build that is not split (debug, and
//! tests on the host) a part is just a function.

use std::future::Future;

use leptos::prelude::*;
use send_wrapper::SendWrapper;

use crate::components::Note;

/// A part could not be fetched: the server is away, or was replaced by another release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartMissing;

#[cfg(split)]
impl From<leptos::wasm_split::SplitLoaderError> for PartMissing {
    fn from(_: leptos::wasm_split::SplitLoaderError) -> Self {
        Self
    }
}

/// What a part shows.
pub type Part = Result<AnyView, PartMissing>;

/// Declares a part: an async function that fetches its code the first time, and one that fetches ahead.
macro_rules! part {
    ($(#[$about:meta])* $name:ident, $ahead:ident, ($($argument:ident: $type:ty),*) $body:block) => {
        #[cfg(split)]
        $(#[$about])*
        #[leptos::wasm_split::wasm_split($name, wasm_split_path = leptos::wasm_split, preload($ahead), fallible)]
        pub fn $name($($argument: $type),*) -> $crate::part::Part $body

        #[cfg(not(split))]
        $(#[$about])*
        pub async fn $name($($argument: $type),*) -> $crate::part::Part $body
    };
}

pub(crate) use part;

/// Shows a part as soon as its code is there: at once when it was fetched before.
pub fn fetched(part: impl Future<Output = Part> + 'static) -> AnyView {
    Suspend::new(SendWrapper::new(async move {
        part.await.unwrap_or_else(|_| {
            view! {
                <Note state="failed" title="This page could not be fetched">
                    "The server does not answer, or was replaced by another release. Nothing was lost. Reload the page."
                </Note>
            }
            .into_any()
        })
    }))
    .into_any()
}
