//! For machines that watch the server: alive, ready, and numbers.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::{Answer, Problem};
use crate::accounts::token;
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

/// Whoever may read the numbers: they name private systems and say how their runs stand.
pub(super) struct Watcher;

/// What a proxy writes for whom it asks.
const BY_PROXY: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

impl FromRequestParts<AppState> for Watcher {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Some(wanted) = &state.config.metrics.token else {
            let local = parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback());
            let through_proxy = BY_PROXY
                .iter()
                .any(|name| parts.headers.contains_key(*name));
            return if local && !through_proxy {
                Ok(Self)
            } else {
                Err(Problem::new(
                    Kind::NotAllowed,
                    "The numbers are for programs on the machine of the console.",
                )
                .remedy("Ask from there, or write `token` under [metrics] and send it.")
                .into_response())
            };
        };
        // hashes are compared: how long that takes tells nothing of the token
        let sent = bearer(&parts.headers).map(token::hash);
        if sent.is_some() && sent == wanted.value().map(|token| token::hash(token.expose())) {
            return Ok(Self);
        }
        let problem = Problem::new(
            Kind::NotSignedIn,
            "The numbers are for whoever has their token.",
        )
        .remedy("Send it as `Authorization: Bearer TOKEN`.");
        Err(([(header::WWW_AUTHENTICATE, "Bearer")], problem).into_response())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Numbers in the text format of Prometheus.
pub(super) async fn metrics(_: Watcher, State(state): State<AppState>) -> Response {
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
