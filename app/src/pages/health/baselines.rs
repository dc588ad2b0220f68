//! What is usual: named baselines, which one the charts are compared with, and capturing a new one.

use leptos::prelude::*;
use shared::account::Role;
use shared::health::{Baseline, CaptureBaseline, HealthView};
use web_sys::SubmitEvent;

use crate::api;
use crate::components::{Dialog, Empty, Panel, RefusalNote, TextField, announce};
use crate::format;
use crate::loader::Loaded;
use crate::route::location;
use crate::session;
use crate::submission::Submission;

/// Minutes to choose from.
const LENGTHS: [(u32, &str); 4] = [
    (60, "The last hour"),
    (360, "The last 6 hours"),
    (1440, "The last day"),
    (4320, "The last 3 days"),
];

/// The baseline that the charts are compared with: the one that the address names, or else the newest.
pub(super) fn compared(view: Memo<HealthView>) -> Memo<Option<Baseline>> {
    let asked = location::current().query("baseline");
    Memo::new(move |_| {
        let asked = asked.get();
        if asked.as_deref() == Some("none") {
            return None;
        }
        let id = asked.and_then(|id| id.parse::<i64>().ok());
        view.with(|view| {
            let named = view.baselines.iter().find(|one| Some(one.id) == id);
            named.or(view.baselines.first()).cloned()
        })
    })
}

/// The list of baselines.
pub(super) fn baselines_panel(view: Memo<HealthView>) -> AnyView {
    let baselines = Memo::new(move |_| view.with(|view| view.baselines.clone()));
    let chosen = compared(view);
    let choose = |id: &str| location::current().set_query(&[("baseline", id)]);
    let rows = move || {
        baselines
            .get()
            .into_iter()
            .map(|baseline| row(baseline, chosen))
            .collect_view()
    };
    view! {
        <Panel title="Baselines" class="clip" note=Signal::stored("What was usual before a release".to_owned())>
            {move || if baselines.with(Vec::is_empty) {
                view! { <Empty picture="flag" title="No baseline yet" text="Capture one before a release: what comes after it is drawn against it."/> }.into_any()
            } else {
                view! {
                    <ul class="picks">
                        {rows}
                        <li>
                            <label class="check">
                                <input type="radio" name="baseline" prop:checked=move || chosen.with(Option::is_none) on:change=move |_| choose("none")/>
                                <span>"Compare with none"</span>
                            </label>
                        </li>
                    </ul>
                }.into_any()
            }}
        </Panel>
    }
    .into_any()
}

fn row(baseline: Baseline, chosen: Memo<Option<Baseline>>) -> AnyView {
    let id = baseline.id;
    let words = format!(
        "{} to {}, half under {}; {} bad of {}",
        format::duration(baseline.p10_ms.into()),
        format::duration(baseline.p90_ms.into()),
        format::duration(baseline.p50_ms.into()),
        format_args!("{:.1}%", baseline.bad_percent),
        format::counted(baseline.samples.into(), "sample", "samples"),
    );
    view! {
        <li>
            <label class="check">
                <input
                    type="radio" name="baseline"
                    prop:checked=move || chosen.with(|chosen| chosen.as_ref().is_some_and(|one| one.id == id))
                    on:change=move |_| location::current().set_query(&[("baseline", &id.to_string())])
                />
                <span><b>{baseline.name}</b> <small class="detail">{words}</small> <small class="detail">{format::moment(&baseline.at)} ", " {baseline.by}</small></span>
            </label>
        </li>
    }
    .into_any()
}

/// The dialog that captures one.
#[component]
pub(super) fn CaptureDialog(
    /// Slug of the system.
    slug: StoredValue<String>,
    /// What is asked again afterwards.
    loaded: Loaded<HealthView>,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let minutes = RwSignal::new(LENGTHS[0].0);
    let command = Submission::new();
    Effect::new(move |_| {
        if open.get() {
            command.clear();
            name.set(String::new());
        }
    });
    let problem = Signal::derive(move || command.error().and_then(|error| error.field("name")));
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        if session::current().refusal(Role::Operator).is_some() {
            return;
        }
        let body = CaptureBaseline {
            name: name.get_untracked(),
            minutes: minutes.get_untracked(),
        };
        let system = slug.get_value();
        command.run(
            async move { api::capture_baseline(&system, &body).await },
            move |baseline| {
                announce(&format!("The baseline {} is captured", baseline.name));
                location::current().set_query(&[("baseline", "")]);
                loaded.reload();
                open.set(false);
            },
        );
    };
    view! {
        <Dialog open title="Capture a baseline">
            <form class="dialog-form" on:submit=send novalidate>
                <div class="body">
                    <p>"What was measured lately is kept under a name. It is never changed afterwards."</p>
                    <TextField label="Name" name="baseline-name" value=name error=problem autofocus=true hint="Such as: Before release 2.1"/>
                    <div class="field">
                        <label for="baseline-minutes">"Measured in"</label>
                        <select class="in" id="baseline-minutes" on:change=move |event| {
                            if let Ok(chosen) = event_target_value(&event).parse() {
                                minutes.set(chosen);
                            }
                        }>
                            {LENGTHS.map(|(length, words)| view! { <option value=length.to_string() prop:selected=move || minutes.get() == length>{words}</option> }).collect_view()}
                        </select>
                    </div>
                    <RefusalNote submission=command/>
                </div>
                <footer>
                    <button type="button" class="btn" on:click=move |_| open.set(false)>"Not now"</button>
                    <button class="btn primary" aria-disabled=move || command.is_pending().then_some("true")>"Capture the baseline"</button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}
