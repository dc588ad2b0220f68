//! How much of the time a run works: changed while it goes on.

use leptos::prelude::*;
use shared::account::Role;

use super::RunPart;
use crate::api;
use crate::components::RefusalNote;
use crate::session;
use crate::submission::Submission;

/// What is offered; another program may have set something between.
const OFFERED: [(u8, &str); 4] = [
    (100, "Full: as fast as is polite"),
    (50, "Half of the time"),
    (25, "A quarter of the time"),
    (10, "A tenth of the time"),
];

/// The choice; nothing when the run has ended.
pub(super) fn pace_control(part: RunPart) -> AnyView {
    let open = Memo::new(move |_| part.view.with(|view| view.summary.state.is_open()));
    (move || open.get().then(|| choice(part))).into_any()
}

fn choice(part: RunPart) -> AnyView {
    let submission = Submission::new();
    let pace = Memo::new(move |_| part.progress.with(|now| now.pace));
    let refused = move || session::current().refusal(Role::Operator);
    let choose = move |value: String| {
        let Ok(percent) = value.parse() else {
            return;
        };
        let system = part.slug.get_value();
        submission.run(
            async move { api::set_pace(&system, part.number, percent).await },
            move |_| part.loaded.reload(),
        );
    };
    let options = move || {
        let now = pace.get();
        let other = (!OFFERED.iter().any(|(percent, _)| *percent == now)).then(|| view! {
            <option value=now.to_string() selected=true>{format!("{now} % of the time")}</option>
        });
        let offered = OFFERED.iter().map(|(percent, words)| {
            let selected = *percent == now;
            view! { <option value=percent.to_string() selected=selected>{*words}</option> }
        });
        (other, offered.collect_view())
    };
    view! {
        <div class="field">
            <label for="run-pace">"Pace"</label>
            <select
                class="in" id="run-pace" aria-describedby="run-pace-hint"
                disabled=move || refused().is_some() || submission.is_pending()
                on:change=move |event| choose(event_target_value(&event))
            >
                {options}
            </select>
            <p class="sm" id="run-pace-hint">
                {move || refused().unwrap_or_else(|| "Between its batches the run leaves the rest of the time to the application.".into())}
            </p>
            <RefusalNote submission/>
        </div>
    }
    .into_any()
}
