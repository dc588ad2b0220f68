//! The way of a system from first step to last, and what happened on it lately.

use std::sync::Arc;

use shared::organization::Stage;
use shared::state::{RunState, StepState};
use shared::system::{Activity, JourneyStage, StageCount, Tone};

use super::next::Facts;
use super::{Reading, System, SystemError};
use crate::engine::Plan;
use crate::engine::plan::StepMode;
use crate::moment::Moment;
use crate::state::AppState;
use crate::store::runs;
use crate::store::{StoreError, sql};
use crate::wording::counted;

/// Lines of recent activity.
const LINES: i64 = 12;

/// The stages in order: checklist, phases of the run, report, pilot, mode, onboarding.
pub(super) async fn journey(
    state: &AppState,
    system: &Arc<System>,
    facts: &Facts,
    target: Option<&Reading>,
    stages: &[StageCount],
) -> Result<Vec<JourneyStage>, SystemError> {
    let mut journey = vec![gate(
        "Checklist",
        facts.missing.is_empty(),
        if facts.missing.is_empty() {
            "Complete".into()
        } else {
            format!(
                "{} left",
                counted(
                    facts.missing.len() as u64,
                    "required item",
                    "required items"
                )
            )
        },
    )];
    journey.extend(phases(state, system, facts, target).await?);
    journey.push(gate(
        "Verification report",
        facts.report.is_some_and(|(_, failed)| failed == 0),
        match facts.report {
            None => "Not made".into(),
            Some((number, 0)) => format!("Report {number} passed"),
            Some((number, failed)) => format!(
                "{} of report {number} failed",
                counted(failed.into(), "check", "checks")
            ),
        },
    ));
    if let Some(closed) = &facts.switch_gates {
        journey.push(gate(
            "Pilot",
            facts.pilot_lacks == 0,
            format!("{} of 3 prepared", 3 - facts.pilot_lacks.min(3)),
        ));
        journey.push(JourneyStage {
            title: format!("{} mode", facts.multi),
            tone: if facts.switching {
                Tone::Running
            } else if facts.is_multi {
                Tone::Done
            } else {
                Tone::Pending
            },
            note: if facts.is_multi {
                "On".into()
            } else if !facts.migrated {
                "Off".into()
            } else if closed.is_empty() {
                "Ready".into()
            } else {
                format!(
                    "{} left",
                    counted(closed.len() as u64, "condition", "conditions")
                )
            },
            gate: false,
        });
        let active: u32 = stages
            .iter()
            .filter(|count| matches!(count.stage, Stage::Active | Stage::Pilot))
            .map(|count| count.count)
            .sum();
        let all: u32 = stages.iter().map(|count| count.count).sum();
        journey.push(JourneyStage {
            title: "Onboarding".into(),
            tone: if all > 0 && active == all {
                Tone::Done
            } else if facts.is_multi && active > 1 {
                Tone::Running
            } else {
                Tone::Pending
            },
            note: format!("{active} of {all} active"),
            gate: false,
        });
    }
    Ok(journey)
}

fn gate(title: &str, open: bool, note: String) -> JourneyStage {
    JourneyStage {
        title: title.into(),
        tone: if open { Tone::Done } else { Tone::Gate },
        note,
        gate: true,
    }
}

async fn phases(
    state: &AppState,
    system: &Arc<System>,
    facts: &Facts,
    target: Option<&Reading>,
) -> Result<Vec<JourneyStage>, SystemError> {
    let newest = match &facts.run {
        Some(run) => runs::get(&state.store, system.slug(), run.number).await?,
        None => None,
    };
    if let Some(run) = newest {
        let steps = runs::steps(&state.store, run.id).await?;
        return Ok(of_plan(&run.plan, run.summary.state, |key| {
            steps
                .iter()
                .find(|step| step.key == key)
                .map_or(StepState::Pending, |step| step.state)
        }));
    }
    Ok(match target.map(|target| &target.plan) {
        Some(Ok(plan)) => of_plan(plan, RunState::Queued, |_| StepState::Pending),
        _ => Vec::new(),
    })
}

fn of_plan(plan: &Plan, run: RunState, state_of: impl Fn(&str) -> StepState) -> Vec<JourneyStage> {
    plan.phases
        .iter()
        .map(|phase| {
            // a backup stays when the run is undone
            let stays = plan
                .steps_of(phase.name)
                .all(|step| step.mode == StepMode::Detached);
            let states: Vec<StepState> = plan
                .steps_of(phase.name)
                .map(|step| match state_of(&step.key) {
                    StepState::Undoing | StepState::Undone if stays => StepState::Done,
                    state => state,
                })
                .collect();
            let steps = counted(states.len() as u64, "step", "steps");
            let count =
                |wanted: &[StepState]| states.iter().filter(|state| wanted.contains(state)).count();
            let done = count(&[StepState::Done, StepState::Skipped]);
            let undone = count(&[StepState::Undone]);
            let tone = if count(&[StepState::Failed, StepState::Stuck]) > 0 {
                Tone::Failed
            } else if undone > 0 {
                Tone::Rolledback
            } else if done == states.len() && !states.is_empty() {
                Tone::Done
            } else if count(&[StepState::Running, StepState::Undoing]) > 0 || done > 0 {
                match run {
                    RunState::WaitingAtGate => Tone::Gate,
                    RunState::Paused => Tone::Paused,
                    _ => Tone::Running,
                }
            } else {
                Tone::Pending
            };
            JourneyStage {
                title: format!("{}. {}", phase.number, phase.title),
                tone,
                note: if undone > 0 {
                    format!("{undone} of {steps} undone")
                } else {
                    format!("{done} of {steps}")
                },
                gate: false,
            }
        })
        .collect()
}

/// What happened last, newest first.
pub(super) async fn activity(
    state: &AppState,
    system: &System,
) -> Result<Vec<Activity>, SystemError> {
    let rows = sql::query(
        "SELECT at, actor, action, object, text, refused FROM audit WHERE system = $1 ORDER BY id DESC LIMIT $2",
    )
    .bind(system.slug())
    .bind(LINES)
    .fetch_all(state.store.read())
    .await
    .map_err(StoreError::from)?;
    rows.iter()
        .map(|row| {
            let (action, object): (String, String) = (text(row, 2)?, text(row, 3)?);
            let refused: bool = row.try_get(5).map_err(StoreError::from)?;
            Ok(Activity {
                tone: tone(&action, refused),
                text: format!("{}: {}", text(row, 1)?, text(row, 4)?),
                at: Moment(row.try_get(0).map_err(StoreError::from)?).rfc3339(),
                href: href(system.slug(), &action, &object),
            })
        })
        .collect()
}

fn text(row: &sql::Row, column: usize) -> Result<String, StoreError> {
    Ok(row.try_get(column)?)
}

fn tone(action: &str, refused: bool) -> Tone {
    if refused {
        return Tone::Skipped;
    }
    let (area, end) = action.split_once('.').unwrap_or((action, ""));
    match end {
        "failed" | "unusable" | "verification-failed" => Tone::Failed,
        "waiting" | "overridden" => Tone::Gate,
        "paused" | "pause" => Tone::Paused,
        "rolled-back" | "went-back" => Tone::Rolledback,
        "started" | "switch-started" | "verification-started" | "resume" | "retry" => Tone::Running,
        _ if area == "rollback" => Tone::Rolledback,
        _ => Tone::Done,
    }
}

fn href(slug: &str, action: &str, object: &str) -> Option<String> {
    let number = object.split_whitespace().nth(1);
    let page = match action.split('.').next()? {
        "run" => format!("runs/{}", number?.trim_end_matches(',')),
        "gate" => format!("runs/{}", number?.trim_end_matches(',')),
        "backup" | "rollback" => "rollback".into(),
        "mode" => "mode".into(),
        "checklist" => "checklist".into(),
        "organization" | "organizations" => "organizations".into(),
        "report" => format!("reports/{}", number?),
        "decision" => "coverage".into(),
        _ => return None,
    };
    Some(format!("/systems/{slug}/{page}"))
}
