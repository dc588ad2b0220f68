//! What a way back still has to know: which group to undo, or how to go back in full.

use leptos::prelude::*;
use shared::rollback::{GroupRollback, RollbackOptions};

use super::cost::{loss, takes};
use super::{Choice, Way};
use crate::components::Note;
use crate::format;

/// The groups: one or several are undone together.
#[component]
pub fn Groups(
    /// The ways back.
    options: Memo<RollbackOptions>,
    /// What is chosen.
    choice: Choice,
) -> impl IntoView {
    let groups = Memo::new(move |_| options.with(|options| options.groups.clone()));
    let line = move |group: GroupRollback| {
        let (name, of_box) = (group.name.clone(), group.name.clone());
        // refused alone may be possible together with what hangs on it
        let off = group.steps == 0;
        let told = match &group.cost.refused {
            Some(why) => why.clone(),
            None => format!(
                "{}. Lost: {}.",
                format::counted(u64::from(group.steps), "step", "steps"),
                loss(&group.cost)
            ),
        };
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    disabled=off
                    prop:checked=move || choice.groups.with(|chosen| chosen.contains(&of_box))
                    on:change=move |event| choice.choose_group(&name, event_target_checked(&event))
                />
                <span>
                    <b>{group.title}</b>
                    <br />
                    {told}
                </span>
            </label>
        }
    };
    let together = move || {
        let chosen = choice.groups.with(|chosen| chosen.len() as u64);
        (chosen > 1).then(|| match choice.cost_of_groups() {
            Some(cost) => match cost.refused {
                Some(why) => {
                    view! { <Note state="gate" title="Not together as they are">{why}</Note> }
                        .into_any()
                }
                None => view! {
                    <p class="sm" role="status">
                        <b>{format!("{chosen} apps together. ")}</b>
                        {format!("{}. Lost: {}.", takes(&cost), loss(&cost))}
                    </p>
                }
                .into_any(),
            },
            None => view! { <p class="sm" role="status">"Adding up what they cost together"</p> }
                .into_any(),
        })
    };
    view! {
        <fieldset class="panel">
            <legend class="vh">"Apps to undo"</legend>
            <div class="body stack-sm gap-3">
                <p class="sm">"The others stay migrated. An undone app can be tried again by a new run."</p>
                <For each=move || groups.get() key=|group| (group.name.clone(), group.cost.fingerprint.clone(), group.cost.refused.clone()) let:group>
                    {line(group)}
                </For>
                {together}
            </div>
        </fieldset>
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
                    loss(cost)
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
                Some(found) => format!("{}. Lost: {}.", takes(&found.cost), loss(&found.cost)),
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
