//! Organizations as the console shows them, with the rows that belong to each.

use std::collections::HashMap;
use std::sync::Arc;

use shared::organization::{ModelRows, OrganizationDetail, OrganizationList};

use super::known::Known;
use super::moves;
use crate::browse;
use crate::db::{Connection, quote};
use crate::engine::{Playbook, inspect};
use crate::state::AppState;
use crate::store::organizations::Record;
use crate::systems::{System, SystemError};

/// All organizations of a system.
pub async fn list(state: &AppState, system: &Arc<System>) -> Result<OrganizationList, SystemError> {
    let known = Known::gather(state, system).await?;
    let rows = rows_of_all(system, &known.playbook).await?;
    let total = |record: &Record| {
        known.keys.get(&record.code).map_or(0, |key| {
            rows.iter().filter_map(|model| model.get(key)).sum()
        })
    };
    Ok(OrganizationList {
        organizations: known
            .records()
            .map(|record| known.shown(record, total(record)))
            .collect(),
        table_ready: known.table_ready,
        waves: known.shown_waves(),
    })
}

/// Everything about one organization.
pub async fn detail(
    state: &AppState,
    system: &Arc<System>,
    code: &str,
) -> Result<OrganizationDetail, SystemError> {
    let known = Known::gather(state, system).await?;
    let record = known.record(code)?;
    let key = known.keys.get(&record.code).copied().unwrap_or_default();
    let rows = rows_of_one(system, &known.playbook, key).await?;
    let readiness = known.readiness(record);
    Ok(OrganizationDetail {
        organization: known.shown(record, rows.iter().map(|model| model.rows).sum()),
        people: known.people_of(record).to_vec(),
        moves: moves::moves(record, &readiness, &known.around(record)),
        readiness,
        rows,
        isolation: record.isolation.clone(),
    })
}

/// Rows of each counted model that belong to the organization with this key.
async fn rows_of_one(
    system: &System,
    playbook: &Playbook,
    key: i64,
) -> Result<Vec<ModelRows>, SystemError> {
    let mut db = system.reader().await?;
    // columns and counts of one moment
    db.begin_read().await?;
    let counted = browse::of_one(&mut db, playbook, key).await;
    db.close().await;
    counted.map_err(Into::into)
}

/// Rows of each counted model by the key of their organization.
async fn rows_of_all(
    system: &System,
    playbook: &Playbook,
) -> Result<Vec<HashMap<i64, u64>>, SystemError> {
    let mut db = system.reader().await?;
    // schema and counts of one moment
    db.begin_read().await?;
    let counted = count_rows(&mut db, playbook).await;
    db.close().await;
    counted
}

async fn count_rows(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<Vec<HashMap<i64, u64>>, SystemError> {
    let schema = inspect(db).await?;
    let mut all = Vec::new();
    for model in playbook.headline() {
        let column = playbook.column(model);
        let there = schema
            .table(&model.table)
            .is_some_and(|table| table.column(column).is_some());
        let mut counted = HashMap::new();
        if there {
            let column = quote(column);
            let sql = format!(
                "SELECT {column}, COUNT(*) FROM {} WHERE {column} IS NOT NULL GROUP BY {column}",
                db.dialect().relation(&model.table)
            );
            for row in db.rows(sql).await? {
                counted.insert(row.integer(0), row.integer(1).unsigned_abs());
            }
        }
        all.push(counted);
    }
    Ok(all)
}
