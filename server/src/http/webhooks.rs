//! Webhooks of a system: made and removed by administrators, watched and replayed by operators.

use axum::extract::State;
use axum::http::StatusCode;
use shared::webhook::{Delivery, MadeWebhook, MakeWebhook, TriedCall, Webhook};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::{Administrator, Operator};
use crate::state::AppState;
use crate::store::{outbox, webhooks as table};
use crate::webhooks::{self, WebhookError};

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(remove))
        .routes(routes!(deliveries))
        .routes(routes!(replay))
        .routes(routes!(try_out))
}

/// The webhooks, without their secrets.
#[utoipa::path(get, path = "/systems/{system}/webhooks", tag = "webhooks",
    params(("system" = String, Path)), responses((status = OK, body = Vec<Webhook>)))]
async fn list(
    _operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<Webhook>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(table::list(&state.store, system.slug()).await?))
}

/// Makes a webhook; its secret is answered this once.
#[utoipa::path(post, path = "/systems/{system}/webhooks", tag = "webhooks",
    params(("system" = String, Path)), request_body = MakeWebhook,
    responses((status = CREATED, body = MadeWebhook)))]
async fn make(
    administrator: Administrator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<MakeWebhook>,
) -> Answer<(StatusCode, Json<MadeWebhook>)> {
    let system = state.systems.get(&system)?;
    let made = webhooks::make(&state, &system, &administrator, &wanted).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Removes a webhook with what waits for it.
#[utoipa::path(delete, path = "/systems/{system}/webhooks/{id}", tag = "webhooks",
    params(("system" = String, Path), ("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn remove(
    administrator: Administrator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
) -> Answer<StatusCode> {
    let system = state.systems.get(&system)?;
    webhooks::remove(&state, &system, &administrator, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The last deliveries of a webhook, newest first.
#[utoipa::path(get, path = "/systems/{system}/webhooks/{id}/deliveries", tag = "webhooks",
    params(("system" = String, Path), ("id" = i64, Path)),
    responses((status = OK, body = Vec<Delivery>)))]
async fn deliveries(
    _operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
) -> Answer<Json<Vec<Delivery>>> {
    let system = state.systems.get(&system)?;
    let found = outbox::of_webhook(&state.store, system.slug(), id).await?;
    Ok(Json(found.ok_or(WebhookError::Unknown)?))
}

/// Tries the deliveries again that were given up.
#[utoipa::path(post, path = "/systems/{system}/webhooks/{id}/replay", tag = "webhooks",
    params(("system" = String, Path), ("id" = i64, Path)),
    responses((status = OK, body = Vec<Delivery>)))]
async fn replay(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
) -> Answer<Json<Vec<Delivery>>> {
    let system = state.systems.get(&system)?;
    webhooks::replay(&state, &system, &operator, id).await?;
    let found = outbox::of_webhook(&state.store, system.slug(), id).await?;
    Ok(Json(found.ok_or(WebhookError::Unknown)?))
}

/// Calls a webhook now, with an event that tells nothing, and answers how it went.
#[utoipa::path(post, path = "/systems/{system}/webhooks/{id}/test", tag = "webhooks",
    params(("system" = String, Path), ("id" = i64, Path)),
    responses((status = OK, body = TriedCall)))]
async fn try_out(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
) -> Answer<Json<TriedCall>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        webhooks::try_out(&state, &system, &operator, id).await?,
    ))
}
