//! For machines that watch the server: alive, ready, and numbers.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::{Answer, Problem};
use crate::refusal::Kind;
use crate::state::AppState;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The control store answers and the server is not stopping.
pub(super) async fn ready(State(state): State<AppState>) -> Answer<&'static str> {
    if state.shutdown.is_cancelled() {
        return Err(Problem::new(Kind::Unavailable, "The server is stopping."));
    }
    let answer: Result<i64, _> = sqlx::query_scalar("SELECT 1")
        .fetch_one(state.store.read())
        .await;
    match answer {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            tracing::error!(%error, "the control store does not answer");
            Err(Problem::new(
                Kind::Unavailable,
                "The control store does not answer.",
            ))
        }
    }
}

/// Numbers in the text format of Prometheus.
pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    match state.metrics.text() {
        Ok(text) => (
            [(
                header::CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
