//! Starting a run: everything that has to hold first, and writing it down once.

use std::sync::Arc;

use shared::approval::ApprovalAction;
use shared::run::{RunSummary, StartRun};
use shared::state::RunState;

use super::{announce, plans};
use crate::accounts::Operator;
use crate::audit::{self, Entry};
use crate::engine::Plan;
use crate::engine::plan::PhaseName;
use crate::refusal::Kind;
use crate::state::AppState;
use crate::store::runs::{self, NewRun, Want};
use crate::store::{modes, rollbacks, run_details};
use crate::systems::{self, Order, System, SystemError};
use crate::{approvals, backups};

/// Writes down that a run of exactly the plan that the person saw is wanted.
pub async fn start(
    state: &AppState,
    system: &Arc<System>,
    wanted: &StartRun,
    actor: &Operator,
) -> Result<RunSummary, SystemError> {
    let mut db = system.reader().await?;
    let compiled = system.compile(&mut db).await?;
    db.close().await;
    let plan = compiled.map_err(|refusals| {
        let first = refusals.first().map(ToString::to_string);
        SystemError::conflict(
            format!(
                "The plan cannot be made: {} of its parts are refused.",
                refusals.len()
            ),
            first.unwrap_or_else(|| "Look at the plan.".into()),
        )
    })?;
    if plan.fingerprint != wanted.fingerprint {
        return Err(SystemError::changed_meanwhile(
            "The database or the playbook changed since the plan was shown.",
            "Look at the plan again, then start it.",
        ));
    }
    if let Some(until) = &wanted.until
        && plan.step(until).is_none()
    {
        return Err(SystemError::field(
            "until",
            format!("The plan has no step {until}."),
        ));
    }
    let destructive = is_destructive(&plan);
    if destructive {
        actor
            .require_fresh()
            .map_err(|denied| SystemError::Refused {
                kind: Kind::PasswordNeeded,
                sentence: denied.to_string(),
                remedy: "Confirm your password, then start it again.".into(),
            })?;
    }
    requirements(state, system).await?;
    let now = state.clock.now();
    let mut tx = state.store.write().await?;
    if modes::is_switching(&mut tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "The mode of this system is being switched.",
            "Start the run when the switch is done.",
        ));
    }
    if rollbacks::is_rolling_back(&mut tx, system.slug()).await? {
        return Err(SystemError::conflict(
            "A rollback of this system is going on.",
            "Start the run when the rollback is done.",
        ));
    }
    if let Some(open) = runs::open_in(&mut tx, system.slug()).await? {
        return Err(SystemError::conflict(
            format!(
                "Run {} of this system is {}; only one run may be open.",
                open.summary.number,
                super::spoken(open.summary.state)
            ),
            "Go on with that run, or end it first.",
        ));
    }
    let approved_by = if destructive && state.config.approvals.require_second_administrator {
        Some(
            approvals::consume(
                &mut tx,
                now,
                system.slug(),
                ApprovalAction::Run,
                &plan.fingerprint,
            )
            .await?,
        )
    } else {
        None
    };
    let number = runs::next_number(&mut tx, system.slug()).await?;
    let journal_run = format!("{}-{number}-{:08x}", system.slug(), rand::random::<u32>());
    let inserted = runs::insert(
        &mut tx,
        NewRun {
            system: system.slug(),
            number,
            journal_run: &journal_run,
            plan: &plan,
            until: wanted.until.as_deref(),
            want: &Want::Applied,
            state: RunState::Queued,
            started_by: actor.username(),
            approved_by: approved_by.as_deref(),
            started: now,
        },
    )
    .await;
    if inserted
        .as_ref()
        .is_err_and(crate::store::StoreError::is_unique_violation)
    {
        return Err(SystemError::conflict(
            "Another run of this system was started at the same moment.",
            "Look at the list of runs.",
        ));
    }
    inserted?;
    run_details::forget_preflight(&mut tx, system.slug()).await?;
    let text = match &approved_by {
        Some(by) => format!(
            "Started run {number} of \"{}\", approved by {by}.",
            plan.title
        ),
        None => format!("Started run {number} of \"{}\".", plan.title),
    };
    let entry = Entry::by(actor, "run.started", format!("run {number}"), text).on(system.slug());
    audit::append(&mut tx, now, entry).await?;
    tx.commit().await?;
    system.orders.give(Order::GoOn);
    announce(state, system);
    Ok(super::find(state, system, number).await?.summary)
}

/// Whether a plan drops, rewrites or constrains something that exists. Making a column required writes no row, but what
/// the running application could write before is refused from then on.
pub(crate) fn is_destructive(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| {
        step.skip.is_none()
            && (step.destructive || step.point_of_no_return || step.phase == PhaseName::Required)
    })
}

/// What has to hold whoever asks: preflight, required items of the checklist, a verified backup.
async fn requirements(state: &AppState, system: &Arc<System>) -> Result<(), SystemError> {
    // pages may show what the application said seconds ago; a run starts on what it says now
    system.health().await;
    let missing = systems::missing(state, system).await?;
    if !missing.is_empty() {
        let told: Vec<&str> = missing.iter().map(|item| item.told.as_str()).collect();
        return Err(SystemError::gate_closed(
            format!(
                "{} of the checklist {} not done: {}.",
                match missing.len() {
                    1 => "1 required item".to_owned(),
                    count => format!("{count} required items"),
                },
                if missing.len() == 1 { "is" } else { "are" },
                told.join(", ")
            ),
            "Do them, or have a named person tick them.",
        ));
    }
    if let Err(why) = backups::fresh_enough(state, system).await? {
        return Err(SystemError::gate_closed(
            why,
            "Make a backup and let it be verified.",
        ));
    }
    let preflight = plans::preflight(state, system).await?;
    if let Some(failed) = preflight.checks.iter().find(|check| !check.passed) {
        return Err(SystemError::gate_closed(
            format!("Preflight failed: {}. {}", failed.title, failed.evidence),
            failed
                .remedy
                .clone()
                .unwrap_or_else(|| "Correct what it found.".into()),
        ));
    }
    Ok(())
}
