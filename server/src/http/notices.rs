//! Updates and maintenance windows of a system.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::event::Topic;
use shared::notice::{NoticePreview, Notices, PreviewNotice, WriteUpdate, WriteWindow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::notices;
use crate::state::AppState;
use crate::systems::System;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(preview))
        .routes(routes!(publish))
        .routes(routes!(change))
        .routes(routes!(schedule))
        .routes(routes!(reschedule))
}

/// Updates and windows with their earlier versions, and texts to start from.
#[utoipa::path(get, path = "/systems/{system}/notices", tag = "notices",
    params(("system" = String, Path)), responses((status = OK, body = Notices)))]
async fn show(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Notices>> {
    let system = state.systems.get(&system)?;
    Ok(Json(notices::view(&state, &system).await?))
}

/// How a text will look; nothing is kept.
#[utoipa::path(post, path = "/systems/{system}/notices/preview", tag = "notices",
    params(("system" = String, Path)), request_body = PreviewNotice,
    responses((status = OK, body = NoticePreview)))]
async fn preview(
    _operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<PreviewNotice>,
) -> Answer<Json<NoticePreview>> {
    let system = state.systems.get(&system)?;
    Ok(Json(notices::preview(&state, &system, &wanted).await?))
}

/// Publishes an update, now or later.
#[utoipa::path(post, path = "/systems/{system}/updates", tag = "notices",
    params(("system" = String, Path), IdempotencyKey), request_body = WriteUpdate,
    responses((status = CREATED, body = Notices)))]
async fn publish(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<WriteUpdate>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &wanted)
        .run(StatusCode::CREATED, async move {
            notices::write_update(&state, &system, &operator, None, &wanted).await?;
            changed(&state, &system).await
        })
        .await
}

/// Changes or resolves an update; the version before is kept.
#[utoipa::path(put, path = "/systems/{system}/updates/{id}", tag = "notices",
    params(("system" = String, Path), ("id" = i64, Path)), request_body = WriteUpdate,
    responses((status = OK, body = Notices)))]
async fn change(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
    Json(wanted): Json<WriteUpdate>,
) -> Answer<Json<Notices>> {
    let system = state.systems.get(&system)?;
    notices::write_update(&state, &system, &operator, Some(id), &wanted).await?;
    Ok(Json(changed(&state, &system).await?))
}

/// Schedules a maintenance window.
#[utoipa::path(post, path = "/systems/{system}/windows", tag = "notices",
    params(("system" = String, Path), IdempotencyKey), request_body = WriteWindow,
    responses((status = CREATED, body = Notices)))]
async fn schedule(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<WriteWindow>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &wanted)
        .run(StatusCode::CREATED, async move {
            notices::write_window(&state, &system, &operator, None, &wanted).await?;
            changed(&state, &system).await
        })
        .await
}

/// Changes a maintenance window, or moves it to its next stage; the version before is kept.
#[utoipa::path(put, path = "/systems/{system}/windows/{id}", tag = "notices",
    params(("system" = String, Path), ("id" = i64, Path)), request_body = WriteWindow,
    responses((status = OK, body = Notices)))]
async fn reschedule(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
    Json(wanted): Json<WriteWindow>,
) -> Answer<Json<Notices>> {
    let system = state.systems.get(&system)?;
    notices::write_window(&state, &system, &operator, Some(id), &wanted).await?;
    Ok(Json(changed(&state, &system).await?))
}

/// Tells the pages of the console and the public status, which publishes it within a second.
async fn changed(state: &AppState, system: &Arc<System>) -> Answer<Notices> {
    state.hub.changed(system.slug(), Topic::Notices);
    state.hub.changed(system.slug(), Topic::Checklist);
    Ok(notices::view(state, system).await?)
}
