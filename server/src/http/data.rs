//! Rows of a target by organization, and totals over all.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use shared::browse::{AllOrganizations, BrowseModels, RowPage};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::problem::Answer;
use crate::accounts::Viewer;
use crate::browse::{self, RowQuery};
use crate::state::AppState;
use crate::store::organizations;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(models))
        .routes(routes!(rows))
        .routes(routes!(all))
}

/// Whose rows.
#[derive(Debug, Deserialize, IntoParams)]
struct Whose {
    /// Code of an organization; all rows when absent.
    organization: Option<String>,
}

/// Models with their number of rows.
#[utoipa::path(get, path = "/systems/{system}/data", tag = "data",
    params(("system" = String, Path), Whose), responses((status = OK, body = BrowseModels)))]
async fn models(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
    Query(whose): Query<Whose>,
) -> Answer<Json<BrowseModels>> {
    let system = state.systems.get(&system)?;
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let found = browse::models(&mut db, &playbook, whose.organization.as_deref()).await?;
    Ok(Json(found))
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
struct Which {
    /// Code of an organization; all rows when absent.
    organization: Option<String>,
    /// Marker of the page before.
    after: Option<String>,
    /// Text in the title, or the key.
    q: Option<String>,
}

/// One page of rows of a model.
#[utoipa::path(get, path = "/systems/{system}/data/{model}", tag = "data",
    params(("system" = String, Path), ("model" = String, Path), Which),
    responses((status = OK, body = RowPage)))]
async fn rows(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, model)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Answer<Json<RowPage>> {
    let system = state.systems.get(&system)?;
    let playbook = system.playbook()?;
    let mut db = system.reader().await?;
    let query = RowQuery {
        organization: which.organization,
        after: which.after,
        search: which.q,
    };
    Ok(Json(
        browse::rows(&mut db, &playbook, &model, &query).await?,
    ))
}

/// All organizations, totals only.
#[utoipa::path(get, path = "/systems/{system}/all", tag = "data",
    params(("system" = String, Path)), responses((status = OK, body = AllOrganizations)))]
async fn all(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<AllOrganizations>> {
    let system = state.systems.get(&system)?;
    let playbook = system.playbook()?;
    let stages: BTreeMap<_, _> = organizations::records(&state.store, system.slug())
        .await?
        .into_iter()
        .map(|record| (record.code.to_lowercase(), record.stage))
        .collect();
    let mut db = system.reader().await?;
    Ok(Json(browse::all(&mut db, &playbook, &stages).await?))
}
