//! Decisions about rows that no rule places: people read them with their candidates and assign them, one or in bulk.
//! No row is ever deleted.

use std::sync::Arc;

use shared::coverage::{
    AssignByRule, AssignRows, Assigned, AssignmentRule, ReasonCount, UnassignedPage, UnassignedRow,
};
use shared::event::Topic;
use shared::state::RunState;

use crate::accounts::Administrator;
use crate::audit::{self, Entry};
use crate::coverage;
use crate::db::Connection;
use crate::engine::decision::{self, Assignment, BulkRule, Query};
use crate::engine::playbook::Model;
use crate::engine::{Playbook, Schema, inspect};
use crate::state::AppState;
use crate::store::runs;
use crate::systems::{System, SystemError};

/// Rows of a page.
const PAGE: u32 = 50;
/// Rows that one request may assign by name.
const MOST_ROWS: usize = 5_000;

/// Which rows of a model.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// After this key.
    pub after: Option<String>,
    /// Left for this reason.
    pub reason: Option<String>,
    /// Whose title, key or reason holds this.
    pub search: Option<String>,
}

fn model<'a>(playbook: &'a Playbook, name: &str) -> Result<&'a Model, SystemError> {
    playbook
        .models()
        .map(|(_, model)| model)
        .find(|model| model.label.eq_ignore_ascii_case(name) || model.table == name)
        .ok_or_else(|| {
            SystemError::not_found(
                format!("The playbook has no model {name}."),
                "Choose one from the coverage page.",
            )
        })
}

/// A page of rows of a model that have no organization.
pub async fn unassigned(
    system: &System,
    name: &str,
    wanted: &Wanted,
) -> Result<UnassignedPage, SystemError> {
    let playbook = system.playbook()?;
    let model = model(&playbook, name)?;
    let mut db = system.reader().await?;
    let schema = inspect(&mut db).await?;
    let query = Query {
        reason: wanted.reason.clone(),
        search: wanted.search.clone(),
        after: wanted.after.clone(),
        limit: PAGE,
    };
    let page = decision::page(&mut db, &playbook, &schema, model, &query).await;
    db.close().await;
    let page = page?;
    Ok(UnassignedPage {
        model: model.label.clone(),
        total: page.total,
        reasons: page
            .reasons
            .into_iter()
            .map(|(reason, count)| ReasonCount { reason, count })
            .collect(),
        rows: page
            .rows
            .into_iter()
            .map(|row| UnassignedRow {
                key: row.key,
                title: row.title,
                reason: row.reason,
                candidates: row.candidates,
            })
            .collect(),
        next: page.next,
    })
}

/// Gives chosen rows their organizations.
pub async fn assign(
    state: &AppState,
    system: &Arc<System>,
    wanted: &AssignRows,
    actor: &Administrator,
) -> Result<Assigned, SystemError> {
    if wanted.assignments.is_empty() || wanted.assignments.len() > MOST_ROWS {
        return Err(SystemError::field(
            "assignments",
            format!("Choose 1 to {MOST_ROWS} rows."),
        ));
    }
    let playbook = system.playbook()?;
    let model = model(&playbook, &wanted.model)?;
    let (mut db, schema) = open(state, system, &playbook).await?;
    let assignments: Vec<Assignment> = wanted
        .assignments
        .iter()
        .map(|one| Assignment {
            key: one.key.clone(),
            organization: one.organization.clone(),
        })
        .collect();
    let done = decision::assign(
        &mut db,
        &playbook,
        &schema,
        model,
        &assignments,
        actor.username(),
    )
    .await;
    let rows = wanted.assignments.len();
    let text = |done: &decision::Assigned| {
        format!(
            "Gave {} of {rows} chosen rows of {} an organization.",
            done.assigned,
            model.plural()
        )
    };
    finish(state, system, db, done, actor, model, text).await
}

/// Gives all rows that a rule takes an organization, or only counts them.
pub async fn assign_by_rule(
    state: &AppState,
    system: &Arc<System>,
    wanted: &AssignByRule,
    actor: &Administrator,
) -> Result<Assigned, SystemError> {
    let playbook = system.playbook()?;
    let model = model(&playbook, &wanted.model)?;
    let (mut db, schema) = open(state, system, &playbook).await?;
    let rule = match &wanted.rule {
        AssignmentRule::BestCandidate => BulkRule::BestCandidate,
        AssignmentRule::Reason {
            reason,
            organization,
        } => BulkRule::Reason {
            reason: reason.clone(),
            organization: organization.clone(),
        },
        AssignmentRule::All { organization } => BulkRule::All {
            organization: organization.clone(),
        },
    };
    let done = decision::assign_by_rule(
        &mut db,
        &playbook,
        &schema,
        model,
        &rule,
        actor.username(),
        wanted.preview,
    )
    .await;
    if wanted.preview {
        let all = coverage::summary(state, system, &mut db).await?.all;
        db.close().await;
        let done = done?;
        return Ok(Assigned {
            assigned: done.assigned,
            left: done.left,
            all,
        });
    }
    let text = |done: &decision::Assigned| {
        format!(
            "Gave {} rows of {} an organization: {}.",
            done.assigned,
            model.plural(),
            rule.words()
        )
    };
    finish(state, system, db, done, actor, model, text).await
}

async fn open(
    state: &AppState,
    system: &Arc<System>,
    playbook: &Playbook,
) -> Result<(Connection, Schema), SystemError> {
    let mut db = system.writer().await?;
    let groups = coverage::groups(&mut db, playbook).await?;
    if let Some(why) = coverage::assign_refused(state, system, &groups).await? {
        return Err(SystemError::conflict(why, "Look at the run."));
    }
    let schema = inspect(&mut db).await?;
    Ok((db, schema))
}

async fn finish(
    state: &AppState,
    system: &Arc<System>,
    mut db: Connection,
    done: Result<decision::Assigned, decision::DecisionError>,
    actor: &Administrator,
    model: &Model,
    text: impl Fn(&decision::Assigned) -> String,
) -> Result<Assigned, SystemError> {
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            db.close().await;
            return Err(error.into());
        }
    };
    let all = coverage::summary(state, system, &mut db).await?.all;
    db.close().await;
    let now = state.clock.now();
    let entry = Entry::by(actor, "decision.made", &model.label, text(&done)).on(system.slug());
    audit::record(&state.store, now, entry).await?;
    let run = runs::open(&state.store, system.slug()).await?;
    let number = run.as_ref().map(|run| run.summary.number);
    coverage::remember(state, system, number).await?;
    state.hub.changed(system.slug(), Topic::Coverage);
    // the gate that the run waits at is measured again at once
    if let Some(run) = run
        && run.summary.state == RunState::WaitingAtGate
    {
        crate::runs::measure_again(state, system, &run).await?;
    }
    Ok(Assigned {
        assigned: done.assigned,
        left: done.left,
        all,
    })
}
