//! What makes pressing a button again, because the answer was lost on the way, the same as pressing it once.

use leptos::prelude::*;

/// The request that a button, form or dialog sent last, and its key.
#[derive(Clone, Copy)]
pub struct Press(StoredValue<Option<Sent>>);

struct Sent {
    path: String,
    body: String,
    key: String,
}

impl Default for Press {
    fn default() -> Self {
        Self::new()
    }
}

impl Press {
    /// Nothing sent yet.
    pub fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// What is sent next is another request, even when it reads the same: the last one was carried out, or given up.
    pub fn forget(self) {
        // the page may be gone by now
        self.0.try_set_value(None);
    }

    /// The key of this request: that of the last one when it is the same request, or else a new one.
    pub(super) fn key(self, path: &str, body: &str) -> String {
        let again = |sent: &Option<Sent>| {
            let sent = sent.as_ref()?;
            (sent.path == path && sent.body == body).then(|| sent.key.clone())
        };
        if let Some(key) = self.0.try_with_value(again).flatten() {
            return key;
        }
        let key = new_key();
        self.0.try_set_value(Some(Sent {
            path: path.to_owned(),
            body: body.to_owned(),
            key: key.clone(),
        }));
        key
    }
}

fn new_key() -> String {
    let part = || format!("{:08x}", (js_sys::Math::random() * 4_294_967_296.0) as u32);
    [part(), part(), part(), part()].concat()
}
