//! What is measured when a run has ended: records, coverage, definitions of tables, backups.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use shared::coverage::GroupCoverage;
use shared::evidence::{EvidenceBackup, EvidenceCounts, EvidenceHashes, TableHashes};

use super::bundle::sha256;
use crate::coverage;
use crate::engine::backup as proof;
use crate::engine::schema::Schema;
use crate::engine::{Plan, inspect};
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::evidence::Due;
use crate::store::runs::{RunRow, StepRow};
use crate::systems::{System, SystemError};

/// The target after a run, or why it could not be read.
pub(super) struct After {
    at: Moment,
    read: Result<(Vec<GroupCoverage>, Schema), String>,
}

/// Reads the target. Of an earlier run nothing can be said any more.
pub(super) async fn after(state: &AppState, system: &Arc<System>, run: &RunRow, due: Due) -> After {
    let read = if due.newest {
        read(system).await.map_err(|error| error.to_string())
    } else {
        Err(format!(
            "A later run than {} had begun before it could be measured.",
            run.summary.number
        ))
    };
    After {
        at: state.clock.now(),
        read,
    }
}

async fn read(system: &Arc<System>) -> Result<(Vec<GroupCoverage>, Schema), SystemError> {
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let groups = coverage::groups(&mut db, &playbook).await?;
    let schema = inspect(&mut db).await?;
    db.close().await;
    Ok((groups, schema))
}

impl After {
    pub(super) fn counts(&self, steps: &[StepRow]) -> EvidenceCounts {
        let groups = self.read.as_ref().map(|(groups, _)| groups);
        EvidenceCounts {
            measured: groups.is_ok().then(|| self.at.rfc3339()),
            not_measured: groups.err().cloned(),
            rows_written: steps.iter().map(|step| step.rows_done).sum(),
            coverage: groups.ok().map(|groups| coverage::headline(groups)),
            groups: groups.cloned().unwrap_or_default(),
        }
    }

    pub(super) fn hashes(&self, plan: &Plan, backups: Vec<EvidenceBackup>) -> EvidenceHashes {
        let schema = self.read.as_ref().ok().map(|(_, schema)| schema);
        let text = |table: &str| {
            schema
                .and_then(|schema| schema.table(table))
                .map(|table| &table.sql)
        };
        let before = plan
            .assumed
            .iter()
            .map(|assumed| (assumed.table.as_str(), assumed.sql.as_ref()));
        let after = plan
            .assumed
            .iter()
            .map(|assumed| (assumed.table.as_str(), text(&assumed.table)));
        EvidenceHashes {
            schema_before: definitions(before),
            schema_after: schema.map(|_| definitions(after)),
            tables: plan
                .assumed
                .iter()
                .map(|assumed| TableHashes {
                    table: assumed.table.clone(),
                    before: assumed.sql.as_ref().map(|sql| sha256(sql.as_bytes())),
                    after: text(&assumed.table).map(|sql| sha256(sql.as_bytes())),
                })
                .collect(),
            backups,
        }
    }
}

/// SHA-256 over names and definitions; lengths keep them apart, and a table that is not there differs from an empty one.
fn definitions<'a>(tables: impl Iterator<Item = (&'a str, Option<&'a String>)>) -> String {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for (table, sql) in tables {
        field(table.as_bytes());
        match sql {
            Some(sql) => {
                field(&[1]);
                field(sql.as_bytes());
            }
            None => field(&[0]),
        }
    }
    hex::encode(hash.finalize())
}

/// The backups that the run could go back to: the newest proven one before it, and those made since. Backups that cannot
/// be listed are none; the entries of the audit log tell of them all the same.
pub(super) async fn backups(
    state: &AppState,
    system: &System,
    started: Moment,
) -> Vec<EvidenceBackup> {
    let Ok(all) = crate::backups::list(state, system).await else {
        return Vec::new();
    };
    let started = started.rfc3339();
    let before = all
        .iter()
        .find(|backup| backup.taken < started && backup.verified.is_some())
        .map(|backup| backup.name.clone());
    let mut of_run = Vec::new();
    for backup in all {
        if backup.taken < started && Some(&backup.name) != before.as_ref() {
            continue;
        }
        let manifest = match crate::backups::place(state, system, &backup.name).await {
            Ok(place) => proof::open(&place).ok().map(|backup| backup.manifest),
            Err(_) => None,
        };
        of_run.push(EvidenceBackup {
            name: backup.name,
            taken: backup.taken,
            rows: backup.rows,
            verified: backup.verified,
            manifest: (manifest.as_ref())
                .and_then(|manifest| manifest.checksum)
                .map(|hash| hash.to_string()),
            schema: manifest.map(|manifest| manifest.content.identity.schema().to_string()),
        });
    }
    of_run.reverse();
    of_run
}
