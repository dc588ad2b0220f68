//! What a way back still has to know: which groups to undo, or how to go back in full.

use leptos::prelude::*;
use shared::rollback::RollbackOptions;

use super::cost::{loss, takes};
use super::{Choice, Way};
use crate::format;

/// The groups that can be undone alone.
#[component]
pub fn Groups(
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let lines = move || {
        options
            .with(|options| options.groups.clone())
            .into_iter()
            .map(|group| {
                let name = group.name.clone();
                let chosen = {
                    let name = name.clone();
                    move || choice.groups.with(|groups| groups.contains(&name))
                };
                let refused = group.cost.refused.clone();
                let off = refused.is_some();
                let told = refused.unwrap_or_else(|| {
                    format!(
                        "{}, {} lost",
                        format::counted(u64::from(group.steps), "step", "steps"),
                        loss(&group.cost.lost)
                    )
                });
                view! {
                    <label class="check">
                        <input
                            type="checkbox"
                            disabled=off
                            prop:checked=chosen
                            on:change=move |event| {
                                let on = event_target_checked(&event);
                                choice
                                    .groups
                                    .update(|groups| {
                                        groups.retain(|one| *one != name);
                                        if on {
                                            groups.push(name.clone());
                                        }
                                    });
                            }
                        />
                        <span>
                            <b>{group.title}</b>
                            <br />
                            {told}
                        </span>
                    </label>
                }
            })
            .collect_view()
    };
    view! {
        <section class="panel" aria-labelledby="groups-heading">
            <header>
                <h2 id="groups-heading">"Apps to undo"</h2>
                <p>"The others stay migrated; an undone app can be tried again"</p>
            </header>
            <div class="body stack-sm gap-3">{lines}</div>
        </section>
    }
    .into_any()
}

/// The two ways to go back in full.
#[component]
pub fn Full(
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let undo = move || {
        options.with(|options| {
            let cost = &options.undo_all;
            cost.refused.clone().unwrap_or_else(|| {
                format!(
                    "{}. Lost: {}. Records made since stay.",
                    takes(cost),
                    loss(&cost.lost)
                )
            })
        })
    };
    let restore = move || {
        options.with(|options| {
            let name = choice.backup_of(options);
            let found = options
                .restores
                .iter()
                .find(|one| Some(&one.backup.name) == name.as_ref());
            match found {
                Some(found) => format!("{}. Lost: {}.", takes(&found.cost), loss(&found.cost.lost)),
                None => "No verified backup can be restored.".to_owned(),
            }
        })
    };
    view! {
        <fieldset class="panel">
            <legend class="vh">"How to go back in full"</legend>
            <div class="body stack-sm gap-3">
                <label class="check">
                    <input
                        type="radio"
                        name="full"
                        prop:checked=move || choice.way.get() == Way::Restore
                        on:change=move |_| choice.way.set(Way::Restore)
                    />
                    <span>
                        <b>"Restore a verified backup"</b>
                        <br />
                        {restore}
                    </span>
                </label>
                <label class="check">
                    <input
                        type="radio"
                        name="full"
                        prop:checked=move || choice.way.get() == Way::UndoAll
                        on:change=move |_| choice.way.set(Way::UndoAll)
                    />
                    <span>
                        <b>"Undo every step"</b>
                        <br />
                        {undo}
                    </span>
                </label>
            </div>
        </fieldset>
    }
    .into_any()
}
