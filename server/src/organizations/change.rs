//! Making and changing one organization. Its row in the target and its record are changed one after the other; the
//! record's version is checked first, so that of two administrators at once one is told that it changed meanwhile.

use std::sync::Arc;

use shared::event::Topic;
use shared::organization::{
    ChangeOrganization, IsolationCheck, MoveOrganization, NewOrganization, Organization,
    OrganizationDetail, Stage,
};
use shared::problem::FieldProblem;

use super::import::{code_problem, email_problem, name_problem};
use super::moves;
use super::readiness::BY_HAND;
use super::target::{self, Change};
use super::view::{self, Known};
use crate::accounts::{Administrator, Operator};
use crate::audit::{self, Entry};
use crate::engine::{inspect, isolation as engine_isolation};
use crate::state::AppState;
use crate::store::WriteTx;
use crate::store::organizations::{self as rows, Record, Tick};
use crate::systems::{System, SystemError};

/// People that one organization may have here.
const MOST_PEOPLE: usize = 500;

fn changed_meanwhile(code: &str) -> SystemError {
    SystemError::changed_meanwhile(
        format!("{code} was changed by somebody else meanwhile."),
        "Look at it as it is now, then make your change again.",
    )
}

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
    ])?;
    let _one = system.organizations.lock().await;
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
    let mut db = system.writer().await?;
    let organizations = &known.playbook.organizations;
    target::check(&mut db, organizations).await?;
    target::insert(
        &mut db,
        organizations,
        code,
        wanted.name.trim(),
        wanted.kind.trim(),
    )
    .await?;
    db.close().await;
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
    let mut tx = state.store.write().await?;
    if !rows::save(&mut tx, system.slug(), &record, 0).await? {
        return Err(changed_meanwhile(code));
    }
    let text = format!("Added {code}, {}. It is not active yet.", record.name);
    finish(
        state,
        system,
        tx,
        entry(system, actor, "organization.added", code, text),
    )
    .await?;
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
    let _one = system.organizations.lock().await;
    let known = Known::gather(state, system).await?;
    let before = known.record(code)?.clone();
    if before.version != wanted.version {
        return Err(changed_meanwhile(&before.code));
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
    let mut tx = state.store.write().await?;
    if !rows::save(&mut tx, system.slug(), &record, before.version).await? {
        return Err(changed_meanwhile(&before.code));
    }
    if let Some(people) = &wanted.people {
        rows::replace_people(&mut tx, system.slug(), &record.code, people).await?;
    }
    for (item, done) in &wanted.ticks {
        let tick = Tick {
            code: record.code.clone(),
            item: item.clone(),
            by: actor.username().to_owned(),
            at: state.clock.now(),
        };
        rows::tick(&mut tx, system.slug(), &tick, *done).await?;
    }
    if record.name != before.name || record.kind != before.kind {
        let mut db = system.writer().await?;
        let change = Change {
            name: Some(&record.name),
            kind: Some(&record.kind),
            active: None,
        };
        target::update(
            &mut db,
            &known.playbook.organizations,
            &record.code,
            &change,
        )
        .await?;
        db.close().await;
    }
    let text = format!("Changed {}.", record.code);
    finish(
        state,
        system,
        tx,
        entry(system, actor, "organization.changed", &record.code, text),
    )
    .await?;
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
    let _one = system.organizations.lock().await;
    let known = Known::gather(state, system).await?;
    let before = known.record(code)?.clone();
    if before.version != wanted.version {
        return Err(changed_meanwhile(&before.code));
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
    let tx = state.store.write().await?;
    let text = match (wanted.to, reason) {
        (Stage::Suspended, reason) => format!("Suspended {}: {reason}", before.code),
        (to, _) => format!(
            "Moved {} from {} to {}.",
            before.code,
            before.stage.word(),
            to.word()
        ),
    };
    let tx = set_stage(state, system, &known, &before, wanted.to, reason, tx).await?;
    finish(
        state,
        system,
        tx,
        entry(system, actor, "organization.moved", &before.code, text),
    )
    .await?;
    view::detail(state, system, code).await
}

/// Writes the stage into the record and the activity that follows from it into the target.
pub(super) async fn set_stage(
    state: &AppState,
    system: &Arc<System>,
    known: &Known,
    before: &Record,
    to: Stage,
    reason: &str,
    mut tx: WriteTx,
) -> Result<WriteTx, SystemError> {
    let record = Record {
        stage: to,
        suspended_reason: (to == Stage::Suspended).then(|| reason.to_owned()),
        changed: state.clock.now(),
        ..before.clone()
    };
    if !rows::save(&mut tx, system.slug(), &record, before.version).await? {
        return Err(changed_meanwhile(&before.code));
    }
    let active = matches!(to, Stage::Pilot | Stage::Active);
    let mut db = system.writer().await?;
    let change = Change {
        active: Some(active),
        ..Change::default()
    };
    target::update(
        &mut db,
        &known.playbook.organizations,
        &record.code,
        &change,
    )
    .await?;
    db.close().await;
    Ok(tx)
}

/// Checks that an organization sees no row of another one, and writes the result down.
pub async fn isolation(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
    actor: &Operator,
) -> Result<IsolationCheck, SystemError> {
    let _one = system.organizations.lock().await;
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
    let mut tx = state.store.write().await?;
    if !rows::save(&mut tx, system.slug(), &record, before.version).await? {
        return Err(changed_meanwhile(&before.code));
    }
    let text = format!(
        "Checked the isolation of {}: {} rows of others in {} reads.",
        before.code, check.foreign_rows, check.reads
    );
    finish(
        state,
        system,
        tx,
        entry(system, actor, "organization.checked", &before.code, text),
    )
    .await?;
    Ok(check)
}

pub(super) fn entry(
    system: &System,
    actor: &crate::accounts::Actor,
    action: &'static str,
    code: &str,
    text: String,
) -> Entry {
    Entry::by(actor, action, format!("organization {code}"), text).on(system.slug())
}

/// Writes the audit entry, keeps the transaction, and tells readers.
pub(super) async fn finish(
    state: &AppState,
    system: &System,
    mut tx: WriteTx,
    entry: Entry,
) -> Result<(), SystemError> {
    audit::append(&mut tx, state.clock.now(), entry).await?;
    tx.commit().await?;
    state.hub.changed(system.slug(), Topic::Organizations);
    state.hub.changed(system.slug(), Topic::System);
    Ok(())
}
