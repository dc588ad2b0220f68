//! Evidence of a run: whether there is a bundle, and the bundle itself.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use shared::evidence::EvidenceState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::audit::Entry;
use crate::evidence;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(download))
}

/// Whether there is evidence of a run, and the public key that it is signed with.
#[utoipa::path(
    get, path = "/systems/{system}/runs/{run}/evidence", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    responses((status = OK, body = EvidenceState))
)]
async fn show(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
) -> Answer<Json<EvidenceState>> {
    let system = state.systems.get(&system)?;
    Ok(Json(evidence::state_of(&state, &system, run).await?))
}

/// The bundle of a run, to download. Who took it stands in the audit log.
#[utoipa::path(
    get, path = "/systems/{system}/runs/{run}/evidence.zip", tag = "runs",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("run" = i64, Path, description = "Number of the run")
    ),
    responses((status = OK, body = Vec<u8>, content_type = "application/zip"))
)]
async fn download(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, run)): Path<(String, i64)>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    let bundle = evidence::export(&state, &system, run, |action, object, text| {
        Entry::by(&operator, action, object, text)
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", bundle.known.file),
        ),
    ];
    Ok((headers, bundle.bytes).into_response())
}
