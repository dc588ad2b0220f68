//! Verification reports of a system.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::event::Topic;
use shared::report::{Report, ReportComparison, ReportSummary};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Json, Path, Query};
use super::idempotency::{IdempotencyKey, Press};
use super::problem::Answer;
use crate::accounts::{Operator, Viewer};
use crate::reports;
use crate::state::AppState;
use crate::store::reports as table;

/// Routes of this area.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, measure))
        .routes(routes!(show))
        .routes(routes!(markdown))
        .routes(routes!(json))
        .routes(routes!(compare))
}

/// The reports, newest first.
#[utoipa::path(get, path = "/systems/{system}/reports", tag = "reports",
    params(("system" = String, Path)), responses((status = OK, body = Vec<ReportSummary>)))]
async fn list(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path(system): Path<String>,
) -> Answer<Json<Vec<ReportSummary>>> {
    let system = state.systems.get(&system)?;
    Ok(Json(table::list(&state.store, system.slug()).await?))
}

/// Measures everything now and keeps it as a report.
#[utoipa::path(post, path = "/systems/{system}/reports", tag = "reports",
    params(
        ("system" = String, Path),
        IdempotencyKey
    ),
    responses((status = CREATED, body = Report)))]
async fn measure(
    operator: Operator,
    State(state): State<AppState>,
    press: Press,
    Path(system): Path<String>,
) -> Answer<Response> {
    let system = state.systems.get(&system)?;
    press
        .of(&operator, &())
        .run(StatusCode::CREATED, async move {
            let report = reports::measure(&state, &system, &operator).await?;
            for topic in [Topic::Reports, Topic::Checklist, Topic::System] {
                state.hub.changed(system.slug(), topic);
            }
            Ok(report)
        })
        .await
}

/// One report.
#[utoipa::path(get, path = "/systems/{system}/reports/{number}", tag = "reports",
    params(("system" = String, Path), ("number" = i64, Path)), responses((status = OK, body = Report)))]
async fn show(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, number)): Path<(String, i64)>,
) -> Answer<Json<Report>> {
    Ok(Json(reports::get(&state, &system, number).await?))
}

/// One report as Markdown, to download.
#[utoipa::path(get, path = "/systems/{system}/reports/{number}/report.md", tag = "reports",
    params(("system" = String, Path), ("number" = i64, Path)),
    responses((status = OK, body = String, content_type = "text/markdown")))]
async fn markdown(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, number)): Path<(String, i64)>,
) -> Answer<impl IntoResponse> {
    let report = reports::get(&state, &system, number).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/markdown; charset=utf-8".to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            attachment(&system, number, "md"),
        ),
    ];
    Ok((headers, reports::markdown(&report)))
}

/// One report as JSON, to download.
#[utoipa::path(get, path = "/systems/{system}/reports/{number}/report.json", tag = "reports",
    params(("system" = String, Path), ("number" = i64, Path)), responses((status = OK, body = Report)))]
async fn json(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, number)): Path<(String, i64)>,
) -> Answer<impl IntoResponse> {
    let report = reports::get(&state, &system, number).await?;
    let headers = [(
        header::CONTENT_DISPOSITION,
        attachment(&system, number, "json"),
    )];
    Ok((headers, Json(report)))
}

fn attachment(system: &str, number: i64, extension: &str) -> String {
    format!("attachment; filename=\"{system}-report-{number}.{extension}\"")
}

/// Which report to compare with.
#[derive(Debug, Deserialize, IntoParams)]
struct With {
    /// Number of the earlier report.
    with: i64,
}

/// Compares a report with an earlier one.
#[utoipa::path(get, path = "/systems/{system}/reports/{number}/compare", tag = "reports",
    params(("system" = String, Path), ("number" = i64, Path), With),
    responses((status = OK, body = ReportComparison)))]
async fn compare(
    _viewer: Viewer,
    State(state): State<AppState>,
    Path((system, number)): Path<(String, i64)>,
    Query(With { with }): Query<With>,
) -> Answer<Json<ReportComparison>> {
    let before = reports::get(&state, &system, with).await?;
    let after = reports::get(&state, &system, number).await?;
    Ok(Json(reports::compare(&before, &after)))
}
