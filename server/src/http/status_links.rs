//! Links to a status page for one audience: made and revoked by operators, opened by whoever has them.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::get;
use shared::status_link::{MadeStatusLink, MakeStatusLink, StatusLink};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, PublicPath};
use super::problem::{Answer, PageAnswer};
use super::status::{found, no_such_method, nothing_here};
use crate::accounts::Operator;
use crate::state::AppState;
use crate::status::links;
use crate::store::status_links as table;

/// A private page is for its reader alone.
const PRIVATE: &str = "private, no-cache";

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(revoke))
}

/// The pages behind links. They stand outside of `/api`: whoever has a link has no account.
pub(super) fn pages() -> axum::Router<AppState> {
    axum::Router::new()
        .route("/s/{token}", get(page))
        .route("/s/{token}/{file}", get(file))
        .method_not_allowed_fallback(no_such_method)
}

/// The links of a system, without what makes them work.
#[utoipa::path(get, path = "/systems/{system}/status-links", tag = "notices",
    params(("system" = String, Path)), responses((status = OK, body = Vec<StatusLink>)))]
async fn list(
    _operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<StatusLink>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(table::list(&state.store, system.slug()).await?))
}

/// Makes a link; its address is answered this once.
#[utoipa::path(post, path = "/systems/{system}/status-links", tag = "notices",
    params(("system" = String, Path)), request_body = MakeStatusLink,
    responses((status = CREATED, body = MadeStatusLink)))]
async fn make(
    operator: Operator,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Json(wanted): Json<MakeStatusLink>,
) -> Answer<(StatusCode, Json<MadeStatusLink>)> {
    let system = state.systems.get(&system)?;
    let made = links::make(&state, &system, &operator, &wanted).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revokes a link at once.
#[utoipa::path(delete, path = "/systems/{system}/status-links/{id}", tag = "notices",
    params(("system" = String, Path), ("id" = String, Path)),
    responses((status = NO_CONTENT)))]
async fn revoke(
    operator: Operator,
    State(state): State<AppState>,
    Path((system, id)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let system = state.systems.get(&system)?;
    links::revoke(&state, &system, &operator, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn page(
    method: Method,
    headers: HeaderMap,
    State(state): State<AppState>,
    PublicPath(token): PublicPath<String>,
) -> PageAnswer {
    behind(&state, &token, "index.html", &method, &headers).await
}

async fn file(
    method: Method,
    headers: HeaderMap,
    State(state): State<AppState>,
    PublicPath((token, file)): PublicPath<(String, String)>,
) -> PageAnswer {
    behind(&state, &token, &file, &method, &headers).await
}

async fn behind(
    state: &AppState,
    token: &str,
    name: &str,
    method: &Method,
    headers: &HeaderMap,
) -> PageAnswer {
    let files = links::files(state, token, &format!("/s/{token}")).await?;
    Ok(files.map_or_else(nothing_here, |files| {
        found(&files, name, PRIVATE, method, headers)
    }))
}
