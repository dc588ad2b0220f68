//! `switchyard mode`: tells the mode of a configured system, or switches it with the same conditions as the console.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::mode::{Mode as Wanted, ModeSwitch, ModeView, SwitchState};
use shared::state::GateState;

use super::approval::{Approval, of_approved};
use super::operator::operator;
use super::target::of_system;
use super::{Failure, Output};
use crate::modes;
use crate::moment::Clock;
use crate::state::AppState;
use crate::store::modes as switches;

/// Time between two looks at a switch that the console carries out.
const LOOK: Duration = Duration::from_millis(300);

/// Arguments of `mode`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a mode it only tells. Switching measures the same conditions as the console, edits the one variable,\n\
        runs the restart hook, waits for the application and goes back by itself if it does not come up.\n\
        Where the configuration asks for a second administrator, switching to many organizations uses up the\n\
        approval that was given in the console for exactly this."
)]
pub struct Mode {
    /// Slug of the system in the configuration.
    #[arg(value_name = "SYSTEM")]
    system: String,
    /// The mode to switch to.
    #[arg(value_enum, value_name = "MODE")]
    to: Option<To>,
    #[command(flatten)]
    approval: Approval,
}

/// A mode on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    /// One organization.
    Single,
    /// Many organizations.
    Multi,
}

/// Runs it.
///
/// # Errors
/// When the configuration is wrong, a condition does not hold, or the switch went back or failed.
pub async fn run(arguments: Mode, output: &Output) -> Result<(), Failure> {
    let (config, store) = arguments.approval.configured().store().await?;
    let state = AppState::new(config, store, Clock::system());
    let system = state.systems.get(&arguments.system).map_err(of_system)?;
    let Some(to) = arguments.to else {
        let view = modes::view(&state, &system).await.map_err(of_system)?;
        return output.result(&view, told);
    };
    let to = match to {
        To::Single => Wanted::Single,
        To::Multi => Wanted::Multi,
    };
    let by = operator();
    let asker = modes::Asker::Command(&by, arguments.approval.without());
    let begun = (modes::begin(&state, &system, to, asker).await)
        .map_err(|error| of_approved(error, "Mode", &system.config.title))?;
    loop {
        // a console that runs may have taken it; then this only watches
        if let Some(now) = switches::get(&state.store, system.slug(), begun.id).await? {
            if now.state != SwitchState::Running {
                return ended(&now, output);
            }
            modes::drive_switch(&state, &system, now)
                .await
                .map_err(of_system)?;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn told(view: &ModeView) -> String {
    let mut text = format!("{} ({})\n", view.current.title, view.current.reach);
    if let Some(trouble) = &view.trouble {
        text.push_str(&format!("{trouble}\n"));
    }
    for gate in &view.gates {
        let word = if gate.state == GateState::Open {
            "open"
        } else {
            "closed"
        };
        text.push_str(&format!("{word:<7} {}: {}\n", gate.title, gate.evidence));
    }
    text
}

/// What a switch answers.
#[derive(Debug, Serialize)]
struct Ended<'a> {
    #[serde(flatten)]
    switch: &'a ModeSwitch,
}

fn ended(switch: &ModeSwitch, output: &Output) -> Result<(), Failure> {
    output.result(&Ended { switch }, |ended| {
        let steps = ended.switch.steps.iter();
        steps
            .map(|step| format!("{}: {}\n", step.title, step.detail))
            .collect()
    })?;
    match switch.state {
        SwitchState::Done => Ok(()),
        _ => Err(Failure::new(
            switch
                .error
                .clone()
                .unwrap_or_else(|| "the switch failed".into()),
        )
        .remedy("Look at the application and its log, then try again.")),
    }
}
