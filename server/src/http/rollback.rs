//! The ways back, carrying one out, and what has to be done after it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::rollback::{RollbackCost, RollbackOptions, RollbackRecord, StartRollback, WriteTask};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use super::runs::download;
use crate::accounts::{Administrator, Fresh, Operator, Viewer};
use crate::rollbacks;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(options, start))
        .routes(routes!(cost))
        .routes(routes!(export))
        .routes(routes!(write_task))
}

/// The ways back, each with what it would cost now.
#[utoipa::path(
    get, path = "/systems/{system}/rollback", tag = "rollback",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = RollbackOptions))
)]
async fn options(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<RollbackOptions>> {
    let system = state.systems.get(&system)?;
    Ok(Json(rollbacks::options(&state, &system).await?))
}

/// Which groups.
#[derive(Debug, Deserialize)]
struct CostQuery {
    groups: String,
}

// one group alone may be refused because another hangs on it, where both together are not
/// What undoing some groups together would cost now.
#[utoipa::path(
    get, path = "/systems/{system}/rollback/cost", tag = "rollback",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("groups" = String, Query, description = "Names of the groups, with commas")
    ),
    responses((status = OK, body = RollbackCost))
)]
async fn cost(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(query): Query<CostQuery>,
) -> Answer<Json<RollbackCost>> {
    let system = state.systems.get(&system)?;
    let groups = names(&query.groups);
    Ok(Json(
        rollbacks::cost_of_groups(&state, &system, &groups).await?,
    ))
}

fn names(list: &str) -> Vec<String> {
    list.split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Begins a rollback.
#[utoipa::path(
    post, path = "/systems/{system}/rollback", tag = "rollback",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = StartRollback,
    responses((status = ACCEPTED, body = RollbackRecord))
)]
async fn start(
    administrator: Fresh<Administrator>,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<StartRollback>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::ACCEPTED, async move {
            Ok(rollbacks::start(&state, &system, &wanted, &administrator).await?)
        })
        .await
}

/// What to export.
#[derive(Debug, Deserialize)]
struct ExportQuery {
    backup: Option<String>,
    groups: Option<String>,
}

/// Rows that a way back would lose, as JSON.
#[utoipa::path(
    get, path = "/systems/{system}/rollback/export", tag = "rollback",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("backup" = Option<String>, Query, description = "Rows that restoring this backup would lose"),
        ("groups" = Option<String>, Query, description = "Decisions that undoing these groups would lose, names with commas")
    ),
    responses((status = OK, body = String, content_type = "application/json"))
)]
async fn export(
    _administrator: Administrator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    let groups = query.groups.as_deref().map(names);
    let text =
        rollbacks::lost_rows(&state, &system, query.backup.as_deref(), groups.as_deref()).await?;
    let name = format!("{}-would-be-lost.json", system.slug());
    Ok(download(&name, "application/json", text))
}

/// Writes down a task after a rollback.
#[utoipa::path(
    put, path = "/systems/{system}/rollbacks/{id}/tasks/{task}", tag = "rollback",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("id" = i64, Path, description = "Identifier of the rollback"),
        ("task" = String, Path, description = "Name of the task")
    ),
    request_body = WriteTask,
    responses((status = OK, body = RollbackRecord))
)]
async fn write_task(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id, task)): Path<(String, i64, String)>,
    Json(wanted): Json<WriteTask>,
) -> Answer<Json<RollbackRecord>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        rollbacks::write_task(&state, &system, id, &task, &wanted, &operator).await?,
    ))
}
