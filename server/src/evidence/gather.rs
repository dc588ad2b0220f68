//! Gathers the evidence of a run: everything but the audit log, which is read in the transaction that seals it.

use std::sync::Arc;

use shared::evidence::{
    EVIDENCE_VERSION, Evidence, EvidenceApproval, EvidenceAudit, EvidencePlan, EvidenceStep,
};
use shared::rollback::RollbackRecord;
use shared::run::LogLine;

use super::{incidents, measure};
use crate::moment::Moment;
use crate::runs::shown;
use crate::state::AppState;
use crate::store::approvals::{self, StoredApproval};
use crate::store::evidence::{self as table, Due};
use crate::store::runs::{RunRow, StepRow};
use crate::store::{StoreError, WriteTx, rollbacks, run_details, runs};
use crate::systems::{System, SystemError};

/// Lines of a log that are read at once.
const LINES: u32 = 1000;

/// What was gathered.
pub(super) struct Gathered {
    /// Identifier of the run in the control store.
    pub(super) run: i64,
    /// Its id in the journal of the target.
    journal_run: String,
    evidence: Evidence,
    log: Vec<LogLine>,
    /// When the run or the first approval of it was asked for.
    from: Moment,
}

/// Gathers it.
pub(super) async fn gather(
    state: &AppState,
    system: &Arc<System>,
    due: Due,
) -> Result<Gathered, SystemError> {
    let run = crate::runs::find(state, system, due.number).await?;
    let steps = runs::steps(&state.store, run.id).await?;
    let gates = run_details::gates(&state.store, run.id).await?;
    let approvals = approvals_of(state, &run).await?;
    let rollbacks = rollbacks_of(state, &run, due).await?;
    let started = Moment::parse(&run.summary.started).unwrap_or(due.ended);
    let from = approvals
        .iter()
        .map(|approval| approval.requested)
        .fold(started, Ord::min);
    let after = measure::after(state, system, &run, due).await;
    let backups = measure::backups(state, system, started).await;
    let evidence = Evidence {
        version: EVIDENCE_VERSION,
        program: env!("CARGO_PKG_VERSION").into(),
        sealed: due.ended.rfc3339(),
        system: system.slug().to_owned(),
        title: system.config.title.clone(),
        plan: EvidencePlan {
            playbook: run.plan.playbook.clone(),
            fingerprint: run.fingerprint.clone(),
            phases: shown::plan_phases(&run.plan),
            notes: run
                .plan
                .notes
                .iter()
                .map(|note| shown::note(note))
                .collect(),
        },
        approvals: approvals.iter().map(approval).collect(),
        gates,
        steps: shown_steps(&run, &steps),
        counts: after.counts(&steps),
        hashes: after.hashes(&run.plan, backups),
        incidents: Vec::new(),
        rollbacks,
        audit: EvidenceAudit {
            head: None,
            length: 0,
            entries: Vec::new(),
        },
        run: run.summary,
    };
    Ok(Gathered {
        run: run.id,
        journal_run: run.journal_run,
        evidence,
        log: log(state, run.id).await?,
        from,
    })
}

impl Gathered {
    /// Adds the audit log as it is in this transaction.
    pub(super) async fn seal(self, tx: &mut WriteTx, now: Moment) -> Result<Evidence, StoreError> {
        let mut evidence = self.evidence;
        let number = evidence.run.number;
        // a command wrote of it before it had a number
        let (numbered, named) = (format!("run {number}"), format!("run {}", self.journal_run));
        let objects = [numbered.as_str(), named.as_str()];
        let head = table::audit_head(tx).await?;
        let entries = table::audit_entries(tx, &evidence.system, objects, self.from).await?;
        evidence.sealed = now.rfc3339();
        evidence.incidents = incidents::of(objects, &self.log, &entries, &evidence.rollbacks);
        evidence.audit = EvidenceAudit {
            length: head.as_ref().map_or(0, |(id, _)| id.unsigned_abs()),
            head: head.map(|(_, hash)| hash),
            entries,
        };
        Ok(evidence)
    }
}

async fn approvals_of(state: &AppState, run: &RunRow) -> Result<Vec<StoredApproval>, StoreError> {
    let mut reader = state.store.reader().await?;
    let mut all = approvals::list(&mut reader, &run.system).await?;
    all.retain(|approval| approval.fingerprint == run.fingerprint);
    all.reverse();
    Ok(all)
}

fn approval(stored: &StoredApproval) -> EvidenceApproval {
    EvidenceApproval {
        id: stored.id,
        text: stored.text.clone(),
        fingerprint: stored.fingerprint.clone(),
        requested_by: stored.requested_by_name.clone(),
        requested: stored.requested.rfc3339(),
        state: stored.decision.word().to_owned(),
        decided_by: stored.decided_by_name.clone(),
        note: stored.note.clone(),
    }
}

/// Ways back that began after the run did and before the next one.
async fn rollbacks_of(
    state: &AppState,
    run: &RunRow,
    due: Due,
) -> Result<Vec<RollbackRecord>, StoreError> {
    let next = runs::summaries(&state.store, &run.system)
        .await?
        .into_iter()
        .filter(|other| other.number > due.number)
        .min_by_key(|other| other.number)
        .map(|other| other.started);
    let mut all = rollbacks::all(&state.store, &run.system).await?;
    all.retain(|record| {
        record.started >= run.summary.started
            && next.as_ref().is_none_or(|next| record.started < *next)
    });
    all.reverse();
    Ok(all)
}

fn shown_steps(run: &RunRow, rows: &[StepRow]) -> Vec<EvidenceStep> {
    shown::run_phases(&run.system, &run.plan, rows, &[])
        .into_iter()
        .flat_map(|phase| phase.steps)
        .map(|step| EvidenceStep {
            key: step.key,
            title: step.title,
            state: step.state,
            rows_done: step.rows_done,
            rows_total: step.rows_total,
            started: step.started,
            finished: step.finished,
            took_ms: step.took_ms,
            longest_lock_ms: step.longest_lock_ms,
            error: step.error,
        })
        .collect()
}

async fn log(state: &AppState, run: i64) -> Result<Vec<LogLine>, StoreError> {
    let mut lines: Vec<LogLine> = Vec::new();
    loop {
        let after = lines.last().map_or(0, |line| line.id);
        let page = run_details::log_page(&state.store, run, after, None, LINES).await?;
        if page.lines.is_empty() {
            return Ok(lines);
        }
        lines.extend(page.lines);
    }
}
