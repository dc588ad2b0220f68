//! Organizations of a system, their onboarding, import and waves.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use shared::organization::{
    ChangeOrganization, ImportOrganizations, ImportResult, IsolationCheck, MoveOrganization,
    NewOrganization, Organization, OrganizationDetail, OrganizationList, PlanWaves,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Administrator, Operator, Viewer};
use crate::organizations;
use crate::organizations::import::MOST_BYTES;
use crate::state::AppState;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    // base64 makes four bytes of three; the rest of the body is small
    let largest = MOST_BYTES / 3 * 4 + 64 * 1024;
    let files = OpenApiRouter::new()
        .routes(routes!(import))
        .layer(DefaultBodyLimit::max(largest));
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(plan_waves))
        .routes(routes!(start_wave))
        .routes(routes!(detail, change))
        .routes(routes!(move_to))
        .routes(routes!(isolation))
        .merge(files)
}

/// Organizations and waves.
#[utoipa::path(
    get, path = "/systems/{system}/organizations", tag = "organizations",
    params(("system" = String, Path, description = "Slug of the system")),
    responses((status = OK, body = OrganizationList))
)]
async fn list(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<OrganizationList>> {
    let system = state.systems.get(&system)?;
    Ok(Json(organizations::list(&state, &system).await?))
}

/// Makes an organization, not active yet.
#[utoipa::path(
    post, path = "/systems/{system}/organizations", tag = "organizations",
    params(("system" = String, Path, description = "Slug of the system")),
    request_body = NewOrganization,
    responses((status = CREATED, body = Organization))
)]
async fn create(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<NewOrganization>,
) -> Answer<(StatusCode, Json<Organization>)> {
    let system = state.systems.get(&system)?;
    let made = organizations::create(&state, &system, &wanted, &operator).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Says what an import would do, or does it.
#[utoipa::path(
    post, path = "/systems/{system}/organizations/import", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        IdempotencyKey
    ),
    request_body = ImportOrganizations,
    responses((status = OK, body = ImportResult))
)]
async fn import(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
    Json(wanted): Json<ImportOrganizations>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &wanted)
        .run(StatusCode::OK, async move {
            Ok(organizations::import(&state, &system, &wanted, &operator).await?)
        })
        .await
}

/// Sets who is in which wave.
#[utoipa::path(
    put, path = "/systems/{system}/waves", tag = "organizations",
    params(("system" = String, Path, description = "Slug of the system")),
    request_body = PlanWaves,
    responses((status = OK, body = OrganizationList))
)]
async fn plan_waves(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<PlanWaves>,
) -> Answer<Json<OrganizationList>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        organizations::plan_waves(&state, &system, &wanted, &operator).await?,
    ))
}

/// Starts a wave.
#[utoipa::path(
    post, path = "/systems/{system}/waves/{number}/start", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("number" = u32, Path, description = "Number of the wave; 0 is the pilot"),
        IdempotencyKey
    ),
    responses((status = OK, body = OrganizationList))
)]
async fn start_wave(
    administrator: Administrator,
    State(state): State<AppState>,
    press: Press,
    Path((system, number)): Path<(String, u32)>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &())
        .run(StatusCode::OK, async move {
            Ok(organizations::start_wave(&state, &system, number, &administrator).await?)
        })
        .await
}

/// Everything about one organization.
#[utoipa::path(
    get, path = "/systems/{system}/organizations/{code}", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("code" = String, Path, description = "Code of the organization")
    ),
    responses((status = OK, body = OrganizationDetail))
)]
async fn detail(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
) -> Answer<Json<OrganizationDetail>> {
    let system = state.systems.get(&system)?;
    Ok(Json(organizations::detail(&state, &system, &code).await?))
}

/// Changes an organization; absent fields stay.
#[utoipa::path(
    patch, path = "/systems/{system}/organizations/{code}", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("code" = String, Path, description = "Code of the organization")
    ),
    request_body = ChangeOrganization,
    responses((status = OK, body = OrganizationDetail))
)]
async fn change(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
    Json(wanted): Json<ChangeOrganization>,
) -> Answer<Json<OrganizationDetail>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        organizations::change(&state, &system, &code, &wanted, &operator).await?,
    ))
}

/// Moves an organization to another stage.
#[utoipa::path(
    post, path = "/systems/{system}/organizations/{code}/move", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("code" = String, Path, description = "Code of the organization"),
        IdempotencyKey
    ),
    request_body = MoveOrganization,
    responses((status = OK, body = OrganizationDetail))
)]
async fn move_to(
    administrator: Administrator,
    State(state): State<AppState>,
    press: Press,
    Path((system, code)): Path<(String, String)>,
    Json(wanted): Json<MoveOrganization>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&administrator, &wanted)
        .run(StatusCode::OK, async move {
            Ok(organizations::move_to(&state, &system, &code, &wanted, &administrator).await?)
        })
        .await
}

/// Checks that an organization sees no row of another one.
#[utoipa::path(
    post, path = "/systems/{system}/organizations/{code}/isolation", tag = "organizations",
    params(
        ("system" = String, Path, description = "Slug of the system"),
        ("code" = String, Path, description = "Code of the organization")
    ),
    responses((status = OK, body = IsolationCheck))
)]
async fn isolation(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, code)): Path<(String, String)>,
) -> Answer<Json<IsolationCheck>> {
    let system = state.systems.get(&system)?;
    Ok(Json(
        organizations::isolation(&state, &system, &code, &operator).await?,
    ))
}
