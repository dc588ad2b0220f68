//! Measured health of a system, and its named baselines.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::event::Topic;
use shared::health::{Baseline, CaptureBaseline, HealthView};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::probes;
use crate::state::AppState;

/// Hours of the rolled-up history.
const MOST_HOURS: u32 = 90 * 24;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(capture))
}

/// The time that is asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct Range {
    /// The last so many hours, 1 to 2160.
    #[serde(default = "a_day")]
    hours: u32,
}

fn a_day() -> u32 {
    24
}

/// Charts, verdict, availability and baselines.
#[utoipa::path(get, path = "/systems/{system}/health", tag = "health",
    params(("system" = String, Path), Range), responses((status = OK, body = HealthView)))]
async fn show(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(Range { hours }): Query<Range>,
) -> Answer<Json<HealthView>> {
    let system = state.systems.get(&system)?;
    let hours = hours.clamp(1, MOST_HOURS);
    Ok(Json(probes::view(&state, &system, hours).await?))
}

/// Captures the samples of the last minutes under a name.
#[utoipa::path(post, path = "/systems/{system}/health/baselines", tag = "health",
    params(("system" = String, Path)), request_body = CaptureBaseline,
    responses((status = CREATED, body = Baseline)))]
async fn capture(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<CaptureBaseline>,
) -> Answer<(StatusCode, Json<Baseline>)> {
    let system = state.systems.get(&system)?;
    let baseline =
        probes::capture(&state, &system, &operator, &wanted.name, wanted.minutes).await?;
    state.hub.changed(system.slug(), Topic::Health);
    Ok((StatusCode::CREATED, Json(baseline)))
}
