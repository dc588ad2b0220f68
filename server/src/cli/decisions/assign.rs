//! `switchyard decisions assign`: gives rows an organization.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::export::COLUMNS;
use super::{Opened, Subject, of_decision};
use crate::cli::operator::operator;
use crate::cli::target::of_database;
use crate::cli::{Failure, Output};
use crate::db::Access;
use crate::engine::decision::{self, Assigned, Assignment, BulkRule};
use crate::engine::executor;
use crate::wording::counted;

/// Arguments of `decisions assign`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("which").required(true).args(["keys", "all", "reason", "best_candidate", "file"]),
    after_help = "A row that has an organization already stays as it is. An unknown code or key refuses the whole of a model.\n\
        Each decision is recorded in the target itself with the name of your account, in the transaction that carries it out. The\n\
        console's audit log has no entry of it. Refused while a run or a rollback of the target is being driven."
)]
pub struct Assign {
    #[command(flatten)]
    subject: Subject,
    /// The model whose rows are assigned, by its label or its table.
    #[arg(long, value_name = "MODEL", required_unless_present = "file")]
    model: Option<String>,
    /// Rows by their key, as list tells it; may be given several times.
    #[arg(long = "key", value_name = "KEY", requires = "organization")]
    keys: Vec<String>,
    /// All rows that are left.
    #[arg(long, requires = "organization")]
    all: bool,
    /// All rows that are left for this reason.
    #[arg(long, value_name = "REASON", requires = "organization")]
    reason: Option<String>,
    /// Give each row its best candidate; rows without one stay.
    #[arg(long, conflicts_with = "organization")]
    best_candidate: bool,
    /// A CSV file as export writes it, with codes filled in; rows without one stay.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["organization", "model"])]
    file: Option<PathBuf>,
    /// Code of the organization that the rows are given.
    #[arg(long, value_name = "CODE")]
    organization: Option<String>,
    /// Only count what would be assigned by a rule.
    #[arg(long, conflicts_with_all = ["keys", "file"])]
    dry_run: bool,
}

/// What became of the rows of one model.
#[derive(Serialize)]
struct Done {
    model: String,
    assigned: u64,
    /// Rows that had one already or are gone.
    passed_over: u64,
    /// Rows of other models that hang on these.
    followed: u64,
    left: u64,
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// When the file cannot be read, a code, key or model is unknown, or the target cannot be written.
pub async fn run(arguments: Assign, output: &Output) -> Result<(), Failure> {
    let by = operator();
    let mut opened = arguments.subject.open(Access::Write).await?;
    if !arguments.dry_run {
        opened.undriven().await?;
    }
    let mut all = Vec::new();
    match (&arguments.file, &arguments.model) {
        (Some(file), _) => {
            for (model, assignments) in read(file)? {
                all.push(opened.assign(&model, &assignments, &by).await?);
            }
        }
        (None, Some(model)) => {
            let done = match arguments.rule() {
                Some(rule) => {
                    let preview = arguments.dry_run;
                    opened.assign_by_rule(model, &rule, &by, preview).await?
                }
                None => opened.assign(model, &arguments.named(), &by).await?,
            };
            all.push(done);
        }
        // clap asks for the one or the other
        (None, None) => {}
    }
    opened.db.close().await;
    output.result(&all, |all| {
        if all.is_empty() {
            return "No row of the file has an organization filled in.".to_owned();
        }
        let lines: Vec<String> = all.iter().map(told).collect();
        lines.join("\n")
    })
}

impl Assign {
    /// The rule that takes the rows; none when they are named.
    fn rule(&self) -> Option<BulkRule> {
        let organization = || self.organization.clone().unwrap_or_default();
        if self.best_candidate {
            return Some(BulkRule::BestCandidate);
        }
        if let Some(reason) = &self.reason {
            return Some(BulkRule::Reason {
                reason: reason.clone(),
                organization: organization(),
            });
        }
        self.all.then(|| BulkRule::All {
            organization: organization(),
        })
    }

    fn named(&self) -> Vec<Assignment> {
        let organization = self.organization.clone().unwrap_or_default();
        (self.keys.iter().cloned())
            .map(|key| Assignment {
                key,
                organization: organization.clone(),
            })
            .collect()
    }
}

/// How often, and how far apart, a driver is looked for again: a gate is measured in less.
const LOOKS: u32 = 20;
const APART: Duration = Duration::from_millis(100);

impl Opened {
    /// Refuses while somebody drives the target: a rollback takes away the very column that is written here.
    async fn undriven(&mut self) -> Result<(), Failure> {
        let mut driver = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(APART).await;
            }
            driver = (executor::holder(&mut self.db).await).map_err(|error| of_database(&error))?;
            if driver.is_none() {
                return Ok(());
            }
        }
        let driver = driver.unwrap_or_default();
        Err(Failure::new(format!(
            "{driver} is driving this target; nothing was assigned"
        ))
        .remedy(
            "Wait until its run waits for decisions or its rollback is done, then assign again.",
        ))
    }

    async fn assign(
        &mut self,
        model: &str,
        assignments: &[Assignment],
        by: &str,
    ) -> Result<Done, Failure> {
        let model = self.model(model)?;
        let (db, playbook, schema) = (&mut self.db, &self.playbook, &self.schema);
        let done = decision::assign(db, playbook, schema, &model, assignments, by).await;
        Ok(of(
            model.label,
            done.map_err(|error| of_decision(&error))?,
            false,
        ))
    }

    async fn assign_by_rule(
        &mut self,
        model: &str,
        rule: &BulkRule,
        by: &str,
        preview: bool,
    ) -> Result<Done, Failure> {
        let model = self.model(model)?;
        let (db, playbook, schema) = (&mut self.db, &self.playbook, &self.schema);
        let done = decision::assign_by_rule(db, playbook, schema, &model, rule, by, preview).await;
        Ok(of(
            model.label,
            done.map_err(|error| of_decision(&error))?,
            preview,
        ))
    }
}

fn of(model: String, done: Assigned, dry_run: bool) -> Done {
    Done {
        model,
        assigned: done.assigned,
        passed_over: done.passed_over,
        followed: done.followed,
        left: done.left,
        dry_run,
    }
}

fn told(done: &Done) -> String {
    let rows = counted(done.assigned, "row", "rows");
    let verb = if done.dry_run { "would get" } else { "got" };
    let mut text = format!(
        "{}: {rows} {verb} an organization, {} left.",
        done.model, done.left
    );
    if done.passed_over > 0 {
        let rows = counted(done.passed_over, "row", "rows");
        text.push_str(&format!(" {rows} had one already or are gone."));
    }
    text
}

/// The filled-in rows of a file, by model.
fn read(path: &Path) -> Result<BTreeMap<String, Vec<Assignment>>, Failure> {
    let unreadable = |error: csv::Error| {
        Failure::caused(format!("{} cannot be read", path.display()), &error)
            .remedy("Name a CSV file as switchyard decisions export writes it, in UTF-8.")
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_path(path)
        .map_err(unreadable)?;
    let headers = reader.headers().map_err(unreadable)?.clone();
    let place = |name: &str| {
        // spreadsheets begin a file with the mark of UTF-8
        let mut names = headers
            .iter()
            .map(|header| header.trim_start_matches('\u{feff}'));
        names.position(|header| header == name).ok_or_else(|| {
            Failure::new(format!("{} has no column {name}", path.display()))
                .remedy(format!("Its columns have to be {}.", COLUMNS.join(", ")))
        })
    };
    let (model, key, organization) = (place("model")?, place("key")?, place("organization")?);
    let mut found: BTreeMap<String, Vec<Assignment>> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let cell = |place: usize| record.get(place).unwrap_or_default().trim();
        if cell(organization).is_empty() {
            continue;
        }
        let assignment = Assignment {
            key: unguarded(cell(key)).to_owned(),
            organization: cell(organization).to_owned(),
        };
        let rows = found.entry(unguarded(cell(model)).to_owned()).or_default();
        rows.push(assignment);
    }
    Ok(found)
}

/// A cell without the sign that keeps a spreadsheet from taking it for a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::unguarded;
    use crate::coverage::csv_cell;

    #[test]
    fn a_key_that_looks_like_a_formula_comes_back_as_it_was() {
        for key in ["-5", "=1+1", "17", "'quoted"] {
            assert_eq!(unguarded(&csv_cell(key)), key);
        }
    }
}
