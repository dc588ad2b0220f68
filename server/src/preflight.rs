//! Checks before a run: what the engine finds out about the target, and what the application says about itself.

use std::sync::Arc;

use shared::plan::PreflightCheck;

use crate::engine;
use crate::engine::lint::{Finding, lint};
use crate::engine::preflight::{Surroundings, Verdict};
use crate::refusal::Refusal as _;
use crate::state::AppState;
use crate::systems::{System, SystemError};

/// Every check, made now.
pub async fn checks(
    state: &AppState,
    system: &Arc<System>,
) -> Result<Vec<PreflightCheck>, SystemError> {
    let mut checks = Vec::new();
    let playbook = system.playbook()?;
    let surroundings = Surroundings {
        backups: Some(system.config.backup_directory(&state.config.data)),
        ..Surroundings::default()
    };
    for check in engine::preflight::run(system.url()?, &playbook, &surroundings).await {
        checks.push(PreflightCheck {
            name: check.name,
            title: check.title,
            passed: check.verdict < Verdict::Failed,
            warning: check.verdict == Verdict::Warning,
            evidence: system.without_places(&check.evidence),
            remedy: check.remedy.map(|remedy| system.without_places(&remedy)),
        });
    }
    match target(system).await {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(PreflightCheck {
            name: "target".into(),
            title: "The target opens".into(),
            passed: false,
            warning: false,
            evidence: format!("{error}."),
            remedy: error.remedy(),
        }),
    }
    checks.extend(application(system).await);
    Ok(checks)
}

async fn target(system: &System) -> Result<Vec<PreflightCheck>, SystemError> {
    let mut db = system.reader().await?;
    let compiled = system.compile(&mut db).await?;
    let schema = engine::inspect(&mut db).await?;
    let found = lint(&mut db, &*system.playbook()?, &schema).await?;
    db.close().await;
    let plan = match compiled {
        Ok(plan) => PreflightCheck {
            name: "plan".into(),
            title: "The plan can be made".into(),
            passed: true,
            warning: false,
            evidence: format!("{} steps.", plan.steps.len()),
            remedy: None,
        },
        Err(refusals) => PreflightCheck {
            name: "plan".into(),
            title: "The plan can be made".into(),
            passed: false,
            warning: false,
            evidence: refusals
                .first()
                .map(|refusal| refusal.problem.clone())
                .unwrap_or_default(),
            remedy: refusals.first().map(|refusal| refusal.remedy.clone()),
        },
    };
    let advice = found.into_iter().filter_map(advice);
    Ok(std::iter::once(plan).chain(advice).collect())
}

/// What a person should read before a run and cannot read elsewhere in the console. It closes no gate: whether two
/// organizations may need the same value is not for a machine to know.
fn advice(finding: Finding) -> Option<PreflightCheck> {
    let title = match finding.code.as_str() {
        "unique-at-risk" => "Unique over all organizations",
        "no-index-on-foreign-key" => "Foreign key without an index",
        _ => return None,
    };
    Some(PreflightCheck {
        name: finding.code,
        title: title.into(),
        passed: true,
        warning: true,
        evidence: finding.message,
        remedy: Some(finding.remedy),
    })
}

async fn application(system: &System) -> Option<PreflightCheck> {
    system.config.health_url.as_ref()?;
    let health = system.health().await;
    let (passed, evidence) = match &health {
        None => (false, "It does not answer.".to_owned()),
        Some(health) if !health.healthy => {
            (false, format!("It says that it is {}.", health.status))
        }
        Some(health) => (
            true,
            match &health.release {
                Some(release) => format!("Release {release} answers in {} ms.", health.response_ms),
                None => format!(
                    "It answers in {} ms and does not say its release.",
                    health.response_ms
                ),
            },
        ),
    };
    Some(PreflightCheck {
        name: "application".into(),
        title: "The application is well".into(),
        passed,
        warning: passed && health.is_some_and(|health| health.release.is_none()),
        evidence,
        remedy: (!passed).then(|| "Look at the application and its log first.".into()),
    })
}
