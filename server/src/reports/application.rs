//! What the running application says and shows: its mode, its organization context, and whether its pages render.

use std::time::Duration;

use shared::report::{CheckResult, ReportCheck};

use crate::environment_file;
use crate::health::{self, Health};
use crate::systems::System;

/// Longest time that a page may take before it counts as not rendering.
const PAGE_LIMIT: Duration = Duration::from_secs(10);

/// The application's mode and organization context.
pub async fn middleware(system: &System) -> Vec<ReportCheck> {
    let Some(url) = system.config.health_url.as_ref() else {
        return vec![not_measured(
            "answers",
            "Application answers",
            "Set `health_url` in the configuration of this system.",
        )];
    };
    match health::ask(url.as_str(), PAGE_LIMIT).await {
        Ok(health) => vec![answers(&health), mode(system, &health), context(&health)],
        Err(error) => vec![failed(
            "answers",
            "Application answers",
            "no answer",
            format!("{error}. {}", error.remedy()),
        )],
    }
}

fn answers(health: &Health) -> ReportCheck {
    let measured = format!("{}, {} ms", health.status, health.response_ms);
    let value = Some(health.response_ms as f64);
    if health.healthy && health.database_ok != Some(false) {
        passed("answers", "Application answers", measured, value)
    } else {
        let why = "The application says that it is not well. Look at its log.";
        failed("answers", "Application answers", measured, why)
    }
}

fn mode(system: &System, health: &Health) -> ReportCheck {
    const TITLE: &str = "Mode of file and application agree";
    let said = health.mode.clone().unwrap_or_else(|| "nothing".into());
    let (Some(file), Some(mode)) = (
        system.config.environment_file.as_ref(),
        system
            .playbook()
            .ok()
            .and_then(|playbook| playbook.mode.clone()),
    ) else {
        return not_measured(
            "mode",
            TITLE,
            "This system has no environment file or no modes.",
        );
    };
    match environment_file::read_variable(file, &mode.variable) {
        Ok(written) if written.as_deref() == Some(said.as_str()) => {
            passed("mode", TITLE, format!("{}={said}", mode.variable), None)
        }
        Ok(written) => failed(
            "mode",
            TITLE,
            format!(
                "file {}, application {said}",
                written.unwrap_or_else(|| "nothing".into())
            ),
            "Restart the application so that it reads its environment file.",
        ),
        Err(error) => failed("mode", TITLE, error.to_string(), error.remedy()),
    }
}

fn context(health: &Health) -> ReportCheck {
    const TITLE: &str = "Organization context is set";
    match health.organization_context.as_deref() {
        Some(context) if !["", "none", "false", "missing"].contains(&context) => {
            passed("context", TITLE, context.to_owned(), None)
        }
        Some(context) => failed(
            "context",
            TITLE,
            context.to_owned(),
            "Check that the organization middleware is active and stands after the session middleware.",
        ),
        None => not_measured(
            "context",
            TITLE,
            "The health page does not say `organization_context`.",
        ),
    }
}

/// Every page of the playbook.
pub async fn views(system: &System) -> Vec<ReportCheck> {
    let paths = system
        .playbook()
        .map(|playbook| playbook.checks.views.clone())
        .unwrap_or_default();
    let Some(url) = system.config.application_url.as_ref() else {
        return vec![not_measured(
            "views",
            "Pages render",
            "Set `application_url` in the configuration of this system.",
        )];
    };
    let mut checks = Vec::with_capacity(paths.len());
    for path in paths {
        checks.push(view(&health::address(url.as_str(), &path), &path).await);
    }
    if checks.is_empty() {
        checks.push(not_measured(
            "views",
            "Pages render",
            "The playbook names no views to check.",
        ));
    }
    checks
}

async fn view(address: &str, path: &str) -> ReportCheck {
    match health::page(address, PAGE_LIMIT).await {
        Ok(page) => {
            let measured = format!("HTTP {}, {} ms", page.status, page.took_ms);
            // a redirect to a sign-in page is an answer of a working application
            if page.status < 400 {
                passed(path, path, measured, Some(page.took_ms as f64))
            } else {
                failed(
                    path,
                    path,
                    measured,
                    "Look at the application's log for this page.",
                )
            }
        }
        Err(error) => failed(
            path,
            path,
            "no answer",
            format!("{error}. {}", error.remedy()),
        ),
    }
}

/// A check that passed.
pub fn passed(name: &str, title: &str, measured: String, value: Option<f64>) -> ReportCheck {
    check(name, title, CheckResult::Passed, measured, None, value)
}

/// A check that did not pass, with what to do.
pub fn failed(
    name: &str,
    title: &str,
    measured: impl Into<String>,
    detail: impl Into<String>,
) -> ReportCheck {
    check(
        name,
        title,
        CheckResult::Failed,
        measured.into(),
        Some(detail.into()),
        None,
    )
}

/// A check that could not be measured, with why.
pub fn not_measured(name: &str, title: &str, why: impl Into<String>) -> ReportCheck {
    check(
        name,
        title,
        CheckResult::NotMeasured,
        "not measured".into(),
        Some(why.into()),
        None,
    )
}

fn check(
    name: &str,
    title: &str,
    result: CheckResult,
    measured: String,
    detail: Option<String>,
    value: Option<f64>,
) -> ReportCheck {
    ReportCheck {
        name: name.into(),
        title: title.into(),
        result,
        measured,
        detail,
        value,
    }
}

/// Title of the mode that the environment file names, for the head of a report.
pub fn mode_title(system: &System) -> Option<String> {
    let mode = system.playbook().ok()?.mode.clone()?;
    let file = system.config.environment_file.as_ref()?;
    let value = environment_file::read_variable(file, &mode.variable).ok()??;
    let title = match value.as_str() {
        single if single == mode.single => mode.single_title,
        multi if multi == mode.multi => mode.multi_title,
        _ => None,
    };
    Some(title.unwrap_or(value))
}
