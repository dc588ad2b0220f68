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
        .map(|at| format!("measured {}", format::moment(at)));
    let overridden = gate.overridden.map(|by| {
        view! { <p>{format!("Overridden by {}, {}: {}", by.by, format::moment(&by.at), by.reason)}</p> }
    });
    view! {
        <li data-state=tone_name(tone)>
            <span class="ico" data-state=tone_name(tone)>{icon(picture)} <span class="vh">{format!("Gate: {word}")}</span></span>
            <b>{gate.title}</b>
            <span class="ev">{gate.evidence} {measured.map(|words| view! { <small>" " {words}</small> })}</span>
            {gate.sentence.map(|sentence| view! { <p>{sentence} " " {gate.href.map(|href| view! { <a href=href>"Go there"</a> })}</p> })}
            {overridden}
        </li>
    }
    .into_any()
}
