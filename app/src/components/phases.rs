//! Phases of a plan or a run: closed when nothing in them needs to be read, opened and closed by hand.

use std::collections::BTreeMap;

use leptos::prelude::*;
use shared::system::Standing;

use super::icon::icon;
use super::standing::{tone_icon, tone_name};

/// Something that can be folded: a phase, or a stretch of its steps that needs no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fold {
    /// The phase at this place.
    Phase(usize),
    /// The stretch of the phase at this place that begins with this step.
    Stretch(usize, usize),
}

/// What a person opened or closed; the rest follows what goes on in it.
#[derive(Clone, Copy)]
pub struct OpenPhases(RwSignal<BTreeMap<Fold, bool>>);

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

    /// Whether it is open; `by_itself` is what it would be without a person. Reactive.
    pub fn is_open(&self, fold: Fold, by_itself: bool) -> bool {
        self.0
            .with(|by_hand| by_hand.get(&fold).copied())
            .unwrap_or(by_itself)
    }

    fn turn(&self, fold: Fold, by_itself: bool) {
        let open = self
            .0
            .with_untracked(|by_hand| by_hand.get(&fold).copied())
            .unwrap_or(by_itself);
        self.0.update(|by_hand| {
            by_hand.insert(fold, !open);
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
    let is_open = move || open.is_open(Fold::Phase(place), open_by_itself);
    view! {
        <li class="ph" data-state=tone_name(standing.tone)>
            <div class="line">
                <span class="node">{icon(tone_icon(standing.tone))}<span class="vh">{standing.word}</span></span>
                <span class="nm">
                    <button
                        type="button" class="fold" aria-expanded=move || if is_open() { "true" } else { "false" }
                        on:click=move |_| open.turn(Fold::Phase(place), open_by_itself)
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

/// A stretch of steps as one line that can be opened: `21 steps done`.
pub fn stretch(
    open: OpenPhases,
    fold: Fold,
    standing: Standing,
    words: String,
    time: Option<String>,
    steps: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    let is_open = move || open.is_open(fold, false);
    view! {
        <li class="stretch" data-state=tone_name(standing.tone)>
            <div class="line">
                <span class="node">{icon(tone_icon(standing.tone))}<span class="vh">{standing.word}</span></span>
                <span class="nm">
                    <button
                        type="button" class="fold" aria-expanded=move || if is_open() { "true" } else { "false" }
                        on:click=move |_| open.turn(fold, false)
                    >
                        {words} {icon("down")}
                    </button>
                </span>
                <span class="val"></span>
                <span class="dur">{time}</span>
            </div>
            {move || is_open().then(|| view! { <ol>{steps()}</ol> })}
        </li>
    }
    .into_any()
}

/// The number of a step within its phase: phase `2.3. Make it required` has the steps `2.3.1`, `2.3.2`.
pub fn step_number(phase: &str, index: usize) -> String {
    let number = phase.split_whitespace().next().unwrap_or_default();
    let number = number.trim_end_matches('.');
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_number {
        format!("{number}.{index}")
    } else {
        index.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_carries_the_number_of_its_phase_where_the_phase_has_one() {
        assert_eq!(step_number("2.3. Make it required", 4), "2.3.4");
        assert_eq!(step_number("0. Backup", 1), "0.1");
        assert_eq!(step_number("Communities", 2), "2");
        assert_eq!(step_number("3rd try", 2), "2");
    }
}
