//! Verification after a migration: the target is measured against what the playbook promised. It
//! measures only what a database can know; whoever asks adds the running application's answers.

mod postgres;
mod queries;
mod security;
mod structure;

use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::coverage::{self, Coverage};
use super::inspect::inspect;
use super::isolation;
use super::playbook::Playbook;
use super::schema::Schema;
use crate::db::{Connection, DbError, Dialect, Statement, quote};
use crate::wording::counted;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// When.
    pub at: Timestamp,
    /// Sections, in the order of a report.
    pub sections: Vec<Section>,
    /// Time that measuring took, in milliseconds.
    pub took_ms: u64,
}

impl Verification {
    /// Whether nothing failed and everything could be measured.
    pub fn passed(&self) -> bool {
        self.checks()
            .all(|check| check.result == CheckResult::Passed)
    }

    /// All checks.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.sections.iter().flat_map(|section| &section.checks)
    }
}

/// Checks that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Stable name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name, unique in its section.
    pub name: String,
    /// Title.
    pub title: String,
    /// Result.
    pub result: CheckResult,
    /// What was measured, such as `234/234 (100%)`.
    pub measured: String,
    /// What is wrong and what to do; none when it passed.
    pub detail: Option<String>,
    /// The number measured, when it is one, to compare verifications.
    pub value: Option<f64>,
}

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Could not be measured; the detail says why.
    NotMeasured,
}

impl Check {
    pub(super) fn passed(name: &str, title: &str, measured: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            result: CheckResult::Passed,
            measured: measured.into(),
            detail: None,
            value: None,
        }
    }

    pub(super) fn of(
        name: &str,
        title: &str,
        measured: impl Into<String>,
        fails: Option<String>,
    ) -> Self {
        let mut check = Self::passed(name, title, measured);
        if fails.is_some() {
            check.result = CheckResult::Failed;
            check.detail = fails;
        }
        check
    }

    pub(super) fn not_measured(name: &str, title: &str, why: impl Into<String>) -> Self {
        let mut check = Self::passed(name, title, "not measured");
        check.result = CheckResult::NotMeasured;
        check.detail = Some(why.into());
        check
    }

    pub(super) fn with_value(mut self, value: f64) -> Self {
        self.value = Some(value);
        self
    }
}

/// Measures a target against a playbook. Nothing is changed, for the proof of isolation takes back
/// what it tries on a connection of its own; a target that was not migrated fails
/// its checks rather than the measurement.
pub async fn measure(db: &mut Connection, playbook: &Playbook) -> Result<Verification, DbError> {
    let started = Instant::now();
    let schema = inspect(db).await?;
    let coverage = coverage::measure(db, playbook).await?;
    let sections = vec![
        organizations(db, playbook, &schema).await?,
        models(&coverage),
        structure::check(playbook, &schema),
        queries::check(db, playbook, &schema).await?,
        isolated(db, playbook, &schema).await?,
        security::check(db, playbook).await,
        invariants(db, playbook).await?,
        integrity(db).await?,
    ];
    Ok(Verification {
        at: Timestamp::now(),
        sections: sections
            .into_iter()
            .filter(|section| !section.checks.is_empty())
            .collect(),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

fn section(name: &str, title: &str, checks: Vec<Check>) -> Section {
    Section {
        name: name.to_owned(),
        title: title.to_owned(),
        checks,
    }
}

async fn organizations(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Section, DbError> {
    let organizations = &playbook.organizations;
    let default = &organizations.default.code;
    let title = format!("{default} organization exists");
    let mut checks = Vec::new();
    if schema.table(&organizations.table).is_none() {
        let missing = format!(
            "The table {} does not exist: run the organizations phase.",
            organizations.table
        );
        checks.push(Check::of(
            "table",
            "Organization model working",
            "no table",
            Some(missing.clone()),
        ));
        checks.push(Check::not_measured("default", &title, missing));
        return Ok(section("organizations", "Organizations", checks));
    }
    let all = db
        .count(format!(
            "SELECT COUNT(*) FROM {}",
            schema.dialect.relation(&organizations.table)
        ))
        .await?;
    let defaults = db
        .count(
            Statement::new(format!(
                "SELECT COUNT(*) FROM {} WHERE {} = ?",
                schema.dialect.relation(&organizations.table),
                quote(&organizations.code)
            ))
            .bind(default.as_str()),
        )
        .await?;
    let fails = (defaults != 1).then(|| {
        format!(
            "Rows of {} belong to exactly one organization: make it, or merge the others into it.",
            default
        )
    });
    checks.push(Check::of(
        "default",
        &title,
        format!("{defaults} with the code {default}"),
        fails,
    ));
    checks.push(
        Check::passed(
            "table",
            "Organization model working",
            counted(all.unsigned_abs(), "organization", "organizations"),
        )
        .with_value(all as f64),
    );
    checks.extend(active(db, playbook, schema, all).await?);
    Ok(section("organizations", "Organizations", checks))
}

/// How many organizations are active, where the application keeps that: who is not can not work once they are apart.
async fn active(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
    all: i64,
) -> Result<Option<Check>, DbError> {
    let organizations = &playbook.organizations;
    let Some(column) = organizations.active.as_deref().filter(|column| {
        let table = schema.table(&organizations.table);
        table.is_some_and(|table| table.column(column).is_some())
    }) else {
        return Ok(None);
    };
    let active = db
        .count(format!(
            "SELECT COUNT(*) FROM {} WHERE {}",
            schema.dialect.relation(&organizations.table),
            quote(column)
        ))
        .await?;
    let fails = (active == 0).then(|| {
        "No organization is active, so nobody could work with the application: activate the default one."
            .to_owned()
    });
    let measured = format!("{active} of {all}");
    let check = Check::of("active", "Active organizations", measured, fails);
    Ok(Some(check.with_value(active as f64)))
}

fn models(coverage: &Coverage) -> Section {
    let checks = coverage
        .models
        .iter()
        .map(|model| {
            let (name, title) = (model.table.as_str(), model.plural.as_str());
            let Some(counts) = model.counts else {
                let why = if model.rows.is_none() {
                    format!("The table {name} does not exist: correct the playbook.")
                } else {
                    "The column does not exist yet: run the migration.".to_owned()
                };
                return Check::of(name, title, "no organization column", Some(why));
            };
            let percent = percent(counts.assigned, counts.total);
            let fails = (counts.missing() > 0).then(|| {
                format!(
                    "{} of {} rows have no organization: decide where they belong.",
                    counts.missing(),
                    counts.total
                )
            });
            let measured = format!("{}/{} ({percent}%)", counts.assigned, counts.total);
            Check::of(name, title, measured, fails).with_value(percent)
        })
        .collect();
    section("models", "Model migrations", checks)
}

/// The share in percent with one decimal, never rounded up to 100.
fn percent(assigned: u64, total: u64) -> f64 {
    if total == 0 || assigned >= total {
        return 100.0;
    }
    ((assigned as f64 * 1000.0 / total as f64).floor() / 10.0).min(99.9)
}

async fn isolated(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Section, DbError> {
    let isolation = isolation::check(db, playbook, schema).await?;
    let mut checks = Vec::new();
    for check in &isolation.connections {
        let fails = (check.crossing > 0).then(|| {
            format!(
                "{}. Move the rows to one organization, or take the connection apart.",
                check.samples.join("; ")
            )
        });
        let name = format!("{}.{}", check.table, check.columns.join("."));
        let measured = format!("{} rows cross", check.crossing);
        checks.push(
            Check::of(&name, &check.title, measured, fails).with_value(check.crossing as f64),
        );
    }
    Ok(section("isolation", "Data isolation", checks))
}

async fn invariants(db: &mut Connection, playbook: &Playbook) -> Result<Section, DbError> {
    let mut checks = Vec::new();
    for invariant in &playbook.invariants {
        let title = invariant.title.as_deref().unwrap_or(&invariant.name);
        let check = match db.count(invariant.sql.as_str()).await {
            Ok(broken) => {
                let fails = (broken != 0)
                    .then(|| format!("{broken} rows break it: correct them in the application."));
                Check::of(
                    &invariant.name,
                    title,
                    format!("{broken} rows break it"),
                    fails,
                )
                .with_value(broken as f64)
            }
            Err(DbError::Statement { detail, .. }) => Check::not_measured(
                &invariant.name,
                title,
                format!("Its statement fails: {detail}. Correct the playbook."),
            ),
            Err(error) => return Err(error),
        };
        checks.push(check);
    }
    Ok(section("invariants", "Invariants", checks))
}

async fn integrity(db: &mut Connection) -> Result<Section, DbError> {
    if db.dialect() == Dialect::Postgres {
        return postgres::integrity(db).await;
    }
    let faults: Vec<String> = db
        .rows("PRAGMA quick_check(20)")
        .await?
        .iter()
        .map(|row| row.string(0))
        .filter(|line| line != "ok")
        .collect();
    let fails = (!faults.is_empty()).then(|| {
        format!(
            "{}. Restore a verified backup, or repair the file.",
            faults.join("; ")
        )
    });
    let file = Check::of(
        "file",
        "Database file is sound",
        format!("{} faults", faults.len()),
        fails,
    )
    .with_value(faults.len() as f64);
    let dangling = db
        .count("SELECT COUNT(*) FROM pragma_foreign_key_check")
        .await?;
    let fails = (dangling > 0).then(|| {
        format!("{dangling} rows refer to rows that do not exist: correct them in the application.")
    });
    let keys = Check::of(
        "foreign-keys",
        "Foreign keys point to rows that exist",
        format!("{dangling} rows point nowhere"),
        fails,
    )
    .with_value(dangling as f64);
    Ok(section("integrity", "Database integrity", vec![file, keys]))
}
