//! How far something is: the native progress element, and the track of phases and gates.

use leptos::prelude::*;
use shared::system::{JourneyStage, Tone};
use shared::work::WorkProgress;

use super::icon::icon;
use super::standing::{tone_icon, tone_name};
use crate::format;

/// A bar with its numbers as text for screen readers. Without a whole it shows that work goes on, not how far.
#[component]
pub fn Progress(
    /// Name.
    #[prop(into)]
    label: String,
    /// Done.
    #[prop(into)]
    value: Signal<u64>,
    /// In all; 0 when unknown.
    #[prop(into)]
    max: Signal<u64>,
    /// Colour.
    #[prop(into)]
    tone: Signal<Tone>,
    /// `sm` or `lg`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let known = move || max.get() > 0;
    view! {
        <progress
            class=class
            data-state=move || tone_name(tone.get())
            aria-label=label
            value=move || known().then(|| value.get().min(max.get()).to_string())
            max=move || if known() { max.get().to_string() } else { "1".into() }
        >
            {move || format::of(value.get(), max.get())}
        </progress>
    }
    .into_any()
}

/// How far long work is, in words and as a bar; nothing while that is not known.
#[component]
pub fn HowFar(
    /// What is worked on.
    #[prop(into)]
    label: String,
    /// How far it is.
    #[prop(into)]
    work: Signal<Option<WorkProgress>>,
) -> impl IntoView {
    let known = Memo::new(move |_| work.with(Option::is_some));
    let words = move || work.with(|work| work.as_ref().map(|work| work.words.clone()));
    let of = move |part: fn(&WorkProgress) -> u64| {
        Signal::derive(move || work.with(|work| work.as_ref().map_or(0, part)))
    };
    move || {
        let label = label.clone();
        known.get().then(|| {
            view! {
                <div class="how-far">
                    <span>{words}</span>
                    <Progress label class="sm" value=of(|work| work.done) max=of(|work| work.total) tone=Signal::stored(Tone::Running)/>
                </div>
            }
        })
    }
}

/// The way from first phase to last, with gates; turns vertical when narrow.
#[component]
pub fn Track(
    /// Phases and gates in order.
    #[prop(into)]
    stages: Signal<Vec<JourneyStage>>,
) -> impl IntoView {
    view! {
        <ol class="track">
            {move || stages.get().into_iter().map(|stage| {
                let state = tone_name(stage.tone);
                let now = matches!(stage.tone, Tone::Running | Tone::Gate | Tone::Failed);
                let picture = match (stage.gate, stage.tone) {
                    (true, Tone::Done) => "gate-open",
                    (true, _) => "gate",
                    (false, tone) => tone_icon(tone),
                };
                view! {
                    <li class=if stage.gate { "g" } else { "" } data-state=state>
                        <span class="node" data-state=state>{icon(picture)}</span>
                        <b>{stage.gate.then(|| view! { <span class="vh">"Gate: "</span> })} {stage.title}</b>
                        <small class=if now { "now" } else { "" }>{stage.note}</small>
                    </li>
                }
            }).collect_view()}
        </ol>
    }
    .into_any()
}
