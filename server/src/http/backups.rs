//! Backups of a system.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shared::backup::BackupSummary;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency;
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::backups;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(verify))
}

/// Backups, newest first.
#[utoipa::path(
    get, path = "/systems/{system}/backups", tag = "backups",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = Vec<BackupSummary>))
)]
async fn list(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<BackupSummary>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(backups::list(&state, &system).await?))
}

/// Begins a backup and its verification.
#[utoipa::path(
    post, path = "/systems/{system}/backups", tag = "backups",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key answers what the first request answered")
    ),
    responses((status = ACCEPTED, body = BackupSummary))
)]
async fn make(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    let request = format!("POST /systems/{}/backups", system.slug());
    idempotency::once(
        &state,
        &operator,
        &headers,
        &request,
        &(),
        StatusCode::ACCEPTED,
        async { Ok(backups::start(&state, &system, &operator).await?) },
    )
    .await
}

/// Restores a backup into a scratch database and compares it.
#[utoipa::path(
    post, path = "/systems/{system}/backups/{name}/verify", tag = "backups",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("name" = String, Path, description = "Name of the backup")
    ),
    responses((status = ACCEPTED, body = BackupSummary))
)]
async fn verify(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, name)): Path<(String, String)>,
) -> Answer<(StatusCode, Json<BackupSummary>)> {
    let system = state.systems.get(&system)?;
    let backup = backups::start_verification(&state, &system, &name, &operator).await?;
    Ok((StatusCode::ACCEPTED, Json(backup)))
}
