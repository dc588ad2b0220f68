//! Tells screen readers milestones: at most one message in ten seconds, the newest wins.

use std::time::Duration;

use leptos::prelude::*;

const PAUSE: Duration = Duration::from_secs(10);

/// A silent place on the page that says `message` when it changes; `urgent` says it at once.
#[component]
pub fn Announcer(
    /// The milestone; empty says nothing.
    #[prop(into)]
    message: Signal<String>,
    /// Unavailable, available again, failed, rolled back; empty says nothing.
    #[prop(optional, into)]
    urgent: Signal<String>,
) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let resting = StoredValue::new(false);
    let first = StoredValue::new(true);
    let say = move || {
        said.try_set(message.get_untracked());
        resting.try_set_value(true);
    };
    Effect::new(move |_| {
        let now = message.get();
        // what was true before the page opened is read with the page
        if first.get_value() {
            first.set_value(false);
            return;
        }
        if now.is_empty() || resting.get_value() {
            return;
        }
        say();
        set_timeout(
            move || {
                let changed = message.try_get_untracked() != said.try_get_untracked();
                resting.try_set_value(false);
                if changed && message.try_get_untracked().is_some() {
                    say();
                    resting.try_set_value(false);
                }
            },
            PAUSE,
        );
    });
    view! {
        <p class="vh" role="status" aria-live="polite">{move || said.get()}</p>
        <p class="vh" aria-live="assertive">{move || urgent.get()}</p>
    }
}
