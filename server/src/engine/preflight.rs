//! Checks made before anything is changed: the file, its disk, its locks, its soundness, and
//! whether the playbook's SQL prepares. Each answers with what was measured; nothing is changed.

mod content;
mod expressions;
mod place;
mod postgres;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backup::{BackupError, free_bytes};
use super::inspect::inspect;
use super::playbook::Playbook;
use crate::db::{Access, Connection, DatabaseUrl, DbError, Patience};

pub use expressions::{BadExpression, bad_expressions};

/// One check before a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable name, such as `free-disk`.
    pub name: String,
    /// Title.
    pub title: String,
    /// What it says.
    pub verdict: Verdict,
    /// What was measured, as a sentence with numbers and units.
    pub evidence: String,
    /// What to do when it does not simply pass.
    pub remedy: Option<String>,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// A run may start, but a person should read it.
    Warning,
    /// No run may start.
    Failed,
}

impl Check {
    fn new(name: &str, title: &str, verdict: Verdict, evidence: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            verdict,
            evidence: evidence.into(),
            remedy: None,
        }
    }

    fn passed(name: &str, title: &str, evidence: impl Into<String>) -> Self {
        Self::new(name, title, Verdict::Passed, evidence)
    }

    fn warning(
        name: &str,
        title: &str,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let mut check = Self::new(name, title, Verdict::Warning, evidence);
        check.remedy = Some(remedy.into());
        check
    }

    fn failed(
        name: &str,
        title: &str,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let mut check = Self::new(name, title, Verdict::Failed, evidence);
        check.remedy = Some(remedy.into());
        check
    }

    fn error(name: &str, title: &str, error: &DbError) -> Self {
        Self::failed(name, title, sentence(&error.to_string()), error.remedy())
    }
}

/// What the checks need to know beside the target and the playbook.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where backups are written, when it is known.
    pub backups: Option<PathBuf>,
    /// Measures the bytes that are free on the disk of a directory.
    pub free: fn(&Path) -> Result<u64, BackupError>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            backups: None,
            free: free_bytes,
        }
    }
}

/// Whether a run may start.
pub fn passed(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.verdict < Verdict::Failed)
}

/// Makes all checks. A target that cannot be opened answers with that one failed check.
pub async fn run(
    url: &DatabaseUrl,
    playbook: &Playbook,
    surroundings: &Surroundings,
) -> Vec<Check> {
    let mut db = match Connection::open(url, Access::Read).await {
        Ok(db) => db,
        Err(error) => return vec![Check::error("database", "Database opens", &error)],
    };
    let mut checks = vec![Check::passed(
        "database",
        "Database opens",
        format!("{url} opens."),
    )];
    // each check stands for itself: one that cannot be made is failed, the others are still made
    match url {
        DatabaseUrl::Sqlite(_) => {
            checks.extend(place::checks(&mut db, surroundings).await);
            checks.extend(content::soundness(&mut db).await);
            checks.push(place::version(&mut db).await);
        }
        DatabaseUrl::Postgres(_) => {
            checks.extend(postgres::checks(url, &mut db, playbook).await);
        }
    }
    match inspect(&mut db).await {
        Ok(schema) => {
            checks.push(content::columns(playbook, &schema));
            checks.push(content::codes(&mut db, playbook, &schema).await);
            checks.push(content::leftovers(&mut db, playbook, &schema).await);
            if let DatabaseUrl::Postgres(_) = url {
                checks.push(postgres::planned(&mut db, playbook, &schema).await);
            }
            checks.push(expressions::check(url, playbook, &schema).await);
        }
        Err(error) => checks.push(Check::error("schema", "Schema reads", &error)),
    }
    db.close().await;
    if let DatabaseUrl::Sqlite(_) = url {
        checks.push(place::writer(url).await);
    }
    checks
}

/// How long another writer is waited for.
const PATIENCE: Patience = Patience(Duration::from_secs(2));

/// A message as a sentence of its own.
fn sentence(text: &str) -> String {
    let end = if text.ends_with('.') { "" } else { "." };
    // an address is written as it is
    if text.starts_with("postgres://") {
        return format!("{text}{end}");
    }
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}
