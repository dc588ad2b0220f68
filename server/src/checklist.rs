//! Checklists: what a machine can know is measured each time, the rest a named person ticks. Nothing that a machine can
//! measure can be ticked by hand.

pub mod catalogue;

use std::collections::{BTreeMap, BTreeSet};

use shared::checklist::{Checklist, ChecklistItem, ChecklistSection};
use shared::report::{CheckResult, Report};

use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::moment::Moment;
use crate::refusal::{Kind, Refusal};
use crate::store::checklist::{self as table, Tick};
use crate::store::{Store, StoreError};
use catalogue::{Item, Measure, PARTS, Section, Way};

/// Longest note of a tick, in characters.
const LONGEST_NOTE: usize = 2000;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Whether it is as it should be.
    pub holds: bool,
    /// What was found, with numbers.
    pub evidence: String,
    /// When.
    pub at: Moment,
}

/// What a machine knows about a system now.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What was measured. What is missing could not be measured just now.
    pub measured: BTreeMap<Measure, Fact>,
    /// What no machine can know of this system as it is configured: a named person ticks it.
    pub by_hand: BTreeSet<Measure>,
}

impl Facts {
    /// Whether a person ticks this item here.
    fn is_by_hand(&self, item: &Item) -> bool {
        match item.way {
            Way::Person => true,
            Way::Machine(measure) => self.by_hand.contains(&measure),
            Way::Announced(measure) => !self.measured.contains_key(&measure),
        }
    }
}

/// Why an item cannot be ticked.
#[derive(Debug, thiserror::Error)]
pub enum ChecklistError {
    /// There is no such item.
    #[error("The checklist has no item {0}.")]
    Unknown(String),
    /// A machine measures it.
    #[error("{0} is measured by Switchyard and cannot be ticked by hand.")]
    Measured(&'static str),
    /// The note is too long.
    #[error("The note has {0} characters; at most {LONGEST_NOTE} are kept.")]
    LongNote(usize),
    /// The control store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal for ChecklistError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unknown(_) => Kind::NotFound,
            Self::Measured(_) => Kind::Conflict,
            Self::LongNote(_) => Kind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Unknown(_) => Some("Look at the checklist again.".into()),
            Self::Measured(_) => {
                Some("Do what the item says; it is measured again at once.".into())
            }
            Self::LongNote(_) => Some("Keep the long text elsewhere and name the place.".into()),
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Ticks an item or takes the tick back. `facts` say which ones a machine measures.
///
/// # Errors
/// When there is no such item, or a machine measures it.
pub async fn tick(
    store: &Store,
    now: Moment,
    actor: &Operator,
    (system, facts): (&str, &Facts),
    name: &str,
    (done, note): (bool, &str),
) -> Result<(), ChecklistError> {
    let item = catalogue::item(name).ok_or_else(|| ChecklistError::Unknown(name.into()))?;
    if !facts.is_by_hand(item) {
        return Err(ChecklistError::Measured(item.title));
    }
    let length = note.chars().count();
    if length > LONGEST_NOTE {
        return Err(ChecklistError::LongNote(length));
    }
    let tick = Tick {
        done,
        note: note.trim().into(),
        by: actor.username().into(),
        at: now,
    };
    let mut tx = store.write().await?;
    table::put(&mut tx, system, name, &tick).await?;
    let (action, text) = match done {
        true => (
            "checklist.ticked",
            format!("“{}” is done: {}", item.title, tick.note),
        ),
        false => (
            "checklist.unticked",
            format!("“{}” is not done any more", item.title),
        ),
    };
    audit::append(
        &mut tx,
        now,
        Entry::by(actor, action, name, text).on(system),
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// The checklists of the system with this slug: ticks and facts put together.
pub fn assemble(system: &str, ticks: &BTreeMap<String, Tick>, facts: &Facts) -> Checklist {
    let sections: Vec<ChecklistSection> = PARTS
        .iter()
        .map(|part| ChecklistSection {
            name: part.name.into(),
            title: part.title.into(),
            items: part
                .items
                .iter()
                .map(|item| shown(system, item, ticks, facts))
                .collect(),
        })
        .collect();
    let items = || sections.iter().flat_map(|section| &section.items);
    Checklist {
        done: items().filter(|item| item.done).count() as u32,
        total: items().count() as u32,
        sections,
    }
}

/// Required items that are not done: a run may not start before they are.
pub fn missing(checklist: &Checklist) -> Vec<&ChecklistItem> {
    checklist
        .sections
        .iter()
        .flat_map(|section| &section.items)
        .filter(|item| item.required && !item.done)
        .collect()
}

/// What the sections of the newest report say, for [`Measure::Report`].
pub fn reported(report: Option<&Report>, at: Moment) -> Facts {
    let Some(report) = report else {
        return Facts::default();
    };
    let measured = Moment::parse(&report.summary.at).unwrap_or(at);
    let measured = Section::ALL
        .iter()
        .filter_map(|section| {
            let found = report
                .sections
                .iter()
                .find(|found| found.name == section.name())?;
            let passed = found
                .checks
                .iter()
                .filter(|check| check.result == CheckResult::Passed)
                .count();
            let all = found.checks.len();
            let fact = Fact {
                holds: passed == all && all > 0,
                evidence: format!(
                    "{passed} of {all} checks of report {} passed",
                    report.summary.number
                ),
                at: measured,
            };
            Some((Measure::Report(*section), fact))
        })
        .collect();
    Facts {
        measured,
        by_hand: BTreeSet::new(),
    }
}

fn shown(
    system: &str,
    item: &Item,
    ticks: &BTreeMap<String, Tick>,
    facts: &Facts,
) -> ChecklistItem {
    let by_hand = facts.is_by_hand(item);
    let (done, evidence, by, at) = match item.way {
        Way::Machine(measure) | Way::Announced(measure) if !by_hand => {
            match facts.measured.get(&measure) {
                Some(fact) => (fact.holds, fact.evidence.clone(), None, Some(fact.at)),
                None => (false, not_measured(measure).into(), None, None),
            }
        }
        Way::Person | Way::Machine(_) | Way::Announced(_) => match ticks.get(item.name) {
            Some(tick) => (
                tick.done,
                tick.note.clone(),
                Some(tick.by.clone()),
                Some(tick.at),
            ),
            None => (false, String::new(), None, None),
        },
    };
    ChecklistItem {
        name: item.name.into(),
        title: item.title.into(),
        detail: item.detail.into(),
        automatic: !by_hand,
        done,
        required: item.required,
        evidence,
        by,
        at: at.map(Moment::rfc3339),
        href: item.page.map(|page| match page {
            "" => format!("/systems/{system}"),
            page => format!("/systems/{system}/{page}"),
        }),
    }
}

fn not_measured(measure: Measure) -> &'static str {
    match measure {
        Measure::Report(_) => "No verification report yet",
        Measure::Backup => "No verified backup yet",
        Measure::Pilot => "No pilot planned yet",
        Measure::Mode | Measure::DefaultOrganization | Measure::CodeVersion => {
            "The application does not answer"
        }
        Measure::Database => "The database does not answer",
        Measure::Notified | Measure::Window => "Nothing was announced yet",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_could_not_measure_is_not_done() {
        let list = assemble("obcms", &BTreeMap::new(), &Facts::default());
        assert_eq!(list.done, 0);
        assert_eq!(missing(&list).len(), 10);
    }

    #[test]
    fn a_tick_counts_with_the_name_of_the_person() {
        let tick = Tick {
            done: true,
            note: "wiki/rollback".into(),
            by: "amina".into(),
            at: Moment(0),
        };
        let ticks = BTreeMap::from([("rollback-plan".to_owned(), tick)]);
        let list = assemble("obcms", &ticks, &Facts::default());
        let item = list.sections[0]
            .items
            .iter()
            .find(|item| item.name == "rollback-plan");
        let item = item.expect("the item");
        assert!(item.done && !item.automatic);
        assert_eq!(item.by.as_deref(), Some("amina"));
        assert_eq!(list.done, 1);
    }

    #[test]
    fn what_no_machine_can_know_here_is_ticked_by_a_person() {
        let tick = Tick {
            done: true,
            note: "Seen on the server.".into(),
            by: "amina".into(),
            at: Moment(0),
        };
        let ticks = BTreeMap::from([("code-version".to_owned(), tick)]);
        let facts = Facts {
            by_hand: BTreeSet::from([Measure::CodeVersion]),
            ..Facts::default()
        };
        let list = assemble("obcms", &ticks, &facts);
        assert_eq!(list.done, 1);
        assert_eq!(missing(&list).len(), 9);
    }

    #[test]
    fn a_tick_on_a_measured_item_is_not_read() {
        let tick = Tick {
            done: true,
            note: String::new(),
            by: "amina".into(),
            at: Moment(0),
        };
        let ticks = BTreeMap::from([("backup-database".to_owned(), tick)]);
        assert_eq!(assemble("obcms", &ticks, &Facts::default()).done, 0);
    }
}
