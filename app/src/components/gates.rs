//! Gates: what each says now, its evidence, what to do, and where.

use leptos::prelude::*;
use shared::plan::Gate;

use super::icon::icon;
use super::standing::{gate_word, tone_name};
use crate::format;

/// A list of gates.
#[component]
pub fn GateList(
    /// The gates.
    #[prop(into)]
    gates: Signal<Vec<Gate>>,
) -> impl IntoView {
    view! { <ul class="gates">{move || gates.get().into_iter().map(gate_line).collect_view()}</ul> }
        .into_any()
}

fn gate_line(gate: Gate) -> AnyView {
    let (tone, picture, word) = gate_word(gate.state);
    let measured = gate
        .measured
        .as_deref()
        .map(|at| view! { <small>{format!("measured {}", format::moment(at))}</small> });
    let evidence = format::told(&gate.evidence);
    let overridden = gate.overridden.map(|by| {
        view! { <p>{format!("Overridden by {}, {}: {}", by.by, format::moment(&by.at), by.reason)}</p> }
    });
    view! {
        <li data-state=tone_name(tone)>
            <span class="ico" data-state=tone_name(tone)>{icon(picture)} <span class="vh">{format!("Gate: {word}")}</span></span>
            <b>{gate.title}</b>
            <span class="ev">{measured}</span>
            {(!evidence.is_empty()).then(|| view! { <p class="said">{evidence}</p> })}
            {gate.sentence.map(|sentence| view! { <p>{format::told(&sentence)} " " {gate.href.map(|href| view! { <a href=href>"Go there"</a> })}</p> })}
            {overridden}
        </li>
    }
    .into_any()
}
