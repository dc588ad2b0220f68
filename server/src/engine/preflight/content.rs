//! Checks of the content: soundness, foreign keys, columns and tables that are there already.

use super::Check;
use crate::db::{Connection, DbError, quote};
use crate::engine::journal::{self, StepState};
use crate::engine::playbook::Playbook;
use crate::engine::schema::{RESERVED_PREFIX, Schema};

/// Databases above this size get the quick check, which leaves out comparing indexes with rows.
const LARGE: i64 = 1 << 30;

/// Foreign keys shown by name.
const SAMPLES: usize = 5;

/// Integrity and foreign keys.
pub(super) async fn soundness(db: &mut Connection) -> Vec<Check> {
    vec![integrity(db).await, foreign_keys(db).await]
}

async fn integrity(db: &mut Connection) -> Check {
    let (name, title) = ("integrity", "Database file is sound");
    match faults(db).await {
        Err(error) => Check::error(name, title, &error),
        Ok((pragma, faults)) if faults.is_empty() => {
            Check::passed(name, title, format!("{pragma} finds nothing."))
        }
        Ok((pragma, faults)) => Check::failed(
            name,
            title,
            format!("{pragma} finds {}: {}.", faults.len(), faults.join("; ")),
            "Restore a verified backup, or repair the file, before migrating it.",
        ),
    }
}

async fn faults(db: &mut Connection) -> Result<(&'static str, Vec<String>), DbError> {
    let size = db.count("PRAGMA page_count").await? * db.count("PRAGMA page_size").await?;
    let pragma = if size > LARGE {
        "quick_check"
    } else {
        "integrity_check"
    };
    let faults = db
        .rows(format!("PRAGMA {pragma}(20)"))
        .await?
        .iter()
        .map(|row| row.string(0))
        .filter(|line| line != "ok")
        .collect();
    Ok((pragma, faults))
}

async fn foreign_keys(db: &mut Connection) -> Check {
    let (name, title) = ("foreign-keys", "Foreign keys point to rows that exist");
    let statement = "SELECT \"table\", parent, COUNT(*), MIN(rowid) FROM pragma_foreign_key_check \
                     GROUP BY \"table\", parent ORDER BY 3 DESC";
    let rows = match db.rows(statement).await {
        Ok(rows) => rows,
        Err(error) => return Check::error(name, title, &error),
    };
    let dangling: i64 = rows.iter().map(|row| row.integer(2)).sum();
    if dangling == 0 {
        return Check::passed(name, title, "0 rows point nowhere.");
    }
    let samples: Vec<String> = rows
        .iter()
        .take(SAMPLES)
        .map(|row| {
            format!(
                "{} of {} to {} (row {} first)",
                row.integer(2),
                row.string(0),
                row.string(1),
                row.value(3).display()
            )
        })
        .collect();
    Check::warning(
        name,
        title,
        format!("{dangling} rows point nowhere: {}.", samples.join("; ")),
        "They stay as they are. Correct them in the application if an organization is derived along one of these keys.",
    )
}

/// Columns of the name that the migration adds.
pub(super) fn columns(playbook: &Playbook, schema: &Schema) -> Check {
    let (name, title) = ("existing-columns", "No column of that name");
    let (mut missing, mut there) = (Vec::new(), Vec::new());
    for (_, model) in playbook.models() {
        let column = playbook.column(model);
        match schema.table(&model.table) {
            None => missing.push(model.table.clone()),
            Some(table) if table.column(column).is_some() => {
                there.push(format!("{}.{column}", model.table));
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        return Check::failed(
            name,
            title,
            format!("The target has no table {}.", missing.join(", ")),
            "Correct the names in the playbook.",
        );
    }
    let models = playbook.models().count();
    if there.is_empty() {
        return Check::passed(
            name,
            title,
            format!("0 of {models} models have the column."),
        );
    }
    Check::warning(
        name,
        title,
        format!(
            "{} of {models} models have the column already: {}.",
            there.len(),
            there.join(", ")
        ),
        "The steps that add it are left out where it has the same type. Look at the plan.",
    )
}

/// Codes of organizations that people cannot tell apart.
pub(super) async fn codes(db: &mut Connection, playbook: &Playbook, schema: &Schema) -> Check {
    let (name, title) = ("organization-codes", "Codes of organizations differ");
    let organizations = &playbook.organizations;
    let there = (schema.table(&organizations.table))
        .is_some_and(|table| table.column(&organizations.code).is_some());
    if !there {
        return Check::passed(name, title, "There are no organizations yet.");
    }
    let code = quote(&organizations.code);
    let statement = format!(
        "SELECT {code} FROM {table} WHERE lower({code}) IN (SELECT lower({code}) FROM {table} \
         GROUP BY lower({code}) HAVING COUNT(*) > 1) ORDER BY lower({code}), {code} LIMIT 20",
        table = db.dialect().relation(&organizations.table)
    );
    match db.rows(statement).await {
        Err(error) => Check::error(name, title, &error),
        Ok(rows) if rows.is_empty() => Check::passed(name, title, "No two are the same."),
        Ok(rows) => {
            let found: Vec<String> = rows.iter().map(|row| row.string(0)).collect();
            Check::failed(
                name,
                title,
                format!(
                    "{} of {} differ by upper and lower case only.",
                    found.join(", "),
                    organizations.table
                ),
                "Merge or rename them in the application: a rule, an import or a person would take \
                 one for the other.",
            )
        }
    }
}

/// Journals of other playbooks, and tables that use Switchyard's names.
pub(super) async fn leftovers(db: &mut Connection, playbook: &Playbook, schema: &Schema) -> Check {
    let (name, title) = ("journal", "No other migration under way");
    let run = match journal::read(db).await {
        Ok(run) => run,
        Err(error) => {
            return Check::failed(
                name,
                title,
                format!("{error}."),
                "Use the version of Switchyard that wrote it.",
            );
        }
    };
    if let Some(run) = run {
        let open = run
            .steps
            .iter()
            .filter(|record| {
                matches!(
                    record.state,
                    StepState::Running | StepState::Done | StepState::Undoing | StepState::Stuck
                )
            })
            .count();
        let evidence = format!(
            "The journal has run {} of the playbook {} with {open} of {} steps in effect.",
            run.run,
            run.plan.playbook,
            run.steps.len()
        );
        if open > 0 && run.plan.playbook != playbook.name {
            return Check::failed(
                name,
                title,
                evidence,
                "Finish that run or roll it back first.",
            );
        }
        return Check::passed(name, title, evidence);
    }
    let foreign: Vec<&str> = schema
        .tables
        .keys()
        .map(String::as_str)
        .filter(|table| table.starts_with(RESERVED_PREFIX))
        .collect();
    if foreign.is_empty() {
        return Check::passed(name, title, "The target has no journal of an earlier run.");
    }
    Check::warning(
        name,
        title,
        format!("The target has {} without a run in it.", foreign.join(", ")),
        "They are what an earlier run left. Look at them before going on.",
    )
}
