//! The OpenAPI document: what it says about itself, and where it is served.

use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, ServerBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::Json;
use crate::state::AppState;

/// Name, version and base path of the API.
pub(super) fn heading() -> OpenApi {
    OpenApiBuilder::new()
        .info(Info::new("Switchyard", env!("CARGO_PKG_VERSION")))
        .servers(Some([ServerBuilder::new().url("/api/v1").build()]))
        .build()
}

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "openapi", responses((status = OK, description = "OpenAPI document")))]
async fn show() -> Json<OpenApi> {
    Json(super::document())
}
