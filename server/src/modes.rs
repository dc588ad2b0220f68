//! The mode of a system: one organization or many, what has to hold before it is switched, and the switch itself.

mod gates;
mod probes;
mod switching;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use shared::approval::ApprovalAction;
use shared::event::Topic;
use shared::mode::{Mode, ModeBadge, ModeChange, ModeSwitch, ModeView, SwitchMode, SwitchState};
use shared::plan::Gate;
use shared::state::GateState;

use crate::accounts::Actor;
use crate::approvals::Allowed;
use crate::audit::{self, Entry};
use crate::engine::playbook;
use crate::environment_file;
use crate::health::Health;
use crate::state::AppState;
use crate::store::{modes as rows, rollbacks, runs};
use crate::systems::{System, SystemError};

pub use gates::gates;
pub use switching::drive_switch;

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

/// What is known about the mode of a system now.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Value in the environment file.
    pub file: Option<String>,
    /// What the application says.
    pub application: Option<String>,
    /// The mode: what the application says, or the file when it does not answer.
    pub mode: Option<Mode>,
    /// Why file and application disagree or cannot be read.
    pub trouble: Option<String>,
}

/// The system's own names of its modes; none when it has none.
pub fn names(system: &System) -> Option<playbook::Mode> {
    system.playbook().ok()?.mode.clone()
}

/// The value of a mode in the environment file.
pub fn value(names: &playbook::Mode, mode: Mode) -> &str {
    match mode {
        Mode::Single => &names.single,
        Mode::Multi => &names.multi,
    }
}

/// The mode for people.
pub fn title(names: &playbook::Mode, mode: Mode) -> String {
    let title = match mode {
        Mode::Single => &names.single_title,
        Mode::Multi => &names.multi_title,
    };
    title
        .clone()
        .unwrap_or_else(|| value(names, mode).to_owned())
}

fn of_value(names: &playbook::Mode, value: &str) -> Option<Mode> {
    [Mode::Single, Mode::Multi]
        .into_iter()
        .find(|mode| self::value(names, *mode).eq_ignore_ascii_case(value))
}

/// Reads file and application.
pub fn known(system: &System, health: Option<&Health>) -> Known {
    let Some(names) = names(system) else {
        return Known::default();
    };
    let (file, mut trouble) = match &system.config.environment_file {
        None => (
            None,
            Some("The configuration names no environment_file.".to_owned()),
        ),
        Some(path) => match environment_file::read_variable(path, &names.variable) {
            Ok(Some(value)) => (Some(value), None),
            Ok(None) => (
                None,
                Some(format!(
                    "{} does not set {}.",
                    path.display(),
                    names.variable
                )),
            ),
            Err(error) => (None, Some(format!("{error}. {}", error.remedy()))),
        },
    };
    let application = health.and_then(|health| health.mode.clone());
    let said = application
        .as_deref()
        .and_then(|value| of_value(&names, value));
    let written = file.as_deref().and_then(|value| of_value(&names, value));
    if let (Some(said), Some(written)) = (said, written)
        && said != written
    {
        trouble = Some(format!(
            "The file says {}, the application runs in {}. Restart it, or correct the file.",
            value(&names, written),
            value(&names, said)
        ));
    } else if let (Some(file), None, None) = (&file, written, &trouble) {
        trouble = Some(format!(
            "{} is {file}, which is neither {} nor {}.",
            names.variable, names.single, names.multi
        ));
    }
    Known {
        file,
        application,
        mode: said.or(written),
        trouble: trouble.map(|why| system.without_places(&why)),
    }
}

/// A mode as a badge.
pub fn badge(names: &playbook::Mode, mode: Mode, organizations: usize) -> ModeBadge {
    ModeBadge {
        mode,
        title: title(names, mode),
        reach: match mode {
            Mode::Single => "one organization".into(),
            Mode::Multi => match organizations {
                1 => "1 organization so far".into(),
                many => format!("{many} organizations"),
            },
        },
    }
}

fn no_modes() -> SystemError {
    SystemError::conflict(
        "This system has no modes.",
        "Add [mode] to its playbook and start again.",
    )
}

/// Everything that the mode page shows.
pub async fn view(state: &AppState, system: &Arc<System>) -> Result<ModeView, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    // before the application is asked: what is told of a switch that is done is what it says after it
    let mut history = rows::switches(&state.store, system.slug()).await?;
    let newest = (!history.is_empty()).then(|| history.remove(0));
    let health = system.health().await;
    let known = known(system, health.as_ref());
    let current = known.mode.unwrap_or(Mode::Single);
    let organizations = crate::organizations::active_count(system)
        .await
        .unwrap_or(0);
    let gates = gates(state, system, current.other()).await?;
    Ok(ModeView {
        current: badge(&names, current, organizations),
        other: badge(&names, current.other(), organizations),
        variable: names.variable.clone(),
        file_value: known.file,
        application_value: known.application,
        trouble: known.trouble,
        changes: changes(
            &names,
            current,
            &system.playbook()?.organizations.default.code,
        ),
        fingerprint: bound_to(system, &names, current.other(), &gates),
        needs_approval: needs_approval(state, current.other()),
        gates,
        usual_downtime_ms: rows::usual_downtime_ms(&state.store, system.slug()).await?,
        switch: newest,
        history,
        refused: refused(state, system).await?,
    })
}

fn changes(names: &playbook::Mode, current: Mode, unit: &str) -> Vec<ModeChange> {
    let line = |what: &str, single: String, multi: &str| {
        let (now, after) = match current {
            Mode::Single => (single, multi.to_owned()),
            Mode::Multi => (multi.to_owned(), single),
        };
        ModeChange {
            what: what.into(),
            now,
            after,
        }
    };
    vec![
        line(
            &format!("{} in the environment file", names.variable),
            names.single.clone(),
            &names.multi,
        ),
        line(
            "Organization selector in the navigation",
            "Hidden".into(),
            "Shown",
        ),
        line(
            "Lists and dashboards",
            format!("Everything, all of {unit}"),
            "Of the chosen organization",
        ),
        line(
            "New records",
            format!("Belong to {unit}"),
            "Belong to the person's organization",
        ),
        line(
            "View over all organizations (OCM)",
            "Off".into(),
            "On, read only",
        ),
    ]
}

/// Why the mode cannot be switched now, besides gates.
async fn refused(state: &AppState, system: &System) -> Result<Option<String>, SystemError> {
    let lacks = [
        (system.config.environment_file.is_none(), "environment_file"),
        (system.config.health_url.is_none(), "health_url"),
        (system.config.hooks.restart.is_none(), "hooks.restart"),
    ];
    if let Some((_, key)) = lacks.iter().find(|(lacks, _)| *lacks) {
        return Ok(Some(format!(
            "The configuration of this system has no {key}: the switch could not be made and checked."
        )));
    }
    let mut tx = state.store.write().await?;
    if modes_running(&mut tx, system).await? {
        return Ok(Some("A switch is going on.".into()));
    }
    if rollbacks::is_rolling_back(&mut tx, system.slug()).await? {
        return Ok(Some("A rollback is going on.".into()));
    }
    Ok(runs::open_in(&mut tx, system.slug())
        .await?
        .filter(|run| run.summary.state.is_active())
        .map(|run| {
            format!(
                "Run {} is {}.",
                run.summary.number,
                crate::runs::spoken(run.summary.state)
            )
        }))
}

async fn modes_running(
    tx: &mut crate::store::WriteTx,
    system: &System,
) -> Result<bool, SystemError> {
    Ok(rows::is_switching(tx, system.slug()).await?)
}

/// What an approval of a switch to many organizations is bound to now.
pub async fn fingerprint(state: &AppState, system: &Arc<System>) -> Result<String, SystemError> {
    let names = names(system).ok_or_else(no_modes)?;
    let gates = gates(state, system, Mode::Multi).await?;
    Ok(bound_to(system, &names, Mode::Multi, &gates))
}

/// The same of gates that were measured already: the mode wanted, the file as it is, and which gates are open.
fn bound_to(system: &System, names: &playbook::Mode, to: Mode, gates: &[Gate]) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    add(system.slug());
    add(value(names, to));
    add(&known(system, None).file.unwrap_or_default());
    for gate in gates {
        add(&gate.name);
        add(if gate.state == GateState::Open {
            "open"
        } else {
            "closed"
        });
    }
    hex::encode(hasher.finalize())
}

/// Whether a second administrator has to approve a switch to this mode. Never the way back: it must not wait.
fn needs_approval(state: &AppState, to: Mode) -> bool {
    to == Mode::Multi && state.config.approvals.require_second_administrator
}

/// The first gate that is closed.
fn closed(gates: &[Gate]) -> Option<&Gate> {
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
    if let Some(why) =
        refused_but_rollback(state, system, matches!(asker, Asker::Rollback(_))).await?
    {
        return Err(SystemError::conflict(
            why,
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

/// A rollback that switches the mode is itself what goes on.
async fn refused_but_rollback(
    state: &AppState,
    system: &System,
    by_rollback: bool,
) -> Result<Option<String>, SystemError> {
    Ok(refused(state, system)
        .await?
        .filter(|why| !(by_rollback && why.starts_with("A rollback"))))
}
