//! What a person may tell a run: pause, resume, retry, abort. A press stores what is wanted; the server does the rest.

use leptos::prelude::*;
use shared::account::Role;
use shared::run::{RunCommand, RunView};
use shared::state::RunState;

use crate::api;
use crate::components::{ActionButton, Confirm, Note, icon};
use crate::loader::Loaded;
use crate::route::location;
use crate::session;
use crate::submission::Submission;

/// The actions of the page's head; at a gate or after a failure the primary one is below.
pub(super) fn actions(slug: StoredValue<String>, run: i64, loaded: Loaded<RunView>) -> AnyView {
    let submission = Submission::new();
    let abort_open = RwSignal::new(false);
    let aborting = Submission::new();
    let commands = Memo::new(move |_| {
        loaded.with(|view| view.map(|view| view.commands.clone()).unwrap_or_default())
    });
    let state = Memo::new(move |_| loaded.with(|view| view.map(|view| view.summary.state)));
    let refused = Signal::derive(move || session::current().refusal(Role::Operator));
    let pending = Signal::derive(move || submission.is_pending());
    let give = move |command: RunCommand| {
        let system = slug.get_value();
        submission.run(
            async move { api::command_run(&system, run, command).await },
            move |_| loaded.reload(),
        );
    };
    let abort = move |_typed: String| {
        let system = slug.get_value();
        aborting.run(
            async move { api::command_run(&system, run, RunCommand::Abort).await },
            move |_| {
                abort_open.set(false);
                loaded.reload();
            },
        );
    };
    let has = move |command: RunCommand| commands.with(|commands| commands.contains(&command));
    let if_aborted = move || {
        loaded.with(|view| {
            view.map(|view| view.if_stopped.abort.clone())
                .unwrap_or_default()
        })
    };
    view! {
        <button type="button" class="btn" on:click=move |_| location::current().set_query(&[("sql", "all")])>{icon("code")} "Preview SQL"</button>
        {move || has(RunCommand::Abort).then(|| view! {
            <ActionButton label="Abort" class="danger" picture="stop" refused reason_elsewhere=true on_press=move || abort_open.set(true)/>
        })}
        {move || has(RunCommand::Pause).then(|| {
            // at a gate nothing is being done: the primary action is to open it
            if matches!(state.get(), Some(RunState::WaitingAtGate | RunState::WaitingForApproval)) {
                view! { <ActionButton label="Pause" picture="pause" refused pending reason_elsewhere=true on_press=move || give(RunCommand::Pause)/> }.into_any()
            } else {
                view! { <ActionButton label=Signal::derive(move || if pending.get() { "Pausing".to_string() } else { "Pause after this batch".into() }) class="primary" picture="pause" refused pending on_press=move || give(RunCommand::Pause)/> }.into_any()
            }
        })}
        {move || (has(RunCommand::Resume) && state.get() == Some(RunState::Paused)).then(|| view! {
            <ActionButton label="Resume" class="primary" picture="play" refused pending on_press=move || give(RunCommand::Resume)/>
        })}
        {move || (has(RunCommand::Resume) && state.get() == Some(RunState::WaitingAtGate)).then(|| view! {
            <ActionButton label="Check the gate again" picture="refresh" refused pending on_press=move || give(RunCommand::Resume)/>
        })}
        {move || has(RunCommand::Retry).then(|| view! {
            <ActionButton label="Try the failed step again" class="primary" picture="refresh" refused pending on_press=move || give(RunCommand::Retry)/>
        })}
        {move || submission.error().map(|error| view! { <Note state="failed" alert=true title=error.title()>{error.detail()}</Note> })}
        <Confirm open=abort_open title=format!("Abort run {run}?") label=format!("Abort run {run}") quiet="Keep the run" danger=true submission=aborting action=abort>
            <p>{if_aborted}</p>
            <p>"To continue later, start a new run: steps that are done have nothing to do in it."</p>
        </Confirm>
    }
    .into_any()
}
