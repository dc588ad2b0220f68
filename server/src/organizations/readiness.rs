//! The readiness list of an organization. Pure: it looks at what is written down and measured.

use shared::organization::{Person, PersonRole, ReadinessItem};

use crate::store::organizations::{Record, Tick};

/// The item that a person of the organization's data owner agrees to.
pub(super) const DATA_OWNER: &str = "data-owner";

/// Items that a person ticks.
pub(super) const BY_HAND: [&str; 1] = [DATA_OWNER];

/// The readiness list, in order.
pub(super) fn list(record: &Record, people: &[Person], ticks: &[&Tick]) -> Vec<ReadinessItem> {
    let automatic = |name: &str, title: &str, done: bool, evidence: String| ReadinessItem {
        name: name.into(),
        title: title.into(),
        done,
        automatic: true,
        evidence,
        by: None,
    };
    let contact = !record.contact_name.is_empty() && !record.contact_email.is_empty();
    let administrators = count(people, |person| {
        person.role == PersonRole::OrganizationAdministrator
    });
    let with_role = count(people, |person| person.role != PersonRole::None);
    let trained = count(people, |person| person.trained);
    let agreed = ticks.iter().find(|tick| tick.item == DATA_OWNER);
    vec![
        automatic(
            "contact",
            "Contact person",
            contact,
            if contact {
                format!("{}, {}", record.contact_name, record.contact_email)
            } else {
                "Name and address are needed.".into()
            },
        ),
        automatic(
            "administrator",
            "Organization administrator",
            administrators > 0,
            format!("{administrators} named."),
        ),
        automatic(
            "roles",
            "People have roles",
            !people.is_empty() && with_role == people.len(),
            format!("{with_role} of {} people have a role.", people.len()),
        ),
        automatic(
            "training",
            "Training done",
            !people.is_empty() && trained == people.len(),
            format!("{trained} of {} people are trained.", people.len()),
        ),
        ReadinessItem {
            name: DATA_OWNER.into(),
            title: "Data owner agreed".into(),
            done: agreed.is_some(),
            automatic: false,
            evidence: agreed.map_or_else(
                || "The owner of the data has to agree to the move.".into(),
                |tick| format!("Ticked {}.", tick.at.rfc3339()),
            ),
            by: agreed.map(|tick| tick.by.clone()),
        },
        automatic(
            "isolation",
            "Isolation checked",
            record
                .isolation
                .as_ref()
                .is_some_and(|check| check.foreign_rows == 0),
            record.isolation.as_ref().map_or_else(
                || "Not checked yet.".into(),
                |check| {
                    format!(
                        "{} rows of others in {} reads, {}.",
                        check.foreign_rows, check.reads, check.at
                    )
                },
            ),
        ),
    ]
}

fn count(people: &[Person], fits: impl Fn(&Person) -> bool) -> usize {
    people.iter().filter(|person| fits(person)).count()
}
