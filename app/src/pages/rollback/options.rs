//! The ways back as cards: real radio buttons, from light to heavy.

use leptos::prelude::*;
use shared::rollback::{RollbackCost, RollbackOptions};

use super::cost::{downtime, loss, takes};
use super::{Choice, Way};

/// The cards. The panels below follow the choice.
#[component]
pub fn Options(
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let mode = move || options.with(|options| Some(options.mode.clone()));
    let partial = move || choice.cost_of_groups();
    let full = move || {
        options.with(|options| match choice.way.get() {
            Way::UndoAll => Some(options.undo_all.clone()),
            _ => {
                let name = choice.backup_of(options)?;
                options
                    .restores
                    .iter()
                    .find(|one| one.backup.name == name)
                    .map(|one| one.cost.clone())
            }
        })
    };
    view! {
        <fieldset>
            <legend class="vh">"Way back"</legend>
            <div class="options">
                {card(choice, Card::Mode, mode)} {card(choice, Card::Partial, partial)} {card(choice, Card::Full, full)}
            </div>
        </fieldset>
        <p class="vh" role="status">
            {move || options.with(|options| choice.cost(options)).map(|cost| format!("Unavailable {}, rows lost {}", downtime(&cost), loss(&cost)))}
        </p>
    }
    .into_any()
}

/// A card: the third stands for both ways to go back in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Card {
    Mode,
    Partial,
    Full,
}

impl Card {
    fn id(self) -> &'static str {
        match self {
            Self::Mode => "way-mode",
            Self::Partial => "way-partial",
            Self::Full => "way-full",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Mode => "Switch the mode back",
            Self::Partial => "Undo some apps",
            Self::Full => "Go back in full",
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Mode => "The system serves one organization again. Every record stays assigned.",
            Self::Partial => {
                "Takes the organization field out of the apps you choose. The other apps keep theirs."
            }
            Self::Full => "Restores a verified backup, or undoes every step back to the start.",
        }
    }

    /// State, word and number of bars of its severity.
    fn severity(self) -> (&'static str, &'static str, usize) {
        match self {
            Self::Mode => ("done", "Low", 1),
            Self::Partial => ("gate", "Medium", 2),
            Self::Full => ("failed", "High", 3),
        }
    }

    fn of(way: Way) -> Self {
        match way {
            Way::Mode => Self::Mode,
            Way::Partial => Self::Partial,
            Way::UndoAll | Way::Restore => Self::Full,
        }
    }

    fn choose(self, choice: Choice) {
        choice.way.set(match self {
            Self::Mode => Way::Mode,
            Self::Partial => Way::Partial,
            Self::Full => Way::Restore,
        });
    }

    /// What it takes to take it back.
    fn undo(self, way: Way) -> &'static str {
        match (self, way) {
            (Self::Mode, _) => "Switch again",
            (Self::Partial, _) => "Run its steps again",
            (Self::Full, Way::UndoAll) => "Run it again",
            (Self::Full, _) => "Not possible",
        }
    }
}

fn card(
    choice: Choice,
    card: Card,
    cost: impl Fn() -> Option<RollbackCost> + Copy + Send + Sync + 'static,
) -> AnyView {
    let described = format!("{}-told", card.id());
    let (state, word, severity) = card.severity();
    let bars = [(0.0, 8.0, 4.0), (5.0, 4.0, 8.0), (10.0, 0.0, 12.0)]
        .into_iter()
        .enumerate()
        .map(|(place, (x, y, height))| {
            view! {
                <rect
                    class=if place < severity { "on" } else { "" }
                    x=x.to_string()
                    y=y.to_string()
                    width="3.5"
                    height=height.to_string()
                    rx=".8"
                ></rect>
            }
        })
        .collect_view();
    let fact = move |of: fn(&RollbackCost) -> String| {
        move || {
            cost()
                .as_ref()
                .map_or_else(|| "Depends on the choice".to_owned(), of)
        }
    };
    view! {
        <div class="option">
            <div class="nm">
                <input
                    type="radio"
                    name="way"
                    id=card.id()
                    aria-describedby=described.clone()
                    prop:checked=move || Card::of(choice.way.get()) == card
                    on:change=move |_| card.choose(choice)
                />
                <label for=card.id()>{card.title()}</label>
                <span class="push">
                    <span class="state" data-state=state>
                        <svg class="sev" viewBox="0 0 14 12" aria-hidden="true">
                            {bars}
                        </svg>
                        {word}
                    </span>
                </span>
            </div>
            <p id=described>{move || cost().and_then(|cost| cost.refused).unwrap_or_else(|| card.told().to_owned())}</p>
            <dl class="kv end rules">
                <dt>"Takes"</dt>
                <dd>{fact(takes)}</dd>
                <dt>"Unavailable"</dt>
                <dd>{fact(downtime)}</dd>
                <dt>"Lost"</dt>
                <dd class=move || cost().filter(|cost| !cost.measuring).map(|cost| if cost.rows_lost > 0 { "neg" } else { "pos" })>{fact(loss)}</dd>
                <dt>"Undo"</dt>
                <dd>{move || card.undo(choice.way.get())}</dd>
            </dl>
        </div>
    }
    .into_any()
}
