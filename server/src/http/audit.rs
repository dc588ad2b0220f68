//! The audit log: pages, CSV, and whether the chain is whole.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::audit::{AuditPage, AuditVerification};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Query};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::audit::{self, Entry, Filter};
use crate::state::AppState;

const PAGE: u32 = 50;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(page))
        .routes(routes!(export))
        .routes(routes!(verification))
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Slug of a system.
    system: Option<String>,
    /// Account name.
    actor: Option<String>,
    /// Action, such as `run.started`.
    action: Option<String>,
    /// Text in object or sentence.
    q: Option<String>,
    /// Entries before this id: the `next` of the page before.
    before: Option<i64>,
    /// Entries of a page, 1 to 200. Default 50.
    limit: Option<u32>,
}

impl Wanted {
    fn filter(self) -> Filter {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Filter {
            system: given(self.system),
            actor: given(self.actor),
            action: given(self.action),
            text: given(self.q),
        }
    }
}

/// A page of entries, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Wanted), responses((status = OK, body = AuditPage)))]
async fn page(
    _viewer: Viewer,
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<AuditPage>> {
    let (before, limit) = (wanted.before, wanted.limit.unwrap_or(PAGE));
    let page = audit::page(&state.store, &wanted.filter(), before, limit).await?;
    Ok(Json(page))
}

/// All entries that fit, as CSV, oldest first.
#[utoipa::path(
    get, path = "/audit.csv", tag = "audit", params(Wanted),
    responses((status = OK, body = String, content_type = "text/csv"))
)]
async fn export(
    by: Operator,
    State(state): State<AppState>,
    Query(wanted): Query<Wanted>,
) -> Answer<Response> {
    let csv = audit::csv(&state.store, &wanted.filter()).await?;
    let entry = Entry::by(
        &by,
        "audit.exported",
        "audit log",
        "Exported the audit log.",
    );
    audit::record(&state.store, state.clock.now(), entry).await?;
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"switchyard-audit.csv\"",
            ),
        ],
        csv,
    )
        .into_response())
}

/// Whether every hash fits.
#[utoipa::path(
    get, path = "/audit/verification", tag = "audit",
    responses((status = OK, body = AuditVerification))
)]
async fn verification(
    _viewer: Viewer,
    State(state): State<AppState>,
) -> Answer<Json<AuditVerification>> {
    let mut reader = state.store.reader().await?;
    Ok(Json(audit::verify(&mut reader).await?))
}
