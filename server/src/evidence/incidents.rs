//! What did not go as planned in a run, or was decided by a person: from its log, the audit log and the ways back. Pure.

use shared::evidence::{EvidenceEntry, Incident, IncidentKind};
use shared::rollback::{RollbackKind, RollbackRecord, RollbackState};
use shared::run::LogLine;
use shared::state::Level;

/// Incidents in order of time. `objects` are the names under which the audit log knows the run.
pub(super) fn of(
    objects: [&str; 2],
    log: &[LogLine],
    entries: &[EvidenceEntry],
    rollbacks: &[RollbackRecord],
) -> Vec<Incident> {
    let is_of_run = |entry: &&EvidenceEntry| {
        (objects.iter()).any(|object| match entry.object.strip_prefix(object) {
            Some(rest) => rest.is_empty() || rest.starts_with(", "),
            None => false,
        })
    };
    let decided: Vec<Incident> = entries
        .iter()
        .filter(is_of_run)
        .filter_map(|entry| {
            Some(Incident {
                at: entry.at.clone(),
                kind: kind(&entry.action)?,
                step: None,
                text: match entry.actor.as_str() {
                    crate::audit::ITSELF => entry.text.clone(),
                    person => format!("{person}: {}", entry.text),
                },
            })
        })
        .collect();
    let told = log
        .iter()
        .filter_map(|line| {
            let kind = match line.level {
                Level::Info => return None,
                Level::Warning => IncidentKind::Warning,
                Level::Error => IncidentKind::Failure,
            };
            Some(Incident {
                at: line.at.clone(),
                kind,
                step: line.step.clone(),
                text: line.text.clone(),
            })
        })
        // a hold and an override stand in both
        .filter(|line| {
            !decided.iter().any(|known| {
                known.text == line.text || known.text.ends_with(after_name(&line.text))
            })
        });
    let mut all: Vec<Incident> = told
        .chain(decided.iter().cloned())
        .chain(rollbacks.iter().map(way_back))
        .collect();
    all.sort_by(|one, other| one.at.cmp(&other.at));
    all
}

/// What follows the name of the person in a line about an override.
fn after_name(line: &str) -> &str {
    line.split_once(" overrode ").map_or(line, |(_, rest)| rest)
}

fn kind(action: &str) -> Option<IncidentKind> {
    Some(match action {
        "run.waiting" | "run.pause" => IncidentKind::Hold,
        "run.resume" | "run.retry" => IncidentKind::Retry,
        "gate.overridden" => IncidentKind::Override,
        crate::approvals::WAIVED => IncidentKind::WithoutApproval,
        "run.abort" => IncidentKind::Stop,
        "run.interrupted" => IncidentKind::Interruption,
        // by a command: a way back of the console has a record
        "rollback.started" => IncidentKind::WayBack,
        _ => return None,
    })
}

fn way_back(record: &RollbackRecord) -> Incident {
    let what = match &record.way {
        RollbackKind::Mode => "The mode was switched back".to_owned(),
        RollbackKind::Partial { groups } => format!("The groups {} were undone", groups.join(", ")),
        RollbackKind::UndoAll => "Every step was undone".to_owned(),
        RollbackKind::Restore { backup } => format!("The backup {backup} was restored"),
    };
    let end = match (record.state, &record.error) {
        (RollbackState::Failed, Some(error)) => format!("; it failed: {error}"),
        (RollbackState::Failed, None) => "; it failed".into(),
        (RollbackState::Done | RollbackState::Running, _) => {
            format!("; {} rows were lost", record.rows_lost)
        }
    };
    Incident {
        at: record.started.clone(),
        kind: IncidentKind::WayBack,
        step: None,
        text: format!("{what} by {}{end}.", record.by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: [&str; 2] = ["run 1", "run command-1"];

    fn entry(action: &str, object: &str, text: &str) -> EvidenceEntry {
        EvidenceEntry {
            id: 1,
            at: "2026-11-20T02:00:00Z".into(),
            actor: "amina".into(),
            system: None,
            action: action.into(),
            object: object.into(),
            text: text.into(),
            refused: false,
            address: None,
            previous: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn an_override_stands_once_and_what_concerns_another_run_not_at_all() {
        let line = LogLine {
            id: 1,
            at: "2026-11-20T02:00:00Z".into(),
            level: Level::Warning,
            step: None,
            text: "amina overrode the gate \"Coverage\" (1 of 2): agreed with the office".into(),
        };
        let overridden = entry(
            "gate.overridden",
            "run 1, gate coverage",
            "Overrode the gate \"Coverage\" (1 of 2): agreed with the office",
        );
        let other = entry("run.retry", "run 12", "Told run 12 to try again.");
        let found = of(OBJECTS, &[line], &[overridden, other], &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind, IncidentKind::Override);
    }

    #[test]
    fn a_way_back_by_a_command_is_told_of_the_run_that_it_takes_back_alone() {
        let object = format!("{}, rollback at the command line", OBJECTS[1]);
        let text = "Began at the command line to roll back every step, approved by jamil.";
        let ours = entry("rollback.started", &object, text);
        let waived = entry(
            crate::approvals::WAIVED,
            &object,
            "Begun without it: nobody answers.",
        );
        let consoles = entry("rollback.started", "rollback 1", "Began to roll back.");
        let other = entry(
            "rollback.started",
            "run command-2, rollback at the command line",
            text,
        );
        let found = of(OBJECTS, &[], &[ours, waived, consoles, other], &[]);
        let kinds: Vec<_> = found.iter().map(|incident| incident.kind).collect();
        assert_eq!(
            kinds,
            [IncidentKind::WayBack, IncidentKind::WithoutApproval]
        );
    }

    #[test]
    fn what_a_command_began_without_an_approval_is_told_of_its_run_alone() {
        let text = "Begun without the approval that the configuration asks for: nobody answers.";
        let ours = entry(crate::approvals::WAIVED, OBJECTS[1], text);
        let other = entry(crate::approvals::WAIVED, "run command-2", text);
        let found = of(OBJECTS, &[], &[ours, other], &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind, IncidentKind::WithoutApproval);
        assert_eq!(found[0].text, format!("amina: {text}"));
    }
}
