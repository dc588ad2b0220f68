//! The list of systems and the overview of each.

use axum::extract::State;
use shared::system::{SystemOverview, SystemSummary};
use shared::target::TargetState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::Viewer;
use crate::state::AppState;
use crate::systems;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(overview))
        .routes(routes!(target))
}

/// Systems, those that need a person first.
#[utoipa::path(
    get, path = "/systems", tag = "systems",
    responses((status = OK, body = Vec<SystemSummary>))
)]
async fn list(_viewer: Viewer, State(state): State<AppState>) -> Answer<Json<Vec<SystemSummary>>> {
    Ok(Json(systems::list(&state).await?))
}

/// Overview of a system, with the one next safe thing to do.
#[utoipa::path(
    get, path = "/systems/{system}", tag = "systems",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = SystemOverview))
)]
async fn overview(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<SystemOverview>> {
    let system = state.systems.get(&system)?;
    Ok(Json(systems::overview(&state, &system).await?))
}

/// Room, log and replicas of a system's database, and what makes a run hold for them.
#[utoipa::path(
    get, path = "/systems/{system}/target", tag = "systems",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = TargetState))
)]
async fn target(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<TargetState>> {
    let system = state.systems.get(&system)?;
    Ok(Json(system.target_state().await?))
}
