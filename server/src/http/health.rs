//! For machines that watch the server: alive, ready, and numbers.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::{Answer, Problem};
use crate::refusal::{Kind, Refusal as _};
use crate::state::AppState;
use crate::systems;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Longest time that the control store may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(3);

/// The control store can be written and the server is not stopping. Reading alone would not do: a store that can only
/// be read refuses every command.
pub(super) async fn ready(State(state): State<AppState>) -> Answer<&'static str> {
    if state.shutdown.is_cancelled() {
        return Err(Problem::new(Kind::Unavailable, "The server is stopping."));
    }
    let (cause, remedy) =
        match tokio::time::timeout(WRITTEN_WITHIN, state.store.prove_writable()).await {
            Ok(Ok(())) => return Ok("ready\n"),
            Ok(Err(error)) => (error.to_string(), error.remedy()),
            Err(_) => (
                "another process holds it, or the disk does not answer".into(),
                None,
            ),
        };
    tracing::error!(cause, "the control store cannot be written");
    Err(
        Problem::new(Kind::Unavailable, "The control store cannot be written.").remedy(
            remedy.unwrap_or_else(|| {
                "Look at the log, at free space and at who else has the control store open.".into()
            }),
        ),
    )
}

/// Numbers in the text format of Prometheus.
pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    state.metrics.stand(&systems::standings(&state).await);
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
