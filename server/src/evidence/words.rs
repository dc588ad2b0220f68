//! The sentences of the evidence, said once for Markdown and the printed page.

use shared::evidence::{Evidence, IncidentKind};
use shared::state::{GateState, StepState};

use crate::runs::spoken;

/// What stands at the top.
pub(super) fn facts(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let run = &evidence.run;
    let mut facts = vec![
        (
            "System",
            format!("{} ({})", evidence.title, evidence.system),
        ),
        ("Run", format!("{}, {}", run.number, run.title)),
        ("Ended as", spoken(run.state).to_owned()),
        ("Started", format!("{} by {}", run.started, run.started_by)),
        (
            "Ended",
            run.finished.clone().unwrap_or_else(|| "Not".into()),
        ),
        (
            "Steps",
            format!("{} of {} done", run.steps_done, run.steps_total),
        ),
        ("Plan", evidence.plan.fingerprint.clone()),
        (
            "Sealed",
            format!("{} by Switchyard {}", evidence.sealed, evidence.program),
        ),
    ];
    if let Some(reason) = &run.reason {
        facts.insert(3, ("Why", reason.clone()));
    }
    facts
}

/// Who approved.
pub(super) fn approvals(evidence: &Evidence) -> Vec<String> {
    let waived = (evidence.incidents.iter())
        .filter(|incident| incident.kind == IncidentKind::WithoutApproval)
        .map(|incident| format!("{} At {}.", incident.text, incident.at));
    let said: Vec<String> = evidence
        .approvals
        .iter()
        .map(|approval| {
            let decided = match (&approval.decided_by, &approval.note) {
                (Some(by), Some(note)) if !note.is_empty() => format!("decided by {by}: {note}"),
                (Some(by), _) => format!("decided by {by}"),
                (None, _) => "decided by nobody".into(),
            };
            format!(
                "{}. Asked for by {} at {}, {}, {decided}. Bound to {}.",
                approval.text,
                approval.requested_by,
                approval.requested,
                approval.state,
                approval.fingerprint
            )
        })
        .chain(waived)
        .collect();
    or_else(said, "No approval was asked for.")
}

/// What every gate measured.
pub(super) fn gates(evidence: &Evidence) -> Vec<String> {
    let said: Vec<String> = evidence
        .gates
        .iter()
        .map(|gate| {
            let state = match gate.state {
                GateState::Open => "open",
                GateState::Closed => "closed",
                GateState::Overridden => "overridden",
                GateState::NotReached => "not reached",
            };
            let measured = gate.measured.as_deref().unwrap_or("no time");
            let mut text = format!(
                "{}: {state}. {} Measured at {measured}.",
                gate.title, gate.evidence
            );
            if let Some(overridden) = &gate.overridden {
                text.push_str(&format!(
                    " Overridden by {} at {}: {}",
                    overridden.by, overridden.at, overridden.reason
                ));
            }
            text
        })
        .collect();
    or_else(said, "No gate was measured.")
}

/// Rows and coverage in sentences.
pub(super) fn counts(evidence: &Evidence) -> Vec<String> {
    let counts = &evidence.counts;
    let mut said = vec![format!("The steps wrote {} rows.", counts.rows_written)];
    match (&counts.coverage, &counts.not_measured) {
        (Some(coverage), _) => said.push(format!(
            "{} of {} records had an organization ({:.1} %), counted at {}.",
            coverage.assigned,
            coverage.total,
            coverage.percent(),
            counts.measured.as_deref().unwrap_or("no time")
        )),
        (None, Some(why)) => said.push(format!("Not measured: {why}")),
        (None, None) => {}
    }
    said
}

/// Each model: name, rows, how many have an organization.
pub(super) fn models(evidence: &Evidence) -> Vec<Vec<String>> {
    evidence
        .counts
        .groups
        .iter()
        .flat_map(|group| &group.models)
        .map(|model| {
            let covered = model.coverage.map_or_else(
                || "No column".into(),
                |coverage| format!("{} of {}", coverage.assigned, coverage.total),
            );
            vec![model.plural.clone(), model.rows.to_string(), covered]
        })
        .collect()
}

/// What went otherwise than planned.
pub(super) fn incidents(evidence: &Evidence) -> Vec<String> {
    let said: Vec<String> = evidence
        .incidents
        .iter()
        .map(|incident| {
            let kind = match incident.kind {
                IncidentKind::Failure => "Failure",
                IncidentKind::Warning => "Warning",
                IncidentKind::Hold => "Hold",
                IncidentKind::Retry => "Retry",
                IncidentKind::Override => "Override",
                IncidentKind::WithoutApproval => "Without approval",
                IncidentKind::Stop => "Stop",
                IncidentKind::Interruption => "Interruption",
                IncidentKind::WayBack => "Way back",
            };
            format!("{} {kind}: {}", incident.at, incident.text)
        })
        .collect();
    or_else(said, "Nothing failed, waited or was overridden.")
}

/// Hashes of schema and backups.
pub(super) fn hashes(evidence: &Evidence) -> Vec<String> {
    let hashes = &evidence.hashes;
    let mut said = vec![
        format!("Schema before: {}", hashes.schema_before),
        format!(
            "Schema after: {}",
            hashes.schema_after.as_deref().unwrap_or("not measured")
        ),
    ];
    for backup in &hashes.backups {
        let proven = match &backup.verified {
            Some(at) => format!("restored and compared at {at}"),
            None => "never restored".into(),
        };
        said.push(format!(
            "Backup {}, taken at {}, {} rows, {proven}. Manifest {}.",
            backup.name,
            backup.taken,
            backup.rows,
            backup.manifest.as_deref().unwrap_or("gone")
        ));
    }
    if hashes.backups.is_empty() {
        said.push("No backup was at hand.".into());
    }
    said
}

/// How long the audit log was.
pub(super) fn audit(evidence: &Evidence) -> String {
    format!(
        "The log had {} entries; hash of the newest: {}",
        evidence.audit.length,
        evidence.audit.head.as_deref().unwrap_or("none")
    )
}

/// How a reader checks the bundle.
pub(super) fn check(evidence: &Evidence, key: &str) -> String {
    format!(
        "Run `switchyard evidence verify {}-run-{}-evidence.zip --key {key}`. It needs neither the console nor a \
         network. Compare the key with the one that the console shows on the page of the run: a bundle that names \
         another key was not made there.",
        evidence.system, evidence.run.number
    )
}

/// The word for the state of a step.
pub(super) fn step_state(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "not begun",
        StepState::Running => "running",
        StepState::Done => "done",
        StepState::Skipped => "nothing to do",
        StepState::Failed => "failed",
        StepState::Undoing => "being undone",
        StepState::Undone => "undone",
        StepState::Stuck => "stuck",
    }
}

/// A duration in a unit that fits.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..120_000 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

fn or_else(said: Vec<String>, nothing: &str) -> Vec<String> {
    if said.is_empty() {
        vec![nothing.to_owned()]
    } else {
        said
    }
}
