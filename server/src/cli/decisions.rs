//! `switchyard decisions`: the rows that no rule places, and the organizations that people give them. Works on the
//! target alone; each decision is recorded there in the transaction that carries it out.

mod assign;
mod export;

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::target::{Target, read_playbook};
use super::{Failure, Output};
use crate::db::{Access, Connection};
use crate::engine::decision::{self, DecisionError, Query, Undecided};
use crate::engine::playbook::Model;
use crate::engine::{Playbook, Schema, inspect};
use crate::wording::counted;

/// Rows that are read at a time.
const PAGE: u32 = 500;

/// What to do with the rows that no rule places.
#[derive(Debug, Subcommand)]
pub enum Decisions {
    /// Tell which rows have no organization, why, and to which ones each may belong.
    List(List),
    /// Give rows an organization: named ones, all that a rule takes, or those of a filled-in file.
    Assign(assign::Assign),
    /// Write the rows as CSV, with an empty column to fill in.
    Export(export::Export),
}

/// Whose rows.
#[derive(Debug, Args)]
struct Subject {
    /// File of the playbook, or the name of one that is built in.
    #[arg(value_name = "PLAYBOOK")]
    playbook: String,
    #[command(flatten)]
    target: Target,
}

/// Arguments of `decisions list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    subject: Subject,
    /// Only rows of this model, by its label or its table.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only rows left for this reason.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// At most so many rows of each model.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// Rows of one model.
#[derive(Serialize)]
struct Left {
    model: String,
    table: String,
    /// All rows of the model without an organization.
    total: u64,
    /// How many for each reason, most first.
    reasons: Vec<(String, u64)>,
    /// The first of them.
    rows: Vec<Undecided>,
}

/// Runs it.
///
/// # Errors
/// When the playbook or the target cannot be read, the column does not exist yet, or nothing can be assigned.
pub async fn run(command: Decisions, output: &Output) -> Result<(), Failure> {
    match command {
        Decisions::List(arguments) => list(arguments, output).await,
        Decisions::Assign(arguments) => assign::run(arguments, output).await,
        Decisions::Export(arguments) => export::run(arguments, output).await,
    }
}

async fn list(arguments: List, output: &Output) -> Result<(), Failure> {
    let mut opened = arguments.subject.open(Access::Read).await?;
    let mut all = Vec::new();
    for model in opened.begun(arguments.model.as_deref())? {
        let query = Query {
            reason: arguments.reason.clone(),
            limit: arguments.limit,
            ..Query::default()
        };
        let page = opened.page(&model, &query).await?;
        if page.total > 0 {
            all.push(Left {
                model: model.label,
                table: model.table,
                total: page.total,
                reasons: page.reasons,
                rows: page.rows,
            });
        }
    }
    opened.db.close().await;
    output.result(&all, |all| told(all))
}

fn told(all: &[Left]) -> String {
    if all.is_empty() {
        return "Every row has an organization.".to_owned();
    }
    let mut text = String::new();
    for left in all {
        let rows = counted(left.total, "row", "rows");
        let _ = writeln!(text, "{} ({}): {rows}", left.model, left.table);
        for (reason, count) in &left.reasons {
            let _ = writeln!(text, "  {count} × {reason}");
        }
        for row in &left.rows {
            let candidates = match row.candidates.as_slice() {
                [] => "no candidate".to_owned(),
                codes => codes.join(", "),
            };
            let _ = writeln!(text, "    {}  {}  [{candidates}]", row.key, row.title);
        }
    }
    text
}

/// A target with the playbook and the schema that its rows are read by.
struct Opened {
    db: Connection,
    playbook: Playbook,
    schema: Schema,
}

impl Subject {
    async fn open(&self, access: Access) -> Result<Opened, Failure> {
        let playbook = read_playbook(&self.playbook)?;
        let mut db = self.target.open(access).await?;
        let schema = inspect(&mut db)
            .await
            .map_err(|error| super::target::of_database(&error))?;
        Ok(Opened {
            db,
            playbook,
            schema,
        })
    }
}

impl Opened {
    /// The model of this name.
    fn model(&self, name: &str) -> Result<Model, Failure> {
        let found = (self.playbook.models())
            .map(|(_, model)| model)
            .find(|model| model.label.eq_ignore_ascii_case(name) || model.table == name);
        found.cloned().ok_or_else(|| {
            let labels: Vec<&str> = (self.playbook.models())
                .map(|(_, model)| model.label.as_str())
                .collect();
            Failure::new(format!("the playbook has no model {name}"))
                .remedy(format!("Its models are {}.", labels.join(", ")))
        })
    }

    /// This model, or all whose column exists.
    fn begun(&self, name: Option<&str>) -> Result<Vec<Model>, Failure> {
        if let Some(name) = name {
            return Ok(vec![self.model(name)?]);
        }
        let has_column = |model: &&Model| {
            let table = self.schema.table(&model.table);
            table.is_some_and(|table| table.column(self.playbook.column(model)).is_some())
        };
        let begun: Vec<Model> = (self.playbook.models())
            .map(|(_, model)| model)
            .filter(has_column)
            .cloned()
            .collect();
        if begun.is_empty() {
            return Err(Failure::new("no table has the organization's column yet")
                .remedy("Run the migration up to the step that adds it."));
        }
        Ok(begun)
    }

    async fn page(&mut self, model: &Model, query: &Query) -> Result<decision::Page, Failure> {
        decision::page(&mut self.db, &self.playbook, &self.schema, model, query)
            .await
            .map_err(|error| of_decision(&error))
    }

    /// Every row of a model that no rule places.
    async fn rows(&mut self, model: &Model) -> Result<Vec<Undecided>, Failure> {
        let mut query = Query {
            limit: PAGE,
            ..Query::default()
        };
        let mut rows = Vec::new();
        loop {
            let page = self.page(model, &query).await?;
            rows.extend(page.rows);
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(rows),
            }
        }
    }
}

fn of_decision(error: &DecisionError) -> Failure {
    Failure::of(error).remedy(error.remedy())
}
