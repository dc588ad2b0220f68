//! Carries an import out: exactly the preview that the person saw, whole or not at all.

use std::sync::Arc;

use base64::Engine as _;
use shared::organization::{ImportOrganizations, ImportOutcome, ImportResult, ImportRow, Stage};

use super::import::{self, Known as Existing};
use super::intent::{self, Act, Intent, Write};
use super::known::Known;
use super::target;
use crate::accounts::Operator;
use crate::state::AppState;
use crate::store::organizations::Record;
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
    let _one = super::alone(state, system).await?;
    intent::settle(state, system).await?;
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
    let mut preview = import::preview(&file, &existing, &known.playbook.organizations.types);
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
    let text = format!(
        "Imported {} new and {} changed organizations.",
        preview.new, preview.changed
    );
    let mut intent = Intent::of(actor, Act::Imported, "organization import".into(), text);
    for row in &preview.rows {
        match row.outcome {
            ImportOutcome::New => {
                let left = known.version_left(&row.code);
                intent.records.push((fresh(state, row), left));
                intent.writes.push(Write::Add {
                    code: row.code.clone(),
                    name: row.name.clone(),
                    kind: row.kind.clone(),
                });
            }
            ImportOutcome::Changed => {
                let before = known.record(&row.code)?;
                let given = |text: &String| (!text.is_empty()).then(|| text.clone());
                intent
                    .records
                    .push((changed(state, row, before), before.version));
                intent.writes.push(Write::Change {
                    code: before.code.clone(),
                    name: given(&row.name),
                    kind: given(&row.kind),
                    active: None,
                });
            }
            ImportOutcome::Same | ImportOutcome::ToFix => {}
        }
    }
    intent::carry_out(state, system, &known.playbook.organizations, &intent).await
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
