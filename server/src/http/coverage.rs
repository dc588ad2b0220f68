//! Coverage, and the decisions about rows that have no organization.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shared::coverage::{AssignByRule, AssignRows, Assigned, CoverageView, UnassignedPage};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use super::runs::download;
use crate::accounts::{Administrator, Viewer};
use crate::coverage;
use crate::decisions::{self, Wanted};
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(view))
        .routes(routes!(csv))
        .routes(routes!(unassigned))
        .routes(routes!(assign))
        .routes(routes!(assign_by_rule))
}

/// Coverage by group and model, now and over time.
#[utoipa::path(
    get, path = "/systems/{system}/coverage", tag = "coverage",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = CoverageView))
)]
async fn view(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<CoverageView>> {
    let system = state.systems.get(&system)?;
    Ok(Json(coverage::view(&state, &system).await?))
}

/// Coverage as CSV.
#[utoipa::path(
    get, path = "/systems/{system}/coverage.csv", tag = "coverage",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = String, content_type = "text/csv"))
)]
async fn csv(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    let text = coverage::csv(&system).await?;
    let name = format!("{}-coverage.csv", system.slug());
    Ok(download(&name, "text/csv; charset=utf-8", text))
}

/// Which rows of a model.
#[derive(Debug, Deserialize)]
struct Unassigned {
    after: Option<String>,
    reason: Option<String>,
    q: Option<String>,
}

/// Rows of a model that have no organization.
#[utoipa::path(
    get, path = "/systems/{system}/coverage/{model}/unassigned", tag = "coverage",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("model" = String, Path, description = "Label of the model"),
        ("after" = Option<String>, Query, description = "Where the page before ended"),
        ("reason" = Option<String>, Query, description = "Only rows left for this reason"),
        ("q" = Option<String>, Query, description = "Only rows whose title, key or reason holds this")
    ),
    responses((status = OK, body = UnassignedPage))
)]
async fn unassigned(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, model)): Path<(String, String)>,
    Query(query): Query<Unassigned>,
) -> Answer<Json<UnassignedPage>> {
    let system = state.systems.get(&system)?;
    let wanted = Wanted {
        after: query.after,
        reason: query.reason,
        search: query.q,
    };
    Ok(Json(decisions::unassigned(&system, &model, &wanted).await?))
}

/// Gives chosen rows an organization.
#[utoipa::path(
    post, path = "/systems/{system}/decisions", tag = "coverage",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = AssignRows,
    responses((status = OK, body = Assigned))
)]
async fn assign(
    administrator: Administrator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<AssignRows>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::OK, async move {
            Ok(decisions::assign(&state, &system, &wanted, &administrator).await?)
        })
        .await
}

/// Gives all rows that a rule takes an organization, or counts them.
#[utoipa::path(
    post, path = "/systems/{system}/decisions/rule", tag = "coverage",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = AssignByRule,
    responses((status = OK, body = Assigned))
)]
async fn assign_by_rule(
    administrator: Administrator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<AssignByRule>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::OK, async move {
            Ok(decisions::assign_by_rule(&state, &system, &wanted, &administrator).await?)
        })
        .await
}
