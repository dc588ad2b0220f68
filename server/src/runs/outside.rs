//! What a run needs from outside of its target: backups, hooks, checks of the running application.

use std::sync::Arc;
use std::time::Duration;

use crate::backups;
use crate::engine::executor::{FactAnswer, Outside, OutsideError, Probed};
use crate::engine::operation::ApplicationCheck;
use crate::health;
use crate::moment::Moment;
use crate::refusal::Refusal;
use crate::state::AppState;
use crate::store::runs::RunRow;
use crate::systems::{System, SystemError};

/// Longest time that a page or the health page may take before it counts as not answered.
const LIMIT: Duration = Duration::from_secs(10);

fn failed(error: &SystemError) -> OutsideError {
    OutsideError {
        problem: error.to_string(),
        remedy: error.remedy().unwrap_or_default(),
    }
}

/// Whether a verified backup is fresh enough for a destructive step.
pub(super) async fn backup_verified(state: &AppState, system: &System) -> FactAnswer {
    let remedy = format!(
        "Make a backup and let it be verified; it counts for {} hours.",
        system.config.backup_hours
    );
    match backups::fresh_enough(state, system).await {
        Ok(Ok(backup)) => FactAnswer {
            holds: true,
            evidence: format!(
                "The backup {} was restored into a scratch database and compared: {} rows are equal.",
                backup.name, backup.rows
            ),
            remedy: String::new(),
        },
        Ok(Err(evidence)) => FactAnswer {
            holds: false,
            evidence,
            remedy,
        },
        Err(error) => FactAnswer {
            holds: false,
            evidence: error.to_string(),
            remedy,
        },
    }
}

/// Whether a backup was made and verified since the run was asked for.
pub(super) async fn backup_since_start(
    state: &AppState,
    system: &System,
    run: &RunRow,
) -> Result<Probed, OutsideError> {
    let newest = backups::newest_verified(state, system)
        .await
        .map_err(|error| failed(&error))?;
    let started = Moment::parse(&run.summary.started);
    Ok(newest
        .filter(|backup| Moment::parse(&backup.taken) >= started)
        .map_or(Probed::Absent, |backup| {
            Probed::There(format!(
                "{} was restored into a scratch database and compared.",
                backup.name
            ))
        }))
}

/// Does the work and answers what was found, as a sentence.
pub(super) async fn perform(
    state: &AppState,
    system: &Arc<System>,
    by: &str,
    work: &Outside,
) -> Result<String, OutsideError> {
    match work {
        Outside::Backup => {
            let backup = backups::make(state, system, by, "before a run")
                .await
                .map_err(|error| failed(&error))?;
            Ok(format!(
                "{} was restored into a scratch database and compared: {} tables and {} rows are equal.",
                backup.name, backup.tables, backup.rows
            ))
        }
        work => around(system, work).await,
    }
}

/// Does work that concerns the application alone: hooks and checks.
pub async fn around(system: &System, work: &Outside) -> Result<String, OutsideError> {
    match work {
        Outside::Backup => Err(OutsideError {
            problem: "A backup concerns the target.".into(),
            remedy: "Compile the plan again.".into(),
        }),
        Outside::Hook { name } => {
            let hook = system.hook(name).ok_or_else(|| OutsideError {
                problem: format!("The configuration does not define the hook {name}."),
                remedy: format!("Define hooks.{name} for this system and start again."),
            })?;
            let done = system.run_hook(&hook).await.map_err(|error| OutsideError {
                problem: system.without_places(&format!("{error}.")),
                remedy: error.remedy().to_owned(),
            })?;
            Ok(format!("It took {} ms.", done.took.as_millis()))
        }
        Outside::CheckApplication { check } => match check {
            ApplicationCheck::Context => context(system).await,
            ApplicationCheck::Views => views(system).await,
        },
    }
}

async fn context(system: &System) -> Result<String, OutsideError> {
    let Some(url) = &system.config.health_url else {
        return Err(no_address("health_url"));
    };
    let health = health::ask(url.as_str(), LIMIT)
        .await
        .map_err(|error| OutsideError {
            problem: format!("{error}."),
            remedy: error.remedy().to_owned(),
        })?;
    if !health.healthy {
        return Err(OutsideError {
            problem: format!("The application says that it is {}.", health.status),
            remedy: "Look at its log, then try the step again.".into(),
        });
    }
    match health.organization_context.as_deref() {
        Some("false" | "none" | "inactive") | None => Err(OutsideError {
            problem: "The application does not say that it sets an organization for each request."
                .into(),
            remedy: "Check that its organization middleware is installed, after the sessions, and that its health page names organization_context.".into(),
        }),
        Some(context) => Ok(format!(
            "The application works with the organization context {context}."
        )),
    }
}

async fn views(system: &System) -> Result<String, OutsideError> {
    let Some(url) = &system.config.application_url else {
        return Err(no_address("application_url"));
    };
    let playbook = system.playbook().map_err(|error| failed(&error))?;
    let mut slowest = 0;
    for view in &playbook.checks.views {
        let address = health::address(url.as_str(), view);
        let page = health::page(&address, LIMIT)
            .await
            .map_err(|error| OutsideError {
                problem: format!("{error}."),
                remedy: error.remedy().to_owned(),
            })?;
        if page.status >= 400 {
            return Err(OutsideError {
                problem: format!("{view} answers HTTP {}.", page.status),
                remedy: "Look at the application's log, then try the step again.".into(),
            });
        }
        slowest = slowest.max(page.took_ms);
    }
    Ok(format!(
        "{} of {} views render, the slowest in {slowest} ms.",
        playbook.checks.views.len(),
        playbook.checks.views.len()
    ))
}

fn no_address(key: &str) -> OutsideError {
    OutsideError {
        problem: format!("The configuration of the system has no {key}."),
        remedy: format!("Add {key} and start again."),
    }
}
