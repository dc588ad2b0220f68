//! Subscribers of a system, for operators.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::subscriber::Subscribers;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::problem::Answer;
use crate::accounts::Operator;
use crate::state::AppState;
use crate::subscribers;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(remove))
        .routes(routes!(replay))
}

/// Which subscribers.
#[derive(Debug, Deserialize, IntoParams)]
struct Wanted {
    /// A part of the address that is looked for.
    #[serde(default)]
    address: String,
}

/// How many subscribers there are, and the newest of them.
#[utoipa::path(get, path = "/systems/{system}/subscribers", tag = "notices",
    params(("system" = String, Path), Wanted), responses((status = OK, body = Subscribers)))]
async fn list(
    _operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Subscribers>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        subscribers::view(&state, &system, &wanted.address).await?,
    ))
}

/// Removes a subscriber: nothing is sent to them any more, and their address is forgotten.
#[utoipa::path(delete, path = "/systems/{system}/subscribers/{id}", tag = "notices",
    params(("system" = String, Path), ("id" = i64, Path)), responses((status = NO_CONTENT)))]
async fn remove(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, i64)>,
) -> Answer<StatusCode> {
    let system = state.systems.get(&system)?;
    subscribers::remove(&state, &system, &operator, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries the mails again that were given up.
#[utoipa::path(post, path = "/systems/{system}/subscribers/replay", tag = "notices",
    params(("system" = String, Path)), responses((status = OK, body = Subscribers)))]
async fn replay(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Subscribers>> {
    let system = state.systems.get(&system)?;
    subscribers::replay(&state, &system, &operator).await?;
    Ok(Json(subscribers::view(&state, &system, "").await?))
}
