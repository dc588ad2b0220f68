//! The mode of a system and switching it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::mode::{ModeSwitch, ModeView, SwitchMode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Administrator, Fresh, Viewer};
use crate::modes;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(view, switch))
}

/// The mode now, and the conditions for the other one.
#[utoipa::path(
    get, path = "/systems/{system}/mode", tag = "mode",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = ModeView))
)]
async fn view(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<ModeView>> {
    let system = state.systems.get(&system)?;
    Ok(Json(modes::view(&state, &system).await?))
}

/// Begins a switch of the mode.
#[utoipa::path(
    post, path = "/systems/{system}/mode", tag = "mode",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = SwitchMode,
    responses((status = ACCEPTED, body = ModeSwitch))
)]
async fn switch(
    administrator: Fresh<Administrator>,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<SwitchMode>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::ACCEPTED, async move {
            Ok(modes::switch(&state, &system, &wanted, &administrator).await?)
        })
        .await
}
