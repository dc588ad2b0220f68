//! Coverage of a system: of a table's rows, how many have an organization, now and over time.

use std::sync::Arc;

use shared::coverage::{
    Coverage, CoverageSummary, CoverageView, GroupCoverage, ModelCoverage, OrganizationChoice,
};
use shared::state::RunState;

use crate::db::{Connection, quote};
use crate::engine::{self, Playbook};
use crate::state::AppState;
use crate::store::{run_details, runs};
use crate::systems::{System, SystemError};

/// Rows of a table that have no organization. Reads the index on the column where there is one.
pub async fn without(db: &mut Connection, table: &str, column: &str) -> Result<u64, SystemError> {
    let sql = format!(
        "SELECT COUNT(*) FROM {} WHERE {} IS NULL",
        db.dialect().relation(table),
        quote(column)
    );
    Ok(db.count(sql).await?.unsigned_abs())
}

/// Coverage by group and model, measured now.
pub async fn groups(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<Vec<GroupCoverage>, SystemError> {
    // columns and counts of one moment: a run that goes on adds and removes columns in between
    db.begin_read().await?;
    let measured = measure(db, playbook).await;
    db.roll_back().await;
    measured
}

/// The same inside an open transaction.
pub async fn measure(
    db: &mut Connection,
    playbook: &Playbook,
) -> Result<Vec<GroupCoverage>, SystemError> {
    Ok(of_engine(&engine::coverage::measure(db, playbook).await?))
}

/// The engine's answer in the words of the API.
fn of_engine(measured: &engine::coverage::Coverage) -> Vec<GroupCoverage> {
    let mut groups: Vec<GroupCoverage> = Vec::new();
    for model in &measured.models {
        let shown = ModelCoverage {
            label: model.label.clone(),
            plural: model.plural.clone(),
            table: model.table.clone(),
            headline: model.headline,
            rule: model.rule.clone(),
            coverage: model.counts.map(|counts| Coverage {
                assigned: counts.assigned,
                total: counts.total,
            }),
            rows: model.rows.unwrap_or(0),
            required: model.required,
        };
        match groups.last_mut() {
            Some(group) if group.name == model.group => group.models.push(shown),
            _ => groups.push(GroupCoverage {
                name: model.group.clone(),
                title: model.group_title.clone(),
                models: vec![shown],
            }),
        }
    }
    groups
}

/// The counted models together. A model without the column counts its rows as not assigned.
pub fn headline(groups: &[GroupCoverage]) -> Coverage {
    groups
        .iter()
        .flat_map(|group| &group.models)
        .filter(|model| model.headline)
        .map(|model| {
            model.coverage.unwrap_or(Coverage {
                assigned: 0,
                total: model.rows,
            })
        })
        .fold(
            Coverage {
                assigned: 0,
                total: 0,
            },
            Coverage::plus,
        )
}

/// Coverage of the counted models, measured now.
pub async fn summary(
    state: &AppState,
    system: &System,
    db: &mut Connection,
) -> Result<CoverageSummary, SystemError> {
    let playbook = system.playbook()?;
    let groups = groups(db, &playbook).await?;
    Ok(CoverageSummary {
        all: headline(&groups),
        measured: state.clock.now().rfc3339(),
    })
}

/// Measures coverage and adds a point to its curve when it moved.
pub async fn remember(
    state: &AppState,
    system: &System,
    run: Option<i64>,
) -> Result<Coverage, SystemError> {
    let mut db = system.reader().await?;
    let all = summary(state, system, &mut db).await?.all;
    db.close().await;
    let mut tx = state.store.write().await?;
    run_details::append_coverage(&mut tx, system.slug(), state.clock.now(), all, run).await?;
    tx.commit().await?;
    Ok(all)
}

/// Everything that the coverage page shows.
pub async fn view(state: &AppState, system: &Arc<System>) -> Result<CoverageView, SystemError> {
    let reading = system.reading().await?;
    let groups = reading.groups.clone();
    let organizations = (reading.organizations.iter().flatten())
        .map(|row| OrganizationChoice {
            code: row.code.clone(),
            name: row.name.clone(),
        })
        .collect();
    let all = headline(&groups);
    let mut history = run_details::coverage(&state.store, system.slug()).await?;
    let now = state.clock.now();
    // the curve reaches to now, also when nothing moved since its last point
    if history.last().is_some_and(|last| last.all == all) || history.is_empty() {
        history.push(shared::coverage::CoveragePoint {
            at: now.rfc3339(),
            all,
            run: None,
        });
    }
    Ok(CoverageView {
        all,
        history,
        measured: now.minus(reading.age()).rfc3339(),
        assign_refused: assign_refused(state, system, &groups).await?,
        organizations,
        groups,
    })
}

/// Why rows cannot be given an organization now; none when they can.
pub async fn assign_refused(
    state: &AppState,
    system: &System,
    groups: &[GroupCoverage],
) -> Result<Option<String>, SystemError> {
    if groups
        .iter()
        .flat_map(|group| &group.models)
        .all(|model| model.coverage.is_none())
    {
        return Ok(Some(
            "No table has the column yet. Start the run first.".into(),
        ));
    }
    let open = runs::open(&state.store, system.slug()).await?;
    Ok(open
        .filter(|run| run.summary.state == RunState::RollingBack)
        .map(|run| {
            format!(
                "Run {} is being rolled back. Wait until it is done.",
                run.summary.number
            )
        }))
}

/// Coverage as CSV: group, model, table, assigned, total.
pub async fn csv(system: &System) -> Result<String, SystemError> {
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let groups = groups(&mut db, &playbook).await?;
    db.close().await;
    let mut text = String::from("group,model,table,assigned,total,required\n");
    for group in &groups {
        for model in &group.models {
            let assigned = model.coverage.map_or(0, |coverage| coverage.assigned);
            let cells = [
                &group.name,
                &model.label,
                &model.table,
                &assigned.to_string(),
                &model.rows.to_string(),
                &model.required.to_string(),
            ]
            .map(|cell| csv_cell(cell));
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    Ok(text)
}

/// A cell of a CSV file: quoted where needed, and no spreadsheet takes it for a formula.
pub fn csv_cell(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        assert_eq!(csv_cell("plain"), "plain");
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
