//! The plan of a system, its preflight, and its runs: start, commands, gates, log.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::account::Role;
use shared::plan::{Gate, OverrideGate, PlanView, Preflight};
use shared::run::{CommandRun, LogPage, RunSummary, RunView, SetPace, StartRun};
use shared::state::Level;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Administrator, Operator, Viewer};
use crate::runs;
use crate::state::AppState;
use crate::store::run_details;

/// Lines of a log that are answered at most.
const MOST_LINES: u32 = 1000;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(plan))
        .routes(routes!(preflight))
        .routes(routes!(list, start))
        .routes(routes!(view))
        .routes(routes!(command))
        .routes(routes!(set_pace))
        .routes(routes!(override_gate))
        .routes(routes!(log))
        .routes(routes!(log_text))
}

/// The plan for the target as it is now.
#[utoipa::path(
    get, path = "/systems/{system}/plan", tag = "runs",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = PlanView))
)]
async fn plan(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<PlanView>> {
    let system = state.systems.get(&system)?;
    Ok(Json(runs::plan_view(&state, &system).await?))
}

/// Checks everything that can be checked before anything is changed.
#[utoipa::path(
    post, path = "/systems/{system}/preflight", tag = "runs",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = Preflight))
)]
async fn preflight(
    _operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Preflight>> {
    let system = state.systems.get(&system)?;
    Ok(Json(runs::preflight(&state, &system).await?))
}

/// Runs of a system, newest first.
#[utoipa::path(
    get, path = "/systems/{system}/runs", tag = "runs",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = Vec<RunSummary>))
)]
async fn list(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<RunSummary>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(runs::list(&state, &system).await?))
}

/// Starts a run of exactly the plan that was seen.
#[utoipa::path(
    post, path = "/systems/{system}/runs", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = StartRun,
    responses((status = ACCEPTED, body = RunSummary))
)]
async fn start(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<StartRun>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &wanted)
        .run(StatusCode::ACCEPTED, async move {
            Ok(runs::start(&state, &system, &wanted, &operator).await?)
        })
        .await
}

/// Everything about one run.
#[utoipa::path(
    get, path = "/systems/{system}/runs/{run}", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    responses((status = OK, body = RunView))
)]
async fn view(
    viewer: Viewer,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
) -> Answer<Json<RunView>> {
    let system = state.systems.get(&system)?;
    let may_command = viewer.role() >= Role::Operator;
    Ok(Json(runs::view(&state, &system, run, may_command).await?))
}

/// Pauses, resumes, ends a run, or tries its failed step again.
#[utoipa::path(
    post, path = "/systems/{system}/runs/{run}/commands", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    request_body = CommandRun,
    responses((status = ACCEPTED, body = RunSummary))
)]
async fn command(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
    Json(wanted): Json<CommandRun>,
) -> Answer<(StatusCode, Json<RunSummary>)> {
    let system = state.systems.get(&system)?;
    let summary = runs::command(&state, &system, run, wanted.command, &operator).await?;
    Ok((StatusCode::ACCEPTED, Json(summary)))
}

/// Changes how much of the time a run works, while it goes on.
#[utoipa::path(
    put, path = "/systems/{system}/runs/{run}/pace", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    request_body = SetPace,
    responses((status = OK, body = RunSummary))
)]
async fn set_pace(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
    Json(wanted): Json<SetPace>,
) -> Answer<Json<RunSummary>> {
    let system = state.systems.get(&system)?;
    let summary = runs::set_pace(&state, &system, run, wanted.percent, &operator).await?;
    Ok(Json(summary))
}

/// Takes responsibility for a closed gate.
#[utoipa::path(
    post, path = "/systems/{system}/runs/{run}/gates/{gate}/override", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run"),
        ("gate" = String, Path, description = "Name of the gate")
    ),
    request_body = OverrideGate,
    responses((status = OK, body = Gate))
)]
async fn override_gate(
    administrator: Administrator,
    State(state): State<AppState>,
    Path((system, run, gate)): Path<(String, i64, String)>,
    Json(wanted): Json<OverrideGate>,
) -> Answer<Json<Gate>> {
    let system = state.systems.get(&system)?;
    let gate =
        runs::override_gate(&state, &system, run, &gate, &wanted.reason, &administrator).await?;
    Ok(Json(gate))
}

/// Which lines of a log.
#[derive(Debug, Deserialize)]
struct LogQuery {
    #[serde(default)]
    after: i64,
    level: Option<Level>,
    limit: Option<u32>,
}

/// Lines of the log of a run after an id, oldest first.
#[utoipa::path(
    get, path = "/systems/{system}/runs/{run}/log", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run"),
        ("after" = Option<i64>, Query, description = "Only lines after this id"),
        ("level" = Option<Level>, Query, description = "Only lines of this weight"),
        ("limit" = Option<u32>, Query, description = "At most so many lines, up to 1000")
    ),
    responses((status = OK, body = LogPage))
)]
async fn log(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
    Query(query): Query<LogQuery>,
) -> Answer<Json<LogPage>> {
    let system = state.systems.get(&system)?;
    let run = runs::find(&state, &system, run).await?;
    let limit = query.limit.unwrap_or(200).clamp(1, MOST_LINES);
    let page = run_details::log_page(&state.store, run.id, query.after, query.level, limit).await?;
    Ok(Json(page))
}

/// The whole log of a run as text.
#[utoipa::path(
    get, path = "/systems/{system}/runs/{run}/log.txt", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    responses((status = OK, body = String, content_type = "text/plain"))
)]
async fn log_text(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    let run = runs::find(&state, &system, run).await?;
    let mut text = String::new();
    let mut after = 0;
    loop {
        let page = run_details::log_page(&state.store, run.id, after, None, MOST_LINES).await?;
        for line in &page.lines {
            let level = match line.level {
                Level::Info => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            let step = line.step.as_deref().unwrap_or("-");
            text.push_str(&format!("{}\t{level}\t{step}\t{}\n", line.at, line.text));
        }
        match page.lines.last() {
            Some(last) => after = last.id,
            None => break,
        }
    }
    let name = format!("{}-run-{}.log.txt", system.slug(), run.summary.number);
    Ok(download(&name, "text/plain; charset=utf-8", text))
}

/// An answer that a browser saves under a name. The name holds slugs and numbers only.
pub(super) fn download(name: &str, kind: &str, body: String) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind.to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
        ],
        body,
    )
        .into_response()
}
