//! Writes down that the mode is to be switched, when everything holds that has to; a task does it.

use std::sync::Arc;

use shared::approval::ApprovalAction;
use shared::event::Topic;
use shared::mode::{Mode, ModeSwitch, SwitchMode, SwitchState};
use shared::plan::Gate;
use shared::state::GateState;

use super::bound::bound_to;
use super::known::{known, names, of_value, title};
use super::refusal::{Refusal, refused};
use super::{gates, needs_approval, no_modes, switching};
use crate::accounts::Actor;
use crate::approvals::Allowed;
use crate::audit::{self, Entry};
use crate::state::AppState;
use crate::store::modes as rows;
use crate::systems::{System, SystemError};

/// Who wants a switch.
#[derive(Debug, Clone, Copy)]
pub enum Asker<'a> {
    /// A signed-in person.
    Person(&'a Actor),
    /// A rollback, in the name of whoever began it.
    Rollback(&'a str),
    /// The command line, in the name of its user, and why it is done without an approval that is asked for, where that
    /// was written down.
    Command(&'a str, Option<&'a str>),
}

impl Asker<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Person(actor) => actor.username(),
            Self::Rollback(name) | Self::Command(name, _) => name,
        }
    }

    fn without(&self) -> Option<&str> {
        match self {
            Self::Command(_, reason) => *reason,
            Self::Person(_) | Self::Rollback(_) => None,
        }
    }
}

/// The first gate that is closed.
pub(super) fn closed(gates: &[Gate]) -> Option<&Gate> {
    gates.iter().find(|gate| gate.state == GateState::Closed)
}

/// Writes down that the mode is to be switched; a task does it.
pub async fn switch(
    state: &AppState,
    system: &Arc<System>,
    wanted: &SwitchMode,
    actor: &Actor,
) -> Result<ModeSwitch, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    let expected = title(&names, wanted.to);
    if wanted.confirm.trim() != expected {
        return Err(SystemError::field(
            "confirm",
            format!("Type {expected} to confirm."),
        ));
    }
    begin(state, system, wanted.to, Asker::Person(actor)).await
}

/// The same for whoever has confirmed in another way: a rollback, or the command line.
pub async fn begin(
    state: &AppState,
    system: &Arc<System>,
    to: Mode,
    asker: Asker<'_>,
) -> Result<ModeSwitch, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    // a rollback that switches the mode is itself what goes on
    let may_pass = match asker {
        Asker::Rollback(_) => Some(Refusal::RollingBack),
        Asker::Person(_) | Asker::Command(..) => None,
    };
    if let Some(why) = refused(state, system).await?
        && Some(why) != may_pass
    {
        return Err(SystemError::conflict(
            why.to_string(),
            "Wait until it is done, or correct the configuration.",
        ));
    }
    let health = system.health().await;
    let known = known(system, health.as_ref());
    if known.mode == Some(to) && known.trouble.is_none() {
        return Err(SystemError::conflict(
            format!(
                "{} is in {} mode already.",
                system.config.title,
                title(&names, to)
            ),
            "Nothing needs to be done.",
        ));
    }
    let readable = known
        .file
        .as_deref()
        .is_some_and(|value| of_value(&names, value).is_some());
    if !readable {
        return Err(SystemError::conflict(
            known.trouble.unwrap_or_else(|| {
                format!("The environment file does not set {}.", names.variable)
            }),
            format!(
                "Set {} to {} or {} in the environment file, as the application runs now, then switch.",
                names.variable, names.single, names.multi
            ),
        ));
    }
    let gates = gates(state, system, to).await?;
    if let Some(gate) = closed(&gates) {
        return Err(SystemError::gate_closed(
            format!(
                "The condition \"{}\" does not hold: {}",
                gate.title, gate.evidence
            ),
            gate.sentence
                .clone()
                .unwrap_or_else(|| "Meet it first.".into()),
        ));
    }
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    let allowed = if needs_approval(state, to) {
        let (bound, slug) = (bound_to(system, &names, to, &gates), system.slug());
        let (action, without) = (ApprovalAction::Mode, asker.without());
        Some(Allowed::by(&mut tx, now, slug, action, Some(&bound), without).await?)
    } else {
        None
    };
    let switch = ModeSwitch {
        id: 0,
        from: to.other(),
        to,
        state: SwitchState::Running,
        by: asker.name().to_owned(),
        started: now.rfc3339(),
        finished: None,
        steps: switching::planned(&names, to),
        answers: Vec::new(),
        downtime_ms: None,
        error: None,
    };
    let inserted = rows::insert(&mut tx, system.slug(), &switch, now).await;
    if inserted
        .as_ref()
        .is_err_and(crate::store::StoreError::is_unique_violation)
    {
        return Err(SystemError::conflict(
            "A switch of this system is going on.",
            "Wait until it is done.",
        ));
    }
    let id = inserted?;
    let mut text = format!("Began to switch to {} mode", title(&names, to));
    let object = format!("mode switch {id}");
    if let Some(allowed) = &allowed {
        text.push_str(&format!(", {allowed}"));
        if let Some(waived) = allowed.waived(asker.name(), &object, system.slug()) {
            audit::append(&mut tx, now, waived).await?;
        }
    }
    text.push('.');
    let entry = match asker {
        Asker::Person(actor) => Entry::by(actor, "mode.switch-started", object, text),
        Asker::Rollback(name) | Asker::Command(name, _) => {
            Entry::of(name, "mode.switch-started", object, text)
        }
    };
    audit::append(&mut tx, now, entry.on(system.slug())).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Mode);
    state.hub.changed(system.slug(), Topic::System);
    state.systems.wake.notify_one();
    Ok(ModeSwitch { id, ..switch })
}
