//! A change of organizations reaches two databases. What is wanted is written down first, then the target is changed in
//! one transaction, then the records. Whatever fails or dies in between, the target says whether the change happened,
//! and the records follow it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use shared::event::Topic;
use shared::organization::Person;

use super::meanwhile::changed_meanwhile;
use super::target::{self, Change, Row};
use crate::accounts::Actor;
use crate::audit::{self, Entry};
use crate::db::Connection;
use crate::engine::playbook::Organizations;
use crate::refusal::{Kind, Refusal as _};
use crate::state::AppState;
use crate::store::WriteTx;
use crate::store::organizations::{self as rows, Record, Tick, WaveRow};
use crate::systems::{System, SystemError};

/// A change as a whole: it happens, or it does not.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    /// What changes in the target.
    pub(super) writes: Vec<Write>,
    /// Records with the version that each replaces.
    pub(super) records: Vec<(Record, i64)>,
    /// New list of the people of an organization.
    pub(super) people: Option<(String, Vec<Person>)>,
    /// Items ticked or unticked.
    pub(super) ticks: Vec<(Tick, bool)>,
    /// New list of waves.
    pub(super) waves: Option<Vec<WaveRow>>,
    told: Told,
}

/// What the audit log will say.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    actor: String,
    address: String,
    act: Act,
    object: String,
    text: String,
}

/// What was done, for the audit log.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Act {
    Added,
    Changed,
    Moved,
    Imported,
    Checked,
    Planned,
    WaveStarted,
}

impl Act {
    fn word(self) -> &'static str {
        match self {
            Self::Added => "organization.added",
            Self::Changed => "organization.changed",
            Self::Moved => "organization.moved",
            Self::Imported => "organizations.imported",
            Self::Checked => "organization.checked",
            Self::Planned => "organizations.planned",
            Self::WaveStarted => "organizations.wave-started",
        }
    }
}

/// One row of the organizations table in the target.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Write {
    /// A new one, not active.
    Add {
        code: String,
        name: String,
        kind: String,
    },
    /// Other values for one that exists.
    Change {
        code: String,
        name: Option<String>,
        kind: Option<String>,
        active: Option<bool>,
    },
}

impl Write {
    async fn apply(&self, db: &mut Connection, table: &Organizations) -> Result<(), SystemError> {
        match self {
            Self::Add { code, name, kind } => target::insert(db, table, code, name, kind).await,
            Self::Change {
                code,
                name,
                kind,
                active,
            } => {
                let change = Change {
                    name: name.as_deref(),
                    kind: kind.as_deref(),
                    active: *active,
                };
                target::update(db, table, code, &change).await
            }
        }
    }

    /// Whether the target shows it.
    fn holds(&self, there: &[Row], table: &Organizations) -> bool {
        let find = |code: &str| there.iter().find(|row| row.code == code);
        let kind_holds = |row: &Row, kind: &str| table.type_column.is_none() || row.kind == kind;
        match self {
            Self::Add { code, name, kind } => {
                find(code).is_some_and(|row| row.name == *name && kind_holds(row, kind))
            }
            Self::Change {
                code,
                name,
                kind,
                active,
            } => find(code).is_some_and(|row| {
                name.as_ref().is_none_or(|name| row.name == *name)
                    && kind.as_ref().is_none_or(|kind| kind_holds(row, kind))
                    && active.is_none_or(|active| table.active.is_none() || row.active == active)
            }),
        }
    }
}

impl Intent {
    /// A change that nothing is in yet.
    pub(super) fn of(actor: &Actor, act: Act, object: String, text: String) -> Self {
        Self {
            writes: Vec::new(),
            records: Vec::new(),
            people: None,
            ticks: Vec::new(),
            waves: None,
            told: Told {
                actor: actor.username().to_owned(),
                address: actor.address().to_owned(),
                act,
                object,
                text,
            },
        }
    }

    fn entry(&self, system: &System, action: &'static str, text: String) -> Entry {
        Entry::of(&self.told.actor, action, &self.told.object, text)
            .from_address(&self.told.address)
            .on(system.slug())
    }
}

/// Carries a change out. The caller holds the lock of the system's organizations.
pub(super) async fn carry_out(
    state: &AppState,
    system: &Arc<System>,
    table: &Organizations,
    intent: &Intent,
) -> Result<(), SystemError> {
    let mut tx = state.store.write().await?;
    for (record, seen) in &intent.records {
        if !rows::is_version(&mut tx, system.slug(), &record.code, *seen).await? {
            return Err(changed_meanwhile(state, system, &record.code).await);
        }
    }
    if intent.writes.is_empty() {
        return keep(state, system, tx, intent).await;
    }
    let id = rows::intend(&mut tx, system.slug(), intent, state.clock.now()).await?;
    tx.commit().await?;
    if let Err(error) = write(system, table, intent).await {
        // a commit that failed may have happened all the same: the target is asked
        return match end(state, system, table, id, intent).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(error),
            Err(unknown) => {
                tracing::warn!(system = system.slug(), error = %unknown, "a change of organizations is settled later");
                Err(error)
            }
        };
    }
    let mut tx = state.store.write().await?;
    rows::forget_intent(&mut tx, id).await?;
    keep(state, system, tx, intent).await
}

/// All rows in one transaction of the target.
async fn write(system: &System, table: &Organizations, intent: &Intent) -> Result<(), SystemError> {
    let mut db = system.writer().await?;
    let written = write_on(&mut db, table, intent).await;
    if written.is_err() {
        db.roll_back().await;
    }
    db.close().await;
    written
}

async fn write_on(
    db: &mut Connection,
    table: &Organizations,
    intent: &Intent,
) -> Result<(), SystemError> {
    if intent
        .writes
        .iter()
        .any(|write| matches!(write, Write::Add { .. }))
    {
        target::check(db, table).await?;
    }
    db.begin_write().await?;
    for write in &intent.writes {
        write.apply(db, table).await?;
    }
    db.commit().await?;
    Ok(())
}

/// The rest of the change, in one transaction of the control store.
async fn keep(
    state: &AppState,
    system: &System,
    mut tx: WriteTx,
    intent: &Intent,
) -> Result<(), SystemError> {
    for (record, seen) in &intent.records {
        if !rows::save(&mut tx, system.slug(), record, *seen).await? {
            return Err(changed_meanwhile(state, system, &record.code).await);
        }
    }
    if let Some((code, people)) = &intent.people {
        rows::replace_people(&mut tx, system.slug(), code, people).await?;
    }
    for (tick, done) in &intent.ticks {
        rows::tick(&mut tx, system.slug(), tick, *done).await?;
    }
    if let Some(waves) = &intent.waves {
        rows::replace_waves(&mut tx, system.slug(), waves).await?;
    }
    let entry = intent.entry(system, intent.told.act.word(), intent.told.text.clone());
    audit::append(&mut tx, state.clock.now(), entry).await?;
    tx.commit().await?;
    announce(state, system);
    Ok(())
}

fn announce(state: &AppState, system: &System) {
    state.hub.changed(system.slug(), Topic::Organizations);
    state.hub.changed(system.slug(), Topic::System);
}

/// Whether a change was interrupted, or goes on.
pub(super) async fn is_left(state: &AppState, system: &System) -> Result<bool, SystemError> {
    let left: Vec<(i64, Intent)> = rows::intents(&state.store, system.slug()).await?;
    Ok(!left.is_empty())
}

/// Ends every change that was interrupted, as the target says. The caller holds the lock of the system's organizations.
pub(super) async fn settle(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    let left: Vec<(i64, Intent)> = rows::intents(&state.store, system.slug()).await?;
    if left.is_empty() {
        return Ok(());
    }
    let playbook = system.playbook()?;
    for (id, intent) in left {
        end(state, system, &playbook.organizations, id, &intent).await?;
    }
    Ok(())
}

/// Asks the target whether a change happened, and lets the records follow. Answers whether it did.
async fn end(
    state: &AppState,
    system: &Arc<System>,
    table: &Organizations,
    id: i64,
    intent: &Intent,
) -> Result<bool, SystemError> {
    let there = target::all(system).await?.unwrap_or_default();
    let happened = intent.writes.iter().all(|write| write.holds(&there, table));
    let mut tx = state.store.write().await?;
    rows::forget_intent(&mut tx, id).await?;
    let (action, why) = if happened {
        match keep(state, system, tx, intent).await {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == Kind::ChangedMeanwhile => {}
            Err(error) => return Err(error),
        }
        tx = state.store.write().await?;
        rows::forget_intent(&mut tx, id).await?;
        let why = "It reached the target, but its record here had been changed meanwhile";
        ("organization.half-changed", why)
    } else {
        let why = "It did not reach the target, so nothing changed";
        ("organization.not-changed", why)
    };
    let entry = intent.entry(system, action, format!("{why}: {}", intent.told.text));
    audit::append(&mut tx, state.clock.now(), entry).await?;
    tx.commit().await?;
    announce(state, system);
    Ok(happened)
}
