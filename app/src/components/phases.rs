//! Phases of a plan or a run: closed when nothing in them needs to be read, opened and closed by hand.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::system::Standing;

use super::icon::icon;
use super::standing::{tone_icon, tone_name};

/// Which phases a person opened or closed; the others follow what goes on in them.
#[derive(Clone, Copy)]
pub struct OpenPhases(RwSignal<BTreeMap<usize, bool>>);

impl Default for OpenPhases {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenPhases {
    /// Nothing opened or closed yet.
    pub fn new() -> Self {
        Self(RwSignal::new(BTreeMap::new()))
    }

    /// Whether a phase is open; `by_itself` is what it would be without a person. Reactive.
    pub fn is_open(&self, place: usize, by_itself: bool) -> bool {
        self.0
            .with(|by_hand| by_hand.get(&place).copied())
            .unwrap_or(by_itself)
    }

    fn turn(&self, place: usize, by_itself: bool) {
        let open = self
            .0
            .with_untracked(|by_hand| by_hand.get(&place).copied())
            .unwrap_or(by_itself);
        self.0.update(|by_hand| {
            by_hand.insert(place, !open);
        });
    }
}

/// What the line of a phase says.
pub struct PhaseLine {
    /// Its place in the list.
    pub place: usize,
    /// Whether it is open without a person's doing.
    pub open_by_itself: bool,
    /// Where it stands.
    pub standing: Standing,
    /// Title.
    pub title: String,
    /// Steps, counted.
    pub value: String,
    /// Time taken or planned.
    pub time: String,
}

/// A phase with its steps below while it is open.
pub fn phase(
    open: OpenPhases,
    line: PhaseLine,
    steps: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    let PhaseLine {
        place,
        open_by_itself,
        standing,
        title,
        value,
        time,
    } = line;
    let is_open = move || open.is_open(place, open_by_itself);
    view! {
        <li class="ph" data-state=tone_name(standing.tone)>
            <div class="line">
                <span class="node">{icon(tone_icon(standing.tone))}<span class="vh">{standing.word}</span></span>
                <span class="nm">
                    <button
                        type="button" class="fold" aria-expanded=move || if is_open() { "true" } else { "false" }
                        on:click=move |_| open.turn(place, open_by_itself)
                    >
                        <b>{title}</b> {icon("down")}
                    </button>
                </span>
                <span class="val">{value}</span>
                <span class="dur">{time}</span>
            </div>
            {move || is_open().then(|| view! { <ol>{steps()}</ol> })}
        </li>
    }
    .into_any()
}
