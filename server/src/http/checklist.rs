//! Checklists of a system.

use axum::extract::State;
use shared::checklist::{Checklist, TickItem};
use shared::event::Topic;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::checklist;
use crate::state::AppState;
use crate::systems::measured;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(tick))
}

/// The checklists, measured now.
#[utoipa::path(get, path = "/systems/{system}/checklist", tag = "checklist",
    params(("system" = String, Path)), responses((status = OK, body = Checklist)))]
async fn show(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Checklist>> {
    let system = state.systems.get(&system)?;
    Ok(Json(measured::checklist(&state, &system).await?))
}

/// Ticks an item, or takes the tick back.
#[utoipa::path(put, path = "/systems/{system}/checklist/{item}", tag = "checklist",
    params(("system" = String, Path), ("item" = String, Path)), request_body = TickItem,
    responses((status = OK, body = Checklist)))]
async fn tick(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, item)): Path<(String, String)>,
    Json(tick): Json<TickItem>,
) -> Answer<Json<Checklist>> {
    let system = state.systems.get(&system)?;
    let now = state.clock.now();
    let words = (tick.done, tick.note.as_str());
    let facts = measured::facts(&state, &system).await?;
    let of = (system.slug(), &facts);
    checklist::tick(&state.store, now, &operator, of, &item, words).await?;
    state.hub.changed(system.slug(), Topic::Checklist);
    Ok(Json(measured::checklist(&state, &system).await?))
}
