//! Totals: rows of each model, of one organization or of all.

use std::collections::BTreeMap;

use shared::browse::{AllOrganizations, BrowseModel, BrowseModels, OrganizationRows};
use shared::organization::{ModelRows, Stage};

use super::{BrowseError, columns, has_column, organization_key};
use crate::db::{Connection, DbError, Statement, quote};
use crate::engine::playbook::{Model, Playbook};

/// The models of a playbook with their number of rows; of one organization when its code is given.
///
/// # Errors
/// When the organization is unknown, rows have none yet, or the target cannot be read.
pub async fn models(
    db: &mut Connection,
    playbook: &Playbook,
    organization: Option<&str>,
) -> Result<BrowseModels, BrowseError> {
    let key = match organization {
        Some(code) => Some(organization_key(db, playbook, code).await?),
        None => None,
    };
    let mut models = Vec::new();
    for (group, model) in playbook.models() {
        let rows = match key {
            Some(key) => rows_of(db, playbook, model, key).await?,
            None => {
                let all = format!(
                    "SELECT COUNT(*) FROM {}",
                    db.dialect().relation(&model.table)
                );
                db.count(all).await?.unsigned_abs()
            }
        };
        models.push(BrowseModel {
            label: model.label.clone(),
            plural: model.plural(),
            group: group.title.clone(),
            rows,
        });
    }
    Ok(BrowseModels { models })
}

/// Rows of a model that belong to the organization with this key.
async fn rows_of(
    db: &mut Connection,
    playbook: &Playbook,
    model: &Model,
    key: i64,
) -> Result<u64, BrowseError> {
    let column = playbook.column(model);
    if !has_column(&columns(db, &model.table).await?, column) {
        return Err(BrowseError::NotMigrated {
            table: model.table.clone(),
            column: column.into(),
        });
    }
    count(db, &model.table, column, key)
        .await
        .map_err(Into::into)
}

async fn count(db: &mut Connection, table: &str, column: &str, key: i64) -> Result<u64, DbError> {
    let statement = Statement::new(format!(
        "SELECT COUNT(*) FROM {} WHERE {} = ?",
        db.dialect().relation(table),
        quote(column)
    ))
    .bind(key);
    Ok(db.count(statement).await?.unsigned_abs())
}

/// The counted models of a playbook with their rows of the organization with this key, and of no other: an index answers.
///
/// A model without the column has no row of any organization yet.
///
/// # Errors
/// When the target cannot be read.
pub async fn of_one(
    db: &mut Connection,
    playbook: &Playbook,
    key: i64,
) -> Result<Vec<ModelRows>, DbError> {
    let mut all = Vec::new();
    for model in playbook.headline() {
        let column = playbook.column(model);
        let rows = if has_column(&columns(db, &model.table).await?, column) {
            count(db, &model.table, column, key).await?
        } else {
            0
        };
        all.push(ModelRows {
            model: model.label.clone(),
            rows,
        });
    }
    Ok(all)
}

/// Every organization of the target with its rows of the counted models. `stages` says how far each code is. Of those
/// that it does not know, the default organization is active, as it owns the existing records; any other is invited.
///
/// A model without the column has no row of any organization yet.
///
/// # Errors
/// When the target cannot be read.
pub async fn all(
    db: &mut Connection,
    playbook: &Playbook,
    stages: &BTreeMap<String, Stage>,
) -> Result<AllOrganizations, BrowseError> {
    let counted: Vec<&Model> = playbook.headline().collect();
    let mut by_model = Vec::with_capacity(counted.len());
    for model in &counted {
        let column = playbook.column(model);
        by_model.push(if has_column(&columns(db, &model.table).await?, column) {
            rows_by_organization(db, &model.table, column).await?
        } else {
            BTreeMap::new()
        });
    }
    let default = &playbook.organizations.default.code;
    let organizations: Vec<OrganizationRows> = listed(db, playbook)
        .await?
        .into_iter()
        .map(|(key, code, name)| {
            let rows: Vec<u64> = by_model
                .iter()
                .map(|rows| rows.get(&key).copied().unwrap_or(0))
                .collect();
            OrganizationRows {
                stage: stages.get(&code.to_lowercase()).copied().unwrap_or(
                    if code.eq_ignore_ascii_case(default) {
                        Stage::Active
                    } else {
                        Stage::Invited
                    },
                ),
                total: rows.iter().sum(),
                code,
                name,
                rows,
            }
        })
        .collect();
    let totals = counted
        .iter()
        .enumerate()
        .map(|(place, model)| ModelRows {
            model: model.label.clone(),
            rows: organizations
                .iter()
                .map(|organization| organization.rows[place])
                .sum(),
        })
        .collect();
    Ok(AllOrganizations {
        models: counted.iter().map(|model| model.plural()).collect(),
        with_rows: organizations
            .iter()
            .filter(|organization| organization.total > 0)
            .count() as u32,
        organizations,
        totals,
    })
}

async fn rows_by_organization(
    db: &mut Connection,
    table: &str,
    column: &str,
) -> Result<BTreeMap<i64, u64>, DbError> {
    let (table, column) = (db.dialect().relation(table), quote(column));
    let statement = format!(
        "SELECT {column}, COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY {column}"
    );
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| (row.integer(0), row.integer(1).unsigned_abs()))
        .collect())
}

/// Key, code and name of every organization, by code.
async fn listed(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<Vec<(i64, String, String)>, DbError> {
    let organizations = &playbook.organizations;
    if columns(db, &organizations.table).await?.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "SELECT {}, {code}, {} FROM {} ORDER BY {code}",
        quote(&organizations.key),
        quote(&organizations.name),
        db.dialect().relation(&organizations.table),
        code = quote(&organizations.code),
    );
    let rows = db.rows(statement).await?;
    Ok(rows
        .iter()
        .map(|row| (row.integer(0), row.string(1), row.string(2)))
        .collect())
}
