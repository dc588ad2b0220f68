//! Carries an import out: exactly the preview that the person saw, whole or not at all.

use std::sync::Arc;

use base64::Engine as _;
use shared::organization::{ImportOrganizations, ImportOutcome, ImportResult, ImportRow, Stage};

use super::change::{entry, finish};
use super::import::{self, Known as Existing};
use super::target::{self, Change};
use super::view::Known;
use crate::accounts::Operator;
use crate::db::Connection;
use crate::engine::playbook::Organizations;
use crate::state::AppState;
use crate::store::organizations::{self as rows, Record};
use crate::systems::{System, SystemError};

/// Says what an import would do; with the hash of a preview that was seen, does it.
pub async fn import(
    state: &AppState,
    system: &Arc<System>,
    wanted: &ImportOrganizations,
    actor: &Operator,
) -> Result<ImportResult, SystemError> {
    let file = base64::engine::general_purpose::STANDARD
        .decode(wanted.csv_base64.trim())
        .map_err(|_| SystemError::field("csv_base64", "It is not base64."))?;
    let _one = system.organizations.lock().await;
    let known = Known::gather(state, system).await?;
    if !known.table_ready {
        return Err(target::not_ready());
    }
    let existing: Vec<Existing> = known
        .records()
        .map(|record| Existing {
            code: record.code.clone(),
            name: record.name.clone(),
            kind: record.kind.clone(),
            contact_name: record.contact_name.clone(),
            contact_email: record.contact_email.clone(),
        })
        .collect();
    let mut preview = import::preview(&file, &existing);
    if wanted.preview {
        return Ok(preview);
    }
    if wanted.seen.as_deref() != Some(&preview.seen) {
        return Err(SystemError::changed_meanwhile(
            "The file or the organizations changed since the preview.",
            "Look at the preview again, then import it.",
        ));
    }
    if preview.to_fix > 0 || !preview.problems.is_empty() {
        let mut fields = preview.problems.clone();
        fields.extend(preview.rows.into_iter().flat_map(|row| row.problems));
        return Err(SystemError::Invalid { fields });
    }
    write(state, system, &known, &preview, actor).await?;
    preview.imported = true;
    Ok(preview)
}

async fn write(
    state: &AppState,
    system: &Arc<System>,
    known: &Known,
    preview: &ImportResult,
    actor: &Operator,
) -> Result<(), SystemError> {
    let organizations = &known.playbook.organizations;
    let mut tx = state.store.write().await?;
    for row in &preview.rows {
        let (record, seen) = match row.outcome {
            ImportOutcome::New => (fresh(state, row), 0),
            ImportOutcome::Changed => {
                let before = known.record(&row.code)?;
                (changed(state, row, before), before.version)
            }
            ImportOutcome::Same | ImportOutcome::ToFix => continue,
        };
        if !rows::save(&mut tx, system.slug(), &record, seen).await? {
            return Err(SystemError::changed_meanwhile(
                format!("{} was changed by somebody else meanwhile.", row.code),
                "Look at the preview again.",
            ));
        }
    }
    let mut db = system.writer().await?;
    target::check(&mut db, organizations).await?;
    db.begin_write().await?;
    match write_target(&mut db, organizations, preview).await {
        Ok(()) => db.commit().await?,
        Err(error) => {
            db.roll_back().await;
            db.close().await;
            return Err(error);
        }
    }
    db.close().await;
    let text = format!(
        "Imported {} new and {} changed organizations.",
        preview.new, preview.changed
    );
    let object = entry(system, actor, "organizations.imported", "import", text);
    finish(state, system, tx, object).await
}

/// All rows in one transaction of the target.
async fn write_target(
    db: &mut Connection,
    organizations: &Organizations,
    preview: &ImportResult,
) -> Result<(), SystemError> {
    for row in &preview.rows {
        match row.outcome {
            ImportOutcome::New => {
                target::insert(db, organizations, &row.code, &row.name, &row.kind).await?;
            }
            ImportOutcome::Changed => {
                let given = |text: &'_ str| !text.is_empty();
                let change = Change {
                    name: given(&row.name).then_some(row.name.as_str()),
                    kind: given(&row.kind).then_some(row.kind.as_str()),
                    active: None,
                };
                target::update(db, organizations, &row.code, &change).await?;
            }
            ImportOutcome::Same | ImportOutcome::ToFix => {}
        }
    }
    Ok(())
}

fn fresh(state: &AppState, row: &ImportRow) -> Record {
    Record {
        code: row.code.clone(),
        name: row.name.clone(),
        kind: row.kind.clone(),
        stage: Stage::Invited,
        wave: None,
        contact_name: row.contact_name.clone(),
        contact_email: row.contact_email.clone(),
        isolation: None,
        suspended_reason: None,
        changed: state.clock.now(),
        version: 0,
    }
}

fn changed(state: &AppState, row: &ImportRow, before: &Record) -> Record {
    let pick = |new: &str, old: &str| {
        if new.is_empty() {
            old.to_owned()
        } else {
            new.to_owned()
        }
    };
    Record {
        name: pick(&row.name, &before.name),
        kind: pick(&row.kind, &before.kind),
        contact_name: pick(&row.contact_name, &before.contact_name),
        contact_email: pick(&row.contact_email, &before.contact_email),
        changed: state.clock.now(),
        ..before.clone()
    }
}
