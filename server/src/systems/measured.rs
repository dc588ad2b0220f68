//! What a machine knows about the items of the checklists now, and the checklist that follows from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared::checklist::{Checklist, ChecklistItem};
use shared::organization::Stage;
use shared::state::RunState;

use super::{System, SystemError, announced};
use crate::checklist::catalogue::{self, Measure, Way};
use crate::checklist::{self, Fact, Facts};
use crate::engine::Playbook;
use crate::environment_file;
use crate::health::Health;
use crate::state::AppState;
use crate::store::{checklist as ticks, organizations, reports, runs};
use crate::{backups, modes};

/// Organizations that a pilot needs.
pub const PILOT: usize = 3;
/// Variable of the environment file that names the default organization.
const DEFAULT_CODE: &str = "DEFAULT_ORGANIZATION_CODE";

/// The checklists of a system, measured now.
pub async fn checklist(state: &AppState, system: &Arc<System>) -> Result<Checklist, SystemError> {
    let facts = facts(state, system).await?;
    let ticks = ticks::ticks(&state.store, system.slug()).await?;
    Ok(checklist::assemble(system.slug(), &ticks, &facts))
}

/// A required item of the checklist that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its title, with what was measured.
    pub told: String,
    /// Whether a verified backup does it.
    pub is_backup: bool,
}

impl Missing {
    fn of(item: &ChecklistItem) -> Self {
        let backup = Way::Machine(Measure::Backup);
        Self {
            told: match item.evidence.trim_end_matches('.') {
                "" => item.title.clone(),
                evidence => format!("{} ({evidence})", item.title),
            },
            is_backup: catalogue::item(&item.name).is_some_and(|item| item.way == backup),
        }
    }
}

/// The required items that are not done.
pub async fn missing(state: &AppState, system: &Arc<System>) -> Result<Vec<Missing>, SystemError> {
    let list = checklist(state, system).await?;
    let items = checklist::missing(&list).into_iter();
    Ok(items.map(Missing::of).collect())
}

/// Everything that a machine knows for the checklists.
pub async fn facts(state: &AppState, system: &Arc<System>) -> Result<Facts, SystemError> {
    let now = state.clock.now();
    let report = reports::newest(&state.store, system.slug()).await?;
    let mut facts = checklist::reported(report.as_ref(), now);
    let mut add = |measure: Measure, (holds, evidence): (bool, String)| {
        facts.measured.insert(
            measure,
            Fact {
                holds,
                evidence,
                at: now,
            },
        );
    };
    add(
        Measure::Backup,
        match backups::fresh_enough(state, system).await? {
            Ok(backup) => (
                true,
                format!(
                    "{} was restored and compared: {} tables, {} rows.",
                    backup.name, backup.tables, backup.rows
                ),
            ),
            Err(why) => (false, why),
        },
    );
    let health = system.recent_health().await;
    let migrated = runs::summaries(&state.store, system.slug())
        .await?
        .iter()
        .any(|run| run.state == RunState::Done);
    if let Some(fact) = mode(system, health.as_ref(), migrated) {
        add(Measure::Mode, fact);
    }
    if let Ok(playbook) = system.playbook() {
        if let Some(fact) = default_organization(system, &playbook, health.as_ref()) {
            add(Measure::DefaultOrganization, fact);
        }
        add(
            Measure::Database,
            database(system, &playbook, health.as_ref()).await,
        );
    }
    if let Some(fact) = code(system, health.as_ref()) {
        add(Measure::CodeVersion, fact);
    }
    let reading = system.reading().await.ok();
    let prepared = organizations::records(&state.store, system.slug())
        .await?
        .iter()
        .filter(|record| {
            reading
                .as_deref()
                .is_some_and(|reading| reading.has_organization(&record.code))
        })
        .filter(|record| {
            record.wave == Some(0)
                || matches!(record.stage, Stage::Prepared | Stage::Pilot | Stage::Active)
        })
        .count();
    add(
        Measure::Pilot,
        (
            prepared >= PILOT,
            format!("{prepared} of at least {PILOT} organizations are in the pilot."),
        ),
    );
    if announced::is_read(state, system, now).await? {
        let (notified, window) = announced::found(state, system, now).await?;
        add(Measure::Notified, notified);
        add(Measure::Window, window);
    }
    facts.by_hand = by_hand(system, health.as_ref());
    Ok(facts)
}

/// What no machine can know: the configuration names no address to ask, or the application does not say it.
fn by_hand(system: &System, health: Option<&Health>) -> BTreeSet<Measure> {
    let mut unknown = BTreeSet::new();
    let asked = system.config.health_url.is_some();
    if !asked {
        unknown.insert(Measure::CodeVersion);
    }
    let answered = health.is_some() || !asked;
    let says = system
        .playbook()
        .is_ok_and(|playbook| default_organization(system, &playbook, health).is_some());
    if answered && !says {
        unknown.insert(Measure::DefaultOrganization);
    }
    unknown
}

fn mode(system: &System, health: Option<&Health>, migrated: bool) -> Option<(bool, String)> {
    let Some(names) = modes::names(system) else {
        let nothing = "The playbook names no modes: there is none to be wrong.";
        return system.playbook().ok().map(|_| (true, nothing.to_owned()));
    };
    let known = modes::known(system, health);
    let value = match (known.trouble, known.file) {
        (Some(trouble), _) => return Some((false, trouble)),
        (None, None) => return Some((false, format!("{} is not set.", names.variable))),
        (None, Some(value)) => value,
    };
    Some(if value == names.single {
        (true, format!("{} is {value}.", names.variable))
    } else {
        (
            migrated,
            format!("{} is {value}: switched already.", names.variable),
        )
    })
}

fn default_organization(
    system: &System,
    playbook: &Playbook,
    health: Option<&Health>,
) -> Option<(bool, String)> {
    let expected = &playbook.organizations.default.code;
    let written = system.config.environment_file.as_ref().and_then(|path| {
        environment_file::read_variable(path, DEFAULT_CODE)
            .ok()
            .flatten()
    });
    let code = health
        .and_then(|health| health.default_organization.clone())
        .or(written)?;
    Some((
        code == *expected,
        format!("The application files records under {code}; the playbook says {expected}."),
    ))
}

async fn database(system: &System, playbook: &Playbook, health: Option<&Health>) -> (bool, String) {
    let reading = match system.reading().await {
        Ok(reading) => reading,
        Err(error) => return (false, format!("{error}.")),
    };
    let schema = &reading.schema;
    if let Some((_, model)) = playbook
        .models()
        .find(|(_, model)| schema.table(&model.table).is_none())
    {
        return (false, format!("It has no table {}.", model.table));
    }
    let name = system.target_name();
    let tables = schema.tables.len();
    match health.and_then(|health| health.database.clone()) {
        Some(says) if !says.ends_with(&name) => (
            false,
            format!("The application works with {says}; the target is {name}."),
        ),
        Some(_) => (
            true,
            format!("{name} with {tables} tables; the application works with it."),
        ),
        None => (true, format!("{name} with {tables} tables.")),
    }
}

fn code(system: &System, health: Option<&Health>) -> Option<(bool, String)> {
    system.config.health_url.as_ref()?;
    let health = health?;
    Some(match (&health.mode, &health.release) {
        (None, _) => (
            false,
            "The application does not say which mode it runs in: its code is not ready.".into(),
        ),
        (Some(_), Some(release)) => (true, format!("Release {release} knows its mode.")),
        (Some(_), None) => (true, "It knows its mode.".into()),
    })
}
