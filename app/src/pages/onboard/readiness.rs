//! The readiness list: what a machine knows, and what a person confirms with his name.

use leptos::prelude::*;
use shared::account::Role;
use shared::organization::{OrganizationDetail, ReadinessItem};
use shared::system::Tone;

use super::save::Saver;
use crate::components::{icon, state_icon};
use crate::format;
use crate::session;

/// The items that a person confirms, and below them the whole list.
#[component]
pub fn DataOwner(
    /// The organization.
    detail: Memo<OrganizationDetail>,
    /// Saves changes.
    saver: Saver,
) -> impl IntoView {
    let session = session::current();
    let by_hand = Memo::new(move |_| {
        detail.with(|detail| {
            detail
                .readiness
                .iter()
                .filter(|item| !item.automatic)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let line = move |item: ReadinessItem| {
        let name = item.name.clone();
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=item.done
                    disabled=move || !session.may(Role::Operator)
                    on:change=move |event| {
                        let mut change = saver.change();
                        change.ticks.push((name.clone(), event_target_checked(&event)));
                        saver.save(change);
                    }
                />
                <span>
                    <b>{item.title}</b>
                    <br />
                    {item.by.unwrap_or_else(|| format::told(&item.evidence))}
                </span>
            </label>
        }
    };
    view! {
        <section class="panel" aria-labelledby="owner-heading">
            <header>
                <h2 id="owner-heading">"Data owner agrees"</h2>
                <p>"Confirmed by a person; your name and the time are kept"</p>
            </header>
            <div class="body stack-sm gap-3">
                {move || {
                    let items = by_hand.get();
                    if items.is_empty() {
                        view! { <p class="muted">"Nothing has to be confirmed by hand."</p> }.into_any()
                    } else {
                        items.into_iter().map(line).collect_view().into_any()
                    }
                }}
            </div>
        </section>
        <Readiness detail=detail />
    }
    .into_any()
}

/// The whole readiness list.
#[component]
pub fn Readiness(
    /// The organization.
    detail: Memo<OrganizationDetail>,
) -> impl IntoView {
    let line = |item: ReadinessItem| {
        let (tone, word) = if item.done {
            (Tone::Done, "Done")
        } else {
            (Tone::Gate, "Open")
        };
        view! {
            <li>
                {state_icon(tone, word)}
                <b>{item.title}</b>
                <span class="ev">
                    {if item.automatic { "Measured" } else { "By a person" }}
                </span>
                <p>
                    {format::told(&item.evidence)}
                    {item.by.map(|by| format!(" {by}"))}
                </p>
            </li>
        }
    };
    let count = move || {
        detail.with(|detail| {
            format!(
                "{} of {} done",
                detail.organization.ready_done, detail.organization.ready_total
            )
        })
    };
    view! {
        <section class="panel" aria-labelledby="readiness-heading">
            <header>
                <h2 id="readiness-heading">"Readiness list"</h2>
                <p>{count}</p>
            </header>
            <ul class="gates">{move || detail.with(|detail| detail.readiness.clone()).into_iter().map(line).collect_view()}</ul>
            {move || {
                detail
                    .with(|detail| detail.organization.blocked.clone())
                    .map(|blocked| view! { <footer>{icon("gate")} {blocked}</footer> })
            }}
        </section>
    }
    .into_any()
}
