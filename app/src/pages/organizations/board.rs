//! The organizations as a board of five lanes. Dragging a card is one way to move it, its menu the other.

use leptos::prelude::*;
use shared::organization::{Organization, Stage};
use web_sys::DragEvent;

use super::card::{next, pips, stage_icon, stage_tone};
use super::stage::{Mover, StageMenu};
use crate::components::{icon, tone_name};
use crate::format;

/// Cards of a lane shown before a person asks for more.
const CARDS: usize = 8;

fn told(stage: Stage) -> &'static str {
    match stage {
        Stage::Invited => "Its preparation is going on",
        Stage::Prepared => "All preparations done",
        Stage::Pilot => "Among the first, watched closely",
        Stage::Active => "Works on the system",
        Stage::Suspended => "Taken off, records kept",
    }
}

/// The board.
#[component]
pub fn Board(
    /// Slug of the system.
    system: Signal<String>,
    /// What to show.
    #[prop(into)]
    shown: Signal<Vec<Organization>>,
    /// Moves an organization.
    mover: Mover,
) -> impl IntoView {
    let dragged = RwSignal::new(None::<String>);
    Stage::ALL
        .into_iter()
        .map(|stage| view! { <Lane system=system stage=stage shown=shown mover=mover dragged=dragged /> })
        .collect_view()
}

#[component]
fn Lane(
    system: Signal<String>,
    stage: Stage,
    shown: Signal<Vec<Organization>>,
    mover: Mover,
    dragged: RwSignal<Option<String>>,
) -> impl IntoView {
    let all = RwSignal::new(false);
    let over = RwSignal::new(false);
    let cards = Memo::new(move |_| {
        shown.with(|shown| {
            shown
                .iter()
                .filter(|one| one.stage == stage)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let heading = format!("lane-{}", stage.word().to_lowercase());
    let drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        if let Some(code) = dragged.get_untracked() {
            mover.request(&code, stage);
        }
        dragged.set(None);
    };
    view! {
        <section
            class="lane"
            class:over=move || over.get()
            aria-labelledby=heading.clone()
            on:dragover=move |event: DragEvent| {
                if dragged.with_untracked(Option::is_some) {
                    event.prevent_default();
                    over.set(true);
                }
            }
            on:dragleave=move |_| over.set(false)
            on:drop=drop
        >
            <header>
                <span class="ico" data-state=tone_name(stage_tone(stage))>
                    {icon(stage_icon(stage))}
                </span>
                <h2 id=heading.clone()>{stage.word()}</h2>
                <span class="n">{move || cards.with(Vec::len)}</span>
            </header>
            <p>{told(stage)}</p>
            <ul class="stack-sm gap-2">
                <For
                    each=move || {
                        let limit = if all.get() { usize::MAX } else { CARDS };
                        cards.get().into_iter().take(limit).collect::<Vec<_>>()
                    }
                    key=|one| (one.code.clone(), one.version, one.rows, one.blocked.clone(), one.ready_done)
                    let:organization
                >
                    {card(system, organization, mover, dragged)}
                </For>
            </ul>
            {move || {
                let more = cards.with(Vec::len).saturating_sub(CARDS);
                (more > 0 && !all.get())
                    .then(|| {
                        view! {
                            <button type="button" class="btn sm quiet" on:click=move |_| all.set(true)>
                                {format!("{more} more")}
                            </button>
                        }
                    })
            }}
        </section>
    }
    .into_any()
}

fn card(
    system: Signal<String>,
    organization: Organization,
    mover: Mover,
    dragged: RwSignal<Option<String>>,
) -> AnyView {
    let code = organization.code.clone();
    let href = format!(
        "/systems/{}/organizations/{code}/onboard",
        system.get_untracked()
    );
    let settled = organization.stage >= Stage::Active;
    let started = move |event: DragEvent| {
        if let Some(transfer) = event.data_transfer() {
            // Firefox starts no drag without data.
            transfer.set_data("text/plain", &code).ok();
            transfer.set_effect_allowed("move");
        }
        dragged.set(Some(code.clone()));
    };
    view! {
        <li class="card" draggable="true" on:dragstart=started on:dragend=move |_| dragged.set(None)>
            <div class="id">
                <b>{organization.code.clone()}</b>
                <StageMenu mover=mover organization=organization.clone() />
            </div>
            <p>
                <a class="name" href=href>
                    {organization.name.clone()}
                </a>
            </p>
            {(!settled).then(|| view! { <p class="strong">{next(&organization)}</p> })}
            <div class="foot">
                <span>{format::counted(organization.rows, "record", "records")}</span>
                {pips(organization.ready_done, organization.ready_total)}
            </div>
        </li>
    }
    .into_any()
}
