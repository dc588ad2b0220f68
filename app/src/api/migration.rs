//! Routes about the migration itself: systems, plan, runs, coverage, checklist, approvals.

use gloo_net::http::Method;
use shared::approval::{Approval, DecideApproval, RequestApproval};
use shared::checklist::{Checklist, TickItem};
use shared::coverage::{
    AssignByRule, AssignRows, Assigned, AssignmentRule, CoverageView, UnassignedPage,
};
use shared::evidence::EvidenceState;
use shared::plan::{Gate, OverrideGate, PlanView, Preflight};
use shared::run::{CommandRun, LogPage, RunCommand, RunSummary, RunView, SetPace, StartRun};
use shared::state::Level;
use shared::system::{SystemOverview, SystemSummary};
use shared::target::TargetState;

use super::{Answer, Press, file, get, of, submit, submit_once, with_query};
use crate::route::encode;

/// All systems.
pub async fn systems() -> Answer<Vec<SystemSummary>> {
    get("/systems").await
}

/// Everything that the overview of a system shows.
pub async fn system(system: &str) -> Answer<SystemOverview> {
    get(of(system, "")).await
}

/// Room, log and replicas of a system's database.
pub async fn target(system: &str) -> Answer<TargetState> {
    get(of(system, "/target")).await
}

/// The plan: the playbook compiled against the target as it is now.
pub async fn plan(system: &str) -> Answer<PlanView> {
    get(of(system, "/plan")).await
}

/// Checks the target without changing it.
pub async fn preflight(system: &str) -> Answer<Preflight> {
    submit(Method::POST, of(system, "/preflight"), &()).await
}

/// Runs of a system, newest first.
pub async fn runs(system: &str) -> Answer<Vec<RunSummary>> {
    get(of(system, "/runs")).await
}

/// Starts a run of exactly the plan that was seen.
pub async fn start_run(system: &str, body: &StartRun, press: Press) -> Answer<RunSummary> {
    submit_once(of(system, "/runs"), body, press).await
}

/// One run.
pub async fn run(system: &str, run: i64) -> Answer<RunView> {
    get(of(system, &format!("/runs/{run}"))).await
}

/// Whether there is evidence of a run, and what it is signed with.
pub async fn evidence(system: &str, run: i64) -> Answer<EvidenceState> {
    get(of(system, &format!("/runs/{run}/evidence"))).await
}

/// The signed bundle of a run, as a file.
pub fn evidence_file(system: &str, run: i64) -> String {
    file(&of(system, &format!("/runs/{run}/evidence.zip")))
}

/// Says what is wanted of a run.
pub async fn command_run(system: &str, run: i64, command: RunCommand) -> Answer<RunSummary> {
    submit(
        Method::POST,
        of(system, &format!("/runs/{run}/commands")),
        &CommandRun { command },
    )
    .await
}

/// Says how much of the time a run shall work, in percent.
pub async fn set_pace(system: &str, run: i64, percent: u8) -> Answer<RunSummary> {
    submit(
        Method::PUT,
        of(system, &format!("/runs/{run}/pace")),
        &SetPace { percent },
    )
    .await
}

/// Overrides a closed gate, with a reason.
pub async fn override_gate(
    system: &str,
    run: i64,
    gate: &str,
    body: &OverrideGate,
) -> Answer<Gate> {
    submit(
        Method::POST,
        of(
            system,
            &format!("/runs/{run}/gates/{}/override", encode(gate)),
        ),
        body,
    )
    .await
}

/// Lines of the log of a run after a line; `level` narrows.
pub async fn run_log(
    system: &str,
    run: i64,
    after: i64,
    level: Option<Level>,
    limit: u32,
) -> Answer<LogPage> {
    let level = level.map(|level| {
        match level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
        .to_string()
    });
    get(with_query(
        of(system, &format!("/runs/{run}/log")),
        &[
            ("after", Some(after.to_string())),
            ("level", level),
            ("limit", Some(limit.to_string())),
        ],
    ))
    .await
}

/// Address of the whole log of a run as text.
pub fn run_log_file(system: &str, run: i64) -> String {
    file(&of(system, &format!("/runs/{run}/log.txt")))
}

/// Coverage by group and model, now and over time.
pub async fn coverage(system: &str) -> Answer<CoverageView> {
    get(of(system, "/coverage")).await
}

/// Address of the coverage as CSV.
pub fn coverage_file(system: &str) -> String {
    file(&of(system, "/coverage.csv"))
}

/// Rows of a model that have no organization.
pub async fn unassigned(
    system: &str,
    model: &str,
    after: Option<String>,
    reason: Option<String>,
    words: Option<String>,
) -> Answer<UnassignedPage> {
    get(with_query(
        of(system, &format!("/coverage/{}/unassigned", encode(model))),
        &[("after", after), ("reason", reason), ("q", words)],
    ))
    .await
}

/// Assigns chosen rows.
pub async fn assign_rows(system: &str, body: &AssignRows, press: Press) -> Answer<Assigned> {
    submit_once(of(system, "/decisions"), body, press).await
}

/// Counts the rows that a rule fits.
pub async fn count_by_rule(system: &str, model: String, rule: AssignmentRule) -> Answer<Assigned> {
    let body = AssignByRule {
        model,
        rule,
        preview: true,
    };
    submit(Method::POST, of(system, "/decisions/rule"), &body).await
}

/// Assigns all rows that a rule fits.
pub async fn assign_by_rule(
    system: &str,
    model: String,
    rule: AssignmentRule,
    press: Press,
) -> Answer<Assigned> {
    let body = AssignByRule {
        model,
        rule,
        preview: false,
    };
    submit_once(of(system, "/decisions/rule"), &body, press).await
}

/// The checklists.
pub async fn checklist(system: &str) -> Answer<Checklist> {
    get(of(system, "/checklist")).await
}

/// Ticks or unticks an item.
pub async fn tick(system: &str, item: &str, body: &TickItem) -> Answer<Checklist> {
    submit(
        Method::PUT,
        of(system, &format!("/checklist/{}", encode(item))),
        body,
    )
    .await
}

/// Requests for approval, newest first.
pub async fn approvals(system: &str) -> Answer<Vec<Approval>> {
    get(of(system, "/approvals")).await
}

/// Asks for an approval.
pub async fn request_approval(
    system: &str,
    body: &RequestApproval,
    press: Press,
) -> Answer<Approval> {
    submit_once(of(system, "/approvals"), body, press).await
}

/// Decides a request.
pub async fn decide_approval(
    system: &str,
    id: i64,
    body: &DecideApproval,
    press: Press,
) -> Answer<Approval> {
    submit_once(of(system, &format!("/approvals/{id}")), body, press).await
}
