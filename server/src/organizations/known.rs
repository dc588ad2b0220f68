//! Everything that is known about the organizations of a system: rows of its target and records of the control store.

use std::collections::HashMap;
use std::sync::Arc;

use shared::mode::Mode;
use shared::organization::{Organization, Person, ReadinessItem, Stage, Wave};

use super::change::is_active;
use super::moves::{self, Around};
use super::{readiness, target};
use crate::engine::Playbook;
use crate::modes;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::organizations::{self as rows, Record, Tick, WaveRow};
use crate::systems::{System, SystemError};

/// Everything that is known about the organizations of a system.
pub(super) struct Known {
    pub(super) playbook: Arc<Playbook>,
    pub(super) table_ready: bool,
    entries: Vec<Record>,
    pub(super) people: HashMap<String, Vec<Person>>,
    pub(super) ticks: Vec<Tick>,
    pub(super) waves: Vec<WaveRow>,
    pub(super) keys: HashMap<String, i64>,
    /// Versions of records whose organization is not in the target any more, by code in lower case.
    left: HashMap<String, i64>,
    /// Whether the application lets their people work; empty when its table does not say.
    active: HashMap<String, bool>,
    is_multi: bool,
    multi: String,
    now: Moment,
}

impl Known {
    pub(super) async fn gather(
        state: &AppState,
        system: &Arc<System>,
    ) -> Result<Self, SystemError> {
        let playbook = system.playbook()?;
        let slug = system.slug();
        let there = target::all(system).await?;
        let records = rows::records(&state.store, slug).await?;
        let mut people: HashMap<String, Vec<Person>> = HashMap::new();
        for (code, person) in rows::people(&state.store, slug).await? {
            people.entry(code).or_default().push(person);
        }
        let names = modes::names(system);
        let mode = modes::known(system, None).mode;
        let default = &playbook.organizations.default.code;
        let mut by_code: HashMap<String, Record> = records
            .into_iter()
            .map(|record| (record.code.to_lowercase(), record))
            .collect();
        let table_ready = there.is_some();
        let there = there.unwrap_or_default();
        let keys = there
            .iter()
            .map(|row| (row.code.clone(), row.key))
            .collect();
        let active = match playbook.organizations.active {
            Some(_) => there
                .iter()
                .map(|row| (row.code.clone(), row.active))
                .collect(),
            None => HashMap::new(),
        };
        let entries = there
            .into_iter()
            .map(|row| {
                let known = by_code.remove(&row.code.to_lowercase());
                entry(row, known, default)
            })
            .collect::<Vec<Record>>();
        let mut waves = rows::waves(&state.store, slug).await?;
        for wave in &mut waves {
            // a rollback took its organizations away: it can be started again
            if !entries
                .iter()
                .any(|record| record.wave == Some(wave.number))
            {
                wave.started = None;
            }
        }
        Ok(Self {
            table_ready,
            entries,
            people,
            ticks: rows::ticks(&state.store, slug).await?,
            waves,
            keys,
            left: by_code
                .into_iter()
                .map(|(code, record)| (code, record.version))
                .collect(),
            active,
            is_multi: mode == Some(Mode::Multi),
            multi: names
                .map(|names| modes::title(&names, Mode::Multi))
                .unwrap_or_default(),
            now: state.clock.now(),
            playbook,
        })
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.entries.iter()
    }

    /// The record of one organization.
    pub(super) fn record(&self, code: &str) -> Result<&Record, SystemError> {
        if !self.table_ready {
            return Err(target::not_ready());
        }
        self.entries
            .iter()
            .find(|record| record.code.eq_ignore_ascii_case(code))
            .ok_or_else(|| {
                SystemError::not_found(
                    format!("There is no organization {code}."),
                    "Choose one from the list of organizations.",
                )
            })
    }

    /// The version that a new record of this code replaces: a rollback can have taken the organization away, and left
    /// the record with its people.
    pub(super) fn version_left(&self, code: &str) -> i64 {
        self.left.get(&code.to_lowercase()).copied().unwrap_or(0)
    }

    pub(super) fn people_of(&self, record: &Record) -> &[Person] {
        self.people.get(&record.code).map_or(&[], Vec::as_slice)
    }

    pub(super) fn readiness(&self, record: &Record) -> Vec<ReadinessItem> {
        let ticks: Vec<&Tick> = self
            .ticks
            .iter()
            .filter(|tick| tick.code == record.code)
            .collect();
        readiness::list(record, self.people_of(record), &ticks)
    }

    pub(super) fn around(&self, record: &Record) -> Around<'_> {
        Around {
            is_multi: self.is_multi,
            multi: &self.multi,
            is_default: self.is_default(record),
            waves: &self.waves,
            pilots: self
                .entries
                .iter()
                .filter(|other| other.stage == Stage::Pilot)
                .count(),
            now: self.now,
        }
    }

    pub(super) fn is_default(&self, record: &Record) -> bool {
        record
            .code
            .eq_ignore_ascii_case(&self.playbook.organizations.default.code)
    }

    /// Whether the application lets its people work; none when its table does not say.
    pub(super) fn is_active(&self, record: &Record) -> Option<bool> {
        self.active.get(&record.code).copied()
    }

    /// What the application does against the stage, because somebody else changed the row or a backup was restored.
    fn astray(&self, record: &Record) -> Option<String> {
        let active = self.is_active(record)?;
        if active == is_active(record.stage) {
            return None;
        }
        let stage = record.stage.word().to_lowercase();
        Some(if active {
            format!(
                "It is {stage} here, but its row in {} says active: its people can work.",
                self.playbook.organizations.table
            )
        } else {
            format!(
                "It is {stage} here, but its row in {} says not active: its people cannot work.",
                self.playbook.organizations.table
            )
        })
    }

    /// What keeps it from the next stage.
    fn blocked(&self, record: &Record) -> Option<String> {
        if let Some(why) = self.astray(record) {
            return Some(why);
        }
        let next = match record.stage {
            Stage::Invited => Stage::Prepared,
            Stage::Prepared if record.wave == Some(0) => Stage::Pilot,
            Stage::Prepared | Stage::Pilot => Stage::Active,
            Stage::Active => return None,
            Stage::Suspended => return record.suspended_reason.clone(),
        };
        moves::refused(record, next, &self.readiness(record), &self.around(record))
    }

    pub(super) fn shown(&self, record: &Record, rows: u64) -> Organization {
        let readiness = self.readiness(record);
        let count = |done: usize| u32::try_from(done).unwrap_or(u32::MAX);
        Organization {
            code: record.code.clone(),
            name: record.name.clone(),
            kind: record.kind.clone(),
            stage: record.stage,
            is_default: self.is_default(record),
            wave: record.wave,
            contact_name: record.contact_name.clone(),
            contact_email: record.contact_email.clone(),
            ready_done: count(readiness.iter().filter(|item| item.done).count()),
            ready_total: count(readiness.len()),
            rows,
            blocked: self.blocked(record),
            changed: record.changed.rfc3339(),
            version: record.version,
        }
    }

    pub(super) fn shown_waves(&self) -> Vec<Wave> {
        self.waves
            .iter()
            .map(|wave| Wave {
                number: wave.number,
                title: wave.title.clone(),
                organizations: self
                    .entries
                    .iter()
                    .filter(|record| record.wave == Some(wave.number))
                    .map(|record| record.code.clone())
                    .collect(),
                soak_days: wave.soak_days,
                started: wave.started.map(Moment::rfc3339),
                blocked: self.wave_blocked(wave),
            })
            .collect()
    }

    /// Why a wave cannot start now.
    pub(super) fn wave_blocked(&self, wave: &WaveRow) -> Option<String> {
        if wave.started.is_some() {
            return Some("It has started.".into());
        }
        if !self.is_multi {
            return Some(format!("{} mode is off.", self.multi));
        }
        if wave.number > 0
            && let Some(before) = self
                .waves
                .iter()
                .find(|other| other.number + 1 == wave.number)
        {
            if before.started.is_none() {
                return Some(format!(
                    "\"{}\" comes before it and has not started.",
                    before.title
                ));
            }
            if let Some(why) = moves::soak_left(before, self.now) {
                return Some(why);
            }
        }
        let members: Vec<&Record> = self
            .entries
            .iter()
            .filter(|record| record.wave == Some(wave.number))
            .collect();
        if members.is_empty() {
            return Some("No organization is in it.".into());
        }
        let waiting: Vec<&str> = members
            .iter()
            .filter(|record| record.stage == Stage::Invited)
            .map(|record| record.code.as_str())
            .collect();
        (!waiting.is_empty()).then(|| {
            format!(
                "{} of {} are not prepared: {}.",
                waiting.len(),
                members.len(),
                waiting.join(", ")
            )
        })
    }
}

fn entry(row: target::Row, known: Option<Record>, default: &str) -> Record {
    match known {
        Some(record) => Record {
            code: row.code,
            name: row.name,
            kind: row.kind,
            ..record
        },
        None => Record {
            stage: if row.active || row.code.eq_ignore_ascii_case(default) {
                Stage::Active
            } else {
                Stage::Invited
            },
            code: row.code,
            name: row.name,
            kind: row.kind,
            wave: None,
            contact_name: String::new(),
            contact_email: String::new(),
            isolation: None,
            suspended_reason: None,
            changed: Moment(0),
            version: 0,
        },
    }
}
