//! The one next safe thing to do, worked out from what is. Pure: everything that it needs is in [`Facts`].

use shared::coverage::Coverage;
use shared::plan::Gate;
use shared::run::RunSummary;
use shared::state::RunState;
use shared::system::{NextAction, Standing, Tone};

use super::Missing;
use crate::wording::counted;

/// What decides about the next action.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Slug of the system.
    pub slug: String,
    /// Title of the system.
    pub title: String,
    /// Why the target cannot be read.
    pub unreachable: Option<String>,
    /// Whether a rollback goes on.
    pub rolling_back: bool,
    /// Whether a mode switch goes on.
    pub switching: bool,
    /// The newest run.
    pub run: Option<RunSummary>,
    /// The gate that the run waits at.
    pub waiting: Option<Gate>,
    /// Required items of the checklist that are not done.
    pub missing: Vec<Missing>,
    /// Why no backup allows a destructive step.
    pub no_backup: Option<String>,
    /// Coverage of the counted models.
    pub coverage: Option<Coverage>,
    /// Whether every model has its required organization.
    pub migrated: bool,
    /// The newest report: its number and the checks that did not pass; none when there is none since the last run.
    pub report: Option<(i64, u32)>,
    /// Conditions of the mode switch that are closed, by title; none when the system has no modes.
    pub switch_gates: Option<Vec<String>>,
    /// Title of the mode for many organizations.
    pub multi: String,
    /// Whether the system is in that mode.
    pub is_multi: bool,
    /// Prepared organizations that a pilot still needs.
    pub pilot_lacks: usize,
    /// Organizations that are not active yet, and all.
    pub to_onboard: (usize, usize),
    /// Tasks that are left after the last rollback, while nothing was migrated or switched since.
    pub after_tasks: usize,
}

/// The state word beside the name.
pub fn standing(facts: &Facts) -> Standing {
    let said = |tone, word: &str| Standing {
        tone,
        word: word.into(),
    };
    if facts.unreachable.is_some() {
        return said(Tone::Failed, "Not readable");
    }
    if facts.rolling_back {
        return said(Tone::Running, "Rolling back");
    }
    if facts.switching {
        return said(Tone::Running, "Switching");
    }
    match facts.run.as_ref().map(|run| run.state) {
        Some(RunState::Queued | RunState::Running) => said(Tone::Running, "Running"),
        Some(RunState::RollingBack) => said(Tone::Running, "Rolling back"),
        Some(RunState::WaitingAtGate) => said(Tone::Gate, "Waiting at gate"),
        Some(RunState::WaitingForApproval) => said(Tone::Gate, "Waiting for approval"),
        Some(RunState::Paused) => said(Tone::Paused, "Paused"),
        Some(RunState::Failed) => said(Tone::Failed, "Failed"),
        Some(RunState::Stuck) => said(Tone::Failed, "Stuck"),
        _ if facts.migrated && facts.is_multi => said(Tone::Done, "Many organizations"),
        _ if facts.migrated => said(Tone::Done, "Migrated"),
        Some(RunState::RolledBack) => said(Tone::Rolledback, "Rolled back"),
        _ => said(Tone::Pending, "Not started"),
    }
}

/// The next action.
pub fn next_action(facts: &Facts) -> NextAction {
    stopped(facts)
        .or_else(|| going_on(facts))
        .or_else(|| after_rollback(facts))
        .or_else(|| before_run(facts))
        .unwrap_or_else(|| after_run(facts))
}

fn action(
    facts: &Facts,
    tone: Tone,
    title: impl Into<String>,
    detail: impl Into<String>,
    button: Option<(&str, &str)>,
) -> NextAction {
    NextAction {
        tone,
        title: title.into(),
        detail: detail.into(),
        facts: facts
            .coverage
            .filter(|coverage| coverage.assigned > 0)
            .map(|coverage| {
                format!(
                    "{} of {} counted records have an organization",
                    coverage.assigned, coverage.total
                )
            })
            .into_iter()
            .collect(),
        button: button.map(|(word, _)| word.to_owned()),
        href: button.map(|(_, page)| {
            format!("/systems/{}/{page}", facts.slug)
                .trim_end_matches('/')
                .to_owned()
        }),
    }
}

fn stopped(facts: &Facts) -> Option<NextAction> {
    let why = facts.unreachable.as_ref()?;
    Some(action(
        facts,
        Tone::Failed,
        "The database cannot be read",
        why.clone(),
        None,
    ))
}

fn going_on(facts: &Facts) -> Option<NextAction> {
    if facts.rolling_back {
        return Some(action(
            facts,
            Tone::Running,
            "A rollback is going on",
            "Nothing else can be started until it is done.",
            Some(("Watch the rollback", "rollback")),
        ));
    }
    if facts.switching {
        return Some(action(
            facts,
            Tone::Running,
            "The mode is being switched",
            "The application restarts; it goes back by itself if it does not come up.",
            Some(("Watch the switch", "mode")),
        ));
    }
    let run = facts.run.as_ref()?;
    let page = format!("runs/{}", run.number);
    let reason = run.reason.clone().unwrap_or_default();
    Some(match run.state {
        RunState::Queued | RunState::Running => action(
            facts,
            Tone::Running,
            format!("Run {} is going on", run.number),
            format!(
                "{} of {} steps are done. The application keeps serving.",
                run.steps_done, run.steps_total
            ),
            Some(("Watch the run", &page)),
        ),
        RunState::RollingBack => action(
            facts,
            Tone::Running,
            format!("Run {} is being undone", run.number),
            "Nothing else can be started until it is done.",
            Some(("Watch the run", &page)),
        ),
        RunState::WaitingAtGate => at_gate(facts, run, &page),
        RunState::WaitingForApproval => action(
            facts,
            Tone::Gate,
            format!("Run {} waits for a second administrator", run.number),
            "Somebody else has to agree to exactly this plan.",
            Some(("Look at the approval", &page)),
        ),
        // what led to the rollback is understood before the rest is tried again
        RunState::Paused if facts.after_tasks > 0 => return None,
        RunState::Paused => action(
            facts,
            Tone::Paused,
            format!("Resume run {}", run.number),
            format!(
                "{} of {} steps are done and stay. {reason}",
                run.steps_done, run.steps_total
            ),
            Some(("Open the run", &page)),
        ),
        RunState::Failed | RunState::Stuck => action(
            facts,
            Tone::Failed,
            format!("Run {} needs you", run.number),
            reason,
            Some(("Open the run", &page)),
        ),
        RunState::Done | RunState::Aborted | RunState::RolledBack => return None,
    })
}

fn at_gate(facts: &Facts, run: &RunSummary, page: &str) -> NextAction {
    let coverage = format!("/systems/{}/coverage", facts.slug);
    let to_coverage = facts
        .waiting
        .as_ref()
        .is_some_and(|gate| gate.href.as_deref() == Some(&coverage));
    let missing = facts.coverage.map_or(0, Coverage::missing);
    if to_coverage && missing > 0 {
        return action(
            facts,
            Tone::Gate,
            format!(
                "Give {} an organization",
                counted(missing, "record", "records")
            ),
            format!(
                "No rule places them, and run {} waits before it makes the organization required. The application keeps serving.",
                run.number
            ),
            Some((
                &format!("Review {}", counted(missing, "record", "records")),
                "coverage",
            )),
        );
    }
    let sentence = facts
        .waiting
        .as_ref()
        .and_then(|gate| gate.sentence.clone())
        .or_else(|| run.reason.clone())
        .unwrap_or_default();
    let title = facts.waiting.as_ref().map_or_else(
        || format!("Run {} waits at a gate", run.number),
        |gate| format!("Run {} waits: {}", run.number, gate.title),
    );
    action(
        facts,
        Tone::Gate,
        title,
        sentence,
        Some(("Open the run", page)),
    )
}

fn after_rollback(facts: &Facts) -> Option<NextAction> {
    if facts.after_tasks == 0 {
        return None;
    }
    let left = match facts.after_tasks {
        1 => "One task is left after the rollback.".to_owned(),
        left => format!(
            "{left} tasks are left after the rollback: its cause, the post-mortem and the notices."
        ),
    };
    let detail = match &facts.run {
        Some(run) if run.state == RunState::Paused => {
            format!("{left} Run {} can be resumed after that.", run.number)
        }
        _ => left,
    };
    Some(action(
        facts,
        Tone::Rolledback,
        "Write down what happened",
        detail,
        Some(("Open the tasks", "rollback")),
    ))
}

fn before_run(facts: &Facts) -> Option<NextAction> {
    if facts.migrated {
        return None;
    }
    // the backup is an action of its own, after everything that people do
    let other = facts.missing.iter().find(|item| !item.is_backup);
    if let Some(Missing { told: first, .. }) = other {
        return Some(action(
            facts,
            Tone::Gate,
            "Complete the checklist",
            match facts.missing.len() {
                1 => format!("One required item is left: \"{first}\"."),
                left => format!("{left} required items are left, among them \"{first}\"."),
            },
            Some(("Open the checklist", "checklist")),
        ));
    }
    if let Some(why) = &facts.no_backup {
        return Some(action(
            facts,
            Tone::Gate,
            "Make a verified backup",
            format!("{why} It is restored into a scratch database and compared before it counts."),
            Some(("Make a backup", "rollback")),
        ));
    }
    Some(action(
        facts,
        Tone::Pending,
        "Start the run",
        "Everything that it needs is there. The plan shows exactly what will run; the application keeps serving.",
        Some(("Review the plan", "runs/new")),
    ))
}

fn after_run(facts: &Facts) -> NextAction {
    match facts.report {
        None => {
            return action(
                facts,
                Tone::Pending,
                "Make the verification report",
                "The run is done. The report measures every model, view, index and list query.",
                Some(("Make the report", "reports")),
            );
        }
        Some((number, failed)) if failed > 0 => {
            return action(
                facts,
                Tone::Failed,
                format!("{failed} checks of report {number} did not pass"),
                "Each says what was measured and what to do.",
                Some(("Open the report", &format!("reports/{number}"))),
            );
        }
        Some(_) => {}
    }
    let (left, all) = facts.to_onboard;
    let Some(closed) = &facts.switch_gates else {
        return action(
            facts,
            Tone::Done,
            "Nothing needs you",
            "The migration is done and verified.",
            None,
        );
    };
    if facts.is_multi {
        return if left > 0 {
            action(
                facts,
                Tone::Pending,
                format!("Onboard {left} of {all} organizations"),
                format!(
                    "{} mode is on. Each organization is brought on when its readiness list is done.",
                    facts.multi
                ),
                Some(("Onboard the next", "organizations?view=board")),
            )
        } else {
            action(
                facts,
                Tone::Done,
                "Nothing needs you",
                format!(
                    "{} mode is on and all {all} organizations are active.",
                    facts.multi
                ),
                None,
            )
        };
    }
    if facts.pilot_lacks > 0 {
        return action(
            facts,
            Tone::Pending,
            format!(
                "Prepare {} for the pilot",
                counted(
                    facts.pilot_lacks as u64,
                    "more organization",
                    "more organizations"
                )
            ),
            "At least 3 have to be prepared before the mode is switched.",
            Some(("Open the organizations", "organizations")),
        );
    }
    if let Some(first) = closed.first() {
        return action(
            facts,
            Tone::Gate,
            format!(
                "{} conditions of {} mode are left",
                closed.len(),
                facts.multi
            ),
            format!("The first is \"{first}\"."),
            Some(("Open the conditions", "mode")),
        );
    }
    action(
        facts,
        Tone::Pending,
        format!("Switch to {} mode", facts.multi),
        "All conditions hold. The application restarts once and goes back by itself if it does not come up.",
        Some(("Review the switch", "mode")),
    )
}

#[cfg(test)]
mod tests;
