//! Runs the application's list queries as the playbook gives them: which index each uses, and how
//! long it takes.

use std::time::{Duration, Instant};

use super::{Check, Section, section};
use crate::db::{Connection, DbError, Dialect, Statement, Value, quote};
use crate::engine::playbook::{Playbook, Query};
use crate::engine::schema::Schema;

/// How often a query is run; the best time counts, because the others measure the machine.
const RUNS: u32 = 3;

/// Two checks a query: its index, its time.
pub(super) async fn check(
    db: &mut Connection,
    playbook: &Playbook,
    schema: &Schema,
) -> Result<Section, DbError> {
    let mut checks = Vec::new();
    let organization = match schema.table(&playbook.organizations.table) {
        Some(_) => default_organization(db, playbook).await?,
        None => None,
    };
    for query in &playbook.checks.queries {
        let (index, time) = (
            format!("{}.index", query.name),
            format!("{}.time", query.name),
        );
        let (index_title, time_title) = (
            format!("{}: index used", query.name),
            format!("{}: time", query.name),
        );
        let Some(organization) = &organization else {
            let why = "There is no default organization yet: run the organizations phase.";
            checks.push(Check::not_measured(&index, &index_title, why));
            checks.push(Check::not_measured(&time, &time_title, why));
            continue;
        };
        let statement = bound(query, organization);
        match steps(db, &statement).await {
            Ok(steps) => {
                checks.push(uses_index(
                    query,
                    &index,
                    &index_title,
                    &steps,
                    playbook,
                    schema,
                ));
            }
            Err(DbError::Statement { detail, .. }) => {
                let why = format!("The query fails: {detail}. Correct the playbook.");
                checks.push(Check::not_measured(&index, &index_title, why.clone()));
                checks.push(Check::not_measured(&time, &time_title, why));
                continue;
            }
            Err(error) => return Err(error),
        }
        let (best, rows) = run(db, &statement).await?;
        let limit = playbook.checks.list_limit_ms;
        let took = best.as_secs_f64() * 1000.0;
        let fails = (took > limit as f64)
            .then(|| format!("It takes longer than {limit} ms: look at its index."));
        checks.push(
            Check::of(
                &time,
                &time_title,
                format!("{took:.1} ms for {rows} rows, limit {limit} ms"),
                fails,
            )
            .with_value(took),
        );
    }
    Ok(section("performance", "Database performance", checks))
}

async fn default_organization(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<Option<Value>, DbError> {
    let organizations = &playbook.organizations;
    let statement = Statement::new(format!(
        "SELECT {} FROM {} WHERE {} = ?",
        quote(&organizations.key),
        db.dialect().relation(&organizations.table),
        quote(&organizations.code)
    ))
    .bind(organizations.default.code.as_str());
    Ok(db.row(statement).await?.map(|row| row.value(0).clone()))
}

/// The query with a value for each place where it names `:organization`.
fn bound(query: &Query, organization: &Value) -> Statement {
    Statement::new(query.sql.replace(":organization", "?1")).bind(organization.clone())
}

/// How the database carries the query out, step by step.
async fn steps(db: &mut Connection, statement: &Statement) -> Result<Vec<String>, DbError> {
    if db.dialect() == Dialect::Postgres {
        return postgres_steps(db, statement).await;
    }
    let explain = Statement {
        sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
        values: statement.values.clone(),
    };
    Ok(db
        .rows(explain)
        .await?
        .iter()
        .map(|row| row.string(3))
        .collect())
}

/// The steps where reading the whole table is avoided: for a few rows PostgreSQL rightly reads
/// them all, and the question is whether it could do otherwise when there are many.
async fn postgres_steps(
    db: &mut Connection,
    statement: &Statement,
) -> Result<Vec<String>, DbError> {
    db.begin_read().await?;
    let steps = async {
        db.execute("SET LOCAL enable_seqscan = off").await?;
        let explain = Statement {
            sql: format!("EXPLAIN {}", statement.sql),
            values: statement.values.clone(),
        };
        db.rows(explain).await
    }
    .await;
    db.roll_back().await;
    Ok(steps?.iter().map(|row| row.string(0)).collect())
}

/// The index that a step names, in either database's words.
fn index_of(step: &str) -> Option<&str> {
    let (_, rest) = (step.split_once("INDEX "))
        .or_else(|| step.split_once("Bitmap Index Scan on "))
        .or_else(|| {
            step.split_once("Index Scan using ")
                .or_else(|| step.split_once("Index Only Scan using "))
        })?;
    rest.split_whitespace().next()
}

fn uses_index(
    query: &Query,
    name: &str,
    title: &str,
    steps: &[String],
    playbook: &Playbook,
    schema: &Schema,
) -> Check {
    let used: Vec<&str> = steps.iter().filter_map(|step| index_of(step)).collect();
    let fits = |index: &&str| match &query.index {
        Some(expected) => index.eq_ignore_ascii_case(expected),
        None => leads_with_tenant(index, playbook, schema),
    };
    match used.iter().find(|index| fits(index)) {
        Some(index) => Check::passed(name, title, format!("uses {index}")),
        None => {
            let wanted = match &query.index {
                Some(expected) => format!("the index {expected}"),
                None => "an index that begins with the organization's column".to_owned(),
            };
            let why = format!("It does not use {wanted}: {}.", steps.join("; "));
            let measured = match used.first() {
                Some(other) => format!("uses {other}"),
                None => "uses no index".to_owned(),
            };
            Check::of(name, title, measured, Some(why))
        }
    }
}

/// Whether an index begins with the organization's column of its table.
fn leads_with_tenant(name: &str, playbook: &Playbook, schema: &Schema) -> bool {
    playbook.models().any(|(_, model)| {
        let Some(table) = schema.table(&model.table) else {
            return false;
        };
        table.indexes.iter().any(|index| {
            index.name.eq_ignore_ascii_case(name)
                && index
                    .columns
                    .first()
                    .and_then(Option::as_deref)
                    .is_some_and(|first| first.eq_ignore_ascii_case(playbook.column(model)))
        })
    })
}

/// The best time of a few runs, and the rows of the answer.
async fn run(db: &mut Connection, statement: &Statement) -> Result<(Duration, u64), DbError> {
    let (mut best, mut rows) = (Duration::MAX, 0);
    for _ in 0..RUNS {
        let (started, mut read) = (Instant::now(), 0);
        db.for_each(statement.clone(), |_| read += 1).await?;
        best = best.min(started.elapsed());
        rows = read;
    }
    Ok((best, rows))
}
