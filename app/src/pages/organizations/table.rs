//! The organizations as a table that can be sorted.

use leptos::prelude::*;
use shared::organization::Organization;

use super::card::{next, pips, stage_badge};
use super::selection::Column;
use super::stage::{Mover, StageMenu};
use crate::components::icon;
use crate::format;

/// Rows shown before a person asks for more.
const PAGE: usize = 60;

/// The table. A head that sorts is a button; pressing it again turns the order around.
#[component]
pub fn OrganizationTable(
    /// Slug of the system.
    system: Signal<String>,
    /// What to show, in order.
    #[prop(into)]
    shown: Signal<Vec<Organization>>,
    /// How many there are in all.
    #[prop(into)]
    total: Signal<usize>,
    /// Present order.
    #[prop(into)]
    sort: Signal<(Column, bool)>,
    /// Asks for another order.
    #[prop(into)]
    on_sort: Callback<(Column, bool)>,
    /// Moves an organization.
    mover: Mover,
) -> impl IntoView {
    let limit = RwSignal::new(PAGE);
    let head = move |label: &'static str, column: Column, class: &'static str| {
        let order = move || {
            let (now, descending) = sort.get();
            (now == column).then_some(if descending {
                "descending"
            } else {
                "ascending"
            })
        };
        view! {
            <th scope="col" class=class aria-sort=order>
                <button
                    type="button"
                    on:click=move |_| {
                        let (now, descending) = sort.get_untracked();
                        on_sort.run((column, if now == column { !descending } else { column != Column::Code }));
                    }
                >
                    {label}
                    {move || order().map(|order| if order == "descending" { icon("down") } else { icon("up") })}
                </button>
            </th>
        }
    };
    let page = move || {
        shown
            .get()
            .into_iter()
            .take(limit.get())
            .collect::<Vec<_>>()
    };
    view! {
        <div class="scroll" tabindex="0" role="group" aria-labelledby="organizations-heading">
            <table class="t rows mid">
                <thead>
                    <tr>
                        {head("Organization", Column::Code, "")} {head("Stage", Column::Stage, "")}
                        {head("Prepared", Column::Prepared, "")} <th scope="col">"Next"</th> {head("Wave", Column::Wave, "")}
                        {head("Records", Column::Rows, "r")}
                        <th scope="col">
                            <span class="vh">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=page
                        key=|organization| (organization.code.clone(), organization.version, organization.rows, organization.blocked.clone(), organization.wave, organization.ready_done)
                        let:organization
                    >
                        {row(system, organization, mover)}
                    </For>
                </tbody>
            </table>
        </div>
        <footer>
            <span>{move || format!("{} of {} shown", shown.with(Vec::len).min(limit.get()), total.get())}</span>
            {move || {
                let more = shown.with(Vec::len).saturating_sub(limit.get());
                (more > 0)
                    .then(|| {
                        view! {
                            <button type="button" class="btn sm" on:click=move |_| limit.update(|limit| *limit += PAGE)>
                                {format!("Show next {}", more.min(PAGE))}
                            </button>
                        }
                    })
            }}
        </footer>
    }
    .into_any()
}

fn row(system: Signal<String>, organization: Organization, mover: Mover) -> AnyView {
    let href = format!(
        "/systems/{}/organizations/{}/onboard",
        system.get_untracked(),
        organization.code
    );
    let plain = organization.blocked.is_some();
    let wave = match organization.wave {
        None => "Not planned".to_owned(),
        Some(0) => "Pilot".to_owned(),
        Some(number) => format!("Wave {number}"),
    };
    // The default organization works on the system from the start.
    let prepared = if organization.is_default {
        view! { <span class="muted">"Not needed"</span> }.into_any()
    } else {
        view! {
            <span class="row nowrap">
                {pips(organization.ready_done, organization.ready_total)}
                <span class="muted">{format!("{} of {}", organization.ready_done, organization.ready_total)}</span>
            </span>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row">
                <span class="row nowrap">
                    <span class="tile code" class:plain=plain>
                        {organization.code.clone()}
                    </span>
                    <span>
                        <a class="name" href=href>
                            {organization.name.clone()}
                        </a>
                        <small>{format::kind(&organization.kind)}</small>
                    </span>
                </span>
            </th>
            <td>
                {stage_badge(organization.stage)}
            </td>
            <td>
                {prepared}
            </td>
            <td class="next-cell">{next(&organization)}</td>
            <td class="nowrap">{wave}</td>
            <td class="r">{format::count(organization.rows)}</td>
            <td class="r">
                <StageMenu mover=mover organization=organization />
            </td>
        </tr>
    }
    .into_any()
}
