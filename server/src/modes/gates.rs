//! The conditions for many organizations, each measured when it is asked for. None for going back.

use std::sync::Arc;

use shared::mode::Mode;
use shared::organization::Stage;
use shared::plan::Gate;
use shared::state::{GateState, RunState};

use crate::checklist::catalogue::named::{DEFAULT_AGREED, OVERSIGHT_AGREED, STAGING, TRAINING};
use crate::coverage;
use crate::state::AppState;
use crate::store::{checklist, organizations, runs};
use crate::systems::{PILOT, System, SystemError};

/// The conditions for switching to a mode.
pub async fn gates(
    state: &AppState,
    system: &Arc<System>,
    to: Mode,
) -> Result<Vec<Gate>, SystemError> {
    if to == Mode::Single {
        return Ok(Vec::new());
    }
    let at = state.clock.now().rfc3339();
    let gate = |name: &str, title: &str, measured: (bool, String), what: &str, page: &str| Gate {
        name: name.into(),
        title: title.into(),
        state: if measured.0 {
            GateState::Open
        } else {
            GateState::Closed
        },
        evidence: measured.1,
        measured: Some(at.clone()),
        sentence: (!measured.0).then(|| what.to_owned()),
        href: Some(format!("/systems/{}/{page}", system.slug())),
        overridable: false,
        overridden: None,
    };
    let (migrated, verified) = target(state, system).await;
    let ticks = checklist::ticks(&state.store, system.slug()).await?;
    let ticked = |names: &[&str]| {
        let done: Vec<String> = names
            .iter()
            .filter_map(|name| ticks.get(*name).filter(|tick| tick.done))
            .map(|tick| {
                if tick.note.is_empty() {
                    format!("ticked by {}", tick.by)
                } else {
                    format!("{} (ticked by {})", tick.note, tick.by)
                }
            })
            .collect();
        let evidence = if done.is_empty() {
            format!("0 of {} ticked.", names.len())
        } else {
            format!("{} of {}: {}.", done.len(), names.len(), done.join("; "))
        };
        (done.len() == names.len(), evidence)
    };
    let prepared = organizations::records(&state.store, system.slug())
        .await?
        .iter()
        .filter(|record| matches!(record.stage, Stage::Prepared | Stage::Pilot | Stage::Active))
        .count();
    Ok(vec![
        gate(
            "migrations-complete",
            "All migrations complete",
            migrated,
            "Finish the run, so that every model has its required organization.",
            "runs",
        ),
        gate(
            "data-verified",
            "Data verified: 100 % of records have an organization",
            verified,
            "Assign the records that are left.",
            "coverage",
        ),
        gate(
            "testing-complete",
            "Testing complete: staging validated",
            ticked(&[STAGING]),
            "Do the migration and the switch in staging, then tick it in the checklist.",
            "checklist",
        ),
        gate(
            "pilot-ready",
            "Pilot ready: at least 3 organizations prepared",
            (
                prepared >= PILOT,
                format!("{prepared} of at least {PILOT} are prepared."),
            ),
            "Complete the readiness lists of three organizations and move them to Prepared.",
            "organizations",
        ),
        gate(
            "training-complete",
            "Training complete",
            ticked(&[TRAINING]),
            "Train the staff of the pilot, then tick it in the checklist.",
            "checklist",
        ),
        gate(
            "stakeholders-ready",
            "Stakeholders ready: both offices coordinated",
            ticked(&[DEFAULT_AGREED, OVERSIGHT_AGREED]),
            "Agree with both offices and write down both names in the checklist.",
            "checklist",
        ),
    ])
}

/// Whether every model is migrated and every row has an organization, measured in the target.
async fn target(state: &AppState, system: &Arc<System>) -> ((bool, String), (bool, String)) {
    let reading = match system.reading().await {
        Ok(reading) => reading,
        Err(error) => {
            let why = format!("The target cannot be measured: {error}.");
            return ((false, why.clone()), (false, why));
        }
    };
    let open = runs::open(&state.store, system.slug()).await.ok().flatten();
    let groups = &reading.groups;
    let models: Vec<_> = groups.iter().flat_map(|group| &group.models).collect();
    let required = models.iter().filter(|model| model.required).count();
    let mut migrated = (
        required == models.len(),
        format!(
            "{required} of {} models have a required organization.",
            models.len()
        ),
    );
    if let Some(run) = open
        && run.summary.state != RunState::Done
    {
        migrated = (
            false,
            format!(
                "Run {} is {}; {}",
                run.summary.number,
                crate::runs::spoken(run.summary.state),
                migrated.1
            ),
        );
    }
    let complete = models.iter().all(|model| {
        model
            .coverage
            .is_some_and(shared::coverage::Coverage::is_complete)
    });
    let all = coverage::headline(groups);
    (
        migrated,
        (
            complete,
            format!("{} of {} counted records.", all.assigned, all.total),
        ),
    )
}
