//! Making and changing one organization. The version that the person saw is checked first, so that of two
//! administrators at once one is told that it changed meanwhile.

use std::sync::Arc;

use shared::organization::{
    ChangeOrganization, IsolationCheck, MoveOrganization, NewOrganization, Organization,
    OrganizationDetail, Stage,
};
use shared::problem::FieldProblem;

use super::import::{code_problem, email_problem, kind_problem, name_problem};
use super::intent::{self, Act, Intent, Write};
use super::known::Known;
use super::meanwhile::{changed_meanwhile, object};
use super::moves;
use super::readiness::BY_HAND;
use super::target;
use super::view;
use crate::accounts::{Administrator, Operator};
use crate::engine::{inspect, isolation as engine_isolation};
use crate::state::AppState;
use crate::store::organizations::{Record, Tick};
use crate::systems::{System, SystemError};

/// People that one organization may have here.
const MOST_PEOPLE: usize = 500;

fn check(fields: Vec<(&str, Option<String>)>) -> Result<(), SystemError> {
    let fields: Vec<FieldProblem> = fields
        .into_iter()
        .filter_map(|(field, wrong)| {
            Some(FieldProblem {
                field: field.into(),
                message: wrong?,
            })
        })
        .collect();
    if fields.is_empty() {
        Ok(())
    } else {
        Err(SystemError::Invalid { fields })
    }
}

/// Makes an organization, not active yet.
pub async fn create(
    state: &AppState,
    system: &Arc<System>,
    wanted: &NewOrganization,
    actor: &Operator,
) -> Result<Organization, SystemError> {
    let code = wanted.code.trim();
    check(vec![
        ("code", code_problem(code)),
        ("name", name_problem(&wanted.name)),
        ("contact_email", email_problem(wanted.contact_email.trim())),
        (
            "kind",
            kind_problem(wanted.kind.trim(), &system.playbook()?.organizations.types),
        ),
    ])?;
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    if !known.table_ready {
        return Err(target::not_ready());
    }
    if let Some(other) = known
        .records()
        .find(|record| record.code.eq_ignore_ascii_case(code))
    {
        return Err(SystemError::field(
            "code",
            format!("{} has this code already.", other.name),
        ));
    }
    let record = Record {
        code: code.to_owned(),
        name: wanted.name.trim().to_owned(),
        kind: wanted.kind.trim().to_owned(),
        stage: Stage::Invited,
        wave: None,
        contact_name: wanted.contact_name.trim().to_owned(),
        contact_email: wanted.contact_email.trim().to_owned(),
        isolation: None,
        suspended_reason: None,
        changed: state.clock.now(),
        version: 0,
    };
    let text = format!("Added {code}, {}. It is not active yet.", record.name);
    let mut intent = Intent::of(actor, Act::Added, object(code), text);
    intent.writes.push(Write::Add {
        code: record.code.clone(),
        name: record.name.clone(),
        kind: record.kind.clone(),
    });
    let left = known.version_left(code);
    intent.records.push((record, left));
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    Ok(view::detail(state, system, code).await?.organization)
}

/// Changes an organization; fields that are absent stay.
pub async fn change(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
    wanted: &ChangeOrganization,
    actor: &Operator,
) -> Result<OrganizationDetail, SystemError> {
    check_change(wanted)?;
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    let before = known.record(code)?.clone();
    if before.version != wanted.version {
        return Err(changed_meanwhile(state, system, &before.code).await);
    }
    if let Some(kind) = wanted.kind.as_deref().map(str::trim)
        && kind != before.kind
    {
        let types = &known.playbook.organizations.types;
        check(vec![("kind", kind_problem(kind, types))])?;
    }
    let pick = |new: &Option<String>, old: &str| {
        new.as_deref()
            .map_or_else(|| old.to_owned(), |new| new.trim().to_owned())
    };
    let record = Record {
        name: pick(&wanted.name, &before.name),
        kind: pick(&wanted.kind, &before.kind),
        contact_name: pick(&wanted.contact_name, &before.contact_name),
        contact_email: pick(&wanted.contact_email, &before.contact_email),
        changed: state.clock.now(),
        ..before.clone()
    };
    let text = format!("Changed {}.", record.code);
    let mut intent = Intent::of(actor, Act::Changed, object(&record.code), text);
    intent.people = wanted
        .people
        .clone()
        .map(|people| (record.code.clone(), people));
    for (item, done) in &wanted.ticks {
        let tick = Tick {
            code: record.code.clone(),
            item: item.clone(),
            by: actor.username().to_owned(),
            at: state.clock.now(),
        };
        intent.ticks.push((tick, *done));
    }
    if record.name != before.name || record.kind != before.kind {
        intent.writes.push(Write::Change {
            code: record.code.clone(),
            name: Some(record.name.clone()),
            kind: Some(record.kind.clone()),
            active: None,
        });
    }
    intent.records.push((record, before.version));
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    view::detail(state, system, code).await
}

fn check_change(wanted: &ChangeOrganization) -> Result<(), SystemError> {
    let mut fields = vec![
        ("name", wanted.name.as_deref().and_then(name_problem)),
        (
            "contact_email",
            wanted
                .contact_email
                .as_deref()
                .and_then(|email| email_problem(email.trim())),
        ),
    ];
    for person in wanted.people.iter().flatten() {
        fields.push(("people", name_problem(&person.name)));
        fields.push(("people", email_problem(&person.email)));
        let day = person.training.as_deref().filter(|day| !day.is_empty());
        if let Some(day) = day
            && day.parse::<jiff::civil::Date>().is_err()
        {
            fields.push((
                "people",
                Some(format!("{day:?} is not a day such as 2026-12-15.")),
            ));
        }
    }
    if wanted
        .people
        .as_ref()
        .is_some_and(|people| people.len() > MOST_PEOPLE)
    {
        fields.push(("people", Some(format!("At most {MOST_PEOPLE} people fit."))));
    }
    for (item, _) in &wanted.ticks {
        if !BY_HAND.contains(&item.as_str()) {
            fields.push((
                "ticks",
                Some(format!("{item} is not an item that a person ticks.")),
            ));
        }
    }
    check(fields)
}

/// Moves an organization to another stage, and makes it active or not in the target.
pub async fn move_to(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
    wanted: &MoveOrganization,
    actor: &Administrator,
) -> Result<OrganizationDetail, SystemError> {
    let reason = wanted.reason.as_deref().map(str::trim).unwrap_or_default();
    if wanted.to == Stage::Suspended && reason.is_empty() {
        return Err(SystemError::field(
            "reason",
            "Write down why it is suspended.",
        ));
    }
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    let before = known.record(code)?.clone();
    if before.version != wanted.version {
        return Err(changed_meanwhile(state, system, &before.code).await);
    }
    let readiness = known.readiness(&before);
    if let Some(why) = moves::refused(&before, wanted.to, &readiness, &known.around(&before)) {
        return Err(SystemError::gate_closed(
            why,
            format!(
                "{} stays {}.",
                before.code,
                before.stage.word().to_lowercase()
            ),
        ));
    }
    let text = match (wanted.to, reason) {
        (Stage::Suspended, reason) => format!("Suspended {}: {reason}", before.code),
        (to, _) => format!(
            "Moved {} from {} to {}.",
            before.code,
            before.stage.word(),
            to.word()
        ),
    };
    let mut intent = Intent::of(actor, Act::Moved, object(&before.code), text);
    add_stage(state, &known, &before, wanted.to, reason, &mut intent);
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    view::detail(state, system, code).await
}

/// The stage in the record, and the activity in the target that follows from it.
pub(super) fn add_stage(
    state: &AppState,
    known: &Known,
    before: &Record,
    to: Stage,
    reason: &str,
    intent: &mut Intent,
) {
    let active = is_active(to);
    if known.is_active(before) != Some(active) {
        intent.writes.push(Write::Change {
            code: before.code.clone(),
            name: None,
            kind: None,
            active: Some(active),
        });
    }
    let record = Record {
        stage: to,
        suspended_reason: (to == Stage::Suspended).then(|| reason.to_owned()),
        changed: state.clock.now(),
        ..before.clone()
    };
    intent.records.push((record, before.version));
}

/// Whether the application lets the people of an organization in this stage work.
pub(super) fn is_active(stage: Stage) -> bool {
    matches!(stage, Stage::Pilot | Stage::Active)
}

/// Checks that an organization sees no row of another one, and writes the result down.
pub async fn isolation(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
    actor: &Operator,
) -> Result<IsolationCheck, SystemError> {
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
    let known = Known::gather(state, system).await?;
    let before = known.record(code)?.clone();
    let mut db = system.reader().await?;
    db.begin_read().await?;
    let schema = inspect(&mut db).await?;
    let found =
        engine_isolation::check_organization(&mut db, &known.playbook, &schema, &before.code)
            .await?;
    db.close().await;
    let check = IsolationCheck {
        at: state.clock.now().rfc3339(),
        reads: found.reads,
        foreign_rows: found.foreign_rows,
        findings: found.findings,
    };
    let record = Record {
        isolation: Some(check.clone()),
        changed: state.clock.now(),
        ..before.clone()
    };
    let text = format!(
        "Checked the isolation of {}: {} rows of others in {} reads.",
        before.code, check.foreign_rows, check.reads
    );
    let mut intent = Intent::of(actor, Act::Checked, object(&before.code), text);
    intent.records.push((record, before.version));
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await?;
    Ok(check)
}
