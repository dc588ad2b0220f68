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
    let partial = move || {
        options.with(|options| {
            choice
                .groups
                .with(|chosen| super::cost::of_groups(options, chosen))
                .filter(|_| choice.groups.with(|chosen| !chosen.is_empty()))
        })
    };
    let undo = move || options.with(|options| Some(options.undo_all.clone()));
    let restore = move || {
        options.with(|options| {
            let name = choice.backup_of(options)?;
            options
                .restores
                .iter()
                .find(|one| one.backup.name == name)
                .map(|one| one.cost.clone())
        })
    };
    view! {
        <fieldset>
            <legend class="vh">"Way back"</legend>
            <div class="options four">
                {card(choice, Way::Mode, "Switch the mode back", 1, "The system serves one organization again. Every record stays assigned.", "Switch again", mode)}
                {card(choice, Way::Partial, "Undo some apps", 2, "Takes the organization field out of the apps you choose. The others keep theirs.", "Run their steps again", partial)}
                {card(choice, Way::UndoAll, "Undo every step", 2, "Takes the organization field out of all apps, step by step, back to the start.", "Run it again", undo)}
                {card(choice, Way::Restore, "Restore a backup", 3, "Puts the whole database back to the moment of a verified backup.", "Not possible", restore)}
            </div>
        </fieldset>
        <p class="vh" role="status">
            {move || options.with(|options| choice.cost(options)).map(|cost| format!("Unavailable {}, rows lost {}", downtime(&cost), loss(&cost.lost)))}
        </p>
    }
    .into_any()
}

fn card(
    choice: Choice,
    way: Way,
    title: &'static str,
    severity: usize,
    told: &'static str,
    undo: &'static str,
    cost: impl Fn() -> Option<RollbackCost> + Copy + Send + Sync + 'static,
) -> AnyView {
    let id = match way {
        Way::Mode => "way-mode",
        Way::Partial => "way-partial",
        Way::UndoAll => "way-undo",
        Way::Restore => "way-restore",
    };
    let described = format!("{id}-told");
    let (state, word) = match severity {
        1 => ("done", "Low"),
        2 => ("gate", "Medium"),
        _ => ("failed", "High"),
    };
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
                />
            }
        })
        .collect_view();
    let refused = move || cost().and_then(|cost| cost.refused);
    view! {
        <div class="option">
            <div class="nm">
                <input
                    type="radio"
                    name="way"
                    id=id
                    aria-describedby=described.clone()
                    prop:checked=move || choice.way.get() == way
                    on:change=move |_| choice.way.set(way)
                />
                <label for=id>{title}</label>
                <span class="push">
                    <span class="state" data-state=state>
                        <svg class="sev" viewBox="0 0 14 12" aria-hidden="true">
                            {bars}
                        </svg>
                        {word}
                    </span>
                </span>
            </div>
            <p id=described>{move || refused().unwrap_or_else(|| told.to_owned())}</p>
            <dl class="kv end rules">
                <dt>"Takes"</dt>
                <dd>{move || cost().as_ref().map_or_else(|| "Depends on the choice".to_owned(), takes)}</dd>
                <dt>"Unavailable"</dt>
                <dd>{move || cost().as_ref().map_or_else(|| "Depends on the choice".to_owned(), downtime)}</dd>
                <dt>"Rows lost"</dt>
                <dd class=move || cost().map(|cost| if cost.rows_lost > 0 { "neg" } else { "pos" })>
                    {move || cost().map_or_else(|| "Depends on the choice".to_owned(), |cost| if cost.rows_lost == 0 { "0".to_owned() } else { loss(&cost.lost) })}
                </dd>
                <dt>"Undo"</dt>
                <dd>{undo}</dd>
            </dl>
        </div>
    }
    .into_any()
}
