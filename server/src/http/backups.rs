//! Backups of a system.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::backup::{BackupSummary, KeptDatabase, ReleaseKept};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Administrator, Fresh, Operator, Viewer};
use crate::backups;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(verify))
        .routes(routes!(kept))
        .routes(routes!(release))
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
        IdempotencyKey
    ),
    responses((status = ACCEPTED, body = BackupSummary))
)]
async fn make(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &())
        .run(StatusCode::ACCEPTED, async move {
            Ok(backups::start(&state, &system, &operator).await?)
        })
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

/// Databases as they were before a restore, oldest first.
#[utoipa::path(
    get, path = "/systems/{system}/kept", tag = "backups",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = Vec<KeptDatabase>))
)]
async fn kept(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<KeptDatabase>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(backups::kept(&state, &system).await?))
}

/// Removes a database that a restore has kept, for good.
#[utoipa::path(
    post, path = "/systems/{system}/kept/{name}/release", tag = "backups",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("name" = String, Path, description = "Name of the kept database"),
        IdempotencyKey
    ),
    request_body = ReleaseKept,
    responses((status = OK, body = Vec<KeptDatabase>))
)]
async fn release(
    administrator: Fresh<Administrator>,
    State(state): State<AppState>,
    press: Press,
    Path((system, name)): Path<(String, String)>,
    Json(wanted): Json<ReleaseKept>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::OK, async move {
            Ok(backups::release(&state, &system, &name, &wanted, &administrator).await?)
        })
        .await
}
